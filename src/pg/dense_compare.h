/*
 * Template (dense_functions.h): order of dense vectors, element by element, then by the number of
 * dimensions, as PostgreSQL orders arrays. Vectors of different dimensions are comparable, and -0
 * equals 0.
 */

PG_FUNCTION_INFO_V1(DENSE_FN(lt));
PG_FUNCTION_INFO_V1(DENSE_FN(le));
PG_FUNCTION_INFO_V1(DENSE_FN(eq));
PG_FUNCTION_INFO_V1(DENSE_FN(ne));
PG_FUNCTION_INFO_V1(DENSE_FN(ge));
PG_FUNCTION_INFO_V1(DENSE_FN(gt));
PG_FUNCTION_INFO_V1(DENSE_FN(cmp));

static int compare(const DENSE *a, const DENSE *b)
{
    int common = Min(a->dim, b->dim);

    for (int i = 0; i < common; i++) {
        float x = DENSE_TO_FLOAT(a->x[i]);
        float y = DENSE_TO_FLOAT(b->x[i]);

        if (x < y)
            return -1;
        if (x > y)
            return 1;
    }
    return (a->dim > b->dim) - (a->dim < b->dim);
}

/* Index builds and sorts call this for ever in one memory context: copies are freed. */
static int compare_arguments(FunctionCallInfo fcinfo)
{
    DENSE *a = DENSE_GETARG(0);
    DENSE *b = DENSE_GETARG(1);
    int result = compare(a, b);

    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return result;
}

Datum DENSE_FN(lt)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum DENSE_FN(le)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum DENSE_FN(eq)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum DENSE_FN(ne)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum DENSE_FN(ge)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum DENSE_FN(gt)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum DENSE_FN(cmp)(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT32(compare_arguments(fcinfo));
}
