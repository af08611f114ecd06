// Spaces: the form in which values are kept, their norms, and distances put together from slices.
#include "quant/space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "core/half_api.h"

namespace {

VdbSpace space(VdbMetric metric, VdbStorage storage, uint32_t dims)
{
    return {static_cast<uint32_t>(metric), static_cast<uint32_t>(storage), dims};
}

std::vector<uint16_t> halves(const std::vector<float> &values)
{
    std::vector<uint16_t> result;
    for (float value : values)
        result.push_back(vdb_float_to_half(value));
    return result;
}

} // namespace

TEST(Space, KnowsWhichPairsMakeSense)
{
    VdbSpace s = space(VDB_METRIC_L2, VDB_STORAGE_FLOAT32, 3);
    EXPECT_TRUE(vdb_space_valid(&s));
    s.dims = 0;
    EXPECT_FALSE(vdb_space_valid(&s));
    for (uint32_t metric : {0u, 5u, 6u, 7u}) {
        s = {metric, VDB_STORAGE_HALF, 3};
        EXPECT_FALSE(vdb_space_valid(&s)) << metric;
    }
    for (uint32_t metric = 0; metric < 9; metric++) {
        s = {metric, VDB_STORAGE_BIT, 3};
        EXPECT_EQ(vdb_space_valid(&s), metric == 5 || metric == 6) << metric;
    }
    s = {VDB_METRIC_L2, 77, 3};
    EXPECT_FALSE(vdb_space_valid(&s));
}

TEST(Space, NegativeZeroIsKeptAsZero)
{
    VdbSpace s = space(VDB_METRIC_L2, VDB_STORAGE_FLOAT32, 2);
    float floats[] = {-0.0f, 1};
    float zero[] = {0, 1};
    EXPECT_EQ(vdb_value_prepare(&s, floats), 1);
    EXPECT_EQ(std::memcmp(floats, zero, sizeof(zero)), 0);

    s.storage = VDB_STORAGE_HALF;
    std::vector<uint16_t> half = halves({-0.0f, 1});
    EXPECT_EQ(vdb_value_prepare(&s, half.data()), 1);
    EXPECT_EQ(half, halves({0, 1}));
}

TEST(Space, CosineKeepsDirectionsOnly)
{
    VdbSpace s = space(VDB_METRIC_COSINE, VDB_STORAGE_FLOAT32, 2);
    float v[] = {3, 4};
    EXPECT_FLOAT_EQ(vdb_value_prepare(&s, v), 1);
    EXPECT_FLOAT_EQ(v[0], .6f);
    float zero[] = {0, -0.0f};
    EXPECT_EQ(vdb_value_prepare(&s, zero), 0);
    EXPECT_FALSE(std::signbit(zero[1]));

    s.storage = VDB_STORAGE_HALF;
    std::vector<uint16_t> half = halves({3, 4});
    std::vector<uint16_t> other = halves({8, 6});
    float norm = vdb_value_prepare(&s, half.data());
    EXPECT_EQ(norm, 25);
    vdb::Space cosine = vdb::make_space(s);
    EXPECT_NEAR(cosine.rank(cosine.raw(half.data(), other.data(), 2), norm, 100), 1 - .96f, 1e-6);
}

TEST(Space, NormsAddUpOverSlices)
{
    std::vector<float> v = {1, 2, 3, 4};
    std::vector<uint16_t> h = halves(v);
    VdbSpace s = space(VDB_METRIC_L2, VDB_STORAGE_FLOAT32, 4);
    EXPECT_EQ(vdb::norm_of(s, v.data(), 1) + vdb::norm_of(s, v.data() + 1, 3), 30);
    s.storage = VDB_STORAGE_HALF;
    EXPECT_EQ(vdb::norm_of(s, h.data(), 1) + vdb::norm_of(s, h.data() + 1, 3), 30);
    h[2] = 0x7c00;
    EXPECT_FALSE(std::isfinite(vdb::norm_of(s, h.data(), 4)));
}

TEST(Space, RankIsTheOperatorsOrder)
{
    std::vector<float> a = {1, 2}, b = {4, -2};
    struct {
        VdbMetric metric;
        float expected;
    } cases[] = {{VDB_METRIC_L2, 25}, {VDB_METRIC_IP, 0}, {VDB_METRIC_L1, 7}};
    for (const auto &c : cases) {
        vdb::Space f = vdb::make_space(space(c.metric, VDB_STORAGE_FLOAT32, 2));
        EXPECT_EQ(f.rank(f.raw(a.data(), b.data(), 2), 5, 20), c.expected);
        vdb::Space h = vdb::make_space(space(c.metric, VDB_STORAGE_HALF, 2));
        EXPECT_EQ(h.rank(h.raw(halves(a).data(), halves(b).data(), 2), 5, 20), c.expected);
    }
    vdb::Space cosine = vdb::make_space(space(VDB_METRIC_COSINE, VDB_STORAGE_FLOAT32, 2));
    EXPECT_EQ(cosine.rank(0, 1, 0), std::numeric_limits<float>::max()); // no direction: last
    EXPECT_EQ(cosine.rank(.25f, 1, 1), .75f);
}

