// Rows come and go in rounds of insertion and vacuum: the index stays sound, complete and good.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "insert_driver.h"
#include "vacuum_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

void expect_sound(Store &store)
{
    Report r = store.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
}

// The rows that an exhaustive scan returns, each of which may come once only.
std::set<uint32_t> scanned_rows(Store &store, const Row &query)
{
    std::set<uint32_t> rows;
    for (Found f : search_all(store, query, 20))
        for (uint32_t row : store.rows(f.node))
            EXPECT_TRUE(rows.insert(row).second) << "row " << row << " came twice";
    return rows;
}

// An index with the rows that are alive, by number.
struct Table {
    std::vector<Row> rows;
    std::set<uint32_t> alive;
    Store store;

    Table(uint32_t dims, Options o) : store(dims, o) {}

    void add(const Row &row)
    {
        alive.insert(static_cast<uint32_t>(rows.size()));
        rows.push_back(row);
        insert(store, row, static_cast<uint32_t>(rows.size() - 1));
    }
    void remove(std::set<uint32_t> dead)
    {
        for (uint32_t row : dead)
            alive.erase(row);
        vacuum(store, [&](uint32_t row) { return dead.count(row) > 0; });
    }
    std::set<uint32_t> sample(std::mt19937 *random, double share) const
    {
        std::set<uint32_t> some;
        std::bernoulli_distribution coin(share);
        for (uint32_t row : alive)
            if (coin(*random))
                some.insert(row);
        return some;
    }
    void expect_complete()
    {
        expect_sound(store);
        if (vdb_hnsw_coded(&store.g)) {
            EXPECT_EQ(store.count_codes().wrong, 0u);
            EXPECT_EQ(store.count_codes().neutral, 0u);
        }
        EXPECT_EQ(scanned_rows(store, Row(store.g.space.dims, .1f)), alive);
    }
};

struct Shape {
    uint32_t dims;
    uint32_t rows; // in the first round
    Options options;
    uint32_t distinct; // different vectors, 0 = all
};

constexpr Options bits(VdbMetric metric, uint32_t m = 4)
{
    return {.m = m,
            .ef_construction = std::max(2 * m, 20u),
            .metric = metric,
            .storage = VDB_STORAGE_BIT};
}

constexpr Options halves(VdbMetric metric)
{
    return {.m = 4, .ef_construction = 20, .metric = metric, .storage = VDB_STORAGE_HALF};
}

constexpr Options sparse(VdbMetric metric, uint32_t slot_units)
{
    return {.m = 4,
            .ef_construction = 20,
            .metric = metric,
            .storage = VDB_STORAGE_SPARSE,
            .slot_units = slot_units};
}

constexpr Options coded(VdbMetric metric, VdbKept kept, uint32_t m = 4)
{
    return {.m = m,
            .ef_construction = std::max(2 * m, 20u),
            .metric = metric,
            .storage = kept == VDB_KEPT_HALF ? VDB_STORAGE_HALF : VDB_STORAGE_FLOAT32,
            .kept = kept};
}

class Churn : public testing::TestWithParam<Shape> {};

} // namespace

TEST_P(Churn, StaysSoundAndComplete)
{
    Shape shape = GetParam();
    Table table(shape.dims, shape.options);
    std::mt19937 random(7);
    uint32_t distinct = shape.distinct ? shape.distinct : 4 * shape.rows;
    std::vector<Row> values = some_rows(shape.options.storage, distinct, shape.dims);
    uint32_t next = 0;
    for (int round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < (round == 0 ? shape.rows : shape.rows / 2); i++)
            table.add(values[next++ % distinct]);
        table.expect_complete();
        table.remove(table.sample(&random, round == 3 ? .95 : .4));
        table.expect_complete();
    }
    table.remove(table.alive); // all
    table.expect_complete();
    EXPECT_EQ(table.store.live_nodes().size(), 0u);
    table.add(values[0]);
    table.expect_complete();
}

INSTANTIATE_TEST_SUITE_P(
    All, Churn,
    testing::Values(Shape{3, 400, {.m = 2, .ef_construction = 10}, 0},
                    Shape{8, 500, {.m = 8, .ef_construction = 40}, 0},
                    Shape{8, 400, {.m = 4, .ef_construction = 20, .metric = VDB_METRIC_IP}, 0},
                    Shape{8, 400, {.m = 4, .ef_construction = 20, .metric = VDB_METRIC_L1}, 0},
                    Shape{2, 1500, {.m = 2, .ef_construction = 10}, 12},
                    Shape{2100, 60, {.m = 16, .ef_construction = 40}, 0},
                    Shape{4000, 40, {.m = 100, .ef_construction = 200}, 15},
                    Shape{16000, 20, {.m = 4, .ef_construction = 10}, 0},
                    Shape{40, 300, bits(VDB_METRIC_HAMMING), 0},
                    Shape{90, 300, bits(VDB_METRIC_JACCARD), 0},
                    Shape{64000, 20, bits(VDB_METRIC_JACCARD, 100), 0}, // on vector pages
                    Shape{8, 300, halves(VDB_METRIC_COSINE), 0},
                    Shape{9001, 30, halves(VDB_METRIC_L1), 0},
                    Shape{30, 300, sparse(VDB_METRIC_COSINE, 7), 0},
                    Shape{3000, 150, sparse(VDB_METRIC_L2, 13), 0},
                    Shape{3000, 150, sparse(VDB_METRIC_L1, 1), 25},
                    Shape{16000, 40, sparse(VDB_METRIC_IP, 200), 0}));

