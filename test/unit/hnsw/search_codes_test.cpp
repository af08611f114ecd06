// Searches by codes: they find what an exact search finds, go on to the end, never promise a row to
// be farther than it is, and stand whatever a page holds.
#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

#include "hnsw/beam.h"
#include "hnsw/entries_api.h"
#include "page_store.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

constexpr uint32_t kDims = 96;

struct Form {
    VdbMetric metric;
    VdbKept kept;
};

// Rows of a few directions and some noise, as real vectors are.
std::vector<Row> embeddings(size_t rows, uint32_t dims, VdbMetric metric, uint32_t seed = 1)
{
    std::vector<Row> all = gaussian(rows, dims, seed);
    std::vector<Row> basis = gaussian(16, dims, 1000);
    std::mt19937 random(seed + 7);
    std::normal_distribution<float> normal;
    for (Row &row : all)
        for (const Row &direction : basis) {
            float weight = normal(random);
            for (uint32_t d = 0; d < dims; d++)
                row[d] += weight * direction[d];
        }
    for (Row &row : all)
        if (metric == VDB_METRIC_COSINE)
            normalize(&row);
    return all;
}

// Operator's result for a query and a row, both as an index works on them.
double exact(VdbMetric metric, const Row &a, const Row &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += metric == VDB_METRIC_L2 ? (double{a[i]} - b[i]) * (double{a[i]} - b[i])
                                       : double{a[i]} * b[i];
    return metric == VDB_METRIC_L2 ? std::sqrt(sum) : metric == VDB_METRIC_IP ? -sum : 1 - sum;
}

// Share of the true ten nearest rows among the nodes found.
double recall_of(Store &store, const std::vector<Row> &rows, const std::vector<Row> &queries,
                 uint32_t ef)
{
    auto metric = static_cast<VdbMetric>(store.g.space.metric);
    size_t hits = 0;
    for (const Row &query : queries) {
        std::vector<double> all;
        for (const Row &row : rows)
            all.push_back(exact(metric, query, row));
        std::nth_element(all.begin(), all.begin() + 9, all.end());
        double tenth = all[9];
        for (Found f : search(store, query, ef))
            hits += exact(metric, query, rows[store.rows(f.node)[0]]) <= tenth;
    }
    return static_cast<double>(hits) / (10.0 * static_cast<double>(queries.size()));
}

// A copy, to be damaged.
struct Copy : Store {
    explicit Copy(const Store &from) : Store(1)
    {
        g = from.g;
        pages = from.pages;
    }
};

// An index and its rows, built once for all tests that only read it.
struct Sample {
    std::vector<Row> rows;
    Store store;

    explicit Sample(Form form)
        : rows(embeddings(1500, kDims, form.metric)),
          store(rows, kDims, {.metric = form.metric, .kept = form.kept})
    {
    }
    static Sample &of(Form form)
    {
        static std::map<std::pair<int, int>, std::unique_ptr<Sample>> all;
        auto &sample = all[{form.metric, form.kept}];
        if (!sample)
            sample = std::make_unique<Sample>(form);
        return *sample;
    }
};

class Forms : public testing::TestWithParam<Form> {
  protected:
    const VdbMetric metric = GetParam().metric;
    const std::vector<Row> &rows = Sample::of(GetParam()).rows;
    Store &store = Sample::of(GetParam()).store;
};

INSTANTIATE_TEST_SUITE_P(All, Forms,
                         testing::Values(Form{VDB_METRIC_L2, VDB_KEPT_FULL},
                                         Form{VDB_METRIC_L2, VDB_KEPT_SQ8},
                                         Form{VDB_METRIC_COSINE, VDB_KEPT_HALF},
                                         Form{VDB_METRIC_COSINE, VDB_KEPT_RABITQ4},
                                         Form{VDB_METRIC_IP, VDB_KEPT_FULL},
                                         Form{VDB_METRIC_IP, VDB_KEPT_SQ8}));

} // namespace

TEST_P(Forms, FindTheNearest)
{
    std::vector<Row> queries = embeddings(40, kDims, metric, 2);
    EXPECT_GE(recall_of(store, rows, queries, 60), .95);
    EXPECT_GE(recall_of(store, rows, queries, 200), .99);
}

