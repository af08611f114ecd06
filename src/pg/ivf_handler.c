/*
 * The handler of access methods ivf and ivfflat: what they can do and which functions do it.
 */
#include "postgres.h"

#include "access/amapi.h"
#include "commands/progress.h"
#include "commands/vacuum.h"
#include "fmgr.h"

#include "pg/compat.h"
#include "pg/ivf.h"
#include "pg/validate.h"

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
    IndexAmRoutine *am = makeNode(IndexAmRoutine);

    am->amsupport = IVF_TYPE_INFO_PROC;
    am->amcanorderbyop = true;
    am->amoptionalkey = true;
    am->amusemaintenanceworkmem = true;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;
    VDB_AM_CAN_BUILD_PARALLEL(am);

    am->ambuild = ivfbuild;
    am->ambuildempty = ivfbuildempty;
    am->aminsert = ivfinsert;
    am->ambulkdelete = ivfbulkdelete;
    am->amvacuumcleanup = ivfvacuumcleanup;
    am->amcostestimate = ivfcostestimate;
    am->amoptions = ivfoptions;
    am->ambuildphasename = ivfbuildphasename;
    am->amvalidate = vdb_validate_opclass;
    am->ambeginscan = ivfbeginscan;
    am->amrescan = ivfrescan;
    am->amgettuple = ivfgettuple;
    am->amendscan = ivfendscan;
    PG_RETURN_POINTER(am);
}
