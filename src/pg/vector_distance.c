/*
 * Distances between two vectors for SQL: a check of the dimensions around the kernels of src/simd.
 */
#include "postgres.h"

#include <math.h>

#include "pg/vector.h"
#include "simd/simd_api.h"

PG_FUNCTION_INFO_V1(l2_distance);
PG_FUNCTION_INFO_V1(vector_l2_squared_distance);
PG_FUNCTION_INFO_V1(inner_product);
PG_FUNCTION_INFO_V1(vector_negative_inner_product);
PG_FUNCTION_INFO_V1(cosine_distance);
PG_FUNCTION_INFO_V1(vector_spherical_distance);
PG_FUNCTION_INFO_V1(l1_distance);

typedef struct VectorPair {
    Vector *a;
    Vector *b;
} VectorPair;

static VectorPair get_pair(FunctionCallInfo fcinfo)
{
    VectorPair pair = {PG_GETARG_VECTOR_P(0), PG_GETARG_VECTOR_P(1)};

    vdb_vector_check_same_dim(pair.a, pair.b);
    return pair;
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
static Datum return_distance(FunctionCallInfo fcinfo, VectorPair pair, double distance)
{
    PG_FREE_IF_COPY(pair.a, 0);
    PG_FREE_IF_COPY(pair.b, 1);
    PG_RETURN_FLOAT8(distance);
}

static double l2_squared(VectorPair pair)
{
    return (double) vdb_simd_kernels()->l2_squared(pair.a->x, pair.b->x, (size_t) pair.a->dim);
}

static double dot(VectorPair pair)
{
    return (double) vdb_simd_kernels()->inner_product(pair.a->x, pair.b->x, (size_t) pair.a->dim);
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

Datum l2_distance(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, sqrt(l2_squared(pair)));
}

Datum vector_l2_squared_distance(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, l2_squared(pair));
}

Datum inner_product(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, dot(pair));
}

Datum vector_negative_inner_product(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, -dot(pair));
}

/* NaN if one of the vectors is zero. */
Datum cosine_distance(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);
    VdbCosineParts parts =
        vdb_simd_kernels()->cosine_parts(pair.a->x, pair.b->x, (size_t) pair.a->dim);
    /* one root of the product is more exact than the product of two roots */
    double cosine = (double) parts.dot / sqrt((double) parts.norm_a * (double) parts.norm_b);

    return return_distance(fcinfo, pair, 1.0 - clamp_cosine(cosine));
}

/* Angle between two unit vectors in half turns: unlike the cosine distance it obeys the triangle
 * inequality. */
Datum vector_spherical_distance(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, acos(clamp_cosine(dot(pair))) / M_PI);
}

Datum l1_distance(PG_FUNCTION_ARGS)
{
    VectorPair pair = get_pair(fcinfo);
    double distance = (double) vdb_simd_kernels()->l1(pair.a->x, pair.b->x, (size_t) pair.a->dim);

    return return_distance(fcinfo, pair, distance);
}
