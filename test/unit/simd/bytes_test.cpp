// Kernels over blocks of bytes: every table answers the scalar one's bits, and those are right.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "simd/table_test.h"

namespace {

constexpr size_t kVectors = VDB_BYTE_COLUMNS;

struct Block {
    std::vector<int8_t> elements;
    std::vector<float> scale, norm;
    std::vector<int32_t> sum;
    size_t steps;

    Block(const VdbKernels *k, const std::vector<float> &x, const std::vector<float> &centre,
          size_t n)
        : elements((n + 3) / 4 * 4 * kVectors), scale(kVectors), norm(kVectors), sum(kVectors),
          steps((n + 3) / 4)
    {
        for (size_t i = 0; i < kVectors; i++) {
            size_t group = i / VDB_BYTE_GROUP * VDB_BYTE_GROUP * steps * 4;
            VdbByteVector v = k->byte_quantize(&elements[group + i % VDB_BYTE_GROUP * 4], &x[i * n],
                                               centre.data(), n);
            scale[i] = v.scale;
            norm[i] = v.norm;
            sum[i] = v.sum;
        }
    }
    VdbByteBlock view() { return {elements.data(), scale.data(), norm.data(), sum.data(), steps}; }
};

class Bytes : public vdb::test::TableTest {};

TEST_P(Bytes, QuantizedAlikeAndNear)
{
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (size_t n : {1, 3, 4, 15, 16, 17, 63, 64, 65, 100, 384, 1000}) {
        std::vector<float> x(kVectors * n), centre(n);
        for (float &v : x)
            v = normal(random);
        for (float &v : centre)
            v = normal(random);
        Block here(kernels, x, centre, n), there(vdb::test::scalar_table(), x, centre, n);
        ASSERT_EQ(here.elements, there.elements);
        ASSERT_EQ(here.scale, there.scale);
        ASSERT_EQ(here.norm, there.norm);
        ASSERT_EQ(here.sum, there.sum);
        std::vector<float> a(VDB_BYTE_ROWS * 64), b(a.size());
        for (size_t row = 0; row < kVectors; row += VDB_BYTE_ROWS) {
            VdbByteBlock block = here.view();
            kernels->byte_distances(a.data(), 64, &block, row, &block, 0);
            vdb::test::scalar_table()->byte_distances(b.data(), 64, &block, row, &block, 0);
            ASSERT_EQ(a, b);
            for (size_t i = 0; i < VDB_BYTE_ROWS; i++)
                for (size_t j = 0; j < kVectors; j++) {
                    double d = 0;
                    for (size_t e = 0; e < n; e++)
                        d += std::pow(double{x[(row + i) * n + e]} - x[j * n + e], 2);
                    double reach = 127 * (here.scale[row + i] + here.scale[j]);
                    ASSERT_NEAR(std::sqrt(d), std::sqrt(a[i * 64 + j]),
                                reach * std::sqrt(n) / 127 + 1e-3);
                }
        }
    }
}

// Elements of 127 either way, where sums of a few products leave 16 bits.
TEST_P(Bytes, TheLargestProductsAddUp)
{
    for (size_t n : {4, 5, 8, 64, 384, 2052}) {
        std::vector<float> x(kVectors * n), centre(n);
        for (size_t i = 0; i < x.size(); i++)
            x[i] = i / n % 2 == 0 || (i / n % 3 == 0 && i % n % 2 == 0) ? 1 : -1;
        Block block(kernels, x, centre, n);
        VdbByteBlock view = block.view();
        std::vector<float> d(VDB_BYTE_ROWS * kVectors), scalar(d);
        kernels->byte_distances(d.data(), kVectors, &view, 0, &view, 0);
        vdb::test::scalar_table()->byte_distances(scalar.data(), kVectors, &view, 0, &view, 0);
        ASSERT_EQ(d, scalar);
        ASSERT_EQ(d[0], 0);
        ASSERT_NEAR(d[1], 4 * static_cast<float>(n), 1e-3 * static_cast<float>(n));
    }
}

// Distances of the first vectors, all of them `value` in each element, about a centre.
std::vector<float> distances_of_equal(const VdbKernels *k, float value, float middle)
{
    constexpr size_t n = 80;
    std::vector<float> x(kVectors * n, value), centre(n, middle);
    Block block(k, x, centre, n), scalar(vdb::test::scalar_table(), x, centre, n);
    EXPECT_EQ(block.elements, scalar.elements);
    EXPECT_EQ(block.sum, scalar.sum);
    VdbByteBlock view = block.view();
    std::vector<float> d(VDB_BYTE_ROWS * kVectors);
    k->byte_distances(d.data(), kVectors, &view, 0, &view, 0);
    return d;
}

TEST_P(Bytes, WhatHasNoScaleIsFarFromAll)
{
    const float huge = std::numeric_limits<float>::max();
    const float infinity = std::numeric_limits<float>::infinity();
    for (float value : {huge, infinity})
        for (float d : distances_of_equal(kernels, value, -huge))
            ASSERT_EQ(d, infinity);
}

TEST_P(Bytes, WhatHasNoInverseIsAtTheCentre)
{
    for (float d : distances_of_equal(kernels, std::numeric_limits<float>::denorm_min(), 0))
        ASSERT_EQ(d, 0);
}

TEST_P(Bytes, PlacesBelowALimit)
{
    for (size_t n : {16, 32, 480}) {
        std::vector<float> x(n);
        for (size_t i = 0; i < n; i++)
            x[i] = static_cast<float>(i * 7919 % 101);
        x[3] = std::numeric_limits<float>::infinity();
        std::vector<uint32_t> places(n + 16), expected;
        for (size_t i = 0; i < n; i++)
            if (x[i] < 40)
                expected.push_back(static_cast<uint32_t>(i));
        places.resize(kernels->less_than(places.data(), x.data(), n, 40));
        ASSERT_EQ(places, expected);
    }
}

INSTANTIATE_TEST_SUITE_P(Tables, Bytes, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
