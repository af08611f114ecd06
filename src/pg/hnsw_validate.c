/*
 * Validation of hnsw operator classes (amvalidate).
 */
#include "postgres.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_type.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "pg/hnsw.h"

/* Reports one fault of an operator family and answers false. */
static bool fault(Oid opclass, const char *what)
{
    ereport(INFO, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                   errmsg("operator class %u of access method hnsw %s", opclass, what)));
    return false;
}

static bool operators_valid(Oid opclass, Oid family)
{
    CatCList *list = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));
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

bool hnswvalidate(Oid opclass)
{
    HeapTuple tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
    Form_pg_opclass form;
    bool valid;

    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for operator class %u", opclass);
    form = (Form_pg_opclass) GETSTRUCT(tuple);
    valid = operators_valid(opclass, form->opcfamily);
    if (valid && !OidIsValid(get_opfamily_proc(form->opcfamily, form->opcintype, form->opcintype,
                                               VDB_DISTANCE_PROC)))
        valid = fault(opclass, "lacks its distance function");
    ReleaseSysCache(tuple);
    return valid;
}
