/*
 * The handler of access methods ivf and ivfflat: what they can do and which functions do it.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "fmgr.h"

#include "pg/access_method.h"
#include "pg/ivf.h"

static char *ivfbuildphasename(int64 phase)
{
    switch (phase) {
    case PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE:
        return "initializing";
    case IVF_PROGRESS_KMEANS:
        return "performing k-means";
    case IVF_PROGRESS_ASSIGN:
        return "assigning tuples";
    case IVF_PROGRESS_LOAD:
        return "loading tuples";
    default:
        return NULL;
    }
}

PG_FUNCTION_INFO_V1(ivfhandler);
Datum ivfhandler(PG_FUNCTION_ARGS)
{
    IndexAmRoutine *am = vdb_new_am_routine(IVF_SUPPORT_PROCS);

    am->ambuild = ivfbuild;
    am->ambuildempty = ivfbuildempty;
    am->aminsert = ivfinsert;
    am->ambulkdelete = ivfbulkdelete;
    am->amvacuumcleanup = ivfvacuumcleanup;
    am->amcostestimate = ivfcostestimate;
    am->amoptions = ivfoptions;
    am->ambuildphasename = ivfbuildphasename;
    am->ambeginscan = ivfbeginscan;
    am->amrescan = ivfrescan;
    am->amgettuple = ivfgettuple;
    am->amendscan = ivfendscan;
    PG_RETURN_POINTER(am);
}