TEST_P(Forms, PromiseNoMoreThanIsTrue)
{
    for (const Row &query : embeddings(5, kDims, metric, 3)) {
        std::vector<Found> found = search_all(store, query, 100);
        ASSERT_EQ(found.size(), rows.size());
        for (Found f : found)
            EXPECT_LE(f.distance, exact(metric, query, rows[store.rows(f.node)[0]]));
        std::vector<Found> window = search(store, query, 100);
        for (size_t i = 1; i < window.size(); i++)
            EXPECT_LE(window[i - 1].distance, window[i].distance);
    }
}

TEST_P(Forms, GoOnThroughAllNodes)
{
    Row query = embeddings(1, kDims, metric, 4)[0];
    for (uint32_t ef : {1u, 7u, 100u, 3000u}) {
        std::set<VdbNode> seen;
        for (Found f : search_all(store, query, ef))
            EXPECT_TRUE(seen.insert(f.node).second) << "node " << f.node << " came twice";
        EXPECT_EQ(seen.size(), rows.size()) << "ef " << ef;
    }
}

TEST_P(Forms, GoingOnFindsWhatALargerWindowFinds)
{
    Row query = embeddings(1, kDims, metric, 5)[0];
    Searcher searcher(store, query, 20);
    ASSERT_TRUE(searcher.first_window());
    std::set<VdbNode> found;
    for (int i = 0; i < 10; i++) {
        std::vector<Found> window = searcher.take();
        EXPECT_EQ(window.size(), 20u);
        for (Found f : window)
            found.insert(f.node);
        ASSERT_TRUE(searcher.next_window());
    }
    std::vector<std::pair<double, VdbNode>> all;
    for (VdbNode id : store.live_nodes())
        all.emplace_back(exact(metric, query, rows[store.rows(id)[0]]), id);
    std::sort(all.begin(), all.end());
    size_t hits = 0;
    for (int i = 0; i < 100; i++)
        hits += found.count(all[i].second);
    EXPECT_GE(hits, 92u);
}

TEST_P(Forms, TombstonesRouteButAreNoResults)
{
    Copy some(store);
    std::mt19937 random(3);
    size_t live = rows.size();
    for (VdbNode id : some.live_nodes())
        if (random() % 2 == 0) {
            some.node(id)->state = NodeState::kTombstone;
            set_heap_tid(some.node(id), some.g, {});
            live--;
        }
    Row query = embeddings(1, kDims, metric, 6)[0];
    EXPECT_EQ(search(some, query, 50).size(), 50u);
    EXPECT_EQ(search_all(some, query, 50).size(), live);
}

TEST(CodedSearch, AnswersWithHeapTids)
{
    std::vector<Row> rows = embeddings(300, kDims, VDB_METRIC_L2);
    Store store(rows, kDims, {.kept = VDB_KEPT_SQ8});
    Searcher searcher(store, rows[17], 30);
    ASSERT_TRUE(searcher.first_window());
    VdbHnswFound found;
    ASSERT_TRUE(vdb_hnsw_search_take(searcher.s, &found));
    EXPECT_EQ(row_of(found.heap_tid), 17u);
    EXPECT_FALSE(found.more_tids);
    VdbTid next;
    ASSERT_TRUE(vdb_hnsw_search_peek(searcher.s, 0, &next));
    ASSERT_TRUE(vdb_hnsw_search_take(searcher.s, &found));
    EXPECT_EQ(row_of(found.heap_tid), row_of(next));
    EXPECT_FALSE(vdb_hnsw_search_peek(searcher.s, 28, &next));
}

// Most pages are named before they are wanted, and most of what is named is.
void expect_foresight(Store &store, const Row &query, size_t ahead)
{
    Searcher searcher(store, query, 40);
    VdbHnswMeta meta = store.read_meta();
    searcher.start(meta.root, meta.root, 0, 40);
    std::set<VdbBlock> named, wanted;
    size_t foreseen = 0;
    for (VdbBlock block; (block = vdb_hnsw_search_next(searcher.s)) != VDB_NO_BLOCK;) {
        searcher.reserve();
        if (wanted.insert(block).second)
            foreseen += named.count(block);
        VdbBlock blocks[VDB_HNSW_MAX_AHEAD];
        uint32_t n = vdb_hnsw_search_ahead(searcher.s, static_cast<uint32_t>(ahead), blocks);
        ASSERT_LE(n, ahead);
        named.insert(blocks, blocks + n);
        require(vdb_hnsw_search_feed(searcher.s, store.read(block)));
    }
    EXPECT_GT(foreseen * 10, wanted.size() * 6);
    EXPECT_LT(named.size() * 10, wanted.size() * 16);
}

