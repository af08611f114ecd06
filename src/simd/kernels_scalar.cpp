/*
 * The kernels that run everywhere: portable C++, no intrinsics.
 * Also the reference that every other table is tested against.
 */
#include "simd/dispatch.h"

namespace vdb::simd {
namespace {

/* Independent partial sums: hides the latency of an addition, and lets the compiler use baseline
 * registers. */
constexpr size_t kSums = 8;

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

template <class Term> inline float sum_of_terms(const float *a, const float *b, size_t n)
{
    float sums[kSums] = {};
    size_t i = 0;

    for (; n - i >= kSums; i += kSums) {
        for (size_t j = 0; j < kSums; j++)
            sums[j] += Term::term(a[i + j], b[i + j]);
    }
    for (size_t j = 0; i + j < n; j++)
        sums[j] += Term::term(a[i + j], b[i + j]);
    return total(sums);
}

float l2_squared(const float *a, const float *b, size_t n) noexcept
{
    return sum_of_terms<SquaredDifference>(a, b, n);
}

float inner_product(const float *a, const float *b, size_t n) noexcept
{
    return sum_of_terms<Product>(a, b, n);
}

float l1(const float *a, const float *b, size_t n) noexcept
{
    return sum_of_terms<AbsoluteDifference>(a, b, n);
}

VdbCosineParts cosine_parts(const float *a, const float *b, size_t n) noexcept
{
    return {sum_of_terms<Product>(a, b, n), sum_of_terms<Product>(a, a, n),
            sum_of_terms<Product>(b, b, n)};
}

} // namespace

constinit const VdbKernels kScalarKernels = {"scalar", l2_squared, inner_product, l1, cosine_parts};

} // namespace vdb::simd
