// Sparse lists as the type promises to read them: a plain loop around strtol() and strtof().
#pragma once

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "core/sparse_api.h"
#include "guarded_buffer.h"

namespace vdb::test::sparse_list {

constexpr int kCapacity = 8;

struct Element {
    int index;
    float value;
};

inline bool operator==(const Element &a, const Element &b)
{
    return a.index == b.index && a.value == b.value;
}

struct Parsed {
    VdbListStatus status;
    std::vector<Element> elements; // empty where there is an error
    int dim;
    std::string bad;
};

inline bool operator==(const Parsed &a, const Parsed &b)
{
    return a.status == b.status && a.elements == b.elements && a.dim == b.dim && a.bad == b.bad;
}

inline std::ostream &operator<<(std::ostream &out, const Parsed &p)
{
    out << "status " << p.status << " dim " << p.dim << " bad \"" << p.bad << "\" elements";
    for (const Element &element : p.elements)
        out << ' ' << element.index << ':' << std::hexfloat << element.value;
    return out;
}

// Parses a copy of the text whose terminator is the last byte that may be read, into elements
// behind which nothing may be written.
inline Parsed parse(const std::string &text)
{
    static vdb::test::GuardedBuffer text_buffer(1 << 16);
    static vdb::test::GuardedBuffer element_buffer(1 << 16);
    char *copy = text_buffer.at_end<char>(text.size() + 1);
    auto *elements = element_buffer.at_end<VdbSparseElement>(kCapacity);
    VdbSparseList list = {elements, kCapacity, -1, -1, {nullptr, 0}};

    memcpy(copy, text.c_str(), text.size() + 1);
    VdbListStatus status = vdb_parse_sparse_list(copy, text.size(), &list);
    Parsed result = {status, {}, 0, ""};
    if (list.bad.start != nullptr)
        result.bad = std::string(list.bad.start, list.bad.length);
    if (status != VDB_LIST_OK)
        return result;
    result.dim = list.dim;
    for (int i = 0; i < list.count; i++)
        result.elements.push_back({elements[i].index, elements[i].value});
    return result;
}

inline const char *skip_space(const char *p)
{
    while (*p != '\0' && strchr(" \t\n\r\v\f", *p) != nullptr)
        p++;
    return p;
}

// As strtol(), but that the result fits an int that can be negated.
inline const char *read_int(const char *p, int &value)
{
    char *stop;
    long wide = strtol(p, &stop, 10);

    value = static_cast<int>(std::clamp<long>(wide, -INT_MAX, INT_MAX));
    return stop == p ? nullptr : stop;
}

struct Reference {
    Parsed result = {VDB_LIST_OK, {}, 0, ""};

    Parsed fail(VdbListStatus status)
    {
        result.elements.clear();
        result.status = status;
        return result;
    }

    VdbListStatus read_value(const char *&p, float &value)
    {
        char *stop;

        errno = 0;
        value = strtof(p, &stop);
        if (stop == p)
            return VDB_LIST_SYNTAX;
        if (std::isnan(value))
            return VDB_LIST_NAN;
        bool out_of_range = errno == ERANGE && (value == 0 || std::isinf(value));
        if (out_of_range || std::isinf(value)) {
            result.bad = std::string(p, static_cast<const char *>(stop));
            return out_of_range ? VDB_LIST_RANGE : VDB_LIST_INFINITE;
        }
        p = stop;
        return VDB_LIST_OK;
    }

    Parsed parse_elements(const char *&p)
    {
        for (int seen = 0;; seen++, p++) {
            Element element;

            if (seen == kCapacity)
                return fail(VDB_LIST_TOO_LONG);
            const char *next = read_int(p, element.index);
            if (next == nullptr)
                return fail(VDB_LIST_SYNTAX);
            p = skip_space(next);
            if (*p != ':')
                return fail(VDB_LIST_SYNTAX);
            p = skip_space(p + 1);
            VdbListStatus status = read_value(p, element.value);
            if (status != VDB_LIST_OK)
                return fail(status);
            element.index--;
            if (element.value != 0)
                result.elements.push_back(element);
            p = skip_space(p);
            if (*p == '}')
                return result;
            if (*p != ',')
                return fail(VDB_LIST_SYNTAX);
        }
    }

    Parsed parse(const std::string &text)
    {
        const char *p = skip_space(text.c_str());

        if (*p != '{')
            return fail(VDB_LIST_NOT_OPENED);
        p = skip_space(p + 1);
        if (*p != '}' && parse_elements(p).status != VDB_LIST_OK)
            return result;
        p = skip_space(p + 1);
        if (*p != '/')
            return fail(VDB_LIST_UNFINISHED);
        int dim;
        p = read_int(skip_space(p + 1), dim);
        if (p == nullptr)
            return fail(VDB_LIST_SYNTAX);
        if (*skip_space(p) != '\0')
            return fail(VDB_LIST_JUNK);
        result.dim = dim;
        std::stable_sort(result.elements.begin(), result.elements.end(),
                         [](const Element &a, const Element &b) { return a.index < b.index; });
        return result;
    }
};

inline Parsed parse_plainly(const std::string &text)
{
    return Reference().parse(text);
}

} // namespace vdb::test::sparse_list
