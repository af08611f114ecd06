/*
 * sum and avg of sparsevec.  Their state is a sum in double precision of every element met so far,
 * which one pass over the rows of a table fills in place.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "pg/sparsevec.h"
#include "pg/vec.h"

PG_FUNCTION_INFO_V1(sparsevec_accum);
PG_FUNCTION_INFO_V1(sparsevec_combine);
PG_FUNCTION_INFO_V1(sparsevec_serialize);
PG_FUNCTION_INFO_V1(sparsevec_deserialize);
PG_FUNCTION_INFO_V1(sparsevec_sum);
PG_FUNCTION_INFO_V1(sparsevec_avg);

/* Elements of a state: 12 bytes each.  Beyond the limit of a result, as sums may cancel out. */
#define MAX_ELEMENTS (64 * VDB_SPARSE_MAX_NNZ)

typedef struct SumState {
    int64 count; /* vectors */
    int32 dim;
    VdbSparseSum sum;
} SumState;

/* The memory of an aggregate's states.  SQL can call these functions with NULL for a state. */
static MemoryContext aggregate_context(FunctionCallInfo fcinfo)
{
    MemoryContext context;

    if (!AggCheckCallContext(fcinfo, &context))
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("aggregate function called in non-aggregate context"));
    return context;
}

static SumState *create_state(MemoryContext context, int32 dim, int32 capacity)
{
    SumState *state = MemoryContextAllocZero(context, sizeof(SumState));

    capacity = Max(capacity, 1);
    state->dim = dim;
    state->sum.indices = MemoryContextAlloc(context, sizeof(int32) * (Size) capacity);
    state->sum.values = MemoryContextAlloc(context, sizeof(double) * (Size) capacity);
    state->sum.capacity = capacity;
    return state;
}

static void make_room(VdbSparseSum *sum, int32 missing)
{
    int32 capacity;

    if (missing <= sum->capacity - sum->count)
        return;
    if (missing > MAX_ELEMENTS - sum->count)
        vdb_sparsevec_check_nnz((int64) sum->count + missing, VDB_SPARSE_MAX_DIM);
    capacity = Min(Max(2 * sum->capacity, sum->count + missing), MAX_ELEMENTS);
    sum->indices = repalloc(sum->indices, sizeof(int32) * (Size) capacity);
    sum->values = repalloc(sum->values, sizeof(double) * (Size) capacity);
    sum->capacity = capacity;
}

Datum sparsevec_accum(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    SumState *state = PG_ARGISNULL(0) ? NULL : (SumState *) PG_GETARG_POINTER(0);
    SparseVector *vector;
    VdbSparse elements;
    int32 missing;

    if (PG_ARGISNULL(1)) {
        if (state == NULL)
            PG_RETURN_NULL();
        PG_RETURN_POINTER(state);
    }
    vector = vdb_sparsevec_from_datum(PG_GETARG_DATUM(1));
    elements = vdb_sparsevec_elements(vector);
    vdb_sparsevec_check_indices(vector);
    if (state == NULL)
        state = create_state(context, vector->dim, vector->nnz);
    vdb_check_typmod(state->dim, vector->dim);
    missing = vdb_sparse_sum_add(&state->sum, elements);
    if (missing > 0) {
        make_room(&state->sum, missing);
        vdb_sparse_sum_insert(&state->sum, elements, missing);
    }
    state->count++;
    PG_FREE_IF_COPY(vector, 1);
    PG_RETURN_POINTER(state);
}

Datum sparsevec_combine(PG_FUNCTION_ARGS)
{
    MemoryContext context = aggregate_context(fcinfo);
    SumState *state = PG_ARGISNULL(0) ? NULL : (SumState *) PG_GETARG_POINTER(0);
    const SumState *other = PG_ARGISNULL(1) ? NULL : (SumState *) PG_GETARG_POINTER(1);
    int32 missing;

    if (other == NULL) {
        if (state == NULL)
            PG_RETURN_NULL();
        PG_RETURN_POINTER(state);
    }
    if (state == NULL)
        state = create_state(context, other->dim, other->sum.count);
    vdb_check_typmod(state->dim, other->dim);
    missing = vdb_sparse_sum_add_sum(&state->sum, &other->sum);
    if (missing > 0) {
        make_room(&state->sum, missing);
        vdb_sparse_sum_insert_sum(&state->sum, &other->sum, missing);
    }
    state->count += other->count;
    PG_RETURN_POINTER(state);
}

/* For a process of the same server: in machine order. */
Datum sparsevec_serialize(PG_FUNCTION_ARGS)
{
    const SumState *state;
    StringInfoData message;

    (void) aggregate_context(fcinfo);
    state = (SumState *) PG_GETARG_POINTER(0);
    pq_begintypsend(&message);
    pq_sendint64(&message, (uint64) state->count);
    pq_sendint32(&message, (uint32) state->dim);
    pq_sendint32(&message, (uint32) state->sum.count);
    pq_sendbytes(&message, (const char *) state->sum.indices,
                 (int) sizeof(int32) * state->sum.count);
    pq_sendbytes(&message, (const char *) state->sum.values,
                 (int) sizeof(double) * state->sum.count);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

Datum sparsevec_deserialize(PG_FUNCTION_ARGS)
{
    bytea *bytes;
    StringInfoData message;
    SumState *state;
    int64 count;
    int32 dim;
    int32 nnz;

    (void) aggregate_context(fcinfo);
    bytes = PG_GETARG_BYTEA_PP(0);
    initStringInfo(&message);
    appendBinaryStringInfo(&message, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
    count = pq_getmsgint64(&message);
    dim = (int32) pq_getmsgint(&message, sizeof(int32));
    nnz = (int32) pq_getmsgint(&message, sizeof(int32));
    state = create_state(CurrentMemoryContext, dim, nnz);
    state->count = count;
    state->sum.count = nnz;
    pq_copymsgbytes(&message, (char *) state->sum.indices, (int) sizeof(int32) * nnz);
    pq_copymsgbytes(&message, (char *) state->sum.values, (int) sizeof(double) * nnz);
    pq_getmsgend(&message);
    pfree(message.data);
    PG_RETURN_POINTER(state);
}

/* The sum over a number, in the type's precision. */
static SparseVector *quotient(const SumState *state, double divisor)
{
    const VdbSparseSum *sum = &state->sum;
    float *values = palloc(sizeof(float) * (Size) sum->count);
    for (int i = 0; i < sum->count; i++) {
        values[i] = (float) (sum->values[i] / divisor);
        if (isinf(values[i]))
            float_overflow_error();
    }
    return vdb_sparsevec_gather(state->dim, sum->indices, values, sum->count);
}

/* NULL for no vectors, as SQL has it for sum and avg. */
Datum sparsevec_sum(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    (void) aggregate_context(fcinfo);
    PG_RETURN_POINTER(quotient((SumState *) PG_GETARG_POINTER(0), 1));
}

Datum sparsevec_avg(PG_FUNCTION_ARGS)
{
    SumState *state;

    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    (void) aggregate_context(fcinfo);
    state = (SumState *) PG_GETARG_POINTER(0);
    PG_RETURN_POINTER(quotient(state, (double) state->count));
}
