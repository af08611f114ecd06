// Half precision: the portable conversion against arithmetic in double precision, every table's
// conversion against the portable one for all halves, and every table's kernels over halves against
// exact sums.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/half_api.h"
#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;

constexpr double kTolerance = 2e-6; // as in kernels_test.cpp
constexpr uint32_t kHalves = 1U << 16;
constexpr uint16_t kInfinity = 0x7c00;

uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

double value_of(uint16_t half)
{
    const int exponent = (half >> 10) & 31;
    const int mantissa = half & 1023;
    const double magnitude =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa + 1024, exponent - 25);

    return half >> 15 ? -magnitude : magnitude;
}

TEST(Half, ToFloatIsExact)
{
    for (uint32_t half = 0; half < kHalves; half++) {
        const float x = vdb_half_to_float(static_cast<uint16_t>(half));

        ASSERT_EQ(std::signbit(x), half >> 15 != 0) << half;
        if ((half & kInfinity) != kInfinity)
            ASSERT_EQ(static_cast<double>(x), value_of(static_cast<uint16_t>(half))) << half;
        else if ((half & 1023) == 0)
            ASSERT_TRUE(std::isinf(x)) << half;
        else
            ASSERT_TRUE(std::isnan(x)) << half;
    }
}

// Between two neighbouring halves: each to itself, below the middle down, above it up, the middle
// to the even one.
TEST(Half, FromFloatRoundsToNearestEven)
{
    const float infinity = std::numeric_limits<float>::infinity();

    for (uint32_t low = 0; low < kInfinity; low++) {
        const uint32_t high = low + 1;
        const double above = high == kInfinity ? 65536.0 : value_of(static_cast<uint16_t>(high));
        const auto middle = static_cast<float>((value_of(static_cast<uint16_t>(low)) + above) / 2);

        ASSERT_EQ(vdb_float_to_half(vdb_half_to_float(static_cast<uint16_t>(low))), low);
        ASSERT_EQ(vdb_float_to_half(middle), low % 2 == 0 ? low : high) << low;
        ASSERT_EQ(vdb_float_to_half(-middle), 0x8000U | (low % 2 == 0 ? low : high)) << low;
        ASSERT_EQ(vdb_float_to_half(std::nextafter(middle, 0.0F)), low) << low;
        ASSERT_EQ(vdb_float_to_half(std::nextafter(middle, infinity)), high) << low;
    }
    EXPECT_EQ(vdb_float_to_half(infinity), kInfinity);
    EXPECT_EQ(vdb_float_to_half(-3e38F), 0xfc00);
    EXPECT_EQ(vdb_float_to_half(1e-45F), 0);
    EXPECT_GT(vdb_float_to_half(std::numeric_limits<float>::quiet_NaN()), kInfinity);
}

class HalfKernels : public vdb::test::TableTest {
  protected:
    // Halves and the floats they stand for: multiples of a quarter, or any normal value.
    void fill(uint16_t *half, float *x, size_t n, bool exact)
    {
        std::uniform_int_distribution<int> quarters(-20, 20);
        std::normal_distribution<float> normal;

        for (size_t i = 0; i < n; i++) {
            half[i] = vdb_float_to_half(exact ? static_cast<float>(quarters(random)) / 4
                                              : normal(random));
            x[i] = vdb_half_to_float(half[i]);
        }
    }

    // Against the float kernels of the same table over the converted elements, to the bit: the same
    // sums in the same order.
    void expect_as_float(const uint16_t *a, const uint16_t *b, const float *x, const float *y,
                         size_t n)
    {
        const VdbCosineParts parts = kernels->half_cosine_parts(a, b, n);
        const VdbCosineParts expected = kernels->cosine_parts(x, y, n);

        EXPECT_EQ(kernels->half_l2_squared(a, b, n), kernels->l2_squared(x, y, n)) << n;
        EXPECT_EQ(kernels->half_inner_product(a, b, n), kernels->inner_product(x, y, n)) << n;
        EXPECT_EQ(kernels->half_l1(a, b, n), kernels->l1(x, y, n)) << n;
        EXPECT_EQ(parts.dot, expected.dot) << n;
        EXPECT_EQ(parts.norm_a, expected.norm_a) << n;
        EXPECT_EQ(parts.norm_b, expected.norm_b) << n;
    }

