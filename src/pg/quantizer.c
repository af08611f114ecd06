/*
 * Reloptions about codes, shared by the access methods (quantizer.h).
 */
#include "postgres.h"

#include "pg/quantizer.h"

/* Of an index with codes, where nothing was asked for. */
#define DEFAULT_STORAGE VDB_KEPT_SQ8

static relopt_enum_elt_def quantizer_values[] = {
    {"none", VDB_QUANTIZER_NONE},
    {"rabitq", VDB_QUANTIZER_RABITQ},
    {NULL, 0},
};

#define STORAGE_VALUES                                                                             \
    {"full", VDB_KEPT_FULL}, {"half", VDB_KEPT_HALF}, {"sq8", VDB_KEPT_SQ8},                       \
    {                                                                                              \
        "rabitq4", VDB_KEPT_RABITQ4                                                                \
    }

static relopt_enum_elt_def storage_values[] = {STORAGE_VALUES, {NULL, 0}};

void vdb_add_quantizer_relopts(relopt_kind kind, const char *description, int heap)
{
    /* PostgreSQL keeps the pointer: one access method has the storage "heap" */
    static relopt_enum_elt_def with_heap[] = {STORAGE_VALUES, {"heap", 0}, {NULL, 0}};
    bool has_heap = heap != 0;

    if (has_heap)
        with_heap[lengthof(with_heap) - 2].symbol_val = heap;
    add_enum_reloption(kind, "quantizer", description, quantizer_values, VDB_QUANTIZER_NOT_SET,
                       "Valid values are \"none\" and \"rabitq\".", AccessExclusiveLock);
    add_enum_reloption(
        kind, "storage", "How an index with codes keeps the vectors themselves",
        has_heap ? with_heap : storage_values, VDB_QUANTIZER_NOT_SET,
        has_heap ? "Valid values are \"full\", \"half\", \"sq8\", \"rabitq4\", and \"heap\"."
                 : "Valid values are \"full\", \"half\", \"sq8\", and \"rabitq4\".",
        AccessExclusiveLock);
}

static _Noreturn void refuse_codes(const VdbSpace *space, VdbQuantizerRules rules)
{
    bool of_numbers = space->storage <= VDB_STORAGE_HALF;

    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("quantizer \"rabitq\" is not supported for this column"),
                    of_numbers && space->dims < rules.min_dims
                        ? errdetail("Codes need at least %u dimensions.", rules.min_dims)
                    : of_numbers && space->dims > rules.max_dims
                        ? errdetail("Codes are for at most %u dimensions.", rules.max_dims)
                        : errdetail("Codes are for vector and halfvec under L2 distance, inner "
                                    "product, or cosine distance.")));
}

int vdb_chosen_storage(const VdbQuantizerOptions *options, const VdbSpace *space,
                       VdbQuantizerRules rules)
{
    int quantizer = options ? options->quantizer : VDB_QUANTIZER_NOT_SET;
    int storage = options ? options->storage : VDB_QUANTIZER_NOT_SET;

    if (quantizer == VDB_QUANTIZER_RABITQ && !rules.codable)
        refuse_codes(space, rules);
    if (quantizer == VDB_QUANTIZER_NOT_SET)
        quantizer = rules.codable ? rules.preferred : VDB_QUANTIZER_NONE;
    if (quantizer == VDB_QUANTIZER_RABITQ)
        return storage == VDB_QUANTIZER_NOT_SET ? DEFAULT_STORAGE : storage;
    if (storage != VDB_QUANTIZER_NOT_SET)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("storage cannot be chosen for an index without codes"),
                        errdetail("It keeps values as the column has them."),
                        errhint("Set quantizer to \"rabitq\", where the column can have it.")));
    return VDB_KEPT_PLAIN;
}
