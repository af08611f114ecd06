/*
 * Template (vec.h): what is wrong with the text of a vector, but for the number of its elements.
 */
#include "core/core_api.h"

/* Reports why text is no vector: through the caller's error context where it has one, else by
 * raising. */
static Datum report_bad_text(FunctionCallInfo fcinfo, VdbListStatus status, VdbNumberText bad)
{
    const char *text = PG_GETARG_CSTRING(0);
    const char *detail = NULL;

    switch (status) {
    case VDB_LIST_RANGE:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                errmsg("\"%s\" is out of range for type " VEC_TYPE_NAME,
                       pnstrdup(bad.start, bad.length)));
    case VDB_LIST_NAN:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("NaN not allowed in " VEC_TYPE_NAME));
    case VDB_LIST_INFINITE:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("infinite value not allowed in " VEC_TYPE_NAME));
    case VDB_LIST_NOT_OPENED:
        detail = "Vector contents must start with \"" VEC_OPENING "\".";
        break;
    case VDB_LIST_JUNK:
        detail = VEC_JUNK;
        break;
    case VDB_LIST_UNFINISHED:
        detail = "Unexpected end of input.";
        break;
    default:
        break;
    }
    ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
            errmsg("invalid input syntax for type " VEC_TYPE_NAME ": \"%s\"", text),
            detail != NULL ? errdetail("%s", detail) : 0);
}
