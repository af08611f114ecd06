// Searches over sound indexes: exact where they can be, ordered, complete when they go on, and
// correct about memory.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "page_store.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

std::vector<Row> prepared(std::vector<Row> rows, VdbMetric metric)
{
    for (Row &row : rows)
        if (metric == VDB_METRIC_COSINE)
            normalize(&row);
    return rows;
}

void expect_ordered(const std::vector<Found> &found)
{
    for (size_t i = 1; i < found.size(); i++)
        EXPECT_LE(found[i - 1].distance, found[i].distance);
}

// A scan to the end returns each live node once, whatever the window.
void expect_exhaustive(Store &store, const Row &query, uint32_t ef)
{
    std::vector<VdbNode> live = store.live_nodes();
    std::set<VdbNode> seen;
    for (Found f : search_all(store, query, ef)) {
        EXPECT_TRUE(seen.insert(f.node).second) << "node " << f.node << " came twice";
        EXPECT_EQ(f.distance, store.distance(query, f.node));
    }
    EXPECT_EQ(seen, std::set<VdbNode>(live.begin(), live.end())) << "ef " << ef;
}

class Metric : public testing::TestWithParam<VdbMetric> {};

INSTANTIATE_TEST_SUITE_P(All, Metric,
                         testing::Values(VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE,
                                         VDB_METRIC_L1));

} // namespace

TEST_P(Metric, EqualsBruteForceWhenTheWindowHoldsAll)
{
    std::vector<Row> rows = prepared(gaussian(700, 12), GetParam());
    Store store(rows, 12, {.m = 8, .metric = GetParam()});
    for (const Row &query : prepared(gaussian(5, 12, 2), GetParam())) {
        std::vector<Found> found = search(store, query, 700);
        std::vector<float> exact = store.all_distances(query);
        ASSERT_EQ(found.size(), exact.size());
        for (size_t i = 0; i < found.size(); i++)
            EXPECT_EQ(found[i].distance, exact[i]);
        expect_ordered(found);
    }
}

TEST_P(Metric, FindsTheNearest)
{
    Store store(prepared(gaussian(3000, 16), GetParam()), 16, {.metric = GetParam()});
    EXPECT_GE(recall(store, prepared(gaussian(40, 16, 2), GetParam()), 60), .95);
}

// Under Hamming distance many nodes are as far as the last result, and the way leads through them.
TEST(Search, ExpandsWhatIsAsFarAsTheLastResult)
{
    Options o = {.m = 8, .metric = VDB_METRIC_HAMMING, .storage = VDB_STORAGE_BIT};
    Store store(gaussian(4000, 40), 40, o);
    EXPECT_GE(recall(store, gaussian(200, 40, 2), 40), .952); // .9575; .9455 without
}

TEST_P(Metric, HugeValuesAreOrderedAndComplete)
{
    // Differences and products overflow to infinities and to their difference, NaN.
    std::vector<Row> rows = gaussian(300, 6);
    for (size_t i = 0; i < rows.size(); i += 2)
        for (float &x : rows[i])
            x *= 1e38f;
    for (size_t i = 0; i < rows.size(); i += 7)
        rows[i][i % 6] = i % 2 ? std::numeric_limits<float>::max() : -3e38f;
    Store store(rows, 6, {.m = 4, .metric = GetParam()});
    for (const Row &query : {rows[0], rows[1], Row(6, 3e38f), Row(6, 0)}) {
        expect_exhaustive(store, query, 10);
        expect_ordered(search(store, query, 300));
    }
}

TEST(Search, EmptyIndexAndSingleNode)
{
    Store empty(3);
    EXPECT_TRUE(search(empty, Row(3, 0), 10).empty());
    Store one(gaussian(1, 3), 3);
    EXPECT_EQ(search(one, Row(3, 0), 10).size(), 1u);
    expect_exhaustive(one, Row(3, 0), 1);
}

TEST(Search, ZeroVectorIsLastUnderCosine)
{
    std::vector<Row> rows = prepared(gaussian(400, 4), VDB_METRIC_COSINE);
    rows[123] = Row(4, 0);
    Store store(rows, 4, {.metric = VDB_METRIC_COSINE});
    Row query = rows[7];
    for (float &x : query)
        x = -x; // what is farthest from it is at 2, still before the zero vector
    std::vector<Found> found = search_all(store, query, 50);
    ASSERT_EQ(found.size(), 400u);
    EXPECT_EQ(store.rows(found.back().node), std::vector<uint32_t>{123});
    expect_exhaustive(store, Row(4, 0), 20);
}

