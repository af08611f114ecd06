/*
 * Text and binary form of the vector type, and its type modifier.
 */
#include "postgres.h"

#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "port/pg_bswap.h"
#include "utils/array.h"

#include "core/core_api.h"
#include "pg/vector.h"

PG_FUNCTION_INFO_V1(vector_in);
PG_FUNCTION_INFO_V1(vector_out);
PG_FUNCTION_INFO_V1(vector_typmod_in);
PG_FUNCTION_INFO_V1(vector_recv);
PG_FUNCTION_INFO_V1(vector_send);

/* Reports why text is no vector: through the caller's error context where it has one, else by
 * raising. */
static Datum report_bad_text(FunctionCallInfo fcinfo, VdbListStatus status,
                             const VdbFloatList *list)
{
    const char *text = PG_GETARG_CSTRING(0);

    switch (status) {
    case VDB_LIST_EMPTY:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("vector must have at least 1 dimension"));
    case VDB_LIST_TOO_LONG:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("vector cannot have more than %d dimensions", VECTOR_MAX_DIM));
    case VDB_LIST_RANGE:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                errmsg("\"%s\" is out of range for type vector",
                       pnstrdup(list->bad, list->bad_length)));
    case VDB_LIST_NAN:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("NaN not allowed in vector"));
    case VDB_LIST_INFINITE:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("infinite value not allowed in vector"));
    case VDB_LIST_NOT_OPENED:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                errmsg("invalid input syntax for type vector: \"%s\"", text),
                errdetail("Vector contents must start with \"[\"."));
    case VDB_LIST_JUNK:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                errmsg("invalid input syntax for type vector: \"%s\"", text),
                errdetail("Junk after closing right brace."));
    case VDB_LIST_SYNTAX:
    case VDB_LIST_OK:
        break;
    }
    ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
            errmsg("invalid input syntax for type vector: \"%s\"", text));
}

Datum vector_in(PG_FUNCTION_ARGS)
{
    const char *text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);
    float values[VECTOR_MAX_DIM];
    VdbFloatList list = {.values = values, .capacity = VECTOR_MAX_DIM};
    VdbListStatus status = vdb_parse_float_list(text, strlen(text), &list);
    Vector *result;

    if (status != VDB_LIST_OK)
        return report_bad_text(fcinfo, status, &list);
    if (typmod != -1 && typmod != list.count)
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected %d dimensions, not %d", typmod, list.count));
    result = vdb_vector_create(list.count);
    memcpy(result->x, values, sizeof(float) * (Size) list.count);
    PG_RETURN_POINTER(result);
}

Datum vector_out(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    /* FLOAT_SHORTEST_DECIMAL_LEN counts a terminator, in whose place comes the comma or the
     * bracket. */
    char *text = palloc(FLOAT_SHORTEST_DECIMAL_LEN * (Size) vector->dim + 2);
    char *end = text;

    *end++ = '[';
    for (int i = 0; i < vector->dim; i++) {
        if (i > 0)
            *end++ = ',';
        end += float_to_shortest_decimal_bufn(vector->x[i], end);
    }
    *end++ = ']';
    *end = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

Datum vector_typmod_in(PG_FUNCTION_ARGS)
{
    ArrayType *modifiers = PG_GETARG_ARRAYTYPE_P(0);
    int count;
    int32 *values = ArrayGetIntegerTypmods(modifiers, &count);

    if (count != 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier"));
    if (values[0] < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type vector must be at least 1"));
    if (values[0] > VECTOR_MAX_DIM)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type vector cannot exceed %d", VECTOR_MAX_DIM));
    PG_RETURN_INT32(values[0]);
}

/* Copies 32-bit words between big-endian and machine order.  Neither side needs to be aligned. */
static void copy_swapped(void *target, const void *source, int count)
{
    char *to = target;
    const char *from = source;

    for (int i = 0; i < count; i++) {
        uint32 word;

        memcpy(&word, from + sizeof(word) * (Size) i, sizeof(word));
        word = pg_ntoh32(word);
        memcpy(to + sizeof(word) * (Size) i, &word, sizeof(word));
    }
}

Datum vector_recv(PG_FUNCTION_ARGS)
{
    StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
    int32 typmod = PG_GETARG_INT32(2);
    int dim = (int) pq_getmsgint(message, sizeof(int16));
    int unused = (int) pq_getmsgint(message, sizeof(int16));
    const char *elements;
    Vector *result;

    vdb_vector_check_dim(dim);
    vdb_vector_check_typmod(typmod, dim);
    if (unused != 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected unused to be 0, not %d", unused));
    elements = pq_getmsgbytes(message, (int) sizeof(float) * dim);
    result = vdb_vector_create(dim);
    copy_swapped(result->x, elements, dim);
    vdb_vector_check_elements(result->x, dim);
    PG_RETURN_POINTER(result);
}

Datum vector_send(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    int size = (int) sizeof(float) * vector->dim;
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
