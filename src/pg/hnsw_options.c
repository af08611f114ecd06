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

static relopt_kind hnsw_relopt_kind;

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
    vdb_add_quantizer_relopts(hnsw_relopt_kind, "Short codes of neighbors that steer the search",
                              0);

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
        VDB_QUANTIZER_RELOPTS(HnswOptions, codes),
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

VdbKept hnsw_kept(Relation index, const VdbSpace *space)
{
    HnswOptions *options = (HnswOptions *) index->rd_options;
    VdbQuantizerRules rules = {.codable = vdb_hnsw_codable(space),
                               .min_dims = VDB_HNSW_MIN_CODED_DIMS,
                               .max_dims = vdb_hnsw_max_dims(space->storage),
                               .preferred = VDB_QUANTIZER_RABITQ};

    return vdb_chosen_storage(options ? &options->codes : NULL, space, rules);
}