INSTANTIATE_TEST_SUITE_P(
    Coded, Churn,
    testing::Values(Shape{64, 400, coded(VDB_METRIC_L2, VDB_KEPT_SQ8), 0},
                    Shape{67, 300, coded(VDB_METRIC_COSINE, VDB_KEPT_RABITQ4), 0},
                    Shape{64, 300, coded(VDB_METRIC_IP, VDB_KEPT_FULL), 0},
                    Shape{100, 300, coded(VDB_METRIC_COSINE, VDB_KEPT_HALF, 2), 0},
                    Shape{64, 1000, coded(VDB_METRIC_L2, VDB_KEPT_SQ8, 2), 12},
                    Shape{384, 100, coded(VDB_METRIC_L2, VDB_KEPT_SQ8, 16), 0},
                    Shape{768, 60, coded(VDB_METRIC_IP, VDB_KEPT_RABITQ4, 33), 0},
                    Shape{2000, 40, coded(VDB_METRIC_COSINE, VDB_KEPT_FULL, 100), 0},
                    Shape{16000, 20, coded(VDB_METRIC_L2, VDB_KEPT_FULL), 0}));

TEST(Churn, RecallStaysThatOfAFreshBuild)
{
    constexpr uint32_t kDims = 16;
    Options options = {.m = 8, .ef_construction = 40};
    Table table(kDims, options);
    std::mt19937 random(3);
    std::vector<Row> rows = gaussian(3000, kDims), queries = gaussian(200, kDims, 2);
    for (uint32_t i = 0; i < 1200; i++)
        table.add(rows[i]);
    for (uint32_t i = 1200; i < rows.size(); i += 300) {
        table.remove(table.sample(&random, .25));
        for (uint32_t j = i; j < i + 300; j++)
            table.add(rows[j]);
    }
    std::vector<Row> left;
    for (uint32_t row : table.alive)
        left.push_back(rows[row]);
    Store fresh(left, kDims, options);
    double churned = recall(table.store, queries, 60), built = recall(fresh, queries, 60);
    EXPECT_GE(churned, built - .02);
    EXPECT_GE(churned, .9);
    table.expect_complete();
}

// Of the live rows, those whose node's tree edge comes from one that is farther than half of all
// nodes: a search for such a row's vector may not find it if nothing else leads to it.
static uint32_t hang_far_off(Table &table)
{
    Store &store = table.store;
    std::vector<VdbNode> live = store.live_nodes();
    uint32_t far_off = 0;
    for (VdbNode parent : live) {
        const NodeHeader *node = store.node(parent);
        for (uint32_t i = 0; i < node->pinned; i++) {
            std::vector<uint32_t> of_child = store.rows(neighbors(node)[i]);
            if (of_child.empty())
                continue;
            const Row &child = table.rows[of_child[0]];
            far_off += store.distance(child, parent) > store.all_distances(child)[live.size() / 2];
        }
    }
    return far_off;
}

TEST(Churn, OrphansAreHungUnderNodesNearThem)
{
    constexpr uint32_t kDims = 64, kRows = 500;
    for (VdbKept kept : {VDB_KEPT_PLAIN, VDB_KEPT_FULL}) {
        Table table(kDims, {.kept = kept});
        std::mt19937 random(5);
        std::vector<Row> rows = gaussian(4 * kRows, kDims);
        for (uint32_t i = 0; i < rows.size();) {
            for (size_t n = kRows - table.alive.size(); n > 0 && i < rows.size(); n--)
                table.add(rows[i++]);
            table.remove(table.sample(&random, .3));
        }
        table.expect_complete();
        EXPECT_LE(hang_far_off(table), table.alive.size() / 50);
        uint32_t lost = 0;
        for (uint32_t row : table.alive) {
            std::vector<Found> found = search(table.store, rows[row], 200);
            lost += found.empty() || table.store.rows(found[0].node) != std::vector{row};
        }
        EXPECT_EQ(lost, 0u);
    }
}

