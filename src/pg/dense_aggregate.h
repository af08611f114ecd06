/*
 * Template (dense_functions.h): avg.  The transition state is a float8 array: the number of
 * vectors, then the sum of each element; it has no sums before the first vector.  (sum needs
 * nothing but add.)
 */
#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(DENSE_FN(accum));
PG_FUNCTION_INFO_V1(DENSE_FN(combine));
PG_FUNCTION_INFO_V1(DENSE_FN(avg));

/* A state seen through its array. */
typedef struct AvgState {
    ArrayType *array;
    float8 *count;
    float8 *sums;
    int dim; /* number of sums */
} AvgState;

static AvgState view_state(ArrayType *array)
{
    float8 *values = (float8 *) ARR_DATA_PTR(array);
    AvgState state = {array, values, values + 1, ARR_DIMS(array)[0] - 1};

    return state;
}

/* The functions can be called with any array from SQL. */
static AvgState get_state(ArrayType *array, const char *caller)
{
    if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] < 1 || ARR_HASNULL(array) ||
        ARR_ELEMTYPE(array) != FLOAT8OID)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("%s: expected state array", caller));
    return view_state(array);
}

/* REQUIRES: 0 <= dim <= VDB_DENSE_MAX_DIM.  The values are not set. */
static AvgState create_state(int dim)
{
    Size size = ARR_OVERHEAD_NONULLS(1) + sizeof(float8) * ((Size) dim + 1);
    ArrayType *array = palloc0(size);

    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->dataoffset = 0;
    array->elemtype = FLOAT8OID;
    ARR_DIMS(array)[0] = dim + 1;
    ARR_LBOUND(array)[0] = 1;
    return view_state(array);
}

static AvgState copy_state(AvgState source)
{
    AvgState state = create_state(source.dim);

    memcpy(state.count, source.count, sizeof(float8) * ((Size) source.dim + 1));
    return state;
}

static void check_sums(AvgState state)
{
    int64 overflow = 0; /* as wide as the sums, for the vector registers' sake */

    for (int i = 0; i < state.dim; i++)
        overflow |= fabs(state.sums[i]) > DBL_MAX;
    if (overflow)
        float_overflow_error();
}

static void add_elements(AvgState state, const DENSE *vector)
{
    float buffer[VDB_BLOCK];

    for (int start = 0; start < state.dim; start += VDB_BLOCK) {
        int block = Min(VDB_BLOCK, state.dim - start);
        const float *x = AS_FLOATS(buffer, vector->x + start, block);
        float8 *restrict sums = state.sums + start;

        for (int i = 0; i < block; i++)
            sums[i] += (float8) x[i];
    }
}

Datum DENSE_FN(accum)(PG_FUNCTION_ARGS)
{
    AvgState state = get_state(PG_GETARG_ARRAYTYPE_P(0), DENSE_TYPE_NAME "_accum");
    DENSE *vector = DENSE_GETARG(1);

    if (state.dim == 0) {
        AvgState first = create_state(vector->dim);

        *first.count = *state.count + 1.0;
        for (int i = 0; i < vector->dim; i++)
            first.sums[i] = (double) DENSE_TO_FLOAT(vector->x[i]);
        PG_RETURN_ARRAYTYPE_P(first.array);
    }
    vdb_check_typmod(state.dim, vector->dim);
    /* inside of an aggregate the state is ours to change */
    if (!AggCheckCallContext(fcinfo, NULL))
        state = copy_state(state);
    *state.count += 1.0;
    add_elements(state, vector);
    check_sums(state);
    PG_FREE_IF_COPY(vector, 1);
    PG_RETURN_ARRAYTYPE_P(state.array);
}

Datum DENSE_FN(combine)(PG_FUNCTION_ARGS)
{
    AvgState a = get_state(PG_GETARG_ARRAYTYPE_P(0), DENSE_TYPE_NAME "_combine");
    AvgState b = get_state(PG_GETARG_ARRAYTYPE_P(1), DENSE_TYPE_NAME "_combine");
    AvgState result;

    if (a.dim != 0)
        DENSE_VDB(check_dim)(a.dim);
    if (b.dim != 0)
        DENSE_VDB(check_dim)(b.dim);
    if (a.dim != 0 && b.dim != 0)
        vdb_check_typmod(a.dim, b.dim);
    result = copy_state(a.dim != 0 ? a : b);
    *result.count = *a.count + *b.count;
    if (a.dim != 0 && b.dim != 0) {
        for (int i = 0; i < result.dim; i++)
            result.sums[i] += b.sums[i];
        check_sums(result);
    }
    PG_RETURN_ARRAYTYPE_P(result.array);
}

/* NULL for no vectors, as SQL has it for avg. */
Datum DENSE_FN(avg)(PG_FUNCTION_ARGS)
{
    AvgState state = get_state(PG_GETARG_ARRAYTYPE_P(0), DENSE_TYPE_NAME "_avg");
    float *means;

    if (*state.count == 0)
        PG_RETURN_NULL();
    DENSE_VDB(check_dim)(state.dim);
    means = palloc(sizeof(float) * (Size) state.dim);
    for (int i = 0; i < state.dim; i++)
        means[i] = (float) (state.sums[i] / *state.count);
    PG_RETURN_POINTER(DENSE_VDB(from_floats)(means, state.dim));
}
