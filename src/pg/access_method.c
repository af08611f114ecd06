/*
 * The common part of our access methods' handlers, and validation of operator classes (amvalidate):
 * one operator that orders by a distance, and the function that computes it.
 */
#include "postgres.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/vacuum.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/access_method.h"
#include "pg/compat.h"
#include "pg/index_value.h"

/* Reports one fault of an operator class and answers false. */
static bool fault(Form_pg_opclass opclass, const char *what)
{
    ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                   errmsg("operator class \"%s\" of access method %s %s", NameStr(opclass->opcname),
                          get_am_name(opclass->opcmethod), what)));
    return false;
}

static bool operators_valid(Form_pg_opclass opclass)
{
    CatCList *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(opclass->opcfamily));
    bool valid = list->n_members > 0;

    if (!valid)
        fault(opclass, "has no operator");
    for (int i = 0; i < list->n_members && valid; i++) {
        Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

        if (op->amopstrategy != 1)
            valid = fault(opclass, "has an operator with an invalid strategy number");
        else if (op->amoppurpose != AMOP_ORDER)
            valid = fault(opclass, "has an operator that is not for ordering");
        else if (!check_amop_signature(op->amopopr, FLOAT8OID, op->amoplefttype, op->amoprighttype))
            valid = fault(opclass, "has an operator with a wrong signature");
    }
    ReleaseCatCacheList(list);
    return valid;
}

/* amvalidate: false, and an INFO that says why, for an operator class that the index cannot use. */
static bool validate_opclass(Oid opclass)
{
    HeapTuple tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
    Form_pg_opclass form;
    bool valid;

    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator class %u", opclass);
    form = (Form_pg_opclass) GETSTRUCT(tuple);
    valid = operators_valid(form);
    if (valid && !OidIsValid(get_opfamily_proc(form->opcfamily, form->opcintype, form->opcintype,
                                               VDB_DISTANCE_PROC)))
        valid = fault(form, "lacks its distance function");
    ReleaseSysCache(tuple);
    return valid;
}

IndexAmRoutine *vdb_new_am_routine(uint16 support_procs)
{
    IndexAmRoutine *am = makeNode(IndexAmRoutine);

    am->amsupport = support_procs;
    am->amcanorderbyop = true;
    am->amoptionalkey = true;
    am->amusemaintenanceworkmem = true;
    am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
    am->amkeytype = InvalidOid;
    am->amvalidate = validate_opclass;
    VDB_AM_CAN_BUILD_PARALLEL(am);
    return am;
}
