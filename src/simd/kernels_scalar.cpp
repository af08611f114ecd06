/*
 * The kernels that run everywhere: portable C++, no intrinsics.
 * Also the reference that every other table is tested against.
 */
#include <cstring>

#include "core/half_api.h"
#include "simd/dispatch.h"

#include "simd/byte_dots_portable.inc"
#include "simd/bytes_portable.inc"
#include "simd/codes_scalar.inc"
#include "simd/extremes.inc"
#include "simd/means.inc"

#include "simd/bytes.inc"

namespace vdb::simd {
namespace {

/* Independent partial sums: hides the latency of an addition, and lets the compiler use baseline
 * registers. */
constexpr size_t kSums = 8;

inline float value(float x)
{
    return x;
}

inline float value(uint16_t half)
{
    return vdb_half_to_float(half);
}

struct SquaredDifference {
    static inline float term(float a, float b) { return (a - b) * (a - b); }
};

struct Product {
    static inline float term(float a, float b) { return a * b; }
};

struct AbsoluteDifference {
    static inline float term(float a, float b) { return __builtin_fabsf(a - b); }
};

inline float total(const float *sums)
{
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) +
           ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

template <class Term, class Element>
inline float sum_of_terms(const Element *a, const Element *b, size_t n)
{
    float sums[kSums] = {};
    size_t i = 0;

    for (; n - i >= kSums; i += kSums) {
        for (size_t j = 0; j < kSums; j++)
            sums[j] += Term::term(value(a[i + j]), value(b[i + j]));
    }
    for (size_t j = 0; i + j < n; j++)
        sums[j] += Term::term(value(a[i + j]), value(b[i + j]));
    return total(sums);
}

template <class Element> float l2_squared(const Element *a, const Element *b, size_t n) noexcept
{
    return sum_of_terms<SquaredDifference>(a, b, n);
}

template <class Element> float inner_product(const Element *a, const Element *b, size_t n) noexcept
{
    return sum_of_terms<Product>(a, b, n);
}

template <class Element> float l1(const Element *a, const Element *b, size_t n) noexcept
{
    return sum_of_terms<AbsoluteDifference>(a, b, n);
}

template <class Element>
VdbCosineParts cosine_parts(const Element *a, const Element *b, size_t n) noexcept
{
    return {sum_of_terms<Product>(a, b, n), sum_of_terms<Product>(a, a, n),
            sum_of_terms<Product>(b, b, n)};
}

template <class Element> double squared_norm(const Element *x, size_t n) noexcept
{
    double sums[kSquareLanes] = {};
    size_t i = 0;

    for (; n - i >= kSquareLanes; i += kSquareLanes) {
        for (size_t j = 0; j < kSquareLanes; j++)
            sums[j] += double{value(x[i + j])} * value(x[i + j]);
    }
    for (size_t j = 0; i + j < n; j++)
        sums[j] += double{value(x[i + j])} * value(x[i + j]);
    for (size_t lanes = kSquareLanes / 2; lanes > 0; lanes /= 2) {
        for (size_t j = 0; j < lanes; j++)
            sums[j] += sums[j + lanes];
    }
    return sums[0];
}

void half_to_float(float *target, const uint16_t *source, size_t n) noexcept
{
    for (size_t i = 0; i < n; i++)
        target[i] = vdb_half_to_float(source[i]);
}

void float_to_half(uint16_t *target, const float *source, size_t n) noexcept
{
    for (size_t i = 0; i < n; i++)
        target[i] = vdb_float_to_half(source[i]);
}

/* Without an instruction for it: sums of bits in ever wider fields of the word. */
inline uint64_t count_bits(uint64_t word)
{
    constexpr uint64_t kOdd = 0x5555555555555555U;
    constexpr uint64_t kPairs = 0x3333333333333333U;
    constexpr uint64_t kHalves = 0x0f0f0f0f0f0f0f0fU;

    word -= word >> 1 & kOdd;
    word = (word & kPairs) + (word >> 2 & kPairs);
    word = (word + (word >> 4)) & kHalves;
    return word * 0x0101010101010101U >> 56;
}

/* count bytes, and zeros where that is less than a word. */
inline uint64_t load_word(const uint8_t *p, size_t count)
{
    uint64_t word = 0;

    std::memcpy(&word, p, count);
    return word;
}

/* Calls add(word of a, word of b) for all bytes. */
template <class Add>
inline void for_words(const uint8_t *a, const uint8_t *b, size_t bytes, Add add)
{
    size_t i = 0;

    for (; bytes - i >= sizeof(uint64_t); i += sizeof(uint64_t))
        add(load_word(a + i, sizeof(uint64_t)), load_word(b + i, sizeof(uint64_t)));
    if (i < bytes)
        add(load_word(a + i, bytes - i), load_word(b + i, bytes - i));
}

uint64_t bit_hamming(const uint8_t *a, const uint8_t *b, size_t bytes) noexcept
{
    uint64_t differing = 0;

    for_words(a, b, bytes, [&](uint64_t x, uint64_t y) { differing += count_bits(x ^ y); });
    return differing;
}

VdbJaccardParts bit_jaccard_parts(const uint8_t *a, const uint8_t *b, size_t bytes) noexcept
{
    VdbJaccardParts parts = {0, 0};

    for_words(a, b, bytes, [&](uint64_t x, uint64_t y) {
        parts.both += count_bits(x & y);
        parts.either += count_bits(x | y);
    });
    return parts;
}

} // namespace

constinit const VdbKernels kScalarKernels = VDB_SIMD_TABLE("scalar");

} // namespace vdb::simd
