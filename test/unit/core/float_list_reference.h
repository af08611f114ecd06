// Lists of float32 as the dense types promise to read them: a plain loop around strtof().
#pragma once

#include <cerrno>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "core/core_api.h"
#include "guarded_buffer.h"

namespace vdb::test::float_list {

constexpr int kCapacity = 8;

struct Parsed {
    VdbListStatus status;
    std::vector<float> values; // of an erroneous list: those before the error
    std::string bad;
};

inline bool same_bits(const std::vector<float> &a, const std::vector<float> &b)
{
    return a.size() == b.size() && (a.empty() || memcmp(a.data(), b.data(), 4 * a.size()) == 0);
}

inline bool operator==(const Parsed &a, const Parsed &b)
{
    return a.status == b.status && same_bits(a.values, b.values) && a.bad == b.bad;
}

inline std::ostream &operator<<(std::ostream &out, const Parsed &p)
{
    out << "status " << p.status << " bad \"" << p.bad << "\" values";
    for (float value : p.values)
        out << ' ' << std::hexfloat << value;
    return out;
}

// Parses a copy of the text whose terminator is the last byte that may be read.
inline Parsed parse(const std::string &text, float largest = FLT_MAX)
{
    static vdb::test::GuardedBuffer buffer(1 << 16);
    char *copy = buffer.at_end<char>(text.size() + 1);
    float values[kCapacity];
    VdbFloatList list = {values, kCapacity, largest, -1, {nullptr, 0}};

    memcpy(copy, text.c_str(), text.size() + 1);
    VdbListStatus status = vdb_parse_float_list(copy, text.size(), &list);
    std::string bad = list.bad.start == nullptr ? "" : std::string(list.bad.start, list.bad.length);
    return {status, std::vector<float>(values, values + list.count), bad};
}

inline const char *skip_space(const char *p)
{
    while (*p != '\0' && strchr(" \t\n\r\v\f", *p) != nullptr)
        p++;
    return p;
}

inline Parsed parse_by_strtof(const std::string &text, float largest = FLT_MAX)
{
    Parsed result = {VDB_LIST_OK, {}, ""};
    auto fail = [&](VdbListStatus status) { return result.status = status, result; };
    const char *p = skip_space(text.c_str());

    if (*p != '[')
        return fail(VDB_LIST_NOT_OPENED);
    p = skip_space(p + 1);
    if (*p == ']')
        return fail(VDB_LIST_EMPTY);
    for (;; p++) {
        char *stop;

        if (result.values.size() == kCapacity)
            return fail(VDB_LIST_TOO_LONG);
        p = skip_space(p);
        errno = 0;
        float value = strtof(p, &stop);
        if (stop == p)
            return fail(VDB_LIST_SYNTAX);
        if (std::isnan(value))
            return fail(VDB_LIST_NAN);
        if (std::isinf(value) || std::fabs(value) > largest) {
            result.bad = std::string(p, static_cast<const char *>(stop));
            return fail(std::isinf(value) && errno != ERANGE ? VDB_LIST_INFINITE : VDB_LIST_RANGE);
        }
        result.values.push_back(value);
        p = skip_space(stop);
        if (*p == ']')
            break;
        if (*p != ',')
            return fail(VDB_LIST_SYNTAX);
    }
    return fail(*skip_space(p + 1) == '\0' ? VDB_LIST_OK : VDB_LIST_JUNK);
}

} // namespace vdb::test::float_list
