// Every table of kernels that this CPU can run, against a double-precision reference and against
// the scalar table: all short lengths, real dimensions, unaligned pointers, memory that ends at the
// last element.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;

// The tolerance that src/simd/README.md states: error of a sum over the sum of its terms' absolute
// values.
constexpr double kTolerance = 2e-6;
constexpr size_t kWidest = 16 * 8; // lanes of the widest register times the most accumulators
constexpr size_t kMaxDims = 16000;

std::vector<size_t> lengths()
{
    std::vector<size_t> result;

    for (size_t n = 0; n <= 2 * kWidest + 1; n++)
        result.push_back(n);
    for (size_t n : {383, 384, 385, 768, 1000, 1536, 2000, 3072, 16000})
        result.push_back(n);
    return result;
}

struct Exact {
    double l2 = 0, dot = 0, l1 = 0, norm_a = 0, norm_b = 0;
    double dot_of_absolutes = 0;
};

Exact reference(const float *a, const float *b, size_t n)
{
    Exact exact;

    for (size_t i = 0; i < n; i++) {
        const double x = a[i], y = b[i];
        exact.l2 += (x - y) * (x - y);
        exact.dot += x * y;
        exact.dot_of_absolutes += std::fabs(x * y);
        exact.l1 += std::fabs(x - y);
        exact.norm_a += x * x;
        exact.norm_b += y * y;
    }
    return exact;
}

class Kernels : public vdb::test::TableTest {
  protected:
    void fill_normal(float *p, size_t n)
    {
        std::normal_distribution<float> normal;

        for (size_t i = 0; i < n; i++)
            p[i] = normal(random);
    }

    void fill_integers(float *p, size_t n)
    {
        std::uniform_int_distribution<int> small(-9, 9);

        for (size_t i = 0; i < n; i++)
            p[i] = static_cast<float>(small(random));
    }

    void expect_exact(const float *a, const float *b, size_t n)
    {
        const Exact exact = reference(a, b, n);
        const VdbCosineParts parts = kernels->cosine_parts(a, b, n);

        EXPECT_EQ(kernels->l2_squared(a, b, n), exact.l2) << n;
        EXPECT_EQ(kernels->inner_product(a, b, n), exact.dot) << n;
        EXPECT_EQ(kernels->l1(a, b, n), exact.l1) << n;
        EXPECT_EQ(parts.dot, exact.dot) << n;
        EXPECT_EQ(parts.norm_a, exact.norm_a) << n;
        EXPECT_EQ(parts.norm_b, exact.norm_b) << n;
    }

    void expect_near(const float *a, const float *b, size_t n)
    {
        const Exact exact = reference(a, b, n);
        const VdbCosineParts parts = kernels->cosine_parts(a, b, n);

        EXPECT_NEAR(kernels->l2_squared(a, b, n), exact.l2, kTolerance * exact.l2) << n;
        EXPECT_NEAR(kernels->inner_product(a, b, n), exact.dot, kTolerance * exact.dot_of_absolutes)
            << n;
        EXPECT_NEAR(kernels->l1(a, b, n), exact.l1, kTolerance * exact.l1) << n;
        EXPECT_NEAR(parts.dot, exact.dot, kTolerance * exact.dot_of_absolutes) << n;
        EXPECT_NEAR(parts.norm_a, exact.norm_a, kTolerance * exact.norm_a) << n;
        EXPECT_NEAR(parts.norm_b, exact.norm_b, kTolerance * exact.norm_b) << n;
    }
};

// Sums of small integers are exact in any order, so a lost, doubled or invented element shows at
// any length.
TEST_P(Kernels, IntegersAreExactAtEveryLength)
{
    GuardedBuffer first(kMaxDims * sizeof(float)), second(kMaxDims * sizeof(float));

    for (size_t n : lengths()) {
        float *a = first.at_end<float>(n), *b = second.at_end<float>(n);
        fill_integers(a, n);
        fill_integers(b, n);
        expect_exact(a, b, n);
    }
}

TEST_P(Kernels, NormalValuesAreWithinTolerance)
{
    GuardedBuffer first(kMaxDims * sizeof(float)), second(kMaxDims * sizeof(float));

    for (size_t n : lengths()) {
        float *a = first.at_end<float>(n), *b = second.at_end<float>(n);
        fill_normal(a, n);
        fill_normal(b, n);
        expect_near(a, b, n);
    }
}

TEST_P(Kernels, SquaredNormIsInDoublePrecisionAndOfTheSameBits)
{
    const VdbKernels *scalar = vdb::test::scalar_table();
    GuardedBuffer floats(kMaxDims * sizeof(float)), halves(kMaxDims * sizeof(uint16_t));

    for (size_t n : lengths()) {
        float *x = floats.at_end<float>(n);
        uint16_t *half = halves.at_end<uint16_t>(n);
        fill_normal(x, n);
        kernels->float_to_half(half, x, n);
        EXPECT_EQ(kernels->half_squared_norm(half, n), scalar->half_squared_norm(half, n)) << n;
        for (size_t i = 0; i < n; i += 3)
            x[i] *= 1e37F;
        const double exact = reference(x, x, n).norm_a;
        EXPECT_EQ(kernels->squared_norm(x, n), scalar->squared_norm(x, n)) << n;
        EXPECT_NEAR(kernels->squared_norm(x, n), exact, 1e-13 * exact) << n;
        kernels->half_to_float(x, half, n);
        EXPECT_EQ(kernels->squared_norm(x, n), kernels->half_squared_norm(half, n)) << n;
    }
}