TEST(Search, GoesOnThroughAllNodes)
{
    Store plain(gaussian(1500, 8), 8, {.m = 6});
    for (uint32_t ef : {1u, 2u, 40u, 5000u})
        expect_exhaustive(plain, Row(8, .5f), ef);
}

TEST(Search, GoesOnThroughClustersAndIslandsOfCopies)
{
    Store bunches(clustered(1200, 8, 30), 8, {.m = 3, .ef_construction = 8});
    for (uint32_t ef : {1u, 10u, 100u})
        expect_exhaustive(bunches, clustered(1, 8, 1)[0], ef);

    // Copies are one node, near-copies are islands.
    std::vector<Row> rows = clustered(600, 2, 6, 5);
    for (size_t i = 0; i < rows.size(); i++)
        if (i % 3 != 0)
            rows[i] = rows[i % 60];
    Store islands(rows, 2, {.m = 2, .ef_construction = 4});
    expect_exhaustive(islands, rows[0], 5);
    std::set<uint32_t> found;
    for (Found f : search_all(islands, rows[0], 5))
        for (uint32_t row : islands.rows(f.node))
            EXPECT_TRUE(found.insert(row).second);
    EXPECT_EQ(found.size(), rows.size());
}

TEST(Search, GoingOnFindsWhatALargerWindowFinds)
{
    Store store(gaussian(2000, 8), 8);
    Row query = gaussian(1, 8, 9)[0];
    Searcher small(store, query, 10);
    ASSERT_TRUE(small.first_window());
    std::vector<Found> found = small.take();
    ASSERT_EQ(found.size(), 10u);
    for (int i = 1; i < 10; i++) {
        ASSERT_TRUE(small.next_window());
        std::vector<Found> more = small.take();
        EXPECT_EQ(more.size(), 10u);
        expect_ordered(more);
        found.insert(found.end(), more.begin(), more.end());
    }
    std::vector<float> exact = store.all_distances(query);
    size_t hits = 0;
    for (Found f : found)
        hits += f.distance <= exact[99];
    EXPECT_GE(hits, 95u);
    while (small.next_window())
        small.take();
    EXPECT_FALSE(vdb_hnsw_search_drain(small.s));
    EXPECT_FALSE(small.next_window());
}

// What a scan returns that may not go on: all that it looked at, and then nothing.
TEST(Search, DrainsWhatItLookedAt)
{
    Store store(gaussian(6000, 8), 8);
    Searcher searcher(store, Row(8, 0), 400);
    ASSERT_TRUE(searcher.first_window());
    std::set<VdbNode> seen;
    for (int windows = 0; windows < 100; windows++) {
        for (Found f : searcher.take())
            EXPECT_TRUE(seen.insert(f.node).second);
        if (!vdb_hnsw_search_drain(searcher.s))
            break;
    }
    EXPECT_FALSE(vdb_hnsw_search_drain(searcher.s));
    EXPECT_GT(seen.size() + 200, vdb_hnsw_search_visited(searcher.s)); // but for upper layers
}

TEST(Search, FoundDoesNotTake)
{
    Store store(gaussian(300, 4), 4);
    Searcher searcher(store, Row(4, 0), 20);
    ASSERT_TRUE(searcher.first_window());
    VdbNode five[5], all[50];
    EXPECT_EQ(vdb_hnsw_search_found(searcher.s, five, 5), 5u);
    EXPECT_EQ(vdb_hnsw_search_found(searcher.s, all, 50), 20u);
    std::vector<Found> taken = searcher.take();
    ASSERT_EQ(taken.size(), 20u);
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(taken[i].node, all[i]);
    EXPECT_TRUE(std::equal(five, five + 5, all));
}

