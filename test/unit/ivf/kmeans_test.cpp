// k-means: as good as the textbook's, the same every time, and unmoved by odd samples.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "index_image.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

// Mean over the values of what separates each from its centroid.
double cost(const Values &values, const VdbIvfCentroids &centroids)
{
    VdbIvfGeometry g = geometry(values.space);
    vdb::Space space = vdb::make_space(values.space);
    double sum = 0;
    for (uint32_t i = 0; i < values.count(); i++) {
        uint32_t c = vdb_ivf_nearest(&g, &centroids, values[i]);
        const void *centroid = static_cast<const char *>(centroids.values) + c * centroids.stride;
        float raw = space.raw(values[i], centroid, space.units);
        bool spherical = values.space.metric == VDB_METRIC_COSINE;
        double norm = spherical ? vdb::norm_of(values.space, values[i], space.units) : 0;
        sum += spherical ? 1 - raw / std::sqrt(norm) : raw;
    }
    return sum / values.count();
}

// Textbook Lloyd under L2 from random starts, the best of several.
double textbook_cost(const Values &values, uint32_t lists)
{
    uint32_t dims = values.space.dims;
    double best = std::numeric_limits<double>::max();
    for (unsigned seed = 1; seed <= 2; seed++) {
        std::mt19937 random(seed);
        Values centroids(values.space);
        for (uint32_t c = 0; c < lists; c++) {
            auto *v = static_cast<const float *>(values[random() % values.count()]);
            centroids.add(std::vector<float>(v, v + dims));
        }
        for (int round = 0; round < 12; round++) {
            VdbIvfGeometry g = geometry(values.space);
            VdbIvfCentroids set = {centroids.bytes.data(), centroids.stride(), lists};
            std::vector<std::vector<double>> sum(lists, std::vector<double>(dims));
            std::vector<uint32_t> n(lists);
            for (uint32_t i = 0; i < values.count(); i++) {
                uint32_t c = vdb_ivf_nearest(&g, &set, values[i]);
                n[c]++;
                for (uint32_t d = 0; d < dims; d++)
                    sum[c][d] += static_cast<const float *>(values[i])[d];
            }
            auto *out = reinterpret_cast<float *>(centroids.bytes.data());
            for (uint32_t c = 0; c < lists; c++)
                for (uint32_t d = 0; d < dims && n[c] > 0; d++)
                    out[c * dims + d] = static_cast<float>(sum[c][d] / n[c]);
        }
        best = std::min(best, cost(values, {centroids.bytes.data(), centroids.stride(), lists}));
    }
    return best;
}

bool same(const VdbIvfCentroids &a, const VdbIvfCentroids &b)
{
    return a.count == b.count && a.stride == b.stride &&
           std::memcmp(a.values, b.values, a.count * a.stride) == 0;
}

} // namespace

TEST(Kmeans, IsAsGoodAsTheTextbook)
{
    Values values = random_values(floats(16), 3000);
    for (uint32_t lists : {1u, 10u, 64u, 65u, 150u}) { // in one level and in two
        std::vector<char> memory;
        VdbIvfCentroids found = find_centroids(values, lists, memory);
        ASSERT_EQ(found.count, lists);
        EXPECT_LE(cost(values, found), textbook_cost(values, lists) * 1.02) << lists;
    }
}

TEST(Kmeans, FindsClustersInEverySpace)
{
    for (VdbSpace space : all_spaces(64))
        for (uint32_t clusters : {2u, 7u, 40u, 100u}) {
            Values values = clustered_values(space, clusters, 30);
            std::vector<char> memory;
            VdbIvfCentroids found = find_centroids(values, clusters, memory);
            ASSERT_EQ(found.count, clusters);
            // rows of one cluster share a list but for the few clusters that two centroids share
            VdbIvfGeometry g = geometry(space);
            uint32_t together = 0;
            for (uint32_t i = clusters; i < values.count(); i++)
                together += vdb_ivf_nearest(&g, &found, values[i]) ==
                            vdb_ivf_nearest(&g, &found, values[i - clusters]);
            EXPECT_GE(together, (values.count() - clusters) * 8 / 10)
                << "storage " << space.storage << " metric " << space.metric << " clusters "
                << clusters;
        }
}

TEST(Kmeans, CentroidsHaveUnitLengthWhereOnlyDirectionCounts)
{
    for (VdbSpace space : {floats(20, VDB_METRIC_COSINE), halves(20, VDB_METRIC_COSINE)}) {
        Values values = random_values(space, 1000);
        std::vector<char> memory;
        VdbIvfCentroids found = find_centroids(values, 80, memory);
        for (uint32_t c = 0; c < found.count; c++)
            EXPECT_NEAR(vdb::norm_of(space,
                                     static_cast<const char *>(found.values) + c * found.stride,
                                     space.dims),
                        1, 1e-2);
    }
}

TEST(Kmeans, IsTheSameEveryTime)
{
    for (VdbSpace space : all_spaces(32))
        for (uint32_t lists : {5u, 150u}) {
            Values values = random_values(space, 1500);
            std::vector<char> one, two, three;
            VdbIvfCentroids first = find_centroids(values, lists, one);
            EXPECT_TRUE(same(first, find_centroids(values, lists, two)));
            EXPECT_FALSE(same(first, find_centroids(values, lists, three, 43)));
        }
}