TEST_P(Kernels, AgreesWithScalar)
{
    const VdbKernels *scalar = vdb::test::scalar_table();
    std::vector<float> a(kMaxDims), b(kMaxDims);

    fill_normal(a.data(), kMaxDims);
    fill_normal(b.data(), kMaxDims);
    for (size_t n : lengths()) {
        const Exact exact = reference(a.data(), b.data(), n);
        EXPECT_NEAR(kernels->l2_squared(a.data(), b.data(), n),
                    scalar->l2_squared(a.data(), b.data(), n), 2 * kTolerance * exact.l2);
        EXPECT_NEAR(kernels->inner_product(a.data(), b.data(), n),
                    scalar->inner_product(a.data(), b.data(), n),
                    2 * kTolerance * exact.dot_of_absolutes);
        EXPECT_NEAR(kernels->l1(a.data(), b.data(), n), scalar->l1(a.data(), b.data(), n),
                    2 * kTolerance * exact.l1);
    }
}

// A varlena's floats are only 4-byte aligned; every offset within a 64-byte line, and the two
// independent.
TEST_P(Kernels, PointersNeedNoLineAlignment)
{
    constexpr size_t kDims = 100;
    GuardedBuffer first(2 * kDims * sizeof(float)), second(2 * kDims * sizeof(float));

    for (size_t i = 0; i < 16; i++) {
        for (size_t j = 0; j < 16; j++) {
            float *a = first.before_end<float>(kDims, i * sizeof(float));
            float *b = second.before_end<float>(kDims, j * sizeof(float));
            fill_integers(a, kDims);
            fill_integers(b, kDims);
            expect_exact(a, b, kDims);
        }
    }
}

// The same pair has one distance wherever its two vectors lie: a heap page and an index page must
// agree.
TEST_P(Kernels, PositionChangesNoBit)
{
    constexpr size_t kDims = 391;
    GuardedBuffer first(2 * kDims * sizeof(float)), second(2 * kDims * sizeof(float));
    std::vector<float> a(kDims), b(kDims);

    fill_normal(a.data(), kDims);
    fill_normal(b.data(), kDims);
    for (size_t i = 0; i < 16; i++) {
        float *x = first.before_end<float>(kDims, i * sizeof(float));
        float *y = second.before_end<float>(kDims, (i * 7 % 16) * sizeof(float));
        std::copy(a.begin(), a.end(), x);
        std::copy(b.begin(), b.end(), y);
        EXPECT_EQ(kernels->l2_squared(x, y, kDims), kernels->l2_squared(a.data(), b.data(), kDims));
        EXPECT_EQ(kernels->inner_product(x, y, kDims),
                  kernels->inner_product(a.data(), b.data(), kDims));
        EXPECT_EQ(kernels->l1(x, y, kDims), kernels->l1(a.data(), b.data(), kDims));
        EXPECT_EQ(kernels->cosine_parts(x, y, kDims).dot,
                  kernels->cosine_parts(a.data(), b.data(), kDims).dot);
    }
}

TEST_P(Kernels, DistanceToItselfIsZero)
{
    std::vector<float> a(kMaxDims);

    fill_normal(a.data(), a.size());
    for (size_t n : lengths()) {
        const VdbCosineParts parts = kernels->cosine_parts(a.data(), a.data(), n);
        EXPECT_EQ(kernels->l2_squared(a.data(), a.data(), n), 0.0F);
        EXPECT_EQ(kernels->l1(a.data(), a.data(), n), 0.0F);
        EXPECT_EQ(parts.dot, parts.norm_a);
        EXPECT_EQ(parts.dot, parts.norm_b);
    }
}

// Callers rely on it: the order of the arguments never changes an answer, bit by bit.
TEST_P(Kernels, IsSymmetric)
{
    std::vector<float> a(kMaxDims), b(kMaxDims);

    fill_normal(a.data(), a.size());
    fill_normal(b.data(), b.size());
    for (size_t n : lengths()) {
        EXPECT_EQ(kernels->l2_squared(a.data(), b.data(), n),
                  kernels->l2_squared(b.data(), a.data(), n));
        EXPECT_EQ(kernels->inner_product(a.data(), b.data(), n),
                  kernels->inner_product(b.data(), a.data(), n));
        EXPECT_EQ(kernels->l1(a.data(), b.data(), n), kernels->l1(b.data(), a.data(), n));
        const VdbCosineParts parts = kernels->cosine_parts(a.data(), b.data(), n);
        const VdbCosineParts swapped = kernels->cosine_parts(b.data(), a.data(), n);
        EXPECT_EQ(parts.dot, swapped.dot);
        EXPECT_EQ(parts.norm_a, swapped.norm_b);
        EXPECT_EQ(parts.norm_b, swapped.norm_a);
    }
}

TEST_P(Kernels, OverflowIsInfinityAndNotNan)
{
    for (size_t n : {1, 3, 15, 16, 17, 100, 384}) {
        const std::vector<float> a(n, 3e38F), b(n, -3e38F);
        const float infinity = std::numeric_limits<float>::infinity();
        const VdbCosineParts parts = kernels->cosine_parts(a.data(), b.data(), n);

        EXPECT_EQ(kernels->l2_squared(a.data(), b.data(), n), infinity);
        EXPECT_EQ(kernels->inner_product(a.data(), b.data(), n), -infinity);
        EXPECT_EQ(kernels->l1(a.data(), b.data(), n), infinity);
        EXPECT_EQ(parts.dot, -infinity);
        EXPECT_EQ(parts.norm_a, infinity);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, Kernels, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
