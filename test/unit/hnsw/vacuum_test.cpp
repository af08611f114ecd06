// Page edits of vacuum: heap tids, tombstones, the tree around the dead, and freeing.
#include <gtest/gtest.h>

#include <set>

#include "vacuum_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

// Nodes of one page, set up by hand.
struct Nodes : Store {
    explicit Nodes(uint32_t dims = 4) : Store(dims, {.m = 2}) { append(VDB_HNSW_PAGE_NODE); }

    VdbNode id(uint32_t i) const { return g.slots_per_page + i; }
    VdbNode put(uint32_t i, NodeState state, std::vector<uint32_t> pinned,
                std::vector<uint32_t> others = {})
    {
        NodeHeader *n = node(id(i));
        n->state = state;
        n->pinned = static_cast<uint8_t>(pinned.size());
        n->degree = static_cast<uint8_t>(pinned.size() + others.size());
        pinned.insert(pinned.end(), others.begin(), others.end());
        for (size_t k = 0; k < pinned.size(); k++)
            neighbors(n)[k] = id(pinned[k]);
        return id(i);
    }
    std::set<uint32_t> pinned(uint32_t i)
    {
        std::set<uint32_t> all;
        for (uint32_t k = 0; k < node(id(i))->pinned; k++)
            all.insert(neighbors(node(id(i)))[k] - id(0));
        return all;
    }
    VdbStatus adopt(uint32_t parent, uint32_t child)
    {
        return vdb_hnsw_adopt(page(1), id(parent), page(1), id(child), &g);
    }
    VdbStatus hand_down(uint32_t i, uint32_t heir)
    {
        return vdb_hnsw_hand_down(page(1), id(i), page(1), id(heir), &g);
    }
    VdbStatus hand_over(uint32_t i, uint32_t heir)
    {
        return vdb_hnsw_hand_over(page(1), id(i), page(1), id(heir), &g);
    }
    NodeState state(uint32_t i) { return node(id(i))->state; }
};

constexpr NodeState kLive = NodeState::kLive, kDead = NodeState::kTombstone;

} // namespace

TEST(VacuumEdit, CountsAndRemovesTids)
{
    std::vector<Row> rows(300, Row(4, 1)); // one node with a chain
    for (const Row &row : gaussian(200, 4))
        rows.push_back(row);
    Store store(rows, 4, {.m = 4});
    IsDeadRow odd = [](uint32_t row) { return row % 2 == 1; };
    VdbTidCount before = {}, after = {};
    for (VdbBlock b = 1; b < store.pages.size(); b++) {
        VdbTidCount c = vdb_hnsw_page_count_tids(store.page(b), &store.g, tid_is_dead, &odd);
        before.dead += c.dead;
        before.left += c.left;
        vdb_hnsw_page_remove_tids(store.page(b), &store.g, tid_is_dead, &odd);
        c = vdb_hnsw_page_count_tids(store.page(b), &store.g, tid_is_dead, &odd);
        EXPECT_EQ(c.dead, 0u);
        after.left += c.left;
    }
    EXPECT_EQ(before.dead, 250u);
    EXPECT_EQ(before.left, 250u);
    EXPECT_EQ(after.left, 250u);
}

TEST(VacuumEdit, BuriesOnlyWhatHasNoTids)
{
    Nodes s;
    VdbNode id = s.put(0, kLive, {});
    s.node(id)->heap_tid = tid_of(1);
    EXPECT_EQ(vdb_hnsw_page_bury(s.page(1), &s.g, id), VDB_STALE);
    s.node(id)->heap_tid = {};
    s.node(id)->tids = {0, 2, 1};
    EXPECT_EQ(vdb_hnsw_page_bury(s.page(1), &s.g, id), VDB_STALE);
    s.node(id)->tids = {};
    EXPECT_EQ(vdb_hnsw_page_bury(s.page(1), &s.g, id), VDB_OK);
    EXPECT_EQ(s.state(0), kDead);
    EXPECT_EQ(vdb_hnsw_page_bury(s.page(1), &s.g, id), VDB_STALE);
    VdbNodeTids tids = vdb_hnsw_page_node(s.page(1), &s.g, 0);
    EXPECT_TRUE(tids.dead && !tids.live && !tids.has_tid);
}

TEST(Adopt, LeafLeavesTheTree)
{
    Nodes s;
    s.put(0, kLive, {1, 2}, {3});
    s.put(1, kDead, {}, {0});
    EXPECT_EQ(s.adopt(0, 1), VDB_OK);
    EXPECT_EQ(s.pinned(0), std::set<uint32_t>{2});
    EXPECT_EQ(s.node(s.id(0))->degree, 2);
    EXPECT_EQ(s.state(1), NodeState::kDetached);
}

