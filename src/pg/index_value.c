/*
 * Values of indexed columns: see index_value.h.
 */
#include "postgres.h"

#include "access/genam.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "utils/rel.h"
#include "utils/varbit.h"

#include "pg/halfvec.h"
#include "pg/index_value.h"
#include "pg/sparsevec.h"
#include "pg/vector.h"
#include "simd/simd_api.h"

#define VALUE_ALIGNMENT 64

extern Datum vector_l2_squared_distance(PG_FUNCTION_ARGS);
extern Datum vector_negative_inner_product(PG_FUNCTION_ARGS);
extern Datum vector_l1_distance(PG_FUNCTION_ARGS);
extern Datum halfvec_l2_squared_distance(PG_FUNCTION_ARGS);
extern Datum halfvec_negative_inner_product(PG_FUNCTION_ARGS);
extern Datum halfvec_l1_distance(PG_FUNCTION_ARGS);
extern Datum sparsevec_l2_squared_distance(PG_FUNCTION_ARGS);
extern Datum sparsevec_negative_inner_product(PG_FUNCTION_ARGS);
extern Datum sparsevec_l1_distance(PG_FUNCTION_ARGS);
extern Datum hamming_distance(PG_FUNCTION_ARGS);
extern Datum jaccard_distance(PG_FUNCTION_ARGS);

/* Distance functions of operator classes; inner product with a norm function is cosine distance. */
static const struct {
    PGFunction distance;
    VdbMetric metric;
    VdbStorage storage;
} distances[] = {
    {vector_l2_squared_distance, VDB_METRIC_L2, VDB_STORAGE_FLOAT32},
    {vector_negative_inner_product, VDB_METRIC_IP, VDB_STORAGE_FLOAT32},
    {vector_l1_distance, VDB_METRIC_L1, VDB_STORAGE_FLOAT32},
    {halfvec_l2_squared_distance, VDB_METRIC_L2, VDB_STORAGE_HALF},
    {halfvec_negative_inner_product, VDB_METRIC_IP, VDB_STORAGE_HALF},
    {halfvec_l1_distance, VDB_METRIC_L1, VDB_STORAGE_HALF},
    {sparsevec_l2_squared_distance, VDB_METRIC_L2, VDB_STORAGE_SPARSE},
    {sparsevec_negative_inner_product, VDB_METRIC_IP, VDB_STORAGE_SPARSE},
    {sparsevec_l1_distance, VDB_METRIC_L1, VDB_STORAGE_SPARSE},
    {hamming_distance, VDB_METRIC_HAMMING, VDB_STORAGE_BIT},
    {jaccard_distance, VDB_METRIC_JACCARD, VDB_STORAGE_BIT},
};

static const char *const type_names[] = {
    [VDB_STORAGE_FLOAT32] = "vector",
    [VDB_STORAGE_HALF] = "halfvec",
    [VDB_STORAGE_BIT] = "bit",
    [VDB_STORAGE_SPARSE] = "sparsevec",
};

/* A detoasted value of a column. */
typedef struct RawValue {
    void *datum; /* freed by close_value() if it is a copy */
    uint32 dims;
    const void *data; /* of a sparse vector, the datum itself */
} RawValue;

VdbSpace vdb_index_space(Relation index)
{
    PGFunction distance = index_getprocinfo(index, 1, VDB_DISTANCE_PROC)->fn_addr;
    Form_pg_attribute column = TupleDescAttr(index->rd_att, 0);

    for (Size i = 0; i < lengthof(distances); i++) {
        VdbSpace space = {distances[i].metric, distances[i].storage, Max(column->atttypmod, 0)};

        if (distances[i].distance != distance)
            continue;
        /* bit varying takes the operator classes of bit, but its values have no common length */
        if (space.storage == VDB_STORAGE_BIT && column->atttypid != BITOID)
            break;
        if (space.metric == VDB_METRIC_IP && OidIsValid(index_getprocid(index, 1, VDB_NORM_PROC)))
            space.metric = VDB_METRIC_COSINE;
        return space;
    }
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("type not supported for %s index", get_am_name(index->rd_rel->relam))));
}

bool vdb_space_fits(Relation index, const VdbSpace *space)
{
    VdbSpace now = vdb_index_space(index);

    /* ALTER COLUMN ... TYPE vector takes the dimensions away and leaves the index as it is */
    return (now.dims == 0 || now.dims == space->dims) && now.metric == space->metric &&
           now.storage == space->storage;
}

