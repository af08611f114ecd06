// The parser of sparse lists and the rules for indices.  The reference is a plain loop around
// strtol() and strtof(), which is what the type promises.
#include "core/sparse_api.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"

namespace {

constexpr int kCapacity = 8;

struct Element {
    int index;
    float value;
};

bool operator==(const Element &a, const Element &b)
{
    return a.index == b.index && a.value == b.value;
}

struct Parsed {
    VdbListStatus status;
    std::vector<Element> elements; // empty where there is an error
    int dim;
    std::string bad;
};

bool operator==(const Parsed &a, const Parsed &b)
{
    return a.status == b.status && a.elements == b.elements && a.dim == b.dim && a.bad == b.bad;
}

std::ostream &operator<<(std::ostream &out, const Parsed &p)
{
    out << "status " << p.status << " dim " << p.dim << " bad \"" << p.bad << "\" elements";
    for (const Element &element : p.elements)
        out << ' ' << element.index << ':' << std::hexfloat << element.value;
    return out;
}

// Parses a copy of the text whose terminator is the last byte that may be read, into elements
// behind which nothing may be written.
Parsed parse(const std::string &text)
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

const char *skip_space(const char *p)
{
    while (*p != '\0' && strchr(" \t\n\r\v\f", *p) != nullptr)
        p++;
    return p;
}

// As strtol(), but that the result fits an int that can be negated.
const char *read_int(const char *p, int &value)
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

Parsed parse_plainly(const std::string &text)
{
    return Reference().parse(text);
}

TEST(SparseList, TakesListsWithAnySpacing)
{
    EXPECT_EQ(parse("{1:1.5,3:-2}/5"), (Parsed{VDB_LIST_OK, {{0, 1.5F}, {2, -2}}, 5, ""}));
    EXPECT_EQ(parse(" \t{ 1 :\n1.5 ,\v3\r:\f-2 } / 5 "),
              (Parsed{VDB_LIST_OK, {{0, 1.5F}, {2, -2}}, 5, ""}));
    EXPECT_EQ(parse("{}/7"), (Parsed{VDB_LIST_OK, {}, 7, ""}));
    EXPECT_EQ(parse("{ }/-3"), (Parsed{VDB_LIST_OK, {}, -3, ""}));
}

TEST(SparseList, SortsAndLeavesZerosOut)
{
    EXPECT_EQ(parse("{9:9,1:1,5:0,3:-0,2:2}/9"),
              (Parsed{VDB_LIST_OK, {{0, 1}, {1, 2}, {8, 9}}, 9, ""}));
    EXPECT_EQ(parse("{1:0,2:0,3:0,4:0,5:0,6:0,7:0,8:0}/1").status, VDB_LIST_OK);
    EXPECT_EQ(parse("{1:0,2:0,3:0,4:0,5:0,6:0,7:0,8:0,9:0}/1").status, VDB_LIST_TOO_LONG);
}

TEST(SparseList, IntegersOutOfRangeBecomeTheNearest)
{
    EXPECT_EQ(parse("{2147483648:1,-99999999999999999999:2}/99999999999999999999"),
              (Parsed{VDB_LIST_OK, {{-INT_MAX - 1, 2}, {INT_MAX - 1, 1}}, INT_MAX, ""}));
    EXPECT_EQ(parse("{}/-2147483648").dim, -INT_MAX);
}

TEST(SparseList, NamesWhatIsWrong)
{
    EXPECT_EQ(parse("").status, VDB_LIST_NOT_OPENED);
    EXPECT_EQ(parse("[1]").status, VDB_LIST_NOT_OPENED);
    EXPECT_EQ(parse("{}").status, VDB_LIST_UNFINISHED);
    EXPECT_EQ(parse("{1:1}").status, VDB_LIST_UNFINISHED);
    EXPECT_EQ(parse("{}/1 }").status, VDB_LIST_JUNK);
    for (const char *text : {"{", "{1", "{1:", "{1:1", "{1:1,", "{1:1,}/1", "{:1}/1", "{1,1}/1",
                             "{1:1;2:1}/2", "{- 1:1}/1", "{1.:1}/1", "{0x1:1}/1", "{}/", "{}/a"})
        EXPECT_EQ(parse(text).status, VDB_LIST_SYNTAX) << text;
    EXPECT_EQ(parse("{1:nan}/1").status, VDB_LIST_NAN);
    EXPECT_EQ(parse("{1:-inf}/1").status, VDB_LIST_INFINITE);
    EXPECT_EQ(parse("{1: -4e38 }/1"), (Parsed{VDB_LIST_RANGE, {}, 0, "-4e38"}));
    EXPECT_EQ(parse("{1:1,2:1e-46,3:1}/3"), (Parsed{VDB_LIST_RANGE, {}, 0, "1e-46"}));
}

TEST(SparseList, AgreesWithAPlainParserOnBeginnings)
{
    for (const char *text :
         {" { 1 : 1.5 , 3 : -2e-3 } / 500 ", "{+7:0x1.8p3,2:.5,1:5.}/+9",
          "{-1:1e-45,99999999999:3.4028235677973366e38,5:0e999}/99999999999999999999999",
          "{1:0.00000000000000000000000000000000000000000000000000001}/1", "{1:0x0p-999,2:-0.0}/1"})
    {
        std::string whole = text;
        for (size_t length = 0; length <= whole.size(); length++)
            EXPECT_EQ(parse(whole.substr(0, length)), parse_plainly(whole.substr(0, length)))
                << whole.substr(0, length);
    }
}

TEST(SparseList, AgreesWithAPlainParserOnGarbage)
{
    std::mt19937_64 random(1);
    const std::string letters = "0123456789:,:,}/{.e+- nai";
    int good = 0;

    for (int i = 0; i < 300000; i++) {
        std::string text = "{";
        for (uint64_t length = random() % 24; length > 0; length--)
            text += letters[random() % letters.size()];
        text += random() % 2 == 0 ? "}/3" : "";
        ASSERT_EQ(parse(text), parse_plainly(text)) << text;
        good += parse(text).status == VDB_LIST_OK;
    }
    EXPECT_GT(good, 100);
}

// Well-formed lists with one byte changed, added or taken away.
TEST(SparseList, AgreesWithAPlainParserOnDamagedLists)
{
    std::mt19937_64 random(2);

    for (int i = 0; i < 200000; i++) {
        std::string text = "{";
        for (uint64_t count = random() % 5; count > 0; count--)
            text += std::to_string(random() % 30) + ":" +
                    std::to_string(static_cast<double>(random() % 2000) / 16 - 60) +
                    (count > 1 ? "," : "");
        text += "}/" + std::to_string(random() % 40);
        size_t at = random() % text.size();
        char byte = static_cast<char>(1 + random() % 255);
        switch (random() % 3) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            text.insert(at, 1, byte);
            break;
        default:
            text.erase(at, 1);
        }
        ASSERT_EQ(parse(text), parse_plainly(text)) << text;
    }
}

TEST(SparseIndices, TheFirstFaultIsNamed)
{
    auto check = [](std::vector<int32_t> indices, int32_t dim) {
        return vdb_sparse_check_indices(indices.data(), static_cast<int32_t>(indices.size()), dim);
    };
    EXPECT_EQ(check({}, 1), VDB_INDEX_OK);
    EXPECT_EQ(check({0, 4}, 5), VDB_INDEX_OK);
    EXPECT_EQ(check({0, 5}, 5), VDB_INDEX_OUT_OF_BOUNDS);
    EXPECT_EQ(check({-1, 2}, 5), VDB_INDEX_OUT_OF_BOUNDS);
    EXPECT_EQ(check({INT32_MIN}, 5), VDB_INDEX_OUT_OF_BOUNDS);
    EXPECT_EQ(check({2, 1, 9}, 5), VDB_INDEX_UNORDERED);
    EXPECT_EQ(check({2, 2, 1}, 5), VDB_INDEX_DUPLICATE);
    EXPECT_EQ(check({INT32_MAX - 1}, INT32_MAX), VDB_INDEX_OK);
}

} // namespace
