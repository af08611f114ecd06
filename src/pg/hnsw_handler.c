/*
 * The hnsw access method's handler: what it can do and which functions do it.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "fmgr.h"

#include "pg/access_method.h"
#include "pg/hnsw.h"

static char *hnswbuildphasename(int64 phase)
{
    static const char *const names[] = {
        [PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE] = "initializing",
        [HNSW_PROGRESS_LOAD] = "loading tuples",
        [HNSW_PROGRESS_PARTITION] = "partitioning vectors",
        [HNSW_PROGRESS_COMPARE] = "comparing vectors",
        [HNSW_PROGRESS_CHOOSE] = "choosing neighbors",
        [HNSW_PROGRESS_RETURN] = "returning edges",
        [HNSW_PROGRESS_LINK] = "linking neighbors",
        [HNSW_PROGRESS_REACH] = "checking reachability",
        [HNSW_PROGRESS_WRITE] = "writing index pages",
    };

    return phase > 0 && phase < (int64) lengthof(names) ? pstrdup(names[phase]) : NULL;
}

PG_FUNCTION_INFO_V1(hnswhandler);
Datum hnswhandler(PG_FUNCTION_ARGS)
{
    IndexAmRoutine *am = vdb_new_am_routine(HNSW_SUPPORT_PROCS);

    am->ambuild = hnswbuild;
    am->ambuildempty = hnswbuildempty;
    am->aminsert = hnswinsert;
    am->ambulkdelete = hnswbulkdelete;
    am->amvacuumcleanup = hnswvacuumcleanup;
    am->amcostestimate = hnswcostestimate;
    am->amoptions = hnswoptions;
    am->ambuildphasename = hnswbuildphasename;
    am->ambeginscan = hnswbeginscan;
    am->amrescan = hnswrescan;
    am->amgettuple = hnswgettuple;
    am->amendscan = hnswendscan;
    PG_RETURN_POINTER(am);
}
