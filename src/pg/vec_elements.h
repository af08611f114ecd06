/*
 * Template (vec.h): loops over the elements that a vector keeps: their checks, their norm.
 */
#include <float.h>
#include <math.h>

#include "port/pg_bswap.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(VEC_FN(norm));

void VEC_VDB(check_elements)(const VEC_ELEMENT *x, int count)
{
    int bad = 0;

    for (int i = 0; i < count; i++)
        bad |= !(fabsf(VEC_TO_FLOAT(x[i])) <= FLT_MAX);
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
static double square(VEC_ELEMENT x)
{
    double value = (double) VEC_TO_FLOAT(x);

    return value * value;
}

static double norm(const VEC_ELEMENT *x, int count)
{
    double sums[4] = {0, 0, 0, 0}; /* independent, so that additions overlap */
    int i = 0;

    for (; i + 4 <= count; i += 4) {
        for (int lane = 0; lane < 4; lane++)
            sums[lane] += square(x[i + lane]);
    }
    for (; i < count; i++)
        sums[0] += square(x[i]);
    return sqrt((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

Datum VEC_FN(norm)(PG_FUNCTION_ARGS)
{
    VEC *vector = VEC_GETARG(0);
    double result = norm(VEC_ELEMENTS(vector), VEC_COUNT(vector));

    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_FLOAT8(result);
}

/* Raises after the loop, not in it, so that the loop runs on vector registers. */
static void check_no_overflow(const VEC_ELEMENT *x, int count)
{
    int overflow = 0;

    for (int i = 0; i < count; i++)
        overflow |= fabsf(VEC_TO_FLOAT(x[i])) > FLT_MAX;
    if (overflow)
        float_overflow_error();
}

static void divide(VEC_ELEMENT *restrict quotient, const VEC_ELEMENT *restrict x, double divisor,
                   int count)
{
    for (int i = 0; i < count; i++)
        quotient[i] = VEC_FROM_FLOAT((double) VEC_TO_FLOAT(x[i]) / divisor);
    check_no_overflow(quotient, count);
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
