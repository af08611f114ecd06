/*
 * Functions of the vector type that are no distances: size, norm, arithmetic, parts.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "utils/float.h"
#include "utils/varbit.h"

#include "pg/vector.h"

PG_FUNCTION_INFO_V1(vector_dims);
PG_FUNCTION_INFO_V1(vector_norm);
PG_FUNCTION_INFO_V1(l2_normalize);
PG_FUNCTION_INFO_V1(vector_add);
PG_FUNCTION_INFO_V1(vector_sub);
PG_FUNCTION_INFO_V1(vector_mul);
PG_FUNCTION_INFO_V1(vector_concat);
PG_FUNCTION_INFO_V1(binary_quantize);
PG_FUNCTION_INFO_V1(subvector);

Datum vector_dims(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    int32 dim = vector->dim;

    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_INT32(dim);
}

/* In double precision: squares of large floats would overflow. */
static double norm(const Vector *vector)
{
    double sums[4] = {0, 0, 0, 0}; /* independent, so that additions overlap */
    int i = 0;

    for (; i + 4 <= vector->dim; i += 4) {
        for (int lane = 0; lane < 4; lane++)
            sums[lane] += (double) vector->x[i + lane] * (double) vector->x[i + lane];
    }
    for (; i < vector->dim; i++)
        sums[0] += (double) vector->x[i] * (double) vector->x[i];
    return sqrt((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

Datum vector_norm(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    double result = norm(vector);

    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_FLOAT8(result);
}

/* Raises after the loop, not in it, so that the loop runs on vector registers. */
static void check_no_overflow(const float *x, int count)
{
    int overflow = 0;

    for (int i = 0; i < count; i++)
        overflow |= fabsf(x[i]) > FLT_MAX;
    if (overflow)
        float_overflow_error();
}

static void divide(float *restrict quotient, const float *restrict x, double divisor, int count)
{
    for (int i = 0; i < count; i++)
        quotient[i] = (float) ((double) x[i] / divisor);
}

/* A zero vector stays one. */
Datum l2_normalize(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    Vector *result = vdb_vector_create(vector->dim);
    double length = norm(vector);

    if (length > 0) {
        divide(result->x, vector->x, length, vector->dim);
        check_no_overflow(result->x, result->dim);
    } else
        memset(result->x, 0, sizeof(float) * (Size) vector->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

static Vector *copy_vector(const Vector *vector)
{
    Vector *copy = vdb_vector_create(vector->dim);

    memcpy(copy->x, vector->x, sizeof(float) * (Size) vector->dim);
    return copy;
}

static void add_to(float *restrict x, const float *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] += y[i];
}

static void subtract_from(float *restrict x, const float *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] -= y[i];
}

static void multiply_by(float *restrict x, const float *restrict y, int count)
{
    for (int i = 0; i < count; i++)
        x[i] *= y[i];
}

/* Also the transition function of sum(vector), where the left side is ours to change. */
Datum vector_add(PG_FUNCTION_ARGS)
{
    Vector *a = PG_GETARG_VECTOR_P(0);
    Vector *b = PG_GETARG_VECTOR_P(1);
    Vector *result;

    vdb_vector_check_same_dim(a, b);
    result = AggCheckCallContext(fcinfo, NULL) ? a : copy_vector(a);
    add_to(result->x, b->x, b->dim);
    check_no_overflow(result->x, result->dim);
    PG_RETURN_POINTER(result);
}

Datum vector_sub(PG_FUNCTION_ARGS)
{
    Vector *a = PG_GETARG_VECTOR_P(0);
    Vector *b = PG_GETARG_VECTOR_P(1);
    Vector *result;

    vdb_vector_check_same_dim(a, b);
    result = copy_vector(a);
    subtract_from(result->x, b->x, b->dim);
    check_no_overflow(result->x, result->dim);
    PG_RETURN_POINTER(result);
}

Datum vector_mul(PG_FUNCTION_ARGS)
{
    Vector *a = PG_GETARG_VECTOR_P(0);
    Vector *b = PG_GETARG_VECTOR_P(1);
    Vector *result;

    vdb_vector_check_same_dim(a, b);
    result = copy_vector(a);
    multiply_by(result->x, b->x, b->dim);
    for (int i = 0; i < a->dim; i++) {
        if (isinf(result->x[i]))
            float_overflow_error();
        if (result->x[i] == 0 && a->x[i] != 0 && b->x[i] != 0)
            float_underflow_error();
    }
    PG_RETURN_POINTER(result);
}

Datum vector_concat(PG_FUNCTION_ARGS)
{
    Vector *a = PG_GETARG_VECTOR_P(0);
    Vector *b = PG_GETARG_VECTOR_P(1);
    int dim = a->dim + b->dim;
    Vector *result;

    vdb_vector_check_dim(dim);
    result = vdb_vector_create(dim);
    memcpy(result->x, a->x, sizeof(float) * (Size) a->dim);
    memcpy(result->x + a->dim, b->x, sizeof(float) * (Size) b->dim);
    PG_RETURN_POINTER(result);
}

/* One bit a dimension: whether the element is positive. */
Datum binary_quantize(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    Size size = VARBITTOTALLEN(vector->dim);
    VarBit *result = palloc0(size);
    bits8 *bits = VARBITS(result);
    int i = 0;

    SET_VARSIZE(result, size);
    VARBITLEN(result) = vector->dim;
    for (; i + 8 <= vector->dim; i += 8) {
        int byte = 0;

        for (int bit = 0; bit < 8; bit++)
            byte = byte << 1 | (vector->x[i + bit] > 0);
        bits[i / 8] = (bits8) byte;
    }
    for (; i < vector->dim; i++)
        bits[i / 8] |= (bits8) ((vector->x[i] > 0) << (7 - i % 8));
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_VARBIT_P(result);
}

/* count elements from start on, counted from 1; what lies outside of the vector is left out, as in
 * substring(). */
Datum subvector(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    int64 start = PG_GETARG_INT32(1);
    int64 count = PG_GETARG_INT32(2);
    int64 end = Min(start + count, (int64) vector->dim + 1);
    Vector *result;

    start = Max(start, 1);
    vdb_vector_check_dim(count < 1 ? 0 : end - start);
    result = vdb_vector_create((int) (end - start));
    memcpy(result->x, vector->x + (start - 1), sizeof(float) * (Size) result->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}
