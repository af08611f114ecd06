// The rotation: an isometry that spreads any vector over all coordinates, the same by every table.
#include "quant/rotation_api.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

const uint32_t kDims[] = {2, 3, 7, 63, 64, 65, 100, 127, 128, 384, 768, 1000, 1536, 3072, 16000};

std::vector<float> normal_vector(uint32_t dims, std::mt19937 &random)
{
    std::normal_distribution<float> normal;
    std::vector<float> x(dims);

    std::generate(x.begin(), x.end(), [&] { return normal(random); });
    return x;
}

double dot(const std::vector<float> &a, const std::vector<float> &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += double{a[i]} * b[i];
    return sum;
}

TEST(Rotation, KeepsLengthsAndInnerProducts)
{
    std::mt19937 random{1};

    for (uint32_t dims : kDims) {
        std::vector<float> a = normal_vector(dims, random), b = normal_vector(dims, random);
        const double aa = dot(a, a), bb = dot(b, b), ab = dot(a, b);
        const double slack = 2 * vdb_rotate_error(dims) * std::sqrt(aa * bb);
        vdb_rotate(a.data(), dims);
        vdb_rotate(b.data(), dims);
        EXPECT_NEAR(std::sqrt(dot(a, a)), std::sqrt(aa), vdb_rotate_error(dims) * std::sqrt(aa));
        EXPECT_NEAR(std::sqrt(dot(b, b)), std::sqrt(bb), vdb_rotate_error(dims) * std::sqrt(bb));
        EXPECT_NEAR(dot(a, b), ab, slack) << dims;
    }
}

// A coordinate of a random unit vector is seldom more than 5 / sqrt(dims).  Here the worst of all
// unit vectors along an axis.
TEST(Rotation, SpreadsAnAxisOverAllCoordinates)
{
    for (uint32_t dims : kDims) {
        if (dims < 63)
            continue;
        const uint32_t step = dims > 1000 ? dims / 97 : 1;
        double worst = 0, fourth = 0;
        uint32_t count = 0;
        for (uint32_t axis = 0; axis < dims; axis += step, count++) {
            std::vector<float> x(dims);
            x[axis] = 1;
            vdb_rotate(x.data(), dims);
            for (float coordinate : x) {
                worst = std::max(worst, std::fabs(double{coordinate}));
                fourth += std::pow(double{coordinate}, 4);
            }
        }
        EXPECT_LT(worst * std::sqrt(dims), 8) << dims;
        // 3 of normal coordinates
        EXPECT_LT(fourth * dims / count, 4.5) << dims;
    }
}

TEST(Rotation, KeepsZeroAndIsNeverInfinite)
{
    for (uint32_t dims : kDims) {
        std::vector<float> x(dims);
        vdb_rotate(x.data(), dims);
        EXPECT_EQ(x, std::vector<float>(dims));
        std::fill(x.begin(), x.end(), 3e38F);
        vdb_rotate(x.data(), dims);
        for (float coordinate : x)
            EXPECT_TRUE(std::isfinite(coordinate)) << dims;
    }
}

TEST(Rotation, IsTheSameByEveryTable)
{
    std::mt19937 random{2};

    for (uint32_t dims : kDims) {
        const std::vector<float> x = normal_vector(dims, random);
        std::vector<float> first = x;
        ASSERT_TRUE(vdb_simd_force("scalar"));
        vdb_rotate(first.data(), dims);
        for (int i = 0; i < vdb::test::table_count(); i++) {
            std::vector<float> other = x;
            if (!vdb_simd_force(vdb_simd_table(i)->name))
                continue;
            vdb_rotate(other.data(), dims);
            EXPECT_EQ(first, other) << vdb_simd_table(i)->name << " " << dims;
        }
        vdb_simd_force("auto");
    }
}

// Indexes hold rotated vectors, so it never changes.
TEST(Rotation, IsFixed)
{
    std::vector<float> x(100);
    for (size_t i = 0; i < x.size(); i++)
        x[i] = static_cast<float>(i % 10);
    vdb_rotate(x.data(), 100);
    EXPECT_EQ(x[0], -0.36460197F);
    EXPECT_EQ(x[50], 7.18155289F);
    EXPECT_EQ(x[99], 1.06618476F);
}

} // namespace