TEST(CodedSearch, SaysWhatItWillRead)
{
    std::vector<Row> rows = embeddings(3000, kDims, VDB_METRIC_L2);
    for (VdbKept kept : {VDB_KEPT_SQ8, VDB_KEPT_PLAIN}) {
        Store store(rows, kDims, {.kept = kept});
        expect_foresight(store, gaussian(1, kDims, 5)[0], 8);
    }
}

TEST(CodedSearch, WindowsLeaveComparedNodesBehind)
{
    std::vector<Row> rows = embeddings(1000, kDims, VDB_METRIC_L2);
    Store store(rows, kDims, {.kept = VDB_KEPT_RABITQ4});
    Searcher searcher(store, rows[17], 40);
    ASSERT_TRUE(searcher.first_window());
    std::set<VdbNode> seen;
    float last = 0;
    for (Found f : searcher.take()) {
        seen.insert(f.node);
        last = f.distance;
    }
    uint64_t visited = vdb_hnsw_search_visited(searcher.s);
    ASSERT_TRUE(vdb_hnsw_search_leftovers(searcher.s, 12));
    std::vector<Found> more = searcher.take();
    EXPECT_TRUE(!more.empty() && more.size() <= 12);
    EXPECT_EQ(vdb_hnsw_search_visited(searcher.s), visited);
    for (Found f : more) {
        EXPECT_TRUE(seen.insert(f.node).second);
        EXPECT_GE(f.distance, last); // strict order would lose it
    }
    do
        for (Found f : searcher.take())
            EXPECT_TRUE(seen.insert(f.node).second);
    while (searcher.next_window());
    EXPECT_EQ(seen.size(), rows.size());
}

// Nothing that turns up in a later window comes before what was given out, but for few.
TEST(CodedSearch, StrictOrderLosesFew)
{
    std::vector<Row> rows = gaussian(3000, kDims);
    Store store(rows, kDims, {.kept = VDB_KEPT_SQ8});
    size_t late[2] = {}, given[2] = {};
    for (bool hold_back : {false, true}) {
        Searcher searcher(store, gaussian(1, kDims, 9)[0], 40);
        ASSERT_TRUE(searcher.first_window());
        float last = 0;
        for (uint32_t ef = 80;; ef *= 2) {
            for (Found f : searcher.take()) {
                late[hold_back] += f.distance < last;
                last = std::max(last, f.distance);
                given[hold_back]++;
            }
            if (hold_back)
                vdb_hnsw_search_hold_back(searcher.s);
            vdb_hnsw_search_widen(searcher.s, ef);
            if (!searcher.next_window())
                break;
        }
    }
    EXPECT_EQ(given[0], rows.size());
    EXPECT_EQ(given[1], rows.size());
    EXPECT_LE(late[1], rows.size() / 100);
    EXPECT_LT(late[1] * 3, late[0]);
}