static RawValue open_value(const VdbSpace *space, Datum value)
{
    switch (space->storage) {
    case VDB_STORAGE_HALF: {
        HalfVector *vector = vdb_halfvec_from_datum(value);

        return (RawValue){vector, vector->dim, vector->x};
    }
    case VDB_STORAGE_BIT: {
        VarBit *bits = DatumGetVarBitP(value);

        return (RawValue){bits, VARBITLEN(bits), VARBITS(bits)};
    }
    case VDB_STORAGE_SPARSE: {
        SparseVector *vector = vdb_sparsevec_from_datum(value);

        return (RawValue){vector, vector->dim, vector};
    }
    default: {
        Vector *vector = vdb_vector_from_datum(value);

        return (RawValue){vector, vector->dim, vector->x};
    }
    }
}

static void close_value(RawValue raw, Datum value)
{
    if (raw.datum != DatumGetPointer(value))
        pfree(raw.datum);
}

static void *allocate_value(Size size)
{
    return (void *) TYPEALIGN(VALUE_ALIGNMENT, palloc0(size + VALUE_ALIGNMENT));
}

/* Elements side by side, their number before them. */
static VdbSparseElement *copy_sparse(const SparseVector *vector)
{
    VdbSparse from = vdb_sparsevec_elements(vector);
    VdbSparseElement *units = allocate_value(sizeof(VdbSparseElement) * (from.count + 1));

    units[0].index = from.count;
    for (int i = 0; i < from.count; i++)
        units[i + 1] = (VdbSparseElement){from.indices[i], from.values[i]};
    return units;
}

static VdbIndexValue copy_value(const VdbSpace *space, RawValue raw)
{
    void *data;

    if (space->storage == VDB_STORAGE_SPARSE)
        data = copy_sparse(raw.data);
    else {
        data = allocate_value(vdb_value_bytes(space));
        memcpy(data, raw.data, vdb_value_bytes(space));
    }
    return (VdbIndexValue){data, vdb_value_prepare(space, data)};
}

static VdbSpace space_of_floats(const VdbSpace *column)
{
    return (VdbSpace){column->metric, VDB_STORAGE_FLOAT32, column->dims};
}

static VdbIndexValue copy_as_floats(const VdbSpace *column, RawValue raw)
{
    VdbSpace space = space_of_floats(column);
    float *data;

    if (column->storage == VDB_STORAGE_FLOAT32)
        return copy_value(column, raw);
    data = allocate_value(vdb_value_bytes(&space));
    vdb_simd_kernels()->half_to_float(data, raw.data, column->dims);
    return (VdbIndexValue){data, vdb_value_prepare(&space, data)};
}

typedef VdbIndexValue (*CopyValue)(const VdbSpace *column, RawValue raw);

static VdbIndexValue form_value(const VdbSpace *column, Datum value, CopyValue copy)
{
    RawValue raw = open_value(column, value);
    VdbIndexValue result;

    if (raw.dims != column->dims)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("expected %u dimensions, not %u", column->dims, raw.dims)));
    result = copy(column, raw);
    close_value(raw, value);
    return result;
}

VdbIndexValue vdb_form_value(const VdbSpace *space, Datum value)
{
    return form_value(space, value, copy_value);
}

VdbIndexValue vdb_form_float_value(const VdbSpace *column, Datum value)
{
    return form_value(column, value, copy_as_floats);
}

/* In the words of the distance functions. */
static _Noreturn void refuse_query(const VdbSpace *space, uint32 dims)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    space->storage == VDB_STORAGE_BIT
                        ? errmsg("different bit lengths %u and %u", space->dims, dims)
                        : errmsg("different %s dimensions %u and %u", type_names[space->storage],
                                 space->dims, dims)));
}

static VdbIndexValue form_query(const VdbSpace *column, Datum value, CopyValue copy)
{
    RawValue raw = open_value(column, value);
    VdbIndexValue result;

    if (raw.dims != column->dims)
        refuse_query(column, raw.dims);
    result = copy(column, raw);
    close_value(raw, value);
    return result;
}

static VdbIndexValue zeros(const VdbSpace *space)
{
    return (VdbIndexValue){allocate_value(vdb_value_bytes(space)), 0};
}

VdbIndexValue vdb_form_query(const VdbSpace *space, Datum value, bool isnull)
{
    return isnull ? zeros(space) : form_query(space, value, copy_value);
}

VdbIndexValue vdb_form_float_query(const VdbSpace *column, Datum value, bool isnull)
{
    VdbSpace space = space_of_floats(column);

    return isnull ? zeros(&space) : form_query(column, value, copy_as_floats);
}
