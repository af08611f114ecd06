// Bulk build: what comes out on the pages, for every shape of input, from one thread and several.
#include "hnsw/built_index.h"

#include <random>
#include <thread>

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

Index build(const std::vector<Row> &rows, uint32_t dims, Options o = {})
{
    Build b(dims, o, rows.size());
    EXPECT_EQ(b.add(rows), rows.size());
    return Index(b);
}

TEST(GraphBuild, NoRows)
{
    Index index = build({}, 3);
    EXPECT_EQ(index.pages.size(), 1u);
    EXPECT_EQ(index.meta().magic, kMagic);
    EXPECT_EQ(index.meta().dims, 3u);
    check(index, {});
}

TEST(GraphBuild, OneAndTwoRows)
{
    for (size_t n : {1, 2}) {
        std::vector<Row> rows = gaussian(n, 3);
        Index index = build(rows, 3);
        EXPECT_EQ(index.nodes().size(), n);
        check(index, rows);
    }
}

TEST(GraphBuild, AllEqual)
{
    std::vector<Row> rows(1000, Row(8, 1.5f));
    Index index = build(rows, 8);
    EXPECT_EQ(index.nodes().size(), 1u);
    check(index, rows);
}

TEST(GraphBuild, ManyCopiesOfFewVectors)
{
    std::vector<Row> values = gaussian(100, 24);
    std::vector<Row> rows;
    for (int copy = 0; copy < 300; copy++)
        rows.insert(rows.end(), values.begin(), values.end());
    Index index = build(rows, 24);
    EXPECT_EQ(index.nodes().size(), 100u);
    check(index, rows);
}

TEST(GraphBuild, PartlyFilledCellPageIsOnTheFreeList)
{
    std::vector<Row> rows(1000, Row(8, 1.5f));
    Index index = build(rows, 8);
    VdbBlock block = index.meta().free_cell_page;
    ASSERT_EQ(block, index.pages.size() - 1);
    EXPECT_EQ(trailer(&index.pages[block], index.g)->next_free, VDB_NO_BLOCK);
}

TEST(GraphBuild, ZeroVectorsUnderCosine)
{
    std::vector<Row> rows = gaussian(500, 16);
    rows[0] = rows[77] = Row(16, 0.0f);
    for (Row &row : rows)
        normalize(&row);
    Index index = build(rows, 16, {.metric = VDB_METRIC_COSINE});
    EXPECT_EQ(index.nodes().size(), 499u);
    check(index, rows);
}

TEST(GraphBuild, SameRowsSamePages)
{
    std::vector<Row> rows = gaussian(2000, 32);
    Index a = build(rows, 32), b = build(rows, 32);
    ASSERT_EQ(a.pages.size(), b.pages.size());
    for (size_t i = 0; i < a.pages.size(); i++)
        ASSERT_EQ(std::memcmp(&a.pages[i], &b.pages[i], kPageSize), 0) << "page " << i;
}

struct Shape {
    uint32_t dims;
    size_t rows;
    uint32_t m;
    uint32_t ef_construction;
};

class GraphBuildShapes : public testing::TestWithParam<Shape> {};

TEST_P(GraphBuildShapes, HoldsInvariants)
{
    Shape s = GetParam();
    std::vector<Row> rows = gaussian(s.rows, s.dims);
    check(build(rows, s.dims, {.m = s.m, .ef_construction = s.ef_construction}), rows);
}

INSTANTIATE_TEST_SUITE_P(All, GraphBuildShapes,
                         testing::Values(Shape{1, 1000, 16, 64}, Shape{3, 1000, 2, 4},
                                         Shape{3, 3000, 100, 200}, Shape{384, 500, 16, 64},
                                         Shape{2100, 100, 16, 64}, Shape{16000, 20, 16, 64},
                                         Shape{16000, 20, 100, 200}, Shape{5, 5000, 2, 1000}));

struct Recall {
    VdbMetric metric;
    uint32_t threads;
};

class GraphBuildRecall : public testing::TestWithParam<Recall> {};

