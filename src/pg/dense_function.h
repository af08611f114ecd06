/*
 * Template (dense_functions.h): functions of a dense vector type that are no distances (size,
 * arithmetic, parts).
 */
#include <float.h>
#include <math.h>

#include "utils/float.h"
#include "utils/varbit.h"

PG_FUNCTION_INFO_V1(DENSE_FN(dims));
PG_FUNCTION_INFO_V1(DENSE_FN(l2_normalize));
PG_FUNCTION_INFO_V1(DENSE_FN(add));
PG_FUNCTION_INFO_V1(DENSE_FN(sub));
PG_FUNCTION_INFO_V1(DENSE_FN(mul));
PG_FUNCTION_INFO_V1(DENSE_FN(concat));
PG_FUNCTION_INFO_V1(DENSE_FN(binary_quantize));
PG_FUNCTION_INFO_V1(DENSE_FN(subvector));

Datum DENSE_FN(dims)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    int32 dim = vector->dim;

    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_INT32(dim);
}

/* A zero vector stays one. */
Datum DENSE_FN(l2_normalize)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    DENSE *result = DENSE_VDB(create)(vector->dim);
    double length = norm(vector->x, vector->dim);

    if (length > 0)
        divide(result->x, vector->x, length, vector->dim);
    else
        memset(result->x, 0, sizeof(DENSE_ELEMENT) * (Size) vector->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

static DENSE *copy_vector(const DENSE *vector)
{
    DENSE *copy = DENSE_VDB(create)(vector->dim);

    memcpy(copy->x, vector->x, sizeof(DENSE_ELEMENT) * (Size) vector->dim);
    return copy;
}

static void add_to(DENSE_ELEMENT *restrict x, const DENSE_ELEMENT *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = DENSE_FROM_FLOAT(DENSE_TO_FLOAT(x[i]) + DENSE_TO_FLOAT(y[i]));
}

static void subtract_from(DENSE_ELEMENT *restrict x, const DENSE_ELEMENT *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = DENSE_FROM_FLOAT(DENSE_TO_FLOAT(x[i]) - DENSE_TO_FLOAT(y[i]));
}

static void multiply_by(DENSE_ELEMENT *restrict x, const DENSE_ELEMENT *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = DENSE_FROM_FLOAT(DENSE_TO_FLOAT(x[i]) * DENSE_TO_FLOAT(y[i]));
}

/* Also the transition function of sum, where the left side is ours to change. */
Datum DENSE_FN(add)(PG_FUNCTION_ARGS)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    DENSE *result;

    DENSE_VDB(check_same_dim)(a, b);
    result = AggCheckCallContext(fcinfo, NULL) ? a : copy_vector(a);
    add_to(result->x, b->x, b->dim);
    check_no_overflow(result->x, result->dim);
    PG_RETURN_POINTER(result);
}

Datum DENSE_FN(sub)(PG_FUNCTION_ARGS)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    DENSE *result;

    DENSE_VDB(check_same_dim)(a, b);
    result = copy_vector(a);
    subtract_from(result->x, b->x, b->dim);
    check_no_overflow(result->x, result->dim);
    PG_RETURN_POINTER(result);
}

Datum DENSE_FN(mul)(PG_FUNCTION_ARGS)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    DENSE *result;

    DENSE_VDB(check_same_dim)(a, b);
    result = copy_vector(a);
    multiply_by(result->x, b->x, b->dim);
    for (int i = 0; i < a->dim; i++) {
        float product = DENSE_TO_FLOAT(result->x[i]);

        if (isinf(product))
            float_overflow_error();
        if (product == 0 && DENSE_TO_FLOAT(a->x[i]) != 0 && DENSE_TO_FLOAT(b->x[i]) != 0)
            float_underflow_error();
    }
    PG_RETURN_POINTER(result);
}

Datum DENSE_FN(concat)(PG_FUNCTION_ARGS)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    int dim = a->dim + b->dim;
    DENSE *result;

    DENSE_VDB(check_dim)(dim);
    result = DENSE_VDB(create)(dim);
    memcpy(result->x, a->x, sizeof(DENSE_ELEMENT) * (Size) a->dim);
    memcpy(result->x + a->dim, b->x, sizeof(DENSE_ELEMENT) * (Size) b->dim);
    PG_RETURN_POINTER(result);
}

/* One bit a dimension: whether the element is positive. */
Datum DENSE_FN(binary_quantize)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    Size size = VARBITTOTALLEN(vector->dim);
    VarBit *result = palloc0(size);
    bits8 *bits = VARBITS(result);
    int i = 0;

    SET_VARSIZE(result, size);
    VARBITLEN(result) = vector->dim;
    for (; i + 8 <= vector->dim; i += 8) {
        int byte = 0;

        for (int bit = 0; bit < 8; bit++)
            byte = byte << 1 | (DENSE_TO_FLOAT(vector->x[i + bit]) > 0);
        bits[i / 8] = (bits8) byte;
    }
    for (; i < vector->dim; i++)
        bits[i / 8] |= (bits8) ((DENSE_TO_FLOAT(vector->x[i]) > 0) << (7 - i % 8));
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_VARBIT_P(result);
}

/* count elements from start on, counted from 1; what lies outside of the vector is left out, as in
 * substring(). */
Datum DENSE_FN(subvector)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    int64 start = PG_GETARG_INT32(1);
    int64 count = PG_GETARG_INT32(2);
    int64 end = Min(start + count, (int64) vector->dim + 1);
    DENSE *result;

    start = Max(start, 1);
    DENSE_VDB(check_dim)(count < 1 ? 0 : end - start);
    result = DENSE_VDB(create)((int) (end - start));
    memcpy(result->x, vector->x + (start - 1), sizeof(DENSE_ELEMENT) * (Size) result->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}
