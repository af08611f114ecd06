// Neighbour lists: reading, editing, writing back what has not changed, and choosing.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "page_store.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

Store sample()
{
    return Store(gaussian(500, 4), 4, {.m = 4, .ef_construction = 16});
}

VdbLinks list(std::vector<VdbNode> ids, uint32_t pinned)
{
    VdbLinks links = {};
    links.count = static_cast<uint32_t>(ids.size());
    links.pinned = pinned;
    std::copy(ids.begin(), ids.end(), links.ids);
    return links;
}

std::set<VdbNode> ids(const VdbLinks &links, uint32_t from, uint32_t to)
{
    return {links.ids + from, links.ids + to};
}

} // namespace

TEST(Links, AddAndRemoveKeepThePinnedInFront)
{
    VdbLinks links = list({1, 2, 3, 4}, 2);
    vdb_hnsw_links_add(&links, 5, true);
    EXPECT_EQ(ids(links, 0, links.pinned), (std::set<VdbNode>{1, 2, 5}));
    vdb_hnsw_links_add(&links, 6, false);
    EXPECT_EQ(links.count, 6u);
    vdb_hnsw_links_remove(&links, vdb_hnsw_links_find(&links, 1));
    EXPECT_EQ(ids(links, 0, links.pinned), (std::set<VdbNode>{2, 5}));
    vdb_hnsw_links_remove(&links, vdb_hnsw_links_find(&links, 4));
    EXPECT_EQ(ids(links, links.pinned, links.count), (std::set<VdbNode>{3, 6}));
    EXPECT_EQ(vdb_hnsw_links_find(&links, 4), links.count);
    while (links.count > 0)
        vdb_hnsw_links_remove(&links, 0);
    EXPECT_EQ(links.pinned, 0u);
    vdb_hnsw_links_add(&links, 9, true);
    EXPECT_EQ(ids(links, 0, 1), std::set<VdbNode>{9});
}

TEST(Links, WriteBackWhatWasRead)
{
    Store store = sample();
    VdbNode nodes[] = {store.inner(), store.upper()};
    for (uint32_t level : {0u, 1u}) {
        VdbLinks seen = read_links(store, nodes[level], level);
        ASSERT_TRUE(seen.found && seen.live && seen.count > 1);
        VdbLinks now = seen;
        vdb_hnsw_links_remove(&now, now.count - 1);
        Record record(store);
        ASSERT_EQ(vdb_hnsw_links_write(record.page(seen.block), &store.g, &seen, &now, nullptr),
                  VDB_OK);
        record.finish();
        VdbLinks again = read_links(store, nodes[level], level);
        EXPECT_EQ(again.count, seen.count - 1);
        EXPECT_EQ(again.pinned, now.pinned);
        EXPECT_TRUE(std::equal(again.ids, again.ids + again.count, now.ids));
        EXPECT_TRUE(vdb_hnsw_links_current(store.page(again.block), &store.g, &again));
    }
}

TEST(Links, AnyChangeMakesThemStale)
{
    Store base = sample();
    VdbNode id = base.inner(), high = base.upper();
    const std::function<void(Store &)> changes[] = {
        [&](Store &s) { s.node(id)->degree--; },
        [&](Store &s) { s.node(id)->pinned--; },
        [&](Store &s) { neighbors(s.node(id))[0]++; },
        [&](Store &s) { s.node(id)->state = NodeState::kTombstone; },
        [&](Store &s) { s.node(id)->state = NodeState::kFree; },
        [&](Store &s) { s.cell(s.node(high)->upper)->count--; },
        [&](Store &s) { cell_neighbors(s.cell(s.node(high)->upper))[0]++; },
        [&](Store &s) { s.cell(s.node(high)->upper)->owner++; },
        [&](Store &s) { s.cell(s.node(high)->upper)->level++; },
        [&](Store &s) { s.cell(s.node(high)->upper)->kind = CellKind::kFree; },
    };
    for (size_t i = 0; i < std::size(changes); i++) {
        Store store = sample();
        VdbLinks seen = read_links(store, i < 5 ? id : high, i < 5 ? 0 : 1);
        changes[i](store);
        Page before = store.pages[seen.block];
        EXPECT_EQ(vdb_hnsw_links_write(store.page(seen.block), &store.g, &seen, &seen, nullptr),
                  VDB_STALE);
        EXPECT_EQ(std::memcmp(&before, store.page(seen.block), kPageSize), 0) << "change " << i;
    }
}

