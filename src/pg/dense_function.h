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

/* What can be wrong with elements computed.  Reported after a loop, not in it, so that the loop
 * runs on vector registers. */
enum {
    OVERFLOW_SEEN = 1,
    UNDERFLOW_SEEN = 2
};

static void check_computed(int seen)
{
    if (seen & OVERFLOW_SEEN)
        float_overflow_error();
    if (seen & UNDERFLOW_SEEN)
        float_underflow_error();
}

static inline int overflow(float computed)
{
    return fabsf(computed) > DENSE_LARGEST ? OVERFLOW_SEEN : 0;
}

/* Changes the left floats; answers what was seen. */
typedef int (*Operation)(float *restrict x, const float *restrict y, int count);

static inline int add_floats(float *restrict x, const float *restrict y, int count)
{
    int seen = 0;

    for (int i = 0; i < count; i++) {
        x[i] += y[i];
        seen |= overflow(x[i]);
    }
    return seen;
}

static inline int subtract_floats(float *restrict x, const float *restrict y, int count)
{
    int seen = 0;

    for (int i = 0; i < count; i++) {
        x[i] -= y[i];
        seen |= overflow(x[i]);
    }
    return seen;
}

static inline int multiply_floats(float *restrict x, const float *restrict y, int count)
{
    int seen = 0;

    for (int i = 0; i < count; i++) {
        float product = x[i] * y[i];
        bool vanished = fabsf(product) <= DENSE_VANISHING;

        seen |= overflow(product);
        seen |= vanished & (x[i] != 0) & (y[i] != 0) ? UNDERFLOW_SEEN : 0;
        x[i] = product;
    }
    return seen;
}

/* The left elements become the operation's result.  For inlining, with the operation. */
static pg_attribute_always_inline void apply(Operation operation, DENSE *left, const DENSE *right)
{
    float left_buffer[VDB_BLOCK];
    float right_buffer[VDB_BLOCK];
    int seen = 0;

    for (int start = 0; start < left->dim; start += VDB_BLOCK) {
        int block = Min(VDB_BLOCK, left->dim - start);
        float *x = OPEN_FLOATS(left_buffer, left->x + start, block);

        seen |= operation(x, AS_FLOATS(right_buffer, right->x + start, block), block);
        CLOSE_FLOATS(left->x + start, x, block);
    }
    check_computed(seen);
}

/* In an aggregate, as add is in sum, the left side is the state and ours to change. */
static pg_attribute_always_inline Datum result_of(Operation operation, FunctionCallInfo fcinfo)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    DENSE *result;

    DENSE_VDB(check_same_dim)(a, b);
    result = AggCheckCallContext(fcinfo, NULL) ? a : copy_vector(a);
    apply(operation, result, b);
    PG_RETURN_POINTER(result);
}

Datum DENSE_FN(add)(PG_FUNCTION_ARGS)
{
    return result_of(add_floats, fcinfo);
}

Datum DENSE_FN(sub)(PG_FUNCTION_ARGS)
{
    return result_of(subtract_floats, fcinfo);
}

Datum DENSE_FN(mul)(PG_FUNCTION_ARGS)
{
    return result_of(multiply_floats, fcinfo);
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

/* Up to 8 bits: whether each float is positive, the first one the most significant. */
static inline bits8 signs(const float *x, int count)
{
    int bits = 0;

    for (int i = 0; i < count; i++)
        bits |= (x[i] > 0) << (7 - i);
    return (bits8) bits;
}

/* One bit a dimension: whether the element is positive. */
Datum DENSE_FN(binary_quantize)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    Size size = VARBITTOTALLEN(vector->dim);
    VarBit *result = palloc(size);
    bits8 *bits = VARBITS(result);
    float buffer[VDB_BLOCK];

    SET_VARSIZE(result, size);
    VARBITLEN(result) = vector->dim;
    for (int start = 0; start < vector->dim; start += VDB_BLOCK) {
        int block = Min(VDB_BLOCK, vector->dim - start);
        const float *x = AS_FLOATS(buffer, vector->x + start, block);
        int i = 0;

        for (; i + 8 <= block; i += 8)
            *bits++ = signs(x + i, 8);
        if (i < block)
            *bits++ = signs(x + i, block - i);
    }
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