// Estimates of a node are merged where they would fill the memory.
TEST(CodedSearch, LogDoesNotGrowWithEachEstimate)
{
    std::vector<Row> rows = gaussian(6000, kDims);
    Store store(rows, kDims, {.kept = VDB_KEPT_SQ8});
    Searcher searcher(store, rows[3], 3000);
    ASSERT_TRUE(searcher.first_window());
    EXPECT_EQ(searcher.take().size(), 3000u);
    EXPECT_LT(vdb_hnsw_search_memory(searcher.s), 200'000u); // growing takes 800 KB
}

// Nodes that were worth a closer look have their places in the log when a window ends, however many
// other estimates came since the log was tidied.
TEST(CodedSearch, TheLogHasRoomForAllThatWasSeen)
{
    constexpr uint32_t kEf = 1000, kMore = 32, kHops = 3000;
    std::vector<decltype(memory(0))> memories;
    auto fresh = [&](size_t bytes) {
        memories.push_back(memory(bytes));
        return memories.back().get();
    };
    Beam beam;
    beam.init(fresh(Beam::first_bytes(kEf, kMore)), kEf, kMore);
    beam.start(kEf);
    VdbNode node = 0;
    for (uint32_t hop = 0; hop < kHops; hop++) {
        beam.tidy(kMore);
        while (size_t bytes = beam.need(kMore)) {
            beam.give(fresh(bytes), kMore);
            beam.tidy(kMore);
        }
        bool near = hop < kHops / 2; // nearer than all before; then farther
        for (uint32_t i = 0; i < kMore; i++) {
            beam.log.distances[beam.log.size + i] = near ? 1e6f - static_cast<float>(node) : 2e6f;
            beam.log.nodes[beam.log.size + i] = node++;
        }
        beam.add_logged(kMore);
        ASSERT_LE(beam.log.size, beam.log.capacity);
    }
    beam.resume();
    EXPECT_LE(beam.log.size, beam.log.capacity);
    EXPECT_EQ(std::set<VdbNode>(beam.log.nodes, beam.log.nodes + beam.log.size).size(), node);
}

// As far from all vectors, and where a scan gives up.
TEST(CodedSearch, EndsFarFromAllVectors)
{
    std::vector<Row> rows = gaussian(3000, kDims);
    for (Row &row : rows)
        row[0] = 0;
    Row query(kDims, 0);
    query[0] = 1;
    Store store(rows, kDims, {.metric = VDB_METRIC_COSINE, .kept = VDB_KEPT_SQ8});
    Searcher searcher(store, query, 10);
    ASSERT_TRUE(searcher.first_window());
    uint64_t visited = vdb_hnsw_search_visited(searcher.s);
    EXPECT_LT(visited, 700u);
    size_t count = searcher.take().size();
    EXPECT_EQ(count, 10u);
    while (vdb_hnsw_search_drain(searcher.s))
        count += searcher.take().size();
    EXPECT_GT(count, 200u);
    EXPECT_EQ(vdb_hnsw_search_visited(searcher.s), visited);
}

TEST_P(Forms, NameEachPageOnceBeforeItIsRead)
{
    Searcher searcher(store, embeddings(1, kDims, metric, 11)[0], 30);
    searcher.start(store.read_meta().root, store.read_meta().root, 0, 30);
    std::vector<std::pair<VdbBlock, uint32_t>> named;
    uint64_t pages = 0;
    for (VdbBlock block; (block = vdb_hnsw_search_next(searcher.s)) != VDB_NO_BLOCK; pages++) {
        searcher.reserve();
        uint32_t offset;
        for (VdbBlock at; (at = vdb_hnsw_search_upcoming(searcher.s, 4, &offset)) != VDB_NO_BLOCK;)
            named.emplace_back(at, offset);
        auto last = named.end() - std::min<size_t>(named.size(), 5); // of two a hop, four are kept
        EXPECT_TRUE(std::any_of(last, named.end(), [&](auto n) { return n.first == block; }));
        require(vdb_hnsw_search_feed(searcher.s, store.read(block)));
    }
    EXPECT_GT(pages, 30u);
    EXPECT_LE(named.size(), 2 * pages);
}

TEST(CodedSearch, BeginsAtASample)
{
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_COSINE, VDB_METRIC_IP}) {
        std::vector<Row> rows = embeddings(2000, kDims, metric);
        Store store(rows, kDims, {.metric = metric, .kept = VDB_KEPT_HALF});
        ASSERT_TRUE(vdb_hnsw_can_sample(&store.g));
        Memory sample = memory(vdb_hnsw_entries_size(&store.g));
        VdbHnswEntries *e = vdb_hnsw_entries_init(sample.get(), &store.g,
                                                  static_cast<VdbBlock>(store.pages.size()));
        VdbBlock block;
        uint32_t pages = 0;
        for (; (block = vdb_hnsw_entries_next(e)) != VDB_NO_BLOCK; pages++)
            vdb_hnsw_entries_feed(e, store.read(block));
        EXPECT_GT(vdb_hnsw_entries_count(e), 200u);
        std::vector<VdbNode> live = store.live_nodes();
        uint64_t hops[2] = {};
        for (const Row &query : embeddings(20, kDims, metric, 2)) {
            Searcher near(store, query, 30), far(store, query, 30);
            Stored value = compared(store.g, query);
            VdbHnswQuery q = {value.data(), value.norm, VDB_HNSW_FOR_SCAN};
            vdb_hnsw_search_start_near(near.s, &q, e, store.read_meta().root, 30);
            near.run();
            far.start(store.read_meta().root, store.read_meta().root, 0, 30);
            far.run();
            hops[0] += vdb_hnsw_search_visited(near.s);
            hops[1] += vdb_hnsw_search_visited(far.s);
            EXPECT_EQ(near.take().size(), 30u);
        }
        EXPECT_LT(hops[0], hops[1]);
        for (VdbNode id : live)
            if (id != store.meta()->root)
                store.node(id)->state = NodeState::kFree;
        Row query = embeddings(1, kDims, metric, 3)[0];
        Searcher near(store, query, 30);
        Stored value = compared(store.g, query);
        VdbHnswQuery q = {value.data(), value.norm, VDB_HNSW_FOR_SCAN};
        vdb_hnsw_search_start_near(near.s, &q, e, store.read_meta().root, 30);
        near.run();
        EXPECT_EQ(near.take().size(), 1u);
    }
}

