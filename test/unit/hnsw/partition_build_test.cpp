// Graphs built by partition: every node reachable, the same whatever the number of threads, and as
// good as those of insertion, also where vectors lie in ways that 8 bits an element do not show.
#include <thread>

#include "hnsw/built_index.h"
#include "hnsw/partition.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

std::vector<Page> build(const std::vector<Row> &rows, uint32_t dims, Options o, uint32_t threads)
{
    Build b(dims, o, rows.size());
    std::vector<std::thread> adders;
    for (uint32_t t = 0; t < threads; t++)
        adders.emplace_back([&, t] { b.add(rows, t, threads); });
    for (std::thread &t : adders)
        t.join();
    b.linkers = threads;
    return b.pages();
}

TEST(PartitionBuild, SamePagesWhateverTheNumberOfThreads)
{
    constexpr uint32_t kDims = 64;
    std::vector<Row> rows = of_lengths(9000, kDims, .5, 2);
    for (Options o : {Options{.m = 8},
                      {.m = 8, .kept = VDB_KEPT_SQ8},
                      {.m = 8, .metric = VDB_METRIC_IP, .kept = VDB_KEPT_SQ8}})
    {
        std::vector<Page> one = build(rows, kDims, o, 1);
        for (uint32_t threads : {2, 5}) {
            std::vector<Page> several = build(rows, kDims, o, threads);
            ASSERT_EQ(one.size(), several.size());
            for (size_t i = 0; i < one.size(); i++)
                ASSERT_EQ(std::memcmp(&one[i], &several[i], kPageSize), 0) << "page " << i;
        }
    }
}

struct Data {
    const char *name;
    std::vector<Row> (*make)(size_t rows, uint32_t dims, uint32_t seed);
    size_t rows;
    uint32_t dims;
    uint32_t m;
    double least; // recall
};

std::vector<Row> normal(size_t rows, uint32_t dims, uint32_t seed)
{
    return gaussian(rows, dims, seed);
}

// 40 clusters, ten thousand times as far apart as wide.
std::vector<Row> tight(size_t rows, uint32_t dims, uint32_t seed)
{
    std::vector<Row> all = gaussian(rows, dims, seed), centres = gaussian(40, dims, 77);
    for (size_t i = 0; i < rows; i++)
        for (uint32_t d = 0; d < dims; d++)
            all[i][d] = all[i][d] * .01f + centres[i * 7919 % 40][d] * 100;
    return all;
}

// Along one line.
std::vector<Row> line(size_t rows, uint32_t dims, uint32_t seed)
{
    Row direction = gaussian(1, dims, 3)[0];
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> along(0, 1000);
    std::vector<Row> all(rows, Row(dims));
    for (Row &row : all) {
        float t = along(random);
        for (uint32_t d = 0; d < dims; d++)
            row[d] = direction[d] * t;
    }
    return all;
}

// A few are a million times as long.
std::vector<Row> outliers(size_t rows, uint32_t dims, uint32_t seed)
{
    std::vector<Row> all = gaussian(rows, dims, seed);
    for (size_t i = 0; i < rows; i += 97)
        for (float &x : all[i])
            x *= 1e6f;
    return all;
}

class PartitionBuildRecall : public testing::TestWithParam<Data> {};