// Few rows are a thousand times as long as the others, for which the slots are made, and alike.
TEST(Churn, LongSparseVectorsAmongShortOnes)
{
    constexpr uint32_t kDims = 16000, kShort = 200, kLong = 40;
    Options options = sparse(VDB_METRIC_L2, 12);
    options.ef_construction = 64;
    Store store(kDims, options);
    std::vector<Row> rows = clustered(kLong, kDims, 1), queries(rows.begin(), rows.begin() + 4);
    std::mt19937 random(4);
    for (uint32_t i = 0; i < kShort; i++) {
        rows.push_back(Row(kDims));
        for (uint32_t n = 0; n < 10; n++)
            rows.back()[random() % kDims] = 1;
    }
    std::shuffle(rows.begin(), rows.end(), random);
    for (uint32_t i = 0; i < rows.size(); i++)
        insert(store, rows[i], i);
    expect_sound(store);
    for (VdbNode id : store.live_nodes()) {
        EXPECT_GE(store.node(id)->degree, store.g.m) << units_of(store.node(id), store.g);
    }
    EXPECT_GE(recall(store, queries, 60), .95);
    size_t nodes = store.live_nodes().size();
    for (uint32_t i = 0; i < rows.size(); i++)
        if (sparse_elements(rows[i]).size() > kDims / 2)
            insert(store, rows[i], 1000 + i);
    EXPECT_EQ(store.live_nodes().size(), nodes); // equal rows are one node
    expect_sound(store);
}

TEST(Churn, VacuumOfBuiltIndexesOfAnyStorage)
{
    for (Options o : {sparse(VDB_METRIC_L2, 40), sparse(VDB_METRIC_COSINE, 1),
                      bits(VDB_METRIC_JACCARD), halves(VDB_METRIC_IP)})
    {
        constexpr uint32_t kDims = 3000;
        o.ef_construction = 130; // so that equal rows are found
        std::vector<Row> rows = some_rows(o.storage, 120, kDims);
        for (uint32_t i = 0; i < 120; i++)
            rows.push_back(Row(rows[i]));
        Store store(rows, kDims, o);
        expect_sound(store);
        EXPECT_EQ(store.live_nodes().size(), 120u);
        std::set<uint32_t> left;
        for (uint32_t row = 0; row < 240; row += 3)
            left.insert(row);
        vacuum(store, [&](uint32_t row) { return left.count(row) == 0; });
        expect_sound(store);
        EXPECT_EQ(scanned_rows(store, rows[7]), left);
        for (uint32_t i = 0; i < 240; i++)
            if (left.insert(1000 + i).second)
                insert(store, rows[i], 1000 + i);
        expect_sound(store);
        EXPECT_EQ(scanned_rows(store, rows[7]), left);
        EXPECT_EQ(store.live_nodes().size(), 120u);
    }
}

TEST(Churn, VacuumOfABuiltIndex)
{
    std::vector<Row> rows = gaussian(1500, 8);
    for (size_t i = 0; i < 500; i++)
        rows.push_back(Row(rows[i]));
    Store store(rows, 8, {.m = 4, .ef_construction = 20});
    Vacuum v(store, [](uint32_t row) { return row % 3 != 0; });
    v.run();
    EXPECT_EQ(v.left, 667u);
    EXPECT_EQ(v.removed, 1333u);
    expect_sound(store);
    std::set<uint32_t> left;
    for (uint32_t row = 0; row < 2000; row += 3)
        left.insert(row);
    EXPECT_EQ(scanned_rows(store, Row(8, 0)), left);
}

TEST(Churn, SlotsAndPagesAreUsedAgain)
{
    for (uint32_t dims : {8u, 2100u, 6000u}) {
        std::vector<Row> rows = gaussian(60, dims);
        Store store(dims, {.m = 4, .ef_construction = 20});
        for (int round = 0; round < 8; round++) {
            for (uint32_t i = 0; i < rows.size(); i++)
                insert(store, rows[i], i);
            if (round == 7)
                break;
            vacuum(store, [](uint32_t) { return true; });
            expect_sound(store);
        }
        // The root stays a tombstone and keeps its vector's pages.
        Store once(dims, {.m = 4, .ef_construction = 20});
        for (uint32_t i = 0; i < rows.size(); i++)
            insert(once, rows[i], i);
        EXPECT_LE(store.pages.size(), once.pages.size() + 2 + store.g.vector_pages) << dims;
        expect_sound(store);
    }
}

TEST(Churn, VacuumOfNothingChangesNothing)
{
    Store store(gaussian(300, 8), 8);
    std::vector<Page> before = store.pages;
    vacuum(store, [](uint32_t) { return false; });
    ASSERT_EQ(before.size(), store.pages.size());
    for (size_t i = 0; i < before.size(); i++)
        EXPECT_EQ(std::memcmp(&before[i], &store.pages[i], kPageSize), 0);
}