TEST(CodedSearch, FreeSlotsAreNoResults)
{
    std::vector<Row> rows = embeddings(300, kDims, VDB_METRIC_L2);
    Store store(rows, kDims, {.kept = VDB_KEPT_SQ8});
    VdbNode leaf = store.leaf();
    store.node(leaf)->state = NodeState::kFree;
    EXPECT_EQ(search_all(store, rows[0], 15).size(), 299u);
}

TEST(CodedSearch, AnEntryThatIsFreeLeavesTheRoot)
{
    std::vector<Row> rows = embeddings(300, kDims, VDB_METRIC_L2);
    Store store(rows, kDims, {.kept = VDB_KEPT_SQ8});
    VdbNode leaf = store.leaf();
    store.meta()->entry = leaf;
    EXPECT_EQ(search(store, rows[5], 1)[0].node, search(store, rows[5], 40)[0].node);
    store.node(leaf)->state = NodeState::kFree;
    EXPECT_EQ(search(store, rows[5], 40).size(), 40u);
}

TEST(CodedSearch, HugeAndZeroVectors)
{
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE}) {
        std::vector<Row> rows = gaussian(300, kDims);
        for (size_t i = 0; i < rows.size(); i += 3)
            for (float &x : rows[i])
                x *= i % 2 ? 1e37f : 1e-30f;
        rows[7] = Row(kDims, 0);
        Store store(rows, kDims, {.metric = metric, .kept = VDB_KEPT_SQ8});
        for (const Row &query : {rows[0], rows[3], rows[7], Row(kDims, 1e38f)}) {
            std::set<VdbNode> seen;
            for (Found f : search_all(store, query, 10)) {
                EXPECT_TRUE(seen.insert(f.node).second);
                EXPECT_EQ(f.distance, f.distance);
            }
            EXPECT_EQ(seen.size(), store.live_nodes().size());
        }
    }
}

TEST(CodedSearch, VectorsBesideTheirSlots)
{
    constexpr uint32_t kLong = 3000;
    std::vector<Row> rows = embeddings(150, kLong, VDB_METRIC_L2);
    Store store(rows, kLong, {.kept = VDB_KEPT_FULL});
    ASSERT_GT(store.g.vector_pages, 0u);
    Row query = embeddings(1, kLong, VDB_METRIC_L2, 2)[0];
    std::vector<Found> found = search_all(store, query, 20);
    ASSERT_EQ(found.size(), rows.size());
    for (Found f : found) {
        double d = exact(VDB_METRIC_L2, query, rows[store.rows(f.node)[0]]);
        EXPECT_LE(f.distance, d);
        EXPECT_GE(f.distance, d * .999);
    }
    vector_blocks(store.node(store.leaf()), store.g)[0] = VDB_NO_BLOCK;
    EXPECT_EQ(search_all(store, query, 20).size(), rows.size() - 1);
}

// What says how near a row can be, and where it is, whatever is kept of vectors and on how many
// pages.
TEST(CodedSearch, DamageOfNormsAndHeapTidsIsNoticed)
{
    const std::function<void(NodeHeader *)> damages[] = {
        [](NodeHeader *node) { node->norm *= 1.01f; },
        [](NodeHeader *node) { node->norm = 0; },
        [](NodeHeader *node) { node->heap_tid.offset ^= 4; },
        [](NodeHeader *node) { node->heap_tid.block_lo ^= 1; },
    };
    for (uint32_t dims : {64u, 3000u})
        for (VdbKept kept : {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4}) {
            std::vector<Row> rows = embeddings(50, dims, VDB_METRIC_L2);
            for (const auto &damage : damages)
                for (VdbHnswChecked checked : {VDB_HNSW_ALL_CHECKED, VDB_HNSW_VECTORS_CHECKED}) {
                    Store store(rows, dims, {.kept = kept, .checked = checked});
                    damage(store.node(store.live_nodes()[20]));
                    if (checked == VDB_HNSW_ALL_CHECKED)
                        EXPECT_THROW(search_all(store, rows[0], 20), Corrupted);
                    else // an earlier format
                        EXPECT_EQ(search_all(store, rows[0], 20).size(), rows.size());
                }
        }
}

