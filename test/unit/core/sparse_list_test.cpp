// The parser of sparse lists and the rules for indices.  The reference is a plain loop around
// strtol() and strtof(), which is what the type promises.
#include "core/sparse_api.h"

#include <algorithm>
#include <climits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "core/sparse_list_reference.h"

using namespace vdb::test::sparse_list;

namespace {

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
