// Pages that are stale or damaged: what an older edge may lead to is harmless, and what breaks the
// format is answered with a status, never with a crash or an endless walk.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "insert_driver.h"
#include "vacuum_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

const Store &sample()
{
    static const Store store(gaussian(400, 4), 4, {.m = 4, .ef_construction = 16});
    return store;
}

// A copy with one change.
struct Copy : Store {
    explicit Copy(const Store &from) : Store(1)
    {
        g = from.g;
        pages = from.pages;
        ef_construction = from.ef_construction;
    }
};

size_t scan_all(Store &store)
{
    return search_all(store, Row(store.g.space.dims, .3f), 15).size();
}

void expect_corrupt(const std::function<void(Copy &)> &damage, const Store &from = sample())
{
    Copy store(from);
    damage(store);
    store.budget = 100000;
    EXPECT_THROW(scan_all(store), Corrupted);
}

} // namespace

TEST(Stale, TombstonesRouteButAreNoResults)
{
    Copy store(sample());
    VdbNode dead = store.inner();
    store.node(dead)->state = NodeState::kTombstone;
    store.node(dead)->heap_tid = {};
    std::vector<Found> found = search_all(store, store.vector(dead), 15);
    EXPECT_EQ(found.size(), 399u);
    for (Found f : found)
        EXPECT_NE(f.node, dead);
}

TEST(Stale, EveryNodeATombstone)
{
    Copy store(sample());
    for (VdbNode id : store.live_nodes())
        store.node(id)->state = NodeState::kTombstone;
    EXPECT_EQ(scan_all(store), 0u);
}

TEST(Stale, EdgesToFreeSlots)
{
    Copy store(sample());
    VdbNode leaf = store.leaf();
    store.node(leaf)->state = NodeState::kFree;
    EXPECT_EQ(scan_all(store), 399u);
    EXPECT_FALSE(read_links(store, leaf, 0).found);
}

TEST(Stale, EdgesToSlotsThatHoldALowerNodeByNow)
{
    Copy store(sample());
    VdbNode upper = store.upper();
    store.node(upper)->level = 0;
    store.node(upper)->upper = {};
    store.node(upper)->generation++;
    EXPECT_EQ(scan_all(store), 400u);
    EXPECT_FALSE(read_links(store, upper, 1).found);
}

TEST(Stale, CellsThatAreFreeOrAnotherNodesByNow)
{
    const std::function<void(CellHeader *)> changes[] = {
        [](CellHeader *c) { c->kind = CellKind::kFree; },
        [](CellHeader *c) { c->kind = CellKind::kTids; },
        [](CellHeader *c) { c->owner++; },
        [](CellHeader *c) { c->level = 9; },
    };
    for (const auto &change : changes) {
        Copy store(sample());
        VdbNode upper = store.upper();
        change(store.cell(store.node(upper)->upper));
        EXPECT_EQ(scan_all(store), 400u);
        EXPECT_FALSE(read_links(store, upper, 1).found);
    }
}

TEST(Stale, ANodeWhoseVectorPagesAreBeingTaken)
{
    for (uint32_t i : {0u, 1u}) {
        Store store(gaussian(30, 5000), 5000, {.m = 4});
        ASSERT_EQ(store.g.vector_pages, 2u);
        NodeHeader *node = store.node(store.leaf());
        node->state = NodeState::kDetached;
        vector_blocks(node, store.g)[i] = VDB_NO_BLOCK;
        EXPECT_EQ(scan_all(store), 29u);
    }
}

