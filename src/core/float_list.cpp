// Parser of float32 lists, the text of dense vectors.
#include "core/core_api.h"

#include "core/float_text.h"

using namespace vdb::text;

namespace {

// Parses the elements and the closing bracket.  Moves p behind the bracket.
VdbListStatus parse_elements(const char *&p, const char *end, VdbFloatList *list)
{
    for (;;) {
        if (list->count == list->capacity)
            return VDB_LIST_TOO_LONG;
        p = skip_space(p);
        float value;
        VdbListStatus status = parse_number(p, end, list->largest, value, list->bad);
        if (status != VDB_LIST_OK) [[unlikely]]
            return status;
        list->values[list->count++] = value;
        p = skip_space(p);
        if (*p == ']') {
            p++;
            return VDB_LIST_OK;
        }
        if (*p != ',')
            return VDB_LIST_SYNTAX;
        p++;
    }
}

} // namespace

VdbListStatus vdb_parse_float_list(const char *text, size_t length, VdbFloatList *list) noexcept
{
    const char *end = text + length;
    const char *p = skip_space(text);

    list->count = 0;
    list->bad = {nullptr, 0};
    if (*p != '[')
        return VDB_LIST_NOT_OPENED;
    p = skip_space(p + 1);
    if (*p == ']')
        return VDB_LIST_EMPTY;
    VdbListStatus status = parse_elements(p, end, list);
    if (status != VDB_LIST_OK)
        return status;
    return *skip_space(p) == '\0' ? VDB_LIST_OK : VDB_LIST_JUNK;
}