TEST_P(GraphBuildRecall, FindsTheNearest)
{
    constexpr uint32_t kDims = 32;
    Recall p = GetParam();
    std::vector<Row> rows = gaussian(3000, kDims, 1);
    std::vector<Row> queries = gaussian(30, kDims, 2);
    for (size_t i = 0; i < rows.size(); i++)
        if (p.metric == VDB_METRIC_COSINE)
            normalize(&rows[i]);
        else if (p.metric == VDB_METRIC_IP) // norms from 1 to 20
            for (normalize(&rows[i]); float &x : rows[i])
                x *= static_cast<float>(1 + i % 20);

    Build b(kDims, {.ef_construction = 100, .metric = p.metric}, rows.size());
    std::vector<std::thread> threads;
    std::atomic<size_t> added = 0;
    for (uint32_t t = 0; t < p.threads; t++)
        threads.emplace_back([&, t] { added += b.add(rows, t, p.threads); });
    for (std::thread &thread : threads)
        thread.join();
    ASSERT_EQ(added, rows.size());
    Index index(b);
    check(index, rows);
    EXPECT_GE(recall(index, queries, 100), .95);
}

INSTANTIATE_TEST_SUITE_P(All, GraphBuildRecall,
                         testing::Values(Recall{VDB_METRIC_L2, 1}, Recall{VDB_METRIC_IP, 1},
                                         Recall{VDB_METRIC_COSINE, 1}, Recall{VDB_METRIC_L1, 1},
                                         Recall{VDB_METRIC_L2, 4}, Recall{VDB_METRIC_IP, 3}));

// Under inner product no list wants most of these rows; the tree to them must leave alone the edges
// between the few that scans want.
TEST(GraphBuild, UnwantedRowsDoNotCrowdOutTheWanted)
{
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform;
    std::vector<Row> rows(5000, Row(3)), queries(100, Row(3));
    for (Row &row : rows)
        for (float &x : row)
            x = uniform(random) * uniform(random);
    for (Row &query : queries)
        for (float &x : query)
            x = std::pow(uniform(random), 3.0f);

    Index index = build(rows, 3, {.metric = VDB_METRIC_IP});
    check(index, rows);
    EXPECT_GE(recall(index, queries, 40), .99);
}

TEST(GraphBuild, ThreadsAddEqualVectors)
{
    std::vector<Row> values = gaussian(50, 4);
    std::vector<Row> rows;
    for (int copy = 0; copy < 400; copy++)
        rows.insert(rows.end(), values.begin(), values.end());
    Build b(4, {}, rows.size());
    std::vector<std::thread> threads;
    for (uint32_t t = 0; t < 4; t++)
        threads.emplace_back([&, t] { b.add(rows, t, 4); });
    for (std::thread &thread : threads)
        thread.join();
    Index index(b);
    EXPECT_EQ(index.nodes().size(), 50u);
    check(index, rows);
}

TEST(GraphBuild, FullKeepsWhatItHas)
{
    std::vector<Row> rows = gaussian(2000, 16);
    Build b(16, {}, 500);
    size_t added = b.add(rows);
    ASSERT_GE(added, 500u);
    ASSERT_LT(added, rows.size());
    EXPECT_EQ(vdb_hnsw_build_nodes(b.region.get()), added);
    rows.resize(added);
    check(Index(b), rows);
}

TEST(GraphBuild, FullOfHeapTids)
{
    std::vector<Row> rows(20000, Row(2, 1.0f));
    Build b(2, {}, 100);
    size_t added = b.add(rows);
    ASSERT_GT(added, 100u);
    ASSERT_LT(added, rows.size());
    rows.resize(added);
    check(Index(b), rows);
}

TEST(GraphBuild, TooSmallARegion)
{
    VdbHnswGeometry g = geometry(16000);
    Memory region = memory(60 * 1024);
    EXPECT_EQ(vdb_hnsw_build_init(region.get(), 60 * 1024, &g, 64, kSeed), VDB_TOO_BIG);
}

} // namespace
