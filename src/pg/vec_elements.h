/*
 * Template (vec.h): loops over the elements that a vector keeps: their checks, their norm.
 */
#include <float.h>
#include <math.h>

#include "port/pg_bswap.h"

#include "pg/elements.h"

PG_FUNCTION_INFO_V1(VEC_FN(norm));

void VEC_VDB(check_elements)(const VEC_ELEMENT *x, int count)
{
    float buffer[VDB_BLOCK];
    int bad = 0;

    for (int start = 0; start < count; start += VDB_BLOCK) {
        int block = Min(VDB_BLOCK, count - start);
        const float *values = AS_FLOATS(buffer, x + start, block);

        for (int i = 0; i < block; i++)
            bad |= !(fabsf(values[i]) <= FLT_MAX);
    }
    if (!bad)
        return;
    for (int i = 0; i < count; i++) {
        if (isnan(VEC_TO_FLOAT(x[i])))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("NaN not allowed in " VEC_TYPE_NAME));
        if (isinf(VEC_TO_FLOAT(x[i])))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("infinite value not allowed in " VEC_TYPE_NAME));
    }
}

/* In double precision: squares of large floats would overflow. */
static double norm(const VEC_ELEMENT *x, int count)
{
    return sqrt(SQUARED_NORM(x, count));
}

Datum VEC_FN(norm)(PG_FUNCTION_ARGS)
{
    VEC *vector = VEC_GETARG(0);
    double result = norm(VEC_ELEMENTS(vector), VEC_COUNT(vector));

    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_FLOAT8(result);
}

/* REQUIRES: no element is larger than the divisor, so that no quotient is too large. */
static void divide(VEC_ELEMENT *restrict quotient, const VEC_ELEMENT *restrict x, double divisor,
                   int count)
{
    float buffer[VDB_BLOCK];

    memcpy(quotient, x, sizeof(VEC_ELEMENT) * (Size) count);
    for (int start = 0; start < count; start += VDB_BLOCK) {
        int block = Min(VDB_BLOCK, count - start);
        float *values = OPEN_FLOATS(buffer, quotient + start, block);

        for (int i = 0; i < block; i++)
            values[i] = (float) ((double) values[i] / divisor);
        CLOSE_FLOATS(quotient + start, values, block);
    }
}

/* Copies elements between big-endian and machine order.  Neither side needs to be aligned. */
static void copy_swapped(void *target, const void *source, int count)
{
    char *to = target;
    const char *from = source;

    for (int i = 0; i < count; i++) {
        VEC_WORD word;

        memcpy(&word, from + sizeof(word) * (Size) i, sizeof(word));
        word = VEC_NTOH(word);
        memcpy(to + sizeof(word) * (Size) i, &word, sizeof(word));
    }
}
