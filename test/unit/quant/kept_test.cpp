// Kept forms: the bound of their error holds, raw() is that of the decoded vector, equal vectors
// have equal bytes by every table, and no bytes crash the reader.
#include "quant/kept_api.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;

const uint32_t kDims[] = {1, 2, 31, 64, 65, 96, 100, 127, 384, 391, 768, 1536, 16000};
const VdbKept kForms[] = {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4};

class Kept : public testing::TestWithParam<VdbKept> {
  protected:
    std::vector<float> normal_vector(uint32_t dims, float scale = 1)
    {
        std::normal_distribution<float> normal;
        std::vector<float> x(dims);

        std::generate(x.begin(), x.end(), [&] { return scale * normal(random); });
        return x;
    }

    std::vector<uint32_t> encode(const std::vector<float> &x)
    {
        const auto dims = static_cast<uint32_t>(x.size());
        std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4, 0xdeadbeefU);
        vdb_kept_encode(kept, dims, x.data(), blob.data());
        return blob;
    }

    std::vector<float> decode(uint32_t dims, const std::vector<uint32_t> &blob)
    {
        std::vector<float> x(dims);
        vdb_kept_decode(kept, dims, blob.data(), x.data());
        return x;
    }

    static double distance(const std::vector<float> &a, const std::vector<float> &b)
    {
        double sum = 0;
        for (size_t i = 0; i < a.size(); i++)
            sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
        return std::sqrt(sum);
    }

    static double norm(const std::vector<float> &a)
    {
        return distance(a, std::vector<float>(a.size()));
    }

    // Some spread over many orders of magnitude, one coordinate alone, and all equal.
    std::vector<std::vector<float>> hard_vectors(uint32_t dims)
    {
        std::vector<std::vector<float>> result;
        for (float scale : {1e-42F, 1e-36F, 1e-20F, 1e-5F, 1.0F, 7e4F, 1e19F, 1e36F})
            result.push_back(normal_vector(dims, scale));
        std::vector<float> x(dims);
        result.push_back(x);
        x[dims / 2] = -3;
        result.push_back(x);
        std::fill(x.begin(), x.end(), 0.1F);
        result.push_back(x);
        std::uniform_real_distribution<float> exponent(-30, 10);
        std::generate(x.begin(), x.end(), [&] { return std::exp(exponent(random)); });
        result.push_back(x);
        return result;
    }

    VdbKept kept = GetParam();
    std::mt19937 random{3};
};

TEST_P(Kept, BytesAreAMultipleOfFour)
{
    for (uint32_t dims : kDims)
        EXPECT_EQ(vdb_kept_bytes(kept, dims) % 4, 0U);
}

TEST_P(Kept, BoundOfTheErrorHolds)
{
    for (uint32_t dims : kDims) {
        for (const std::vector<float> &x : hard_vectors(dims)) {
            const std::vector<uint32_t> blob = encode(x);
            const double error = distance(x, decode(dims, blob));
            EXPECT_GE(vdb_kept_error(kept, blob.data()), error) << dims;
        }
    }
}

// Relative to the length of a vector of normal coordinates.
TEST_P(Kept, ErrorIsAsSmallAsTheFormAllows)
{
    const double most = kept == VDB_KEPT_FULL   ? 1e-5
                        : kept == VDB_KEPT_HALF ? 3e-4
                        : kept == VDB_KEPT_SQ8  ? 0.012
                                                : 0.12;
    for (uint32_t dims : {64, 100, 384, 768, 1536}) {
        for (float scale : {1e-20F, 1e-3F, 1.0F, 1e6F}) {
            const std::vector<float> x = normal_vector(dims, scale);
            EXPECT_LT(vdb_kept_error(kept, encode(x).data()), most * norm(x)) << dims;
        }
    }
}

