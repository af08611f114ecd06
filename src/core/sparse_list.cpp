// Parser of sparse lists, the text of sparse vectors, and the rules for their indices.
#include "core/sparse_api.h"

#include <algorithm>

#include "core/float_text.h"

using namespace vdb::text;

namespace {

// Parses an integer as strtol() does, but for white space; one out of range becomes the nearest
// within. Moves p behind it.
bool parse_integer(const char *&p, int32_t &value)
{
    const char *digit = p;
    bool negative = *digit == '-';
    if (*digit == '-' || *digit == '+')
        digit++;
    if (!is_digit(*digit))
        return false;
    int64_t magnitude = 0;
    for (; is_digit(*digit); digit++) {
        if (magnitude <= INT32_MAX)
            magnitude = magnitude * 10 + (*digit - '0');
    }
    p = digit;
    value = static_cast<int32_t>(std::min<int64_t>(magnitude, INT32_MAX));
    if (negative)
        value = -value;
    return true;
}

// Whether a number that was read as 0 is none.
bool is_tiny(const char *number)
{
    errno = 0;
    std::strtof(number, nullptr);
    return errno == ERANGE;
}

// A value that is too small for a float, unlike in a dense list, is an error: it would be the zero
// that sparse lists do not hold.
VdbListStatus parse_value(const char *&p, const char *end, float &value, VdbNumberText &bad)
{
    const char *start = p;
    VdbListStatus status = parse_number(p, end, FLT_MAX, value, bad);
    if (status == VDB_LIST_OK && value == 0 && is_tiny(start))
        return refuse(VDB_LIST_RANGE, start, p, bad);
    return status;
}

// Parses the elements and the closing brace.  Moves p behind the brace.
VdbListStatus parse_elements(const char *&p, const char *end, VdbSparseList *list)
{
    for (int32_t seen = 0;; seen++) {
        VdbSparseElement element;

        if (seen == list->capacity)
            return VDB_LIST_TOO_LONG;
        p = skip_space(p);
        if (!parse_integer(p, element.index))
            return VDB_LIST_SYNTAX;
        p = skip_space(p);
        if (*p != ':')
            return VDB_LIST_SYNTAX;
        p = skip_space(p + 1);
        VdbListStatus status = parse_value(p, end, element.value, list->bad);
        if (status != VDB_LIST_OK) [[unlikely]]
            return status;
        element.index--; // in text they count from 1
        if (element.value != 0)
            list->elements[list->count++] = element;
        p = skip_space(p);
        if (*p == '}') {
            p++;
            return VDB_LIST_OK;
        }
        if (*p != ',')
            return VDB_LIST_SYNTAX;
        p++;
    }
}

void sort(VdbSparseList *list)
{
    auto by_index = [](const VdbSparseElement &a, const VdbSparseElement &b) {
        return a.index < b.index;
    };
    VdbSparseElement *end = list->elements + list->count;
    if (!std::is_sorted(list->elements, end, by_index))
        std::sort(list->elements, end, by_index);
}

} // namespace

VdbListStatus vdb_parse_sparse_list(const char *text, size_t length, VdbSparseList *list) noexcept
{
    const char *end = text + length;
    const char *p = skip_space(text);

    list->count = 0;
    list->dim = 0;
    list->bad = {nullptr, 0};
    if (*p != '{')
        return VDB_LIST_NOT_OPENED;
    p = skip_space(p + 1);
    if (*p == '}') {
        p++;
    } else {
        VdbListStatus status = parse_elements(p, end, list);
        if (status != VDB_LIST_OK)
            return status;
    }
    p = skip_space(p);
    if (*p != '/')
        return VDB_LIST_UNFINISHED;
    p = skip_space(p + 1);
    if (!parse_integer(p, list->dim))
        return VDB_LIST_SYNTAX;
    if (*skip_space(p) != '\0')
        return VDB_LIST_JUNK;
    sort(list);
    return VDB_LIST_OK;
}

VdbIndexFault vdb_sparse_check_indices(const int32_t *indices, int32_t count, int32_t dim) noexcept
{
    int32_t last = -1;

    for (int32_t i = 0; i < count; i++) {
        if (indices[i] < 0 || indices[i] >= dim)
            return VDB_INDEX_OUT_OF_BOUNDS;
        if (indices[i] <= last)
            return indices[i] == last ? VDB_INDEX_DUPLICATE : VDB_INDEX_UNORDERED;
        last = indices[i];
    }
    return VDB_INDEX_OK;
}
