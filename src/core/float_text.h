// Numbers in text, for the parsers of lists.  Nearly every number takes the fast path: its digits
// are gathered eight at a time into one integer, which is scaled in double precision and rounded
// once more to float. What the fast path cannot prove correct it leaves to strtof(), so the result
// never depends on the path taken.
#pragma once

#include <bit>
#include <cerrno>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "core/core_api.h"

namespace vdb::text {

// Largest decimal scale of the fast path.  19 digits scaled by 10^-57 lie below the smallest normal
// float.
constexpr int kMaxScale = 57;

// Powers of ten; exact up to 10^22, else within half a unit in the last place.
constexpr double kPow10[kMaxScale + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14,
    1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29,
    1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44,
    1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57};

constexpr uint64_t kIntPow10[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// A mantissa below kRoom[n] takes n more digits and stays below 10^19 < 2^64.
constexpr uint64_t kRoom[9] = {10000000000000000000ULL, 1000000000000000000, 100000000000000000,
                               10000000000000000,       1000000000000000,    100000000000000,
                               10000000000000,          1000000000000,       100000000000};

static constexpr uint64_t every_byte(uint64_t byte)
{
    return byte * 0x0101010101010101;
}

static inline bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// The next 8 bytes, the first one lowest, zeros behind the end.
static inline uint64_t load8(const char *p, const char *end)
{
    uint64_t chunk = 0;
    if (end - p >= 8) [[likely]]
        std::memcpy(&chunk, p, 8);
    else
        std::memcpy(&chunk, p, static_cast<size_t>(end - p));
    if constexpr (std::endian::native == std::endian::big)
        chunk = __builtin_bswap64(chunk);
    return chunk;
}

// The top bit of each byte that is no digit, of which only the lowest is sure: a byte below '0'
// borrows and one above '9' carries from the bytes behind it, while digits do neither.
static inline uint64_t non_digits(uint64_t chunk)
{
    return ((chunk + every_byte(0x80 - '9' - 1)) | (chunk - every_byte('0'))) & every_byte(0x80);
}

// Value of 8 digits, the first in the lowest byte, each less '0': summed in pairs, fours, eight.
static inline uint64_t digits_value(uint64_t v)
{
    constexpr uint64_t kPairMask = 0x000000FF000000FF;
    constexpr uint64_t kMul1 = 100 + (1000000ULL << 32);
    constexpr uint64_t kMul2 = 1 + (10000ULL << 32);
    v = v * 10 + (v >> 8);
    return ((v & kPairMask) * kMul1 + ((v >> 16) & kPairMask) * kMul2) >> 32;
}

struct Decimal {
    uint64_t mantissa;
    int scale; // the number is mantissa * 10^scale
};

// Reads digits behind the point.  Returns nullptr when the mantissa would not fit.
static inline const char *read_fraction(const char *p, const char *end, Decimal &number)
{
    uint64_t chunk = load8(p, end);
    uint64_t stop = non_digits(chunk);
    // eight at a time as a branch of its own: foretold, it lets the next chunk be read ahead
    while (stop == 0) {
        if (number.mantissa >= kRoom[8])
            return nullptr;
        number.mantissa = number.mantissa * kIntPow10[8] + digits_value(chunk ^ every_byte('0'));
        number.scale -= 8;
        p += 8;
        chunk = load8(p, end);
        stop = non_digits(chunk);
    }
    int n = std::countr_zero(stop) / 8;
    if (n == 0)
        return p;
    if (number.mantissa >= kRoom[n])
        return nullptr;
    // moved up so that zeros lead
    uint64_t digits = (chunk ^ every_byte('0')) << (64 - 8 * n);
    number.mantissa = number.mantissa * kIntPow10[n] + digits_value(digits);
    number.scale -= n;
    return p + n;
}

// Reads what follows the letter e.  Returns nullptr if that is no exponent or a longer one than any
// in range.
static inline const char *read_exponent(const char *p, Decimal &number)
{
    bool negative = *p == '-';
    if (*p == '-' || *p == '+')
        p++;
    if (!is_digit(*p))
        return nullptr;
    int exponent = 0;
    for (; is_digit(*p); p++) {
        if (exponent > 1000)
            return nullptr;
        exponent = exponent * 10 + (*p - '0');
    }
    number.scale += negative ? -exponent : exponent;
    return p;
}

// Rounds to float if one rounding through double surely gives what one rounding of the exact value
// gives. The double is off by less than 4 units in its last place (one each from the mantissa, the
// power of ten and the operation), so only a double that near to the middle between two floats can
// round to the wrong one.
static inline bool round_to_float(const Decimal &number, float &value)
{
    if (number.mantissa == 0) {
        value = 0;
        return true;
    }
    if (number.scale < -kMaxScale || number.scale > kMaxScale)
        return false;
    double wide = static_cast<double>(number.mantissa);
    wide = number.scale < 0 ? wide / kPow10[-number.scale] : wide * kPow10[number.scale];
    if (!(wide > 1.2e-38 && wide < 3.4e38)) // the range of normal floats, a little inside
        return false;
    constexpr uint64_t kLostBits = (1ULL << (DBL_MANT_DIG - FLT_MANT_DIG)) - 1;
    constexpr uint64_t kHalfway = 1ULL << (DBL_MANT_DIG - FLT_MANT_DIG - 1);
    uint64_t lost = std::bit_cast<uint64_t>(wide) & kLostBits;
    if (lost - (kHalfway - 4) <= 8)
        return false;
    value = static_cast<float>(wide);
    return true;
}

// Parses a plain decimal number.  Returns the position behind it, or nullptr: ask strtof().
static inline const char *parse_fast(const char *p, const char *end, float &value)
{
    bool negative = *p == '-';
    p += negative;
    Decimal number = {0, 0};
    const char *start = p;
    for (; is_digit(*p); p++) {
        if (number.mantissa >= kRoom[1])
            return nullptr;
        number.mantissa = number.mantissa * 10 + static_cast<uint64_t>(*p - '0');
    }
    int digits = static_cast<int>(p - start);
    if (*p == '.') {
        const char *fraction = p + 1;
        p = read_fraction(fraction, end, number);
        if (p == nullptr)
            return nullptr;
        digits += static_cast<int>(p - fraction);
    }
    if (digits == 0 || *p == 'x' || *p == 'X')
        return nullptr;
    if (*p == 'e' || *p == 'E') {
        p = read_exponent(p + 1, number);
        if (p == nullptr)
            return nullptr;
    }
    if (!round_to_float(number, value))
        return nullptr;
    // not a branch: signs of real data are random
    value = std::bit_cast<float>(std::bit_cast<uint32_t>(value) | static_cast<uint32_t>(negative)
                                                                      << 31);
    return p;
}

static inline const char *skip_space(const char *p)
{
    while (is_space(*p))
        p++;
    return p;
}

static inline VdbListStatus refuse(VdbListStatus status, const char *start, const char *stop,
                                   VdbNumberText &bad)
{
    bad = {start, static_cast<size_t>(stop - start)};
    return status;
}

// Parses one number by strtof() and says what is wrong with it.  Moves p behind it when there is
// one.
static inline VdbListStatus parse_slow(const char *&p, float largest, float &value,
                                       VdbNumberText &bad)
{
    char *stop;
    errno = 0;
    value = std::strtof(p, &stop);
    if (stop == p)
        return VDB_LIST_SYNTAX;
    if (std::isnan(value))
        return VDB_LIST_NAN;
    if (std::isinf(value) && errno != ERANGE)
        return refuse(VDB_LIST_INFINITE, p, stop, bad);
    if (std::fabs(value) > largest)
        return refuse(VDB_LIST_RANGE, p, stop, bad);
    p = stop;
    return VDB_LIST_OK;
}

// Parses one number whose magnitude may be up to largest; moves p behind it.  One too small for a
// float becomes 0.
static inline VdbListStatus parse_number(const char *&p, const char *end, float largest,
                                         float &value, VdbNumberText &bad)
{
    const char *next = parse_fast(p, end, value);
    if (next == nullptr) [[unlikely]]
        return parse_slow(p, largest, value, bad);
    if (std::fabs(value) > largest) [[unlikely]]
        return refuse(VDB_LIST_RANGE, p, next, bad);
    p = next;
    return VDB_LIST_OK;
}

} // namespace vdb::text