TEST(Adopt, ChildrenMoveUp)
{
    Nodes s;
    s.put(0, kLive, {1}, {2, 5, 6}); // full; an edge to one grandchild is there already
    s.put(1, kDead, {2, 3, 4});
    EXPECT_EQ(s.adopt(0, 1), VDB_OK);
    EXPECT_EQ(s.pinned(0), (std::set<uint32_t>{2, 3, 4}));
    EXPECT_EQ(s.state(1), NodeState::kDetached);
    EXPECT_EQ(s.node(s.id(1))->pinned, 0);
}

TEST(Adopt, OnlyChildTakesThePlace)
{
    Nodes s;
    s.put(0, kLive, {1, 5, 6, 7});
    s.put(1, kDead, {2});
    EXPECT_EQ(s.adopt(0, 1), VDB_OK);
    EXPECT_EQ(s.pinned(0), (std::set<uint32_t>{2, 5, 6, 7}));
}

TEST(Adopt, ParentWithoutRoom)
{
    Nodes s;
    s.put(0, kLive, {1, 5, 6}, {7});
    s.put(1, kDead, {2, 3, 4});
    EXPECT_EQ(s.adopt(0, 1), VDB_FULL);
    EXPECT_EQ(s.state(1), kDead);
    // Each child has one parent, wherever it is by now.
    std::set<uint32_t> up = s.pinned(0), down = s.pinned(1);
    EXPECT_EQ(up.size() + down.size(), 6u);
    up.insert(down.begin(), down.end());
    EXPECT_EQ(up, (std::set<uint32_t>{1, 2, 3, 4, 5, 6}));

    s.put(*down.begin(), kLive, {});
    EXPECT_EQ(s.hand_down(1, *down.begin()), VDB_OK);
    EXPECT_EQ(s.pinned(1), std::set<uint32_t>{*down.begin()});
    EXPECT_EQ(s.adopt(0, 1), VDB_OK);
}

TEST(Adopt, RefusesOthers)
{
    Nodes s;
    s.put(0, kLive, {1}, {3});
    s.put(1, kLive, {});
    s.put(2, kDead, {});
    s.put(3, kDead, {});
    EXPECT_EQ(s.adopt(0, 1), VDB_STALE); // alive
    EXPECT_EQ(s.adopt(0, 2), VDB_STALE); // not its child
    EXPECT_EQ(s.adopt(0, 3), VDB_STALE); // a neighbour, not a child
    s.put(4, NodeState::kFree, {3});
    EXPECT_EQ(s.adopt(4, 3), VDB_STALE);
    s.put(4, NodeState::kDetached, {3});
    EXPECT_EQ(s.adopt(4, 3), VDB_STALE);
    s.put(5, kDead, {5});
    EXPECT_EQ(s.adopt(5, 5), VDB_CORRUPT); // its own child
    EXPECT_EQ(s.hand_down(5, 5), VDB_CORRUPT);
    s.node(s.id(0))->degree = 200;
    EXPECT_EQ(s.adopt(0, 1), VDB_CORRUPT);
    EXPECT_EQ(s.hand_down(0, 1), VDB_CORRUPT);
}

TEST(HandDown, WhereTheHeirIsFullItsChildTakes)
{
    Nodes s;
    s.put(0, kDead, {1, 2, 3});
    s.put(1, kLive, {4, 5, 6, 7});
    s.put(4, kLive, {});
    EXPECT_EQ(s.hand_down(0, 1), VDB_FULL);
    EXPECT_EQ(s.hand_over(0, 4), VDB_OK);
    EXPECT_EQ(s.pinned(0), std::set<uint32_t>{1});
    EXPECT_EQ(s.pinned(4), (std::set<uint32_t>{2, 3}));
    s.put(4, NodeState::kDetached, {});
    EXPECT_EQ(s.hand_over(0, 4), VDB_STALE);
    EXPECT_EQ(s.hand_over(1, 5), VDB_STALE); // alive
    EXPECT_EQ(s.hand_over(0, 0), VDB_CORRUPT);
}

TEST(HandDown, HeirTakesItsSiblings)
{
    Nodes s;
    s.put(0, kDead, {1, 2, 3});
    s.put(1, kLive, {4}, {5, 6, 7});
    EXPECT_EQ(s.hand_down(0, 1), VDB_OK);
    EXPECT_EQ(s.pinned(0), std::set<uint32_t>{1});
    EXPECT_EQ(s.pinned(1), (std::set<uint32_t>{2, 3, 4}));
    s.put(0, kDead, {1, 8, 9});
    EXPECT_EQ(s.hand_down(0, 1), VDB_FULL);
    EXPECT_EQ(s.pinned(0).size() + s.pinned(1).size(), 6u);
    EXPECT_EQ(s.hand_down(0, 5), VDB_STALE);
    s.put(0, kLive, {1});
    EXPECT_EQ(s.hand_down(0, 1), VDB_STALE);
}

