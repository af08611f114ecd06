// Codes of edges in slots: they go where their edges go.
#include <gtest/gtest.h>

#include <random>

#include "hnsw/edge_codes.h"
#include "insert_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

struct CodedStore : Store {
    explicit CodedStore(uint32_t m = 4, size_t rows = 200)
        : Store(gaussian(rows, 64), 64, {.m = m, .ef_construction = 2 * m, .kept = VDB_KEPT_SQ8})
    {
    }
    void expect_right(uint32_t neutral = 0)
    {
        EXPECT_EQ(count_codes().wrong, 0u);
        EXPECT_EQ(count_codes().neutral, neutral);
    }
    // A node with a full list.
    VdbNode full()
    {
        for (VdbNode id : live_nodes())
            if (node(id)->degree == max_degree(g))
                return id;
        throw Corrupted{};
    }
    const float *floats(const std::vector<uint64_t> &value) const
    {
        return reinterpret_cast<const float *>(value.data());
    }
};

void insert_gaussian(Store &store, uint32_t n)
{
    std::vector<Row> rows = gaussian(n, 64);
    for (uint32_t i = 0; i < n; i++)
        insert(store, rows[i], i);
}

} // namespace

TEST(EdgeCodes, BuildsHaveTheRightOnes)
{
    // The build makes codes of the vectors as they were, insertion of what is kept of them.
    Store store(gaussian(200, 64), 64, {.m = 4, .ef_construction = 8, .kept = VDB_KEPT_FULL});
    EXPECT_EQ(store.count_codes().wrong, 0u);
    EXPECT_EQ(store.count_codes().neutral, 0u);
}

TEST(EdgeCodes, MoveAlongInEveryEdit)
{
    Store store(64, {.m = 4, .ef_construction = 20, .kept = VDB_KEPT_FULL});
    insert_gaussian(store, 120);
    std::mt19937 random(3);
    for (VdbNode id : store.live_nodes()) {
        NodeHeader *node = store.node(id);
        uint32_t a = random() % node->degree, b = random() % node->degree;
        swap_edges(node, store.g, a, b);
        VdbLinks seen = read_links(store, id, 0), now = seen;
        std::shuffle(now.ids, now.ids + now.count, random);
        vdb_hnsw_links_remove(&now, random() % now.count);
        ASSERT_EQ(vdb_hnsw_links_write(store.page(seen.block), &store.g, &seen, &now, nullptr),
                  VDB_OK);
    }
    EXPECT_EQ(store.count_codes().wrong, 0u);
    EXPECT_EQ(store.count_codes().neutral, 0u);
    VdbNode id = store.live_nodes()[5], other = store.live_nodes()[9];
    put_neutral_edge(store.node(id), store.g, 0, other);
    EXPECT_EQ(store.count_codes().wrong, 0u);
    EXPECT_EQ(store.count_codes().neutral, 1u);
}

TEST(EdgeCodes, NewEdgesWithoutOneAreNeutral)
{
    Store store(64, {.m = 4, .ef_construction = 20, .kept = VDB_KEPT_FULL});
    insert_gaussian(store, 60);
    VdbNode id = store.live_nodes()[0];
    VdbLinks seen = read_links(store, id, 0), now = seen;
    for (VdbNode other : store.live_nodes())
        if (other != id && vdb_hnsw_links_find(&now, other) == now.count) {
            now.ids[now.count - 1] = other;
            break;
        }
    ASSERT_EQ(vdb_hnsw_links_write(store.page(seen.block), &store.g, &seen, &now, nullptr), VDB_OK);
    EXPECT_EQ(store.count_codes().wrong, 0u);
    EXPECT_EQ(store.count_codes().neutral, 1u);
    // and the code given is taken
    Codes codes(store.g, 1);
    std::vector<uint64_t> from = store.value(id), to = store.value(now.ids[now.count - 1]);
    vdb_hnsw_codes_add(codes.codes, now.ids[now.count - 1], from.data(), to.data());
    ASSERT_EQ(vdb_hnsw_links_write(store.page(seen.block), &store.g, &now, &now, codes.codes),
              VDB_OK);
    EXPECT_EQ(store.count_codes().neutral, 0u);
}

class Offer : public testing::Test {
  protected:
    CodedStore store;
    VdbNode id = store.full();
    VdbLinks seen = read_links(store, id, 0), now = seen;
    Codes edge{store.g, 1};

    bool offer(const std::vector<float> &vector, bool must)
    {
        std::vector<uint64_t> from = store.value(id);
        vdb_hnsw_codes_clear(edge.codes);
        vdb_hnsw_codes_add(edge.codes, VDB_HNSW_NEW_NODE, from.data(), vector.data());
        now = seen;
        return vdb_hnsw_links_offer(store.page(seen.block), &store.g, &now, edge.codes, must);
    }
    // The point at that share of the way from the node to another.
    std::vector<float> between(VdbNode other, float share)
    {
        std::vector<uint64_t> a = store.value(id), b = store.value(other);
        std::vector<float> point(store.g.space.dims);
        for (uint32_t i = 0; i < point.size(); i++)
            point[i] = store.floats(a)[i] + share * (store.floats(b)[i] - store.floats(a)[i]);
        return point;
    }
};

TEST_F(Offer, WhatLiesInAShadowIsRefusedUnlessItMust)
{
    std::vector<float> behind = between(seen.ids[seen.count - 1], 1.3F);
    EXPECT_FALSE(offer(behind, false));
    EXPECT_TRUE(offer(behind, true));
    EXPECT_LT(vdb_hnsw_links_find(&now, VDB_HNSW_NEW_NODE), now.count);
}

TEST_F(Offer, AShorterOneTakesOneOthersPlace)
{
    for (uint32_t i = seen.pinned; i < seen.count; i++) {
        ASSERT_TRUE(offer(between(seen.ids[i], .3F), false));
        EXPECT_EQ(now.count, seen.count);
        EXPECT_EQ(now.pinned, seen.pinned);
        uint32_t changed = 0;
        for (uint32_t j = 0; j < now.count; j++)
            changed += now.ids[j] != seen.ids[j];
        EXPECT_EQ(changed, 1u);
        EXPECT_LT(vdb_hnsw_links_find(&now, VDB_HNSW_NEW_NODE), now.count);
    }
}

TEST_F(Offer, PinnedEdgesStay)
{
    store.node(id)->pinned = static_cast<uint8_t>(seen.count - 1);
    seen.pinned = seen.count - 1;
    ASSERT_TRUE(offer(between(seen.ids[0], .3F), true));
    EXPECT_EQ(vdb_hnsw_links_find(&now, VDB_HNSW_NEW_NODE), seen.count - 1);
}

TEST_F(Offer, NeutralCodesShadowNothing)
{
    for (uint32_t i = 0; i < seen.count; i++)
        put_neutral_edge(store.node(id), store.g, i, seen.ids[i]);
    EXPECT_FALSE(offer(between(seen.ids[0], 1.3F), false)); // the longest of all
    EXPECT_TRUE(offer(between(seen.ids[0], 1.3F), true));
}