TEST(Search, GrowsFromATinyStart)
{
    Store store(gaussian(4000, 4), 4);
    Searcher searcher(store, Row(4, 0), 1);
    ASSERT_TRUE(searcher.first_window());
    EXPECT_EQ(searcher.take().size(), 1u);
    EXPECT_EQ(vdb_hnsw_search_memory(searcher.s), 0u);
    uint64_t before = vdb_hnsw_search_visited(searcher.s);
    EXPECT_GT(before, 0u);
    size_t nodes = 1;
    while (searcher.next_window())
        nodes += searcher.take().size();
    EXPECT_EQ(nodes, 4000u);
    EXPECT_GE(searcher.gifts, 3u); // one for each container at least
    EXPECT_GT(vdb_hnsw_search_memory(searcher.s), 4000 * sizeof(VdbNode));
    EXPECT_GT(vdb_hnsw_search_visited(searcher.s), before);
}

TEST(Search, VisitsEachNodeOnceOnALayer)
{
    Store store(gaussian(500, 4), 4);
    Searcher searcher(store, Row(4, 0), 500);
    VdbHnswMeta meta = store.read_meta();
    searcher.start(meta.root, meta.root, 0, 500);
    searcher.run();
    EXPECT_EQ(searcher.take().size(), 500u);
    EXPECT_EQ(vdb_hnsw_search_visited(searcher.s), 500u);
}

TEST(Search, CanStartAgain)
{
    Store store(gaussian(500, 4), 4);
    Searcher searcher(store, gaussian(1, 4, 3)[0], 30);
    std::vector<std::vector<Found>> found(2);
    for (auto &f : found) {
        ASSERT_TRUE(searcher.first_window());
        f = searcher.take();
    }
    ASSERT_EQ(found[0].size(), 30u);
    for (size_t i = 0; i < 30; i++)
        EXPECT_EQ(found[0][i].node, found[1][i].node);
}

TEST(Search, UpperLayersHoldTheirNodesOnly)
{
    Store store(gaussian(3000, 4), 4, {.m = 4});
    VdbHnswMeta meta = store.read_meta();
    ASSERT_GE(meta.entry_level, 2u);
    for (VdbHnswPurpose purpose : {VDB_HNSW_FOR_SCAN, VDB_HNSW_FOR_INSERT}) {
        Searcher searcher(store, Row(4, .2f), 50, purpose);
        searcher.start(meta.entry, meta.root, meta.entry_level, 50);
        for (uint32_t level = meta.entry_level;; level--) {
            EXPECT_EQ(vdb_hnsw_search_level(searcher.s), level);
            searcher.run();
            VdbNode found[50];
            uint32_t n = vdb_hnsw_search_found(searcher.s, found, 50);
            EXPECT_GT(n, 0u);
            for (uint32_t i = 0; i < n; i++)
                EXPECT_GE(store.node(found[i])->level, level);
            if (level == 0)
                break;
            vdb_hnsw_search_descend(searcher.s, 50);
        }
    }
}

TEST(Search, InsertionOrdersByTheDistanceOfEdges)
{
    // Under cosine a scan puts the zero vector last, an insertion at distance 1.
    std::vector<Row> rows = prepared(gaussian(50, 4), VDB_METRIC_COSINE);
    rows[9] = Row(4, 0);
    Store store(rows, 4, {.metric = VDB_METRIC_COSINE});
    Searcher searcher(store, rows[1], 50, VDB_HNSW_FOR_INSERT);
    ASSERT_TRUE(searcher.first_window());
    for (Found f : searcher.take())
        EXPECT_TRUE(store.node(f.node)->norm > 0 || f.distance == 1);
}

class SpilledVectors : public testing::TestWithParam<uint32_t> {};

TEST_P(SpilledVectors, AreReadFromTheirPages)
{
    uint32_t dims = GetParam();
    Store store(gaussian(40, dims), dims);
    ASSERT_GT(store.g.vector_pages, 0u);
    Row query = gaussian(1, dims, 2)[0];
    std::vector<Found> found = search(store, query, 40);
    std::vector<float> exact = store.all_distances(query);
    ASSERT_EQ(found.size(), 40u);
    for (size_t i = 0; i < 40; i++) // sums of slices round otherwise than one sum
        EXPECT_NEAR(found[i].distance, exact[i], 1e-5 * exact[i]);
}

INSTANTIATE_TEST_SUITE_P(All, SpilledVectors, testing::Values(2100, 5000, 16000));
