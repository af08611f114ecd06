/*
 * Template (vec.h): distances between two vectors for SQL, a check of the dimensions around the
 * kernels of the type, which has defined
 *     static float l2_squared(const VEC *a, const VEC *b), and so dot() and l1()
 *     static VdbCosineParts cosine_parts(const VEC *a, const VEC *b)
 */
#include <math.h>

PG_FUNCTION_INFO_V1(VEC_FN(l2_distance));
PG_FUNCTION_INFO_V1(VEC_FN(l2_squared_distance));
PG_FUNCTION_INFO_V1(VEC_FN(inner_product));
PG_FUNCTION_INFO_V1(VEC_FN(negative_inner_product));
PG_FUNCTION_INFO_V1(VEC_FN(cosine_distance));
PG_FUNCTION_INFO_V1(VEC_FN(l1_distance));

typedef struct VecPair {
    VEC *a;
    VEC *b;
} VecPair;

static VecPair get_pair(FunctionCallInfo fcinfo)
{
    VecPair pair = {VEC_GETARG(0), VEC_GETARG(1)};

    VEC_VDB(check_same_dim)(pair.a, pair.b);
    return pair;
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
static Datum return_distance(FunctionCallInfo fcinfo, VecPair pair, double distance)
{
    PG_FREE_IF_COPY(pair.a, 0);
    PG_FREE_IF_COPY(pair.b, 1);
    PG_RETURN_FLOAT8(distance);
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

Datum VEC_FN(l2_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, sqrt((double) l2_squared(pair.a, pair.b)));
}

Datum VEC_FN(l2_squared_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, (double) l2_squared(pair.a, pair.b));
}

Datum VEC_FN(inner_product)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, (double) dot(pair.a, pair.b));
}

Datum VEC_FN(negative_inner_product)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, -(double) dot(pair.a, pair.b));
}

/* NaN if one of the vectors is zero. */
Datum VEC_FN(cosine_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);
    VdbCosineParts parts = cosine_parts(pair.a, pair.b);
    /* one root of the product is more exact than the product of two roots */
    double cosine = (double) parts.dot / sqrt((double) parts.norm_a * (double) parts.norm_b);

    return return_distance(fcinfo, pair, 1.0 - clamp_cosine(cosine));
}

Datum VEC_FN(l1_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(fcinfo, pair, (double) l1(pair.a, pair.b));
}
