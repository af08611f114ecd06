/*
 * Template (vec.h): the comparison operators of a vector type, which has defined
 *     static int compare(const VEC *a, const VEC *b)
 */

PG_FUNCTION_INFO_V1(VEC_FN(lt));
PG_FUNCTION_INFO_V1(VEC_FN(le));
PG_FUNCTION_INFO_V1(VEC_FN(eq));
PG_FUNCTION_INFO_V1(VEC_FN(ne));
PG_FUNCTION_INFO_V1(VEC_FN(ge));
PG_FUNCTION_INFO_V1(VEC_FN(gt));
PG_FUNCTION_INFO_V1(VEC_FN(cmp));

/* Index builds and sorts call this for ever in one memory context: copies are freed. */
static int compare_arguments(FunctionCallInfo fcinfo)
{
    VEC *a = VEC_GETARG(0);
    VEC *b = VEC_GETARG(1);
    int result = compare(a, b);

    PG_FREE_IF_COPY(a, 0);
    PG_FREE_IF_COPY(b, 1);
    return result;
}

Datum VEC_FN(lt)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) < 0);
}

Datum VEC_FN(le)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) <= 0);
}

Datum VEC_FN(eq)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) == 0);
}

Datum VEC_FN(ne)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) != 0);
}

Datum VEC_FN(ge)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) >= 0);
}

Datum VEC_FN(gt)(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(compare_arguments(fcinfo) > 0);
}

Datum VEC_FN(cmp)(PG_FUNCTION_ARGS)
{
    PG_RETURN_INT32(compare_arguments(fcinfo));
}