TEST(Damage, IsNoticed)
{
    expect_corrupt([](Copy &s) { s.node(s.leaf())->state = NodeState{0}; });
    expect_corrupt([](Copy &s) { s.node(s.meta()->root)->state = NodeState{7}; });
    expect_corrupt([](Copy &s) { s.node(s.inner())->degree = 9; });
    expect_corrupt([](Copy &s) { neighbors(s.node(s.inner()))[0] = VDB_NO_NODE; });
    expect_corrupt([](Copy &s) { neighbors(s.node(s.inner()))[0] = 1000000; }); // outside
    expect_corrupt([](Copy &s) { neighbors(s.node(s.inner()))[0] = 0; });       // the metapage
    expect_corrupt([](Copy &s) { std::memset(s.page(1), 0, kPageSize); });
    expect_corrupt([](Copy &s) { s.meta()->entry = VDB_NO_NODE; });
    expect_corrupt([](Copy &s) { s.cell(s.node(s.meta()->entry)->upper)->count = 5; });
    expect_corrupt([](Copy &s) { s.node(s.meta()->entry)->upper.offset = 60000; });
    expect_corrupt([](Copy &s) { s.node(s.meta()->entry)->upper = {0, 0, 1}; });

    static const Store spilled(gaussian(20, 5000), 5000, {.m = 4});
    expect_corrupt(
        [](Copy &s) { trailer(s.page(s.block_of(VDB_HNSW_PAGE_VECTOR)), s.g)->kind = 2; }, spilled);
    expect_corrupt([](Copy &s) { vector_blocks(s.node(s.leaf()), s.g)[1] = 1; }, spilled);
}

TEST(Damage, EndlessCellChainsEnd)
{
    Copy store(sample());
    VdbNode entry = store.meta()->entry;
    ASSERT_GE(store.node(entry)->level, 2);
    CellHeader *cell = store.cell(store.node(entry)->upper);
    cell->next = store.node(entry)->upper; // to itself
    EXPECT_EQ(scan_all(store), 400u);
    EXPECT_FALSE(read_links(store, entry, 2).found);
}

TEST(Damage, ImpossibleEntryLevelIsNoBurden)
{
    Copy store(sample());
    store.meta()->entry_level = UINT32_MAX;
    store.budget = 10000;
    EXPECT_EQ(scan_all(store), 400u);
}

TEST(Damage, ListsStayWithinTheirLimit)
{
    // A pinned edge to a slot that is free cannot be gathered, yet stays.
    Copy store(sample());
    VdbNode full = store.find([](NodeHeader *n) { return n->degree == 8 && n->pinned > 0; });
    store.node(neighbors(store.node(full))[0])->state = NodeState::kFree;
    VdbLinks links = read_links(store, full, 0);
    Gatherer pool(store, 400);
    vdb_hnsw_gather_add(pool.gather, full);
    for (VdbNode id : store.live_nodes())
        vdb_hnsw_gather_add(pool.gather, id);
    pool.run();
    for (uint32_t limit : {2u, 4u, 8u}) {
        VdbLinks now = links;
        now.pinned = 1;
        vdb_hnsw_gather_choose(pool.gather, &now, limit, VDB_NO_NODE);
        EXPECT_LE(now.count, limit);
    }
}

TEST(Damage, SparseVectorsOfImpossibleLength)
{
    constexpr uint32_t kDims = 3000;
    static const Store base(uneven(60, kDims), kDims,
                            {.m = 4, .storage = VDB_STORAGE_SPARSE, .slot_units = 30});
    for (int32_t count : {-1, 3001, 16001, INT32_MAX, INT32_MIN})
        expect_corrupt(
            [&](Copy &s) {
                static_cast<VdbSparseElement *>(inline_vector(s.node(s.leaf()), s.g))->index =
                    count;
            },
            base);
    // More than it has, which is on no page.
    Copy store(base);
    NodeHeader *node = store.node(store.find([&](NodeHeader *n) {
        return units_of(n, base.g) < 20 && n->pinned == 0 && n->level == 0;
    }));
    static_cast<VdbSparseElement *>(inline_vector(node, base.g))->index = 2999;
    EXPECT_EQ(scan_all(store), 59u);
    Gatherer pool(store, 100);
    for (VdbNode id : store.live_nodes())
        vdb_hnsw_gather_add(pool.gather, id);
    EXPECT_THROW(pool.run(), Corrupted);
}

