// Assigning many values at a time finds what comparing with every centroid finds.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "index_image.h"
#include "ivf/assign.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

// Assigns all values; checks nothing.
std::vector<uint32_t> assigned(const Values &values, const VdbIvfCentroids &centroids)
{
    std::vector<char> memory(vdb_ivf_assigner_size(&values.space, centroids.count) + 64, 0x55);
    auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
    VdbIvfAssigner *assigner =
        vdb_ivf_assigner_init(reinterpret_cast<void *>(at), &values.space, &centroids);
    std::vector<uint32_t> out(values.count());
    std::mt19937 random(3);
    for (uint32_t i = 0; i < values.count();) {
        const void *rows[VDB_IVF_ASSIGN_ROWS];
        uint32_t n = std::min<uint32_t>(1 + random() % VDB_IVF_ASSIGN_ROWS, values.count() - i);
        for (uint32_t j = 0; j < n; j++)
            rows[j] = values[i + j];
        vdb_ivf_assign(assigner, rows, n, &out[i]);
        i += n;
    }
    return out;
}

VdbIvfCentroids as_centroids(const Values &values)
{
    return {values.bytes.data(), values.stride(), values.count()};
}

// How many values are assigned to another centroid than the nearest.
uint32_t misplaced(const Values &values, const VdbIvfCentroids &centroids)
{
    VdbIvfGeometry g = geometry(values.space);
    Affinity affinity(values.space);
    std::vector<uint32_t> found = assigned(values, centroids);
    uint32_t n = 0;
    for (uint32_t i = 0; i < values.count(); i++) {
        uint32_t nearest = vdb_ivf_nearest(&g, &centroids, values[i]);
        EXPECT_LT(found[i], centroids.count);
        n += affinity.distance(values[i], centroid_of(centroids, found[i])) >
             affinity.distance(values[i], centroid_of(centroids, nearest));
    }
    return n;
}

} // namespace

TEST(Assign, FindsTheNearestInEverySpace)
{
    for (uint32_t dims : {3u, 64u, 385u})
        for (VdbSpace space : all_spaces(dims))
            for (uint32_t lists : {1u, 7u, 48u, 200u}) {
                Values values = random_values(space, 500);
                std::vector<char> memory;
                VdbIvfCentroids found = find_centroids(values, lists, memory);
                EXPECT_LE(misplaced(values, found), 1u)
                    << "storage " << space.storage << " metric " << space.metric << " dims " << dims
                    << " lists " << lists;
            }
}

// All at one distance from each other, far from the rest, and some twice.
TEST(Assign, FindsTheFirstOfEqualOnes)
{
    for (VdbSpace space : {floats(16), halves(16), floats(16, VDB_METRIC_COSINE)}) {
        Values values = random_values(space, 60);
        Values twice = values;
        twice.bytes.insert(twice.bytes.end(), values.bytes.begin(), values.bytes.end());
        std::vector<uint32_t> found = assigned(values, as_centroids(twice));
        for (uint32_t i = 0; i < values.count(); i++)
            EXPECT_EQ(found[i], i);
    }
}

TEST(Assign, ZeroCentroidsDrawNobodyUnderCosine)
{
    for (VdbSpace space : {floats(16, VDB_METRIC_COSINE), halves(16, VDB_METRIC_COSINE)}) {
        Values values = random_values(space, 100);
        std::vector<char> memory;
        VdbIvfCentroids found = find_centroids(values, 20, memory);
        Values centroids(space);
        centroids.add(std::vector<float>(16));
        for (uint32_t c = 0; c < found.count; c++) {
            auto *bytes = static_cast<const char *>(centroid_of(found, c));
            centroids.bytes.insert(centroids.bytes.end(), bytes, bytes + centroids.stride());
        }
        for (uint32_t list : assigned(values, as_centroids(centroids)))
            EXPECT_NE(list, 0u);
    }
}

TEST(Assign, TakesHugeAndTinyValues)
{
    constexpr float kHuge = std::numeric_limits<float>::max();
    std::mt19937 random(5);
    Values values(floats(8));
    for (int i = 0; i < 300; i++) {
        std::vector<float> elements = random_elements(random, 8);
        for (float &x : elements)
            x = i % 3 == 0 ? x : i % 3 == 1 ? std::copysign(kHuge, x) : x * 1e-42F;
        values.add(elements);
    }
    EXPECT_LE(misplaced(values, as_centroids(values)), values.count());
}

// As they might come from a damaged page.
TEST(Assign, SurvivesAnyBytes)
{
    std::mt19937 random(6);
    for (VdbSpace space : all_spaces(16)) {
        Values values(space);
        values.bytes.resize(200 * values.stride());
        for (char &byte : values.bytes)
            byte = static_cast<char>(random());
        for (uint32_t list : assigned(values, as_centroids(values)))
            EXPECT_LT(list, values.count());
    }
}
