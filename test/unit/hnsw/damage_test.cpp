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
    explicit Copy(const Store &from) : Store(from.g.space.dims, {.m = from.g.m})
    {
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

// Whatever bits are wrong, everything answers a status; run with sanitizers.
TEST(DamageFuzz, AnyBits)
{
    std::mt19937 random(5);
    Store plain(gaussian(150, 3), 3, {.m = 2, .ef_construction = 6});
    for (uint32_t i = 0; i < 40; i++)
        insert(plain, gaussian(150, 3)[i % 4], 1000 + i);
    vacuum(plain, [](uint32_t row) { return row < 40; });
    Store spilled(gaussian(15, 5000), 5000, {.m = 4, .ef_construction = 8});
    Row query(5000, .2f);
    for (int round = 0; round < 1500; round++) {
        Copy store(round % 3 ? plain : spilled);
        for (uint32_t n = 1 + random() % 30; n > 0; n--) {
            VdbBlock block = static_cast<VdbBlock>(random() % store.pages.size());
            uint32_t at = random() % (random() % 2 ? 512 : kPageSize);
            store.pages[block].bytes[at] ^= static_cast<char>(1 << random() % 8);
        }
        const std::function<void()> steps[] = {
            [&] { search_all(store, Row(query.begin(), query.begin() + store.g.space.dims), 8); },
            [&] { insert(store, Row(store.g.space.dims, .4f), 5000); },
            [&] { vacuum(store, [&](uint32_t row) { return row % 2 == 0; }); },
            [&] { (void) store.rows(store.g.slots_per_page); },
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