TEST(LetGo, TheEdgeBecomesAnOrdinaryOne)
{
    Nodes s;
    s.put(0, kDead, {1, 2}, {3});
    EXPECT_EQ(vdb_hnsw_let_go(s.page(1), s.id(0), s.id(1), &s.g), VDB_OK);
    EXPECT_EQ(s.pinned(0), std::set<uint32_t>{2});
    EXPECT_EQ(s.node(s.id(0))->degree, 3);
    EXPECT_EQ(vdb_hnsw_let_go(s.page(1), s.id(0), s.id(1), &s.g), VDB_STALE); // no child any more
    EXPECT_EQ(vdb_hnsw_let_go(s.page(1), s.id(0), s.id(3), &s.g), VDB_STALE);
    s.put(0, kLive, {2});
    EXPECT_EQ(vdb_hnsw_let_go(s.page(1), s.id(0), s.id(2), &s.g), VDB_STALE);
    s.node(s.id(0))->pinned = 9;
    EXPECT_EQ(vdb_hnsw_let_go(s.page(1), s.id(0), s.id(2), &s.g), VDB_CORRUPT);
}

namespace {

// The order of the tree on a store's first node page.
struct Order {
    Memory memory_;
    VdbTreeOrder *order;
    Nodes &s;

    Order(Nodes &nodes, uint32_t root)
        : memory_(memory(vdb_hnsw_order_size(&nodes.g, 2))),
          order(vdb_hnsw_order_begin(memory_.get(), &nodes.g, 2)), s(nodes)
    {
        vdb_hnsw_order_feed(order, &s.g, 0, s.page(0));
        vdb_hnsw_order_feed(order, &s.g, 1, s.page(1));
        vdb_hnsw_order_finish(order, s.id(root));
    }
    bool before(uint32_t a, uint32_t b) const
    {
        return vdb_hnsw_order_before(order, s.id(a), s.id(b));
    }
};

} // namespace

TEST(TreeOrder, ParentsComeFirstAndBranchesOneAfterTheOther)
{
    Nodes s;
    s.put(2, kLive, {0, 4}, {1});
    s.put(0, kLive, {1, 5});
    s.put(4, kDead, {3});
    for (uint32_t leaf : {1, 3, 5})
        s.put(leaf, kLive, {}, {2});
    Order o(s, 2);
    for (auto [parent, child] : {std::pair{2, 0}, {2, 4}, {0, 1}, {0, 5}, {4, 3}}) {
        EXPECT_TRUE(o.before(parent, child)) << child;
        EXPECT_FALSE(o.before(child, parent)) << child;
    }
    EXPECT_NE(o.before(1, 5), o.before(5, 1));
    EXPECT_NE(o.before(3, 5), o.before(5, 3));
    EXPECT_EQ(o.before(3, 5), o.before(3, 1)); // a branch is not interrupted
    EXPECT_FALSE(o.before(2, 6));              // not in the tree
    EXPECT_FALSE(o.before(6, 1));
    EXPECT_FALSE(vdb_hnsw_order_before(o.order, s.id(2), UINT32_MAX));
    EXPECT_FALSE(vdb_hnsw_order_before(o.order, UINT32_MAX, s.id(2)));
}

TEST(TreeOrder, OfADamagedTree)
{
    Nodes s;
    s.put(0, kLive, {1});
    s.put(1, kLive, {2, 0}); // back to the root
    s.put(2, kLive, {2, 3});
    s.put(4, kLive, {5}); // a circle by itself
    s.put(5, kLive, {4});
    s.put(3, kLive, {});
    neighbors(s.node(s.id(3)))[0] = UINT32_MAX - 1;
    s.node(s.id(3))->degree = s.node(s.id(3))->pinned = 1;
    s.put(6, kLive, {1});
    s.node(s.id(6))->pinned = 200;
    Order o(s, 0);
    EXPECT_TRUE(o.before(0, 1));
    EXPECT_FALSE(o.before(0, 4));
    EXPECT_FALSE(o.before(0, 5));
    EXPECT_FALSE(o.before(0, 6));
    Order nowhere(s, UINT32_MAX - s.id(0)); // no such root
    EXPECT_FALSE(nowhere.before(0, 1));
}

