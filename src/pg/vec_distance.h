/*
 * Template (vec.h): distances between two vectors for SQL, a check of the dimensions around the
 * kernels of the type, which has defined
 *     static float l2_squared(const VEC *a, const VEC *b), and so dot() and l1()
 *     static VdbCosineParts cosine_parts(const VEC *a, const VEC *b)
 */
#include <math.h>

#include "utils/float.h"

#include "pg/detoast_once.h"

PG_FUNCTION_INFO_V1(VEC_FN(l2_distance));
PG_FUNCTION_INFO_V1(VEC_FN(l2_squared_distance));
PG_FUNCTION_INFO_V1(VEC_FN(inner_product));
PG_FUNCTION_INFO_V1(VEC_FN(negative_inner_product));
PG_FUNCTION_INFO_V1(VEC_FN(cosine_distance));
PG_FUNCTION_INFO_V1(VEC_FN(l1_distance));

typedef struct VecPair {
    VEC *a;
    VEC *b;
    Datum given_a; /* of which a and b may be copies */
    Datum given_b;
} VecPair;

static VecPair get_pair(FunctionCallInfo fcinfo)
{
    Datum a = vdb_detoast_once(PG_GETARG_DATUM(0));
    Datum b = vdb_detoast_once(PG_GETARG_DATUM(1));
    VecPair pair = {VEC_VDB(from_datum)(a), VEC_VDB(from_datum)(b), a, b};

    VEC_VDB(check_same_dim)(pair.a, pair.b);
    return pair;
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
static Datum return_distance(VecPair pair, double distance)
{
    if ((Pointer) pair.a != DatumGetPointer(pair.given_a))
        pfree(pair.a);
    if ((Pointer) pair.b != DatumGetPointer(pair.given_b))
        pfree(pair.b);
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

    return return_distance(pair, sqrt((double) l2_squared(pair.a, pair.b)));
}

Datum VEC_FN(l2_squared_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(pair, (double) l2_squared(pair.a, pair.b));
}

Datum VEC_FN(inner_product)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(pair, (double) dot(pair.a, pair.b));
}

Datum VEC_FN(negative_inner_product)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(pair, -(double) dot(pair.a, pair.b));
}

/* A copy of length 1; zero stays zero. */
static VEC *normalized(VEC *vector)
{
    VEC *copy = palloc(VARSIZE(vector));
    double length = norm(VEC_ELEMENTS(vector), VEC_COUNT(vector));

    memcpy(copy, vector, VARSIZE(vector));
    if (length > 0)
        divide(VEC_ELEMENTS(copy), VEC_ELEMENTS(vector), length, VEC_COUNT(vector));
    return copy;
}

/* NaN where a norm overflowed: a finite dot product says nothing then. */
static double cosine(VdbCosineParts parts)
{
    double norms = (double) parts.norm_a * (double) parts.norm_b;

    /* one root of the product is more exact than the product of two roots */
    return isinf(norms) ? get_float8_nan() : clamp_cosine((double) parts.dot / sqrt(norms));
}

/* Of vectors so short that their squares lose digits in float32, or vanish. */
static double cosine_of_short(VEC *a, VEC *b)
{
    VEC *unit_a = normalized(a);
    VEC *unit_b = normalized(b);
    double result = cosine(cosine_parts(unit_a, unit_b));

    pfree(unit_a);
    pfree(unit_b);
    return result;
}

/* NaN if one of the vectors is zero, or so long that its squares overflow float32. */
Datum VEC_FN(cosine_distance)(PG_FUNCTION_ARGS)
{
    const float least_norm = 1e-28F; /* squared: below, the largest squares may be near FLT_MIN */
    VecPair pair = get_pair(fcinfo);
    VdbCosineParts parts = cosine_parts(pair.a, pair.b);
    double result = unlikely(parts.norm_a < least_norm || parts.norm_b < least_norm)
                        ? cosine_of_short(pair.a, pair.b)
                        : cosine(parts);

    return return_distance(pair, 1.0 - result);
}

Datum VEC_FN(l1_distance)(PG_FUNCTION_ARGS)
{
    VecPair pair = get_pair(fcinfo);

    return return_distance(pair, (double) l1(pair.a, pair.b));
}
