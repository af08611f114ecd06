/*
 * Order of vectors: element by element, then by the number of dimensions, as PostgreSQL orders
 * arrays. Vectors of different dimensions are comparable, and -0 equals 0.
 */
#include "postgres.h"

#include "pg/vector.h"

PG_FUNCTION_INFO_V1(vector_lt);
PG_FUNCTION_INFO_V1(vector_le);
PG_FUNCTION_INFO_V1(vector_eq);
PG_FUNCTION_INFO_V1(vector_ne);
PG_FUNCTION_INFO_V1(vector_ge);
PG_FUNCTION_INFO_V1(vector_gt);
PG_FUNCTION_INFO_V1(vector_cmp);

static int compare(const Vector *a, const Vector *b)
{
    int common = Min(a->dim, b->dim);

    for (int i = 0; i < common; i++) {
        if (a->x[i] < b->x[i])
            return -1;
        if (a->x[i] > b->x[i])
            return 1;
    }
    return (a->dim > b->dim) - (a->dim < b->dim);
}

/* Index builds and sorts call this for ever in one memory context: copies are freed. */
static int compare_arguments(FunctionCallInfo fcinfo)
{
    Vector *a = PG_GETARG_VECTOR_P(0);
    Vector *b = PG_GETARG_VECTOR_P(1);
    int result = compare(a, b);

    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return result;
}

Datum vector_lt(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum vector_le(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum vector_eq(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum vector_ne(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum vector_ge(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum vector_gt(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum vector_cmp(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT32(compare_arguments(fcinfo));
}