namespace {

// A small index of each form, after some rows have come and gone.
struct Base {
    Store store;

    Base(uint32_t rows, uint32_t dims, Options o) : store(some_rows(o.storage, rows, dims), dims, o)
    {
        std::vector<Row> more = some_rows(o.storage, rows, dims, 9);
        for (uint32_t i = 0; i < 20; i++)
            insert(store, more[i % 4 * i % rows], 1000 + i);
        vacuum(store, [rows](uint32_t row) { return row < rows / 4; });
    }
};

Options small(VdbMetric metric, VdbStorage storage, uint32_t slot_units = 0)
{
    return {.m = 4,
            .ef_construction = 8,
            .metric = metric,
            .storage = storage,
            .slot_units = slot_units};
}

void flip_bits(Store &store, std::mt19937 &random)
{
    for (uint32_t n = 1 + random() % 30; n > 0; n--) {
        VdbBlock block = static_cast<VdbBlock>(random() % store.pages.size());
        uint32_t at = random() % (random() % 2 ? 512 : kPageSize);
        store.pages[block].bytes[at] ^= static_cast<char>(1 << random() % 8);
    }
}

// Random bytes, but for the stamp, on one page of some kind.
void overwrite_page(Store &store, std::mt19937 &random)
{
    char *bytes = store.pages[random() % store.pages.size()].bytes;
    uint32_t step = random() % 3 == 0 ? 4 : 60;
    for (uint32_t at = kPageHeaderSize + random() % step; at + 12 < kPageSize; at += step) {
        auto word = static_cast<uint32_t>(random());
        std::memcpy(bytes + at, &word, random() % 4 + 1);
    }
}

} // namespace

// Whatever bits are wrong, everything answers a status; run with sanitizers.
TEST(DamageFuzz, AnyBits)
{
    std::mt19937 random(5);
    Base bases[] = {
        {150, 3, {.m = 2, .ef_construction = 6}},
        {15, 5000, {.m = 4, .ef_construction = 8}},
        {60, 20, small(VDB_METRIC_COSINE, VDB_STORAGE_HALF)},
        {15, 9000, small(VDB_METRIC_L2, VDB_STORAGE_HALF)},
        {60, 100, small(VDB_METRIC_JACCARD, VDB_STORAGE_BIT)},
        {15,
         64000,
         {.m = 100,
          .ef_construction = 200,
          .metric = VDB_METRIC_HAMMING,
          .storage = VDB_STORAGE_BIT}},
        {60, 50, small(VDB_METRIC_L1, VDB_STORAGE_SPARSE, 20)},
        {40, 4000, small(VDB_METRIC_COSINE, VDB_STORAGE_SPARSE, 15)},
        {40, 6000, small(VDB_METRIC_L2, VDB_STORAGE_SPARSE, 900)},
        {60, 64, {.m = 4, .ef_construction = 12, .kept = VDB_KEPT_SQ8}},
        {15, 3000, {.m = 4, .ef_construction = 12, .kept = VDB_KEPT_FULL}},
    };
    for (int round = 0; round < 3600; round++) {
        Copy store(bases[round % std::size(bases)].store);
        flip_bits(store, random);
        if (random() % 4 == 0)
            overwrite_page(store, random);
        const std::function<void()> steps[] = {
            [&] { search_all(store, Row(store.g.space.dims, .2f), 8); },
            [&] { insert(store, Row(store.g.space.dims, .4f), 5000); },
            [&] { vacuum(store, [&](uint32_t row) { return row % 2 == 0; }); },
            [&] { (void) store.rows(store.g.slots_per_page); },
            [&] { (void) store.check(); },
        };
        for (const auto &step : steps) {
            store.budget = 50000;
            try {
                step();
            } catch (Corrupted) {
            } catch (Endless) { // the shim can be cancelled here; the core itself always returns
            }
        }
    }
}
