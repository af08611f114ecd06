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
    switch (phase) {
    case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
        return "initializing";
    case HNSW_PROGRESS_LOAD:
        return "loading tuples";
    case HNSW_PROGRESS_LINK:
        return "checking reachability";
    case HNSW_PROGRESS_WRITE:
        return "writing index pages";
    default:
        return NULL;
    }
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