TEST(ListsInto, NamesListsThatLeadToTheDead)
{
    Nodes s;
    s.put(0, kLive, {1}, {2});
    s.put(1, kLive, {}, {0});
    s.put(2, kDead, {3}, {0});
    s.put(3, kDead, {}, {2});
    Memory block = memory(vdb_hnsw_set_size(16));
    VdbNodeSet *dead = vdb_hnsw_set_init(block.get(), 16);
    vdb_hnsw_set_add(dead, s.id(2));
    vdb_hnsw_set_add(dead, s.id(3));
    std::vector<VdbListName> names(s.g.slots_per_page + s.g.cells_per_cell_page);
    uint32_t n = vdb_hnsw_page_lists_into(s.page(1), &s.g, 1, dead, names.data());
    ASSERT_EQ(n, 2u);
    EXPECT_EQ(names[0].node, s.id(0));
    EXPECT_EQ(names[1].node, s.id(2)); // dead itself, but with a tree edge to another dead one
}

TEST(NodeSet, GrowsByMoving)
{
    Memory small = memory(vdb_hnsw_set_size(8)), large = memory(vdb_hnsw_set_size(64));
    VdbNodeSet *set = vdb_hnsw_set_init(small.get(), 8);
    for (VdbNode id = 100; !vdb_hnsw_set_full(set); id++)
        vdb_hnsw_set_add(set, id);
    EXPECT_EQ(vdb_hnsw_set_count(set), 4u);
    set = vdb_hnsw_set_move(set, large.get(), 64);
    EXPECT_FALSE(vdb_hnsw_set_full(set));
    EXPECT_EQ(vdb_hnsw_set_count(set), 4u);
    EXPECT_TRUE(vdb_hnsw_set_has(set, 103));
    EXPECT_FALSE(vdb_hnsw_set_has(set, 104));
}

TEST(FreeNode, OnlyDetachedOnesAndTheGenerationStays)
{
    Nodes s;
    VdbNode id = s.put(0, kDead, {});
    VdbCellRef upper;
    s.node(id)->generation = 9;
    EXPECT_FALSE(vdb_hnsw_page_detached(s.page(1), &s.g, id, &upper));
    EXPECT_EQ(vdb_hnsw_page_free_node(s.page(1), &s.g, id), VDB_STALE);
    s.node(id)->state = NodeState::kDetached;
    EXPECT_EQ(vdb_hnsw_page_free_node(s.page(1), &s.g, id), VDB_OK);
    EXPECT_EQ(s.state(0), NodeState::kFree);
    EXPECT_EQ(s.node(id)->generation, 9);
    EXPECT_EQ(vdb_hnsw_page_free_slot(s.page(1), &s.g), 0u);
}

TEST(FreeNode, UpperCellsHereAndElsewhere)
{
    for (bool here : {true, false}) {
        Nodes s(1500); // one slot, and cells beside it
        ASSERT_GE(s.g.cells_per_node_page, 2u);
        VdbBlock block = here ? 1 : s.append(VDB_HNSW_PAGE_CELL);
        VdbNode id = s.put(0, NodeState::kDetached, {});
        uint32_t free = vdb_hnsw_page_free_cells(s.page(block), &s.g);
        VdbLinks two = {}, one = {};
        one.node = two.node = id;
        one.level = 1;
        two.level = 2;
        VdbCellRef top = vdb_hnsw_page_put_upper(s.page(block), &s.g, block, &two, {});
        s.node(id)->upper = vdb_hnsw_page_put_upper(s.page(block), &s.g, block, &one, top);
        EXPECT_EQ(vdb_hnsw_page_free_cells(s.page(block), &s.g), free - 2);
        EXPECT_EQ(vdb_hnsw_page_free_upper(s.page(1), &s.g, id, s.page(0)), VDB_CORRUPT);
        EXPECT_EQ(vdb_hnsw_page_free_upper(s.page(1), &s.g, id, s.page(block)), VDB_OK);
        EXPECT_EQ(vdb_hnsw_page_free_cells(s.page(block), &s.g), free);
        EXPECT_EQ(vdb_hnsw_page_free_upper(s.page(1), &s.g, id, s.page(block)), VDB_STALE);
    }
}

TEST(FreeNode, SlicesGoLastFirst)
{
    Nodes s(5000);
    VdbNode id = s.put(0, kDead, {});
    vector_blocks(s.node(id), s.g)[0] = 21;
    vector_blocks(s.node(id), s.g)[1] = 22;
    EXPECT_EQ(vdb_hnsw_page_take_slice(s.page(1), &s.g, id), VDB_NO_BLOCK); // not detached
    s.node(id)->state = NodeState::kDetached;
    EXPECT_EQ(vdb_hnsw_page_take_slice(s.page(1), &s.g, id), 22u);
    EXPECT_EQ(vdb_hnsw_page_take_slice(s.page(1), &s.g, id), 21u);
    EXPECT_EQ(vdb_hnsw_page_take_slice(s.page(1), &s.g, id), VDB_NO_BLOCK);
}
