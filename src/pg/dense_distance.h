/*
 * Template (dense_functions.h): distances between two dense vectors by the kernels of src/simd.
 */
#include <math.h>

#include "simd/simd_api.h"

PG_FUNCTION_INFO_V1(DENSE_FN(spherical_distance));

static float l2_squared(const DENSE *a, const DENSE *b)
{
    return vdb_simd_kernels()->DENSE_KERNEL(l2_squared)(a->x, b->x, (size_t) a->dim);
}

static float dot(const DENSE *a, const DENSE *b)
{
    return vdb_simd_kernels()->DENSE_KERNEL(inner_product)(a->x, b->x, (size_t) a->dim);
}

static float l1(const DENSE *a, const DENSE *b)
{
    return vdb_simd_kernels()->DENSE_KERNEL(l1)(a->x, b->x, (size_t) a->dim);
}

static VdbCosineParts cosine_parts(const DENSE *a, const DENSE *b)
{
    return vdb_simd_kernels()->DENSE_KERNEL(cosine_parts)(a->x, b->x, (size_t) a->dim);
}

#include "pg/vec_distance.h"

/* Angle between two unit vectors in half turns: unlike the cosine distance it obeys the triangle
 * inequality. */
Datum DENSE_FN(spherical_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);
    double angle = acos(clamp_cosine((double) dot(pair.a, pair.b)));

    return return_distance(pair, angle / M_PI);
}
