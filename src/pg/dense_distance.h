/*
 * Template (dense_functions.h): distances between two dense vectors for SQL, a check of the
 * dimensions around the kernels of src/simd.
 */
#include <math.h>

#include "simd/simd_api.h"

PG_FUNCTION_INFO_V1(DENSE_FN(l2_distance));
PG_FUNCTION_INFO_V1(DENSE_FN(l2_squared_distance));
PG_FUNCTION_INFO_V1(DENSE_FN(inner_product));
PG_FUNCTION_INFO_V1(DENSE_FN(negative_inner_product));
PG_FUNCTION_INFO_V1(DENSE_FN(cosine_distance));
PG_FUNCTION_INFO_V1(DENSE_FN(spherical_distance));
PG_FUNCTION_INFO_V1(DENSE_FN(l1_distance));

typedef struct DensePair {
    DENSE *a;
    DENSE *b;
} DensePair;

static DensePair get_pair(FunctionCallInfo fcinfo)
{
    DensePair pair = {DENSE_GETARG(0), DENSE_GETARG(1)};

    DENSE_VDB(check_same_dim)(pair.a, pair.b);
    return pair;
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
static Datum return_distance(FunctionCallInfo fcinfo, DensePair pair, double distance)
{
    PG_FREE_IF_COPY(pair.a, 0);
    PG_FREE_IF_COPY(pair.b, 1);
    PG_RETURN_FLOAT8(distance);
}

static double l2_squared(DensePair pair)
{
    return (double) vdb_simd_kernels()->DENSE_KERNEL(l2_squared)(pair.a->x, pair.b->x,
                                                                 (size_t) pair.a->dim);
}

static double dot(DensePair pair)
{
    return (double) vdb_simd_kernels()->DENSE_KERNEL(inner_product)(pair.a->x, pair.b->x,
                                                                    (size_t) pair.a->dim);
}

/* Into [-1, 1], where rounding may have left it; a NaN stays one. */
static double clamp_cosine(double cosine)
{
    if (cosine > 1)
        return 1;
    if (cosine < -1)
        return -1;
    return cosine;
}

Datum DENSE_FN(l2_distance)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, sqrt(l2_squared(pair)));
}

Datum DENSE_FN(l2_squared_distance)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, l2_squared(pair));
}

Datum DENSE_FN(inner_product)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, dot(pair));
}

Datum DENSE_FN(negative_inner_product)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, -dot(pair));
}

/* NaN if one of the vectors is zero. */
Datum DENSE_FN(cosine_distance)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);
    VdbCosineParts parts =
        vdb_simd_kernels()->DENSE_KERNEL(cosine_parts)(pair.a->x, pair.b->x, (size_t) pair.a->dim);
    /* one root of the product is more exact than the product of two roots */
    double cosine = (double) parts.dot / sqrt((double) parts.norm_a * (double) parts.norm_b);

    return return_distance(fcinfo, pair, 1.0 - clamp_cosine(cosine));
}

/* Angle between two unit vectors in half turns: unlike the cosine distance it obeys the triangle
 * inequality. */
Datum DENSE_FN(spherical_distance)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, acos(clamp_cosine(dot(pair))) / M_PI);
}

Datum DENSE_FN(l1_distance)(PG_FUNCTION_ARGS)
{
    DensePair pair = get_pair(fcinfo);
    double distance =
        (double) vdb_simd_kernels()->DENSE_KERNEL(l1)(pair.a->x, pair.b->x, (size_t) pair.a->dim);

    return return_distance(fcinfo, pair, distance);
}
