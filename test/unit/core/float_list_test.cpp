// The parser of float32 lists: its grammar, its rounding, its errors, and that it reads nothing
// behind its text. The reference for all of them is a plain loop around strtof(), which is what the
// types promise.
#include "core/core_api.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "core/float_list_reference.h"

using namespace vdb::test::float_list;

namespace {

std::string print(const char *format, int precision, double value)
{
    char text[512];

    snprintf(text, sizeof(text), format, precision, value);
    return text;
}

float float_of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

TEST(FloatList, TakesListsWithAnySpacing)
{
    EXPECT_EQ(parse("[1]"), (Parsed{VDB_LIST_OK, {1}, ""}));
    EXPECT_EQ(parse("[1,-2.5,3e2]"), (Parsed{VDB_LIST_OK, {1, -2.5F, 300}, ""}));
    EXPECT_EQ(parse(" \t\n\r\v\f[ 1\t,\n2\r,\v3\f] "), (Parsed{VDB_LIST_OK, {1, 2, 3}, ""}));
    EXPECT_EQ(parse("[0,-0,00,0e9]"), (Parsed{VDB_LIST_OK, {0, -0.0F, 0, 0}, ""}));
}

TEST(FloatList, NamesWhatIsWrong)
{
    EXPECT_EQ(parse("").status, VDB_LIST_NOT_OPENED);
    EXPECT_EQ(parse("1]").status, VDB_LIST_NOT_OPENED);
    EXPECT_EQ(parse("[]").status, VDB_LIST_EMPTY);
    EXPECT_EQ(parse("[ \n]").status, VDB_LIST_EMPTY);
    EXPECT_EQ(parse("[1,2,3,4,5,6,7,8]").status, VDB_LIST_OK);
    EXPECT_EQ(parse("[1,2,3,4,5,6,7,8,x").status, VDB_LIST_TOO_LONG);
    for (const char *text :
         {"[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1;2]", "[.]", "[-]", "[e1]", "[1e]", "[1e+]",
          "[0x]", "[1_0]", "[1.2.3]", "[--1]", "[+-1]", "[1f]"})
        EXPECT_EQ(parse(text).status, VDB_LIST_SYNTAX) << text;
    EXPECT_EQ(parse("[1]]").status, VDB_LIST_JUNK);
    EXPECT_EQ(parse("[1] 0").status, VDB_LIST_JUNK);
    EXPECT_EQ(parse("[1,-nan]").status, VDB_LIST_NAN);
    EXPECT_EQ(parse("[-inf]").status, VDB_LIST_INFINITE);
    EXPECT_EQ(parse("[ -4e38 ]"), (Parsed{VDB_LIST_RANGE, {}, "-4e38"}));
    EXPECT_EQ(parse("[1,1e999999999999]"), (Parsed{VDB_LIST_RANGE, {1}, "1e999999999999"}));
}

// Every text, and every beginning of it.
TEST(FloatList, AgreesWithStrtofOnOddNumbers)
{
    for (const char *number : {"+1",
                               ".5",
                               "5.",
                               "-.5e-3",
                               "0x1.8p3",
                               "0X10",
                               "-0x.8",
                               "0x1p-149",
                               "1e-45",
                               "7e-46",
                               "7.1e-46",
                               "1e-400",
                               "1.17549435e-38",
                               "1.1754943508222875e-38",
                               "1.2e-38",
                               "3.4028235e38",
                               "3.4028235677973366e38",
                               "3.4028235677973367e38",
                               "3.4e38",
                               "16777217",
                               "16777217.0000000000000000000000000000001",
                               "16777219",
                               "9999999999999999999",
                               "18446744073709551615",
                               "18446744073709551616",
                               "1.00000005960464477539",
                               "1.0000000596046447753906250",
                               "1.00000005960464477540",
                               "0.30000001192092896",
                               "1e22",
                               "1e23",
                               "1e-22",
                               "1e-23",
                               "12345678",
                               "123456789012345678",
                               "0.00000000000000000000000000000000000000000000001234567",
                               "100000000000000000000000000000000000000",
                               "0000000000000000000000000000000000000000000001.5",
                               "1e0000000000000000000000000001",
                               "1E+5",
                               "infinity",
                               "nan(17)",
                               "1.5e38",
                               "0e99999"})
    {
        std::string text = std::string("[") + number + "," + number + "]";
        for (size_t length = 0; length <= text.size(); length++)
            EXPECT_EQ(parse(text.substr(0, length)), parse_by_strtof(text.substr(0, length)))
                << text.substr(0, length);
    }
}

TEST(FloatList, AgreesWithStrtofOnRandomFloats)
{
    std::mt19937_64 random(1);

    for (int i = 0; i < 100000; i++) {
        float value = float_of_bits(static_cast<uint32_t>(random()));
        std::string text = "[" + print("%.*g", 9, value) + "," + print("%.*g", 17, value) + "," +
                           print("%.*e", static_cast<int>(random() % 25), value) + "]";
        ASSERT_EQ(parse(text), parse_by_strtof(text)) << text;
    }
}

// Half the way between two floats, and the doubles next to it, is where rounding twice goes wrong.
TEST(FloatList, AgreesWithStrtofBetweenFloats)
{
    std::mt19937_64 random(2);

    for (int i = 0; i < 100000; i++) {
        auto bits = static_cast<uint32_t>(random() % 0x7f7fffff);
        double middle = (static_cast<double>(float_of_bits(bits)) + float_of_bits(bits + 1)) / 2;
        std::string text = "[";
        for (double value : {middle, std::nextafter(middle, 0), std::nextafter(middle, 1e300)})
            text += print("%.*g", static_cast<int>(15 + random() % 6), value) + ",";
        text += print("%.*f", 60, middle) + "]";
        ASSERT_EQ(parse(text), parse_by_strtof(text)) << text;
    }
}

TEST(FloatList, AgreesWithStrtofOnGarbage)
{
    std::mt19937_64 random(3);
    const std::string letters = "0123456789.eE+-, ][xpnaif\t";

    for (int i = 0; i < 200000; i++) {
        std::string text = "[";
        for (uint64_t length = random() % 30; length > 0; length--)
            text += letters[random() % letters.size()];
        text += random() % 2 == 0 ? "]" : "";
        ASSERT_EQ(parse(text), parse_by_strtof(text)) << text;
    }
}

// A type with a smaller range than float32 gives its own largest value.
TEST(FloatList, NumbersBeyondTheLargestAreOutOfRange)
{
    constexpr float kLargest = 65519.996F;

    for (const char *text :
         {"[65519.996]", "[-65519.99]", "[1,65520]", "[-65520 ,1]", "[0x1p16]", "[1e5", "[1e39]",
          "[infinity]", "[1,nan]", "[65519.998046875]", "[655200000000000000000000e-19]"})
        EXPECT_EQ(parse(text, kLargest), parse_by_strtof(text, kLargest)) << text;
    EXPECT_EQ(parse("[1,65520.0 ]", kLargest).bad, "65520.0");
}

} // namespace