// A slot may have been freed and taken again since its node's page was read, and the vector page be
// another's: the node is looked at again, and only if it has not changed the page is damaged.
TEST(CodedSearch, SlicesThatAreAnotherNodesByNow)
{
    constexpr uint32_t kLong = 3000;
    std::vector<Row> rows = embeddings(50, kLong, VDB_METRIC_L2);
    for (bool taken : {true, false}) {
        Store store(rows, kLong, {.kept = VDB_KEPT_FULL});
        NodeHeader *node = store.node(store.leaf());
        VdbBlock slice = vector_blocks(node, store.g)[0];
        uint32_t reads = 0;
        store.before_read = [&](VdbBlock block) {
            if (block != slice || ++reads > 2)
                return;
            store.pages[slice].bytes[500] ^= 1; // and back, the second time
            node->generation += taken;
        };
        if (taken)
            EXPECT_EQ(search_all(store, rows[0], 20).size(), rows.size());
        else
            EXPECT_THROW(search_all(store, rows[0], 20), Corrupted);
        EXPECT_EQ(reads, taken ? 2u : 1u);
    }
}

TEST(CodedSearch, InsertionFindsItsNeighbours)
{
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_COSINE, VDB_METRIC_IP}) {
        std::vector<Row> rows = embeddings(1000, kDims, metric);
        Store store(rows, kDims, {.metric = metric, .kept = VDB_KEPT_FULL});
        Searcher searcher(store, rows[123], 40, VDB_HNSW_FOR_INSERT);
        ASSERT_TRUE(searcher.first_window());
        VdbNode found[40];
        uint32_t n = vdb_hnsw_search_found(searcher.s, found, 40);
        ASSERT_EQ(n, 40u);
        bool same = false;
        for (VdbNode id : found)
            same |= store.rows(id)[0] == 123;
        EXPECT_TRUE(same);
    }
}

TEST(CodedDamage, IsNoticed)
{
    std::vector<Row> rows = embeddings(300, kDims, VDB_METRIC_L2);
    const Store base(rows, kDims, {.m = 4, .kept = VDB_KEPT_SQ8});
    const std::function<void(Copy &)> damages[] = {
        [](Copy &s) { s.node(s.leaf())->state = NodeState{0}; },
        [](Copy &s) { s.node(s.inner())->degree = 9; },
        [](Copy &s) { neighbors(s.node(s.inner()))[0] = VDB_NO_NODE; },
        [](Copy &s) { neighbors(s.node(s.inner()))[0] = 1000000; },
        [](Copy &s) { neighbors(s.node(s.inner()))[0] = 0; },
        [](Copy &s) { s.meta()->entry = VDB_NO_NODE; },
    };
    for (const auto &damage : damages) {
        Copy store(base);
        damage(store);
        store.budget = 100000;
        EXPECT_THROW(search_all(store, rows[0], 15), Corrupted);
    }
}

// Whatever bits are wrong, a search ends; run with sanitizers.
TEST(CodedDamage, AnyBits)
{
    std::mt19937 random(5);
    Options l2 = {.m = 4, .kept = VDB_KEPT_SQ8};
    Options ip = {.m = 4, .metric = VDB_METRIC_IP, .kept = VDB_KEPT_FULL};
    const Store bases[] = {
        {embeddings(200, kDims, VDB_METRIC_L2), kDims, l2},
        {embeddings(60, 3000, VDB_METRIC_IP), 3000, ip},
    };
    for (int round = 0; round < 400; round++) {
        Copy store(bases[round % std::size(bases)]);
        for (uint32_t n = 1 + random() % 200; n > 0; n--) {
            auto block = static_cast<VdbBlock>(random() % store.pages.size());
            uint32_t at = random() % (random() % 2 ? 512 : kPageSize);
            store.pages[block].bytes[at] ^= static_cast<char>(1 << random() % 8);
        }
        store.budget = 50000;
        try {
            search_all(store, Row(store.g.space.dims, .2f), 8);
        } catch (Corrupted) {
        }
    }
}