TEST_P(Kept, RawIsThatOfTheDecodedVector)
{
    for (int table = 0; table < vdb::test::table_count(); table++) {
        if (!vdb_simd_force(vdb_simd_table(table)->name))
            continue;
        for (uint32_t dims : kDims) {
            const std::vector<float> x = normal_vector(dims), q = normal_vector(dims);
            const std::vector<uint32_t> encoded = encode(x);
            const std::vector<float> decoded = decode(dims, encoded);
            GuardedBuffer blob(encoded.size() * 4), query(dims * 4);
            auto *in = blob.at_end<uint32_t>(encoded.size());
            float *y = query.at_end<float>(dims);
            std::copy(encoded.begin(), encoded.end(), in);
            std::copy(q.begin(), q.end(), y);
            const double l2 = std::pow(distance(q, decoded), 2);
            double dot = 0, absolute = 0;
            for (uint32_t i = 0; i < dims; i++) {
                dot += double{q[i]} * decoded[i];
                absolute += std::fabs(double{q[i]} * decoded[i]);
            }
            EXPECT_NEAR(vdb_kept_raw(kept, VDB_METRIC_L2, dims, y, in), l2, 4e-6 * l2) << dims;
            for (VdbMetric metric : {VDB_METRIC_IP, VDB_METRIC_COSINE})
                EXPECT_NEAR(vdb_kept_raw(kept, metric, dims, y, in), dot, 2e-6 * absolute) << dims;
        }
    }
    vdb_simd_force("auto");
}

TEST_P(Kept, BytesAreTheSameByEveryTable)
{
    for (uint32_t dims : kDims) {
        for (const std::vector<float> &x : hard_vectors(dims)) {
            ASSERT_TRUE(vdb_simd_force("scalar"));
            const std::vector<uint32_t> first = encode(x);
            for (int table = 0; table < vdb::test::table_count(); table++) {
                if (vdb_simd_force(vdb_simd_table(table)->name)) {
                    EXPECT_EQ(encode(x), first) << vdb_simd_table(table)->name << " " << dims;
                }
            }
        }
    }
    vdb_simd_force("auto");
}

TEST_P(Kept, AVectorTooLongHasNoBound)
{
    const float largest = std::numeric_limits<float>::max();

    for (float x : {1e38F, 3e38F, 3.4e38F, std::nextafter(largest, 0.0F), largest}) {
        std::vector<float> vector(100, x);
        std::fill_n(vector.begin(), 50, -x / 3);
        const std::vector<uint32_t> blob = encode(vector);
        EXPECT_EQ(vdb_kept_error(kept, blob.data()), INFINITY);
        for (float coordinate : decode(100, blob))
            EXPECT_TRUE(std::isfinite(coordinate)) << x;
    }
}

TEST_P(Kept, OneWrongBitIsNoticed)
{
    for (uint32_t dims : kDims) {
        std::vector<uint32_t> blob = encode(normal_vector(dims));
        EXPECT_TRUE(vdb_kept_intact(kept, dims, blob.data()));
        for (size_t i = 0; i < blob.size(); i += 1 + blob.size() / 100)
            for (uint32_t bit = 0; bit < 32; bit++) {
                blob[i] ^= 1U << bit;
                EXPECT_FALSE(vdb_kept_intact(kept, dims, blob.data())) << i << " " << bit;
                blob[i] ^= 1U << bit;
            }
    }
}

TEST_P(Kept, AVectorWithoutABoundHasNoCheck)
{
    std::vector<uint32_t> blob = encode(normal_vector(100, 1e38F));
    ASSERT_EQ(vdb_kept_error(kept, blob.data()), INFINITY);
    EXPECT_TRUE(vdb_kept_intact(kept, 100, blob.data()));
}

TEST_P(Kept, AnyBytesCanBeRead)
{
    constexpr uint32_t kLength = 100;
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, kLength) / 4);
    const std::vector<float> q = normal_vector(kLength);

    for (int i = 0; i < 1000; i++) {
        std::generate(blob.begin(), blob.end(), [&] { return static_cast<uint32_t>(random()); });
        decode(kLength, blob);
        EXPECT_GE(vdb_kept_error(kept, blob.data()), 0);
        vdb_kept_raw(kept, VDB_METRIC_L2, kLength, q.data(), blob.data());
        vdb_kept_raw(kept, VDB_METRIC_IP, kLength, q.data(), blob.data());
    }
}

std::string form_name(const testing::TestParamInfo<VdbKept> &info)
{
    static const char *const kNames[] = {"plain", "full", "half", "sq8", "rabitq4"};
    return kNames[info.param];
}

INSTANTIATE_TEST_SUITE_P(Forms, Kept, testing::ValuesIn(kForms), form_name);

} // namespace