    // Against sums in double precision, for values whose sums float32 holds too.
    void expect_exact(const uint16_t *a, const uint16_t *b, size_t n)
    {
        double l2 = 0, dot = 0, l1 = 0;

        for (size_t i = 0; i < n; i++) {
            const double x = value_of(a[i]), y = value_of(b[i]);
            l2 += (x - y) * (x - y);
            dot += x * y;
            l1 += std::fabs(x - y);
        }
        EXPECT_EQ(kernels->half_l2_squared(a, b, n), l2) << n;
        EXPECT_EQ(kernels->half_inner_product(a, b, n), dot) << n;
        EXPECT_EQ(kernels->half_l1(a, b, n), l1) << n;
        EXPECT_EQ(kernels->half_cosine_parts(a, b, n).dot, dot) << n;
    }
};

// At every length, in memory that ends with the last element.
TEST_P(HalfKernels, AnswerAsTheFloatKernels)
{
    constexpr size_t kMaxDims = 16000;
    GuardedBuffer first(kMaxDims * 2), second(kMaxDims * 2);
    std::vector<float> x(kMaxDims), y(kMaxDims);
    std::vector<size_t> lengths = {383, 384, 385, 768, 1000, 1536, 2000, 3072, kMaxDims};

    for (size_t n = 0; n <= 257; n++)
        lengths.push_back(n);
    for (size_t n : lengths) {
        uint16_t *a = first.at_end<uint16_t>(n), *b = second.at_end<uint16_t>(n);

        fill(a, x.data(), n, true);
        fill(b, y.data(), n, true);
        expect_exact(a, b, n);
        expect_as_float(a, b, x.data(), y.data(), n);
        fill(a, x.data(), n, false);
        fill(b, y.data(), n, false);
        expect_as_float(a, b, x.data(), y.data(), n);
    }
}

TEST_P(HalfKernels, AgreeWithScalar)
{
    const VdbKernels *scalar = vdb::test::scalar_table();
    std::vector<uint16_t> a(1000), b(1000);
    std::vector<float> x(1000), y(1000);

    for (size_t n = 0; n <= a.size(); n++) {
        fill(a.data(), x.data(), n, false);
        fill(b.data(), y.data(), n, false);
        const double l1 = scalar->half_l1(a.data(), b.data(), n);
        const double l2 = scalar->half_l2_squared(a.data(), b.data(), n);
        EXPECT_NEAR(kernels->half_l1(a.data(), b.data(), n), l1, 2 * kTolerance * l1) << n;
        EXPECT_NEAR(kernels->half_l2_squared(a.data(), b.data(), n), l2, 2 * kTolerance * l2) << n;
    }
}

TEST_P(HalfKernels, ConvertToTheSameBits)
{
    std::vector<uint16_t> halves(kHalves), back(kHalves);
    std::vector<float> floats(kHalves);

    for (uint32_t i = 0; i < kHalves; i++)
        halves[i] = static_cast<uint16_t>(i);
    kernels->half_to_float(floats.data(), halves.data(), kHalves);
    for (uint32_t i = 0; i < kHalves; i++)
        ASSERT_EQ(bits_of(floats[i]), bits_of(vdb_half_to_float(halves[i]))) << i;
    kernels->float_to_half(back.data(), floats.data(), kHalves);
    for (uint32_t i = 0; i < kHalves; i++)
        ASSERT_EQ(back[i], vdb_float_to_half(floats[i])) << i;
    for (int round = 0; round < 20; round++) {
        for (float &x : floats) {
            const auto bits = static_cast<uint32_t>(random());
            memcpy(&x, &bits, sizeof(x));
        }
        kernels->float_to_half(back.data(), floats.data(), kHalves);
        for (uint32_t i = 0; i < kHalves; i++)
            ASSERT_EQ(back[i], vdb_float_to_half(floats[i])) << bits_of(floats[i]);
    }
}

TEST_P(HalfKernels, ConvertExactlyNElements)
{
    GuardedBuffer halves(1024), floats(1024);

    for (size_t n = 0; n <= 100; n++) {
        uint16_t *half = halves.at_end<uint16_t>(n);
        float *x = floats.at_end<float>(n);
        std::vector<float> expected(n);

        fill(half, expected.data(), n, false);
        kernels->half_to_float(x, half, n);
        for (size_t i = 0; i < n; i++)
            EXPECT_EQ(x[i], expected[i]) << n;
        std::vector<uint16_t> original(half, half + n);
        kernels->float_to_half(half, x, n);
        for (size_t i = 0; i < n; i++)
            EXPECT_EQ(half[i], original[i]) << n;
    }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, HalfKernels, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
