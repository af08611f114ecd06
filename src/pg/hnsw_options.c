/*
 * GUCs and reloptions of the hnsw access method.
 */
#include "postgres.h"

#include <float.h>

#include "access/reloptions.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "pg/hnsw.h"

int hnsw_ef_search;
int hnsw_iterative_scan;
int hnsw_max_scan_tuples;
double hnsw_scan_mem_multiplier;

/* What reloptions that are not set mean for a column that can have codes. */
#define DEFAULT_QUANTIZER HNSW_QUANTIZER_RABITQ
#define DEFAULT_KEPT      VDB_KEPT_SQ8

static relopt_kind hnsw_relopt_kind;

static relopt_enum_elt_def quantizer_values[] = {
    {"none", HNSW_QUANTIZER_NONE},
    {"rabitq", HNSW_QUANTIZER_RABITQ},
    {NULL, 0},
};

static relopt_enum_elt_def storage_values[] = {
    {"full", VDB_KEPT_FULL},
    {"half", VDB_KEPT_HALF},
    {"sq8", VDB_KEPT_SQ8},
    {"rabitq4", VDB_KEPT_RABITQ4},
    {NULL, 0},
};

static const struct config_enum_entry iterative_scan_options[] = {
    {"off", HNSW_ITERATIVE_SCAN_OFF, false},
    {"relaxed_order", HNSW_ITERATIVE_SCAN_RELAXED, false},
    {"strict_order", HNSW_ITERATIVE_SCAN_STRICT, false},
    {NULL, 0, false},
};

void hnsw_init(void)
{
    hnsw_relopt_kind = add_reloption_kind();
    add_int_reloption(hnsw_relopt_kind, "m", "Max number of connections", VDB_HNSW_DEFAULT_M,
                      VDB_HNSW_MIN_M, VDB_HNSW_MAX_M, AccessExclusiveLock);
    add_int_reloption(hnsw_relopt_kind, "ef_construction",
                      "Size of the dynamic candidate list for construction",
                      VDB_HNSW_DEFAULT_EF_CONSTRUCTION, VDB_HNSW_MIN_EF_CONSTRUCTION,
                      VDB_HNSW_MAX_EF_CONSTRUCTION, AccessExclusiveLock);
    add_enum_reloption(hnsw_relopt_kind, "quantizer",
                       "Short codes of neighbors that steer the search", quantizer_values,
                       HNSW_NOT_SET, "Valid values are \"none\" and \"rabitq\".",
                       AccessExclusiveLock);
    add_enum_reloption(
        hnsw_relopt_kind, "storage", "How an index with codes keeps the vectors themselves",
        storage_values, HNSW_NOT_SET,
        "Valid values are \"full\", \"half\", \"sq8\", and \"rabitq4\".", AccessExclusiveLock);

    DefineCustomIntVariable(
        "hnsw.ef_search", "Sets the size of the dynamic candidate list for search",
        "Larger values find more of the true neighbors and take longer.", &hnsw_ef_search,
        VDB_HNSW_DEFAULT_EF_SEARCH, 1, VDB_HNSW_MAX_EF_SEARCH, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomEnumVariable(
        "hnsw.iterative_scan",
        "Sets how a scan goes on when more than hnsw.ef_search rows are asked for",
        "\"off\" ends it there.", &hnsw_iterative_scan, HNSW_ITERATIVE_SCAN_STRICT,
        iterative_scan_options, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomIntVariable(
        "hnsw.max_scan_tuples", "Sets the max number of tuples to visit for iterative scans", NULL,
        &hnsw_max_scan_tuples, 20000, 1, INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomRealVariable(
        "hnsw.scan_mem_multiplier", "Sets the multiple of work_mem to use for iterative scans",
        NULL, &hnsw_scan_mem_multiplier, 1, 1, 1000, PGC_USERSET, 0, NULL, NULL, NULL);
    MarkGUCPrefixReserved("hnsw");
}

bytea *hnswoptions(Datum reloptions, bool validate)
{
    static const relopt_parse_elt table[] = {
        {"m", RELOPT_TYPE_INT, offsetof(HnswOptions, m)},
        {"ef_construction", RELOPT_TYPE_INT, offsetof(HnswOptions, ef_construction)},
        {"quantizer", RELOPT_TYPE_ENUM, offsetof(HnswOptions, quantizer)},
        {"storage", RELOPT_TYPE_ENUM, offsetof(HnswOptions, storage)},
    };

    return (bytea *) build_reloptions(reloptions, validate, hnsw_relopt_kind, sizeof(HnswOptions),
                                      table, lengthof(table));
}

int hnsw_m(Relation index)
{
    HnswOptions *options = (HnswOptions *) index->rd_options;

    return options ? options->m : VDB_HNSW_DEFAULT_M;
}

int hnsw_ef_construction(Relation index)
{
    HnswOptions *options = (HnswOptions *) index->rd_options;

    return options ? options->ef_construction : VDB_HNSW_DEFAULT_EF_CONSTRUCTION;
}

static _Noreturn void refuse_codes(const VdbSpace *space)
{
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("quantizer \"rabitq\" is not supported for this column"),
             space->dims < VDB_HNSW_MIN_CODED_DIMS && space->storage <= VDB_STORAGE_HALF
                 ? errdetail("Codes need at least %d dimensions.", VDB_HNSW_MIN_CODED_DIMS)
                 : errdetail("Codes are for vector and halfvec under L2 distance, inner product, "
                             "or cosine distance.")));
}

VdbKept hnsw_kept(Relation index, const VdbSpace *space)
{
    HnswOptions *options = (HnswOptions *) index->rd_options;
    int quantizer = options ? options->quantizer : HNSW_NOT_SET;
    int storage = options ? options->storage : HNSW_NOT_SET;

    if (quantizer == HNSW_QUANTIZER_RABITQ && !vdb_hnsw_codable(space))
        refuse_codes(space);
    if (quantizer == HNSW_NOT_SET)
        quantizer = vdb_hnsw_codable(space) ? DEFAULT_QUANTIZER : HNSW_QUANTIZER_NONE;
    if (quantizer == HNSW_QUANTIZER_RABITQ)
        return storage == HNSW_NOT_SET ? DEFAULT_KEPT : storage;
    if (storage != HNSW_NOT_SET)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("storage cannot be chosen for an index without codes"),
                        errdetail("It keeps values as the column has them."),
                        errhint("Set quantizer to \"rabitq\", where the column can have it.")));
    return VDB_KEPT_PLAIN;
}
