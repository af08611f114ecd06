/*
 * Template (dense_functions.h): text and binary form of a dense vector type.
 */
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"

#include "pg/vec_text.h"

PG_FUNCTION_INFO_V1(DENSE_FN(in));
PG_FUNCTION_INFO_V1(DENSE_FN(out));
PG_FUNCTION_INFO_V1(DENSE_FN(recv));
PG_FUNCTION_INFO_V1(DENSE_FN(send));

/* The same for the number of its elements. */
static Datum report_bad_list(FunctionCallInfo fcinfo, VdbListStatus status, VdbNumberText bad)
{
    switch (status) {
    case VDB_LIST_EMPTY:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg(DENSE_TYPE_NAME " must have at least 1 dimension"));
    case VDB_LIST_TOO_LONG:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg(DENSE_TYPE_NAME " cannot have more than %d dimensions", VDB_DENSE_MAX_DIM));
    default:
        return report_bad_text(fcinfo, status, bad);
    }
}

Datum DENSE_FN(in)(PG_FUNCTION_ARGS)
{
    const char *text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);
    float values[VDB_DENSE_MAX_DIM];
    VdbFloatList list = {.values = values, .capacity = VDB_DENSE_MAX_DIM, .largest = DENSE_LARGEST};
    VdbListStatus status = vdb_parse_float_list(text, strlen(text), &list);

    if (status != VDB_LIST_OK)
        return report_bad_list(fcinfo, status, list.bad);
    if (typmod != -1 && typmod != list.count)
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected %d dimensions, not %d", typmod, list.count));
    PG_RETURN_POINTER(DENSE_VDB(from_floats)(values, list.count));
}

Datum DENSE_FN(out)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    /* FLOAT_SHORTEST_DECIMAL_LEN counts a terminator, in whose place comes the comma or the
     * bracket. */
    char *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN * (Size) vector->dim + 2);
    char *end = text;

    *end++ = '[';
    for (int i = 0; i < vector->dim; i++) {
        if (i > 0)
            *end++ = ',';
        end += float_to_shortest_decimal_bufn(DENSE_TO_FLOAT(vector->x[i]), end);
    }
    *end++ = ']';
    *end = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

Datum DENSE_FN(recv)(PG_FUNCTION_ARGS)
{
    StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
    int32 typmod = PG_GETARG_INT32(2);
    int dim = (int) pq_getmsgint(message, sizeof(int16));
    int unused = (int) pq_getmsgint(message, sizeof(int16));
    const char *elements;
    DENSE *result;

    DENSE_VDB(check_dim)(dim);
    vdb_check_typmod(typmod, dim);
    if (unused != 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected unused to be 0, not %d", unused));
    elements = pq_getmsgbytes(message, (int) sizeof(DENSE_ELEMENT) * dim);
    result = DENSE_VDB(create)(dim);
    copy_swapped(result->x, elements, dim);
    DENSE_VDB(check_elements)(result->x, dim);
    PG_RETURN_POINTER(result);
}

Datum DENSE_FN(send)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    int size = (int) sizeof(DENSE_ELEMENT) * vector->dim;
    StringInfoData message;

    pq_begintypsend(&message);
    enlargeStringInfo(&message, size + 2 * (int) sizeof(int16));
    pq_sendint16(&message, (uint16) vector->dim);
    pq_sendint16(&message, (uint16) vector->unused);
    copy_swapped(message.data + message.len, vector->x, vector->dim);
    message.len += size;
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}