TEST_P(PartitionBuildRecall, AsGoodAsInsertion)
{
    Data data = GetParam();
    std::vector<Row> rows = data.make(data.rows, data.dims, 1);
    std::vector<Row> queries = data.make(40, data.dims, 2);
    Build build(data.dims, {.m = data.m}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    build.linkers = 2;
    Index index(build);
    check(index, rows);
    EXPECT_GE(recall(index, queries, 60), data.least) << data.name;
}

INSTANTIATE_TEST_SUITE_P(All, PartitionBuildRecall,
                         testing::Values(Data{"few", normal, 30, 64, 16, 1},
                                         Data{"one leaf", normal, 600, 64, 16, .98},
                                         Data{"leaves", normal, 5000, 64, 16, .9},
                                         Data{"long lists", normal, 3000, 64, 100, .95},
                                         Data{"short lists", tight, 3000, 64, 2, .4},
                                         Data{"clusters", tight, 5000, 100, 16, .8},
                                         Data{"line", line, 5000, 80, 16, .9},
                                         Data{"outliers", outliers, 5000, 64, 16, .85},
                                         Data{"long", normal, 300, 3000, 16, .95}),
                         [](const auto &info) {
                             std::string name = info.param.name;
                             std::replace(name.begin(), name.end(), ' ', '_');
                             return name;
                         });

// Inner product is built by partition with codes only.
void expect_inner_product_as_by_insertion(const std::vector<Row> &rows)
{
    constexpr uint32_t kDims = 64;
    std::vector<Row> queries = gaussian(40, kDims, 2), rotated;
    Build inserted(kDims, {.metric = VDB_METRIC_IP}, rows.size());
    Build parted(kDims, {.metric = VDB_METRIC_IP, .kept = VDB_KEPT_FULL}, rows.size());
    ASSERT_EQ(inserted.add(rows), rows.size());
    ASSERT_EQ(parted.add(rows), rows.size());
    ASSERT_TRUE(is_partitioned(parted.g) && !is_partitioned(inserted.g));
    Index index(parted);
    check(index, rows);
    for (const Row &query : queries)
        rotated.push_back(row_as_compared(parted.g, query));
    for (uint32_t ef : {20, 60})
        EXPECT_GE(recall(index, rotated, ef), recall(Index(inserted), queries, ef) - .03);
}

TEST(PartitionBuild, InnerProductOfEqualLengths)
{
    expect_inner_product_as_by_insertion(of_lengths(9000, 64, 1, 1));
}

TEST(PartitionBuild, InnerProductOfManyLengths)
{
    expect_inner_product_as_by_insertion(of_lengths(9000, 64, 1, 4));
    expect_inner_product_as_by_insertion(of_lengths(9000, 64, 1, 20));
}

TEST(PartitionBuild, InnerProductOfLogNormalLengths)
{
    std::lognormal_distribution<float> lengths(0, .7f);
    expect_inner_product_as_by_insertion(of_lengths(9000, 64, lengths));
}

// They are among the answers of many queries, and far from all others.
TEST(PartitionBuild, ListsLeadToTheVeryLongest)
{
    std::lognormal_distribution<float> lengths(0, 1.2f);
    std::vector<Row> rows = of_lengths(9000, 64, lengths);
    Build build(64, {.metric = VDB_METRIC_IP, .kept = VDB_KEPT_SQ8}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    Index index(build);
    std::map<VdbNode, uint32_t> lists;
    std::vector<std::pair<float, VdbNode>> longest;
    for (VdbNode id : index.nodes()) {
        longest.emplace_back(-index.node(id)->norm, id);
        for (VdbNode other : index.links(id, 0))
            lists[other]++;
    }
    std::sort(longest.begin(), longest.end());
    for (size_t i = 0; i < 10; i++)
        EXPECT_GE(lists[longest[i].second], 16u);
}

TEST(PartitionBuild, LeavesFollowEfConstruction)
{
    struct Case {
        uint32_t ef_construction, fan;
    };
    for (Case c : {Case{4, 6}, {64, 6}, {195, 6}, {196, 7}, {200, 7}, {400, 10}, {1000, 15}}) {
        Build build(64, {.ef_construction = c.ef_construction}, 10);
        BuildRegion *region = region_of(build.region.get());
        EXPECT_EQ(inner_fan(region), c.fan) << c.ef_construction;
        region->phases.parts = 1; // as many leaves without the top of the partition
        EXPECT_EQ(inner_fan(region), kPartitionFan * c.fan) << c.ef_construction;
    }
}

// Nodes of several parts change places: what is linked before, entry and upper lists, goes along.
TEST(PartitionBuild, NodesThatMove)
{
    constexpr uint32_t kDims = 64;
    std::vector<Row> rows = gaussian(kPartNodes + 1000, kDims, 1), queries = gaussian(40, kDims, 2);
    for (size_t i = 0; i < 500; i++)
        rows.push_back(rows[17 * i]);
    Build build(kDims, {.m = 8}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    build.linkers = 2;
    Index index(build);
    check(index, rows);
    EXPECT_GE(recall(index, queries, 200), .9);
}

// What overflowed to NaN is passed over, wherever it stands.
TEST(PartitionBuild, NearestBesideNoNumber)
{
    constexpr uint32_t kNearest = 8, kColumns = 2 * VDB_BYTE_COLUMNS;
    float row[kColumns];
    uint32_t found[kColumns + 16];
    Near near[kNearest];
    BuildWork work = {};
    work.kernels = vdb_simd_kernels();
    work.found = found;
    work.near = near;
    for (uint32_t none = 0; none < kColumns; none++) {
        for (uint32_t i = 0; i < kColumns; i++)
            row[i] = static_cast<float>(kColumns - i);
        row[none] = std::numeric_limits<float>::quiet_NaN();
        ASSERT_EQ(select_nearest(&work, row, kColumns, kNearest), kNearest) << none;
        for (uint32_t i = 0, place = kColumns; i < kNearest; i++) {
            place -= place - 1 == none ? 2 : 1;
            EXPECT_EQ(near[i].place, place);
        }
    }
}

// What overflows has no distances, but is reached all the same.
TEST(PartitionBuild, HugeVectors)
{
    std::vector<Row> rows = gaussian(1500, 64);
    for (Row &row : rows)
        for (float &x : row)
            x *= 1e37f;
    Build build(64, {}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    Index index(build);
    EXPECT_EQ(index.nodes().size(), rows.size());
}

// Some leaders are within reach then, and others not.
TEST(PartitionBuild, NoEdgesFromANodeToItselfWhereSomeDistancesOverflow)
{
    std::vector<Row> rows = gaussian(4000, 64);
    for (size_t i = 0; i < rows.size(); i++)
        for (float &x : rows[i])
            x *= std::pow(10.f, 18 + static_cast<float>(i % 20));
    Build build(64, {}, rows.size());
    ASSERT_EQ(build.add(rows), rows.size());
    Index index(build);
    for (VdbNode id : index.nodes())
        for (VdbNode other : index.links(id, 0))
            ASSERT_NE(other, id);
}

} // namespace