TEST(Links, DamagedListsAreCorrupt)
{
    const std::function<void(Store &, VdbNode)> damages[] = {
        [](Store &s, VdbNode id) { s.node(id)->state = NodeState{0}; },
        [](Store &s, VdbNode id) { s.node(id)->degree = 9; },
        [](Store &s, VdbNode id) { s.node(id)->pinned = s.node(id)->degree + 1; },
        [](Store &s, VdbNode id) { trailer(s.page(vdb_hnsw_node_block(&s.g, id)), s.g)->kind = 3; },
    };
    for (const auto &damage : damages) {
        Store store = sample();
        VdbNode id = store.inner();
        damage(store, id);
        EXPECT_THROW(read_links(store, id, 0), Corrupted);
    }
}

class Choose : public testing::Test {
  protected:
    Store store = sample();
    Gatherer pool{store, 200};
    std::vector<VdbNode> live = store.live_nodes();

    void gather(size_t n)
    {
        for (size_t i = 0; i < n; i++)
            vdb_hnsw_gather_add(pool.gather, live[i]);
        pool.run();
    }
};

TEST_F(Choose, KeepsThePinnedAndWhatItMust)
{
    gather(150);
    VdbLinks links = list({live[100], live[120], live[7]}, 2);
    vdb_hnsw_gather_choose(pool.gather, &links, 8, live[130]);
    EXPECT_LE(links.count, 8u);
    EXPECT_EQ(links.pinned, 2u);
    EXPECT_EQ(links.ids[0], live[100]);
    EXPECT_EQ(links.ids[1], live[120]);
    EXPECT_LT(vdb_hnsw_links_find(&links, live[130]), links.count);
    EXPECT_EQ(ids(links, 0, links.count).size(), links.count);    // no duplicates
    EXPECT_EQ(vdb_hnsw_links_find(&links, live[0]), links.count); // nor the centre
}

TEST_F(Choose, KeepsToTheLimit)
{
    gather(150);
    for (uint32_t limit : {1u, 2u, 5u}) {
        VdbLinks links = list({}, 0);
        vdb_hnsw_gather_choose(pool.gather, &links, limit, VDB_NO_NODE);
        EXPECT_GT(links.count, 0u);
        EXPECT_LE(links.count, limit);
    }
}

TEST_F(Choose, TakesTheNearestFirstAndNoneThatIsDead)
{
    Row centre = store.vector(live[0]);
    VdbNode nearest = live[1];
    for (size_t i = 1; i < 100; i++)
        if (store.distance(centre, live[i]) < store.distance(centre, nearest))
            nearest = live[i];
    gather(100);
    VdbLinks links = list({}, 0);
    vdb_hnsw_gather_choose(pool.gather, &links, 4, VDB_NO_NODE);
    EXPECT_EQ(links.ids[0], nearest);

    store.node(nearest)->state = NodeState::kTombstone;
    vdb_hnsw_gather_clear(pool.gather);
    gather(100);
    vdb_hnsw_gather_choose(pool.gather, &links, 4, VDB_NO_NODE);
    EXPECT_EQ(vdb_hnsw_links_find(&links, nearest), links.count);
    links = list({nearest}, 1); // but a tree edge stays until vacuum moves it
    vdb_hnsw_gather_choose(pool.gather, &links, 4, VDB_NO_NODE);
    EXPECT_EQ(links.ids[0], nearest);
}

TEST_F(Choose, GatherIgnoresDuplicatesFreeSlotsAndWhatDoesNotFit)
{
    store.node(live[3])->state = NodeState::kFree;
    Gatherer small(store, 5);
    for (int i = 0; i < 3; i++)
        for (VdbNode id : live)
            vdb_hnsw_gather_add(small.gather, id);
    small.run();
    VdbLinks links = list({}, 0);
    vdb_hnsw_gather_choose(small.gather, &links, 8, VDB_NO_NODE);
    EXPECT_LE(links.count, 3u); // 5, less the free one and the centre
    for (uint32_t i = 0; i < links.count; i++)
        EXPECT_TRUE(links.ids[i] != live[3] && links.ids[i] != live[0]);
}

TEST_F(Choose, FindsTheLiveNodeWithAnEqualVector)
{
    gather(50);
    VdbNode same = 0;
    uint16_t generation = 0;
    EXPECT_TRUE(
        vdb_hnsw_gather_find_equal(pool.gather, store.vector(live[20]).data(), &same, &generation));
    EXPECT_EQ(same, live[20]);
    EXPECT_EQ(generation, store.node(live[20])->generation);
    EXPECT_FALSE(vdb_hnsw_gather_find_equal(pool.gather, Row(4, .5f).data(), &same, &generation));
    store.node(live[20])->state = NodeState::kTombstone;
    vdb_hnsw_gather_clear(pool.gather);
    gather(50);
    EXPECT_FALSE(
        vdb_hnsw_gather_find_equal(pool.gather, store.vector(live[20]).data(), &same, &generation));
}