TEST(Space, SparseVectorsSayHowLongTheyAre)
{
    VdbSpace s = space(VDB_METRIC_COSINE, VDB_STORAGE_SPARSE, 100);
    EXPECT_EQ(vdb_value_units(&s), 101u);
    VdbSparseElement a[] = {{2, 0}, {3, 3}, {50, 4}}, b[] = {{2, 0}, {50, 8}, {51, 6}};
    EXPECT_EQ(vdb_units_of(&s, a), 3u);
    EXPECT_EQ(vdb_value_prepare(&s, a), 25);
    EXPECT_EQ(vdb::norm_of(s, a, 2) + vdb::norm_of(s, a + 2, 1), 25);
    vdb::Space cosine = vdb::make_space(s);
    EXPECT_FLOAT_EQ(cosine.rank(cosine.raw(a, b, 3), 25, 100), 1 - 32.f / 50);
    for (int32_t count : {-1, 101, INT32_MAX, INT32_MIN}) {
        a[0].index = count;
        EXPECT_EQ(vdb_units_of(&s, a), 0u) << count;
    }
    s.dims = 1000000000;
    EXPECT_EQ(vdb_value_units(&s), 16001u);
}

TEST(Space, BitsAreCountedInBytes)
{
    VdbSpace s = space(VDB_METRIC_JACCARD, VDB_STORAGE_BIT, 12);
    EXPECT_EQ(vdb_value_bytes(&s), 2u);
    uint8_t a[] = {0b11110000, 0b10000000}, b[] = {0b00110000, 0b11000000}, none[] = {0, 0};
    float norm_a = vdb_value_prepare(&s, a), norm_b = vdb_value_prepare(&s, b);
    EXPECT_EQ(norm_a, 5);
    EXPECT_EQ(norm_b, 4);
    vdb::Space jaccard = vdb::make_space(s);
    float raw = jaccard.raw(a, b, 1) + jaccard.raw(a + 1, b + 1, 1);
    EXPECT_FLOAT_EQ(jaccard.rank(raw, norm_a, norm_b), 1 - 3.f / 6);
    EXPECT_EQ(jaccard.rank(jaccard.raw(a, none, 2), norm_a, 0), 1);
    EXPECT_EQ(jaccard.rank(jaccard.raw(none, none, 2), 0, 0), 1);
    s.metric = VDB_METRIC_HAMMING;
    vdb::Space hamming = vdb::make_space(s);
    EXPECT_EQ(hamming.rank(hamming.raw(a, b, 2), norm_a, norm_b), 3);
}

TEST(Space, DistancesHaveAnOrderWhateverAPageSays)
{
    const float all[] = {0,      -0.0f,    1,         -1,  1e-45f,    3e38f,
                         -3e38f, INFINITY, -INFINITY, NAN, 16777216.f};
    for (uint32_t metric = 0; metric < 8; metric++)
        for (uint32_t storage = 0; storage < 8; storage++) {
            VdbSpace s = {metric, storage, 3};
            if (!vdb_space_valid(&s))
                continue;
            vdb::Space space = vdb::make_space(s);
            for (float raw : all)
                for (float query : all)
                    for (float norm : all)
                        EXPECT_FALSE(std::isnan(space.rank(raw, query, norm)))
                            << metric << " " << storage << ": " << raw << " " << query << " "
                            << norm;
        }
}

TEST(Space, CosineOfShortSparseVectorsIsExact)
{
    VdbSpace s = space(VDB_METRIC_COSINE, VDB_STORAGE_SPARSE, 10);
    vdb::Space cosine = vdb::make_space(s);
    for (float length : {1e-13f, 1e-15f, 1e-20f, 1e-30f, 1e-37f}) {
        VdbSparseElement a[] = {{2, 0}, {1, 3 * length}, {5, 4 * length}};
        VdbSparseElement b[] = {{2, 0}, {1, 4}, {5, 3}};
        float norm_a = vdb_value_prepare(&s, a), norm_b = vdb_value_prepare(&s, b);
        EXPECT_NEAR(cosine.rank(cosine.raw(a, b, 3), norm_b, norm_a), 1 - .96f, 3e-7) << length;
    }
    VdbSparseElement zero[] = {{0, 0}}, kept[] = {{1, 0}, {3, 1e-5f}};
    EXPECT_EQ(vdb_value_prepare(&s, zero), 0);
    EXPECT_FLOAT_EQ(vdb_value_prepare(&s, kept), 1e-10f);
    EXPECT_EQ(kept[1].value, 1e-5f);
}

TEST(Space, CosineAndJaccardKeepTheOperatorsOrder)
{
    vdb::Space cosine = vdb::make_space(space(VDB_METRIC_COSINE, VDB_STORAGE_SPARSE, 9));
    vdb::Space jaccard = vdb::make_space(space(VDB_METRIC_JACCARD, VDB_STORAGE_BIT, 64000));
    std::mt19937 random(1);
    std::uniform_real_distribution<float> raw(.9f, 1), norm(1, 1.0001f);
    std::vector<std::pair<double, float>> angles, overlaps; // as the operator has it, rank
    for (int i = 0; i < 20000; i++) {
        float r = raw(random), a = 1.23456f, b = norm(random);
        angles.push_back({1 - r / std::sqrt(double{a} * b), cosine.rank(r, a, b)});
        auto both = static_cast<float>(20000 + random() % 10000);
        auto other = static_cast<float>(30000 + random() % 10000);
        overlaps.push_back(
            {1 - double{both} / (31000. + other - both), jaccard.rank(both, 31000, other)});
    }
    for (auto *pairs : {&angles, &overlaps}) {
        std::sort(pairs->begin(), pairs->end());
        for (size_t i = 1; i < pairs->size(); i++)
            EXPECT_LE((*pairs)[i - 1].second, (*pairs)[i].second);
    }
}