TEST(Kmeans, BalancesItsListsWell)
{
    Values values = random_values(floats(16), 10000);
    std::vector<char> memory;
    VdbIvfCentroids found = find_centroids(values, 100, memory);
    VdbIvfGeometry g = geometry(values.space);
    std::vector<uint32_t> sizes(found.count);
    for (uint32_t i = 0; i < values.count(); i++)
        sizes[vdb_ivf_nearest(&g, &found, values[i])]++;
    EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), 400u);
    EXPECT_GE(*std::min_element(sizes.begin(), sizes.end()), 10u);
}

TEST(Kmeans, FindsNoMoreCentroidsThanThereAreValues)
{
    for (VdbSpace space : all_spaces(8))
        for (uint32_t lists : {3u, 50u, 300u})
            for (uint32_t distinct : {1u, 2u, 20u}) {
                Values base = random_values(space, distinct);
                Values values(space);
                for (int i = 0; i < 40; i++)
                    values.bytes.insert(values.bytes.end(), base.bytes.begin(), base.bytes.end());
                std::vector<char> memory;
                VdbIvfCentroids found = find_centroids(values, lists, memory);
                EXPECT_GE(found.count, 1u);
                EXPECT_LE(found.count, std::min(lists, distinct))
                    << "storage " << space.storage << " metric " << space.metric;
            }
}

TEST(Kmeans, TakesAnySample)
{
    for (VdbSpace space : all_spaces(8)) {
        std::vector<char> memory;
        Values none(space);
        for (uint32_t lists : {1u, 10u, 1000u}) {
            VdbIvfCentroids found = find_centroids(none, lists, memory);
            ASSERT_EQ(found.count, 1u);
            for (uint32_t i = 0; i < none.stride(); i++)
                EXPECT_EQ(static_cast<const char *>(found.values)[i], 0);
        }
        Values zeros(space);
        for (int i = 0; i < 100; i++)
            zeros.add(std::vector<float>(8));
        EXPECT_EQ(find_centroids(zeros, 10, memory).count, 1u);
        EXPECT_EQ(find_centroids(zeros, 100, memory).count, 1u);
    }
}

TEST(Kmeans, StaysFiniteWhateverTheValues)
{
    constexpr float kHuge = std::numeric_limits<float>::max();
    std::mt19937 random(5);
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE, VDB_METRIC_L1})
        for (uint32_t lists : {4u, 100u}) {
            Values values(floats(8, metric));
            for (int i = 0; i < 400; i++) {
                std::vector<float> elements = random_elements(random, 8);
                for (float &x : elements)
                    x = i % 4 == 0 ? x : i % 4 == 1 ? std::copysign(kHuge, x) : x * 1e-42f;
                values.add(elements);
            }
            std::vector<char> memory;
            VdbIvfCentroids found = find_centroids(values, lists, memory);
            EXPECT_GE(found.count, 1u);
            for (uint32_t c = 0; c < found.count; c++)
                for (int d = 0; d < 8; d++)
                    EXPECT_TRUE(std::isfinite(reinterpret_cast<const float *>(
                        static_cast<const char *>(found.values) + c * found.stride)[d]));
        }
}

// Values that never come from SQL, but might from a damaged page that is being split.
TEST(Kmeans, SurvivesAnyBytes)
{
    std::mt19937 random(6);
    for (VdbSpace space : all_spaces(16))
        for (uint32_t lists : {4u, 100u}) {
            Values values(space);
            values.bytes.resize(500 * values.stride());
            for (char &byte : values.bytes)
                byte = static_cast<char>(random());
            std::vector<char> memory;
            VdbIvfCentroids found = find_centroids(values, lists, memory);
            EXPECT_GE(found.count, 1u);
            EXPECT_LE(found.count, lists);
        }
}

// Values all moved by one step: they are nearer to their mean than to where it was, by the square
// of that step against what separates them from it.
TEST(Drift, IsWhatMovingTheCentroidBrings)
{
    constexpr uint32_t kDims = 16;
    for (VdbStorage storage : {VDB_STORAGE_FLOAT32, VDB_STORAGE_HALF}) {
        const VdbSpace space = {VDB_METRIC_L2, storage, kDims};
        const VdbIvfGeometry g = geometry(space);
        const Values values = random_values(space, 2000);
        Values centroids(space);
        centroids.add(std::vector<float>(kDims));      // about their mean
        centroids.add(std::vector<float>(kDims, .5f)); // the step's square is .25 of their variance
        const VdbIvfSample sample = {values.bytes.data(), values.stride(), values.count()};
        EXPECT_NEAR(vdb_ivf_drift(&g, &sample, centroids[1], centroids[0]), .2, .02);
        EXPECT_NEAR(vdb_ivf_drift(&g, &sample, centroids[0], centroids[1]), -.25, .03);
        EXPECT_EQ(vdb_ivf_drift(&g, &sample, centroids[1], centroids[1]), 0);
    }
}

TEST(Drift, CountsDirectionsOnlyUnderCosine)
{
    const VdbSpace space = {VDB_METRIC_COSINE, VDB_STORAGE_FLOAT32, 2};
    const VdbIvfGeometry g = geometry(space);
    Values values(space), centroids(space);
    for (float length : {0.f, 1.f, 100.f})
        values.add({length, 0});
    centroids.add({0, 1});
    centroids.add({1, 0});
    const VdbIvfSample sample = {values.bytes.data(), values.stride(), values.count()};
    EXPECT_FLOAT_EQ(vdb_ivf_drift(&g, &sample, centroids[0], centroids[1]), 1);
    const VdbIvfSample zero = {values.bytes.data(), values.stride(), 1};
    EXPECT_EQ(vdb_ivf_drift(&g, &zero, centroids[0], centroids[1]), 0);
}
