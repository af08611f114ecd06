/*
 * The kernels that run everywhere: portable C++, no intrinsics.
 * Also the reference that every other table is tested against.
 */
#include "core/half_api.h"
#include "simd/dispatch.h"

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

} // namespace

constinit const VdbKernels kScalarKernels = {"scalar",     l2_squared,    inner_product, l1,
                                             cosine_parts, l2_squared,    inner_product, l1,
                                             cosine_parts, half_to_float, float_to_half};

} // namespace vdb::simd
