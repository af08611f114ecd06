// Test helper: builds an index in memory, renders its pages, reads them back and checks what has to
// hold about them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <vector>

#include "bulk_build.h"
#include "hnsw/space.h"

namespace vdb::hnsw::test {

// The index as pages.
struct Index {
    VdbHnswGeometry g;
    std::vector<Page> pages;

    explicit Index(Build &b) : g(b.g), pages(b.pages()) {}
    Index(const VdbHnswGeometry &geometry, std::vector<Page> built)
        : g(geometry), pages(std::move(built))
    {
    }

    const MetaPage &meta() const { return *meta_of(&pages[0]); }

    const NodeHeader *node(VdbNode id) const
    {
        VdbBlock block = vdb_hnsw_node_block(&g, id);
        if (block == 0 || block >= pages.size() ||
            page_kind(&pages[block], g) != VDB_HNSW_PAGE_NODE)
            return nullptr;
        const NodeHeader *n = node_at(&pages[block], g, vdb_hnsw_node_slot(&g, id));
        return n->state == NodeState::kLive ? n : nullptr;
    }

    std::vector<VdbNode> nodes() const
    {
        std::vector<VdbNode> ids;
        for (VdbNode id = g.slots_per_page; id < pages.size() * g.slots_per_page; id++)
            if (node(id) != nullptr)
                ids.push_back(id);
        return ids;
    }

    // What a node of an index with codes keeps of its vector, put together from slot and vector
    // pages.
    std::vector<uint32_t> kept_blob(VdbNode id) const
    {
        std::vector<uint32_t> blob(g.units);
        std::memcpy(blob.data(), inline_vector(node(id), g), g.inline_units * g.unit_size);
        for (uint32_t i = 0; i < g.vector_pages; i++)
            std::memcpy(unit_at(blob.data(), g, slice_start(g, i)),
                        slice_vector(&pages[vector_blocks(node(id), g)[i]]),
                        slice_units(g, g.units, i) * g.unit_size);
        if (g.sealed)
            vdb_kept_mark(blob.data(), mark_of(node(id), g));
        return blob;
    }

    // As the index compares it.
    Row vector(VdbNode id) const
    {
        const NodeHeader *n = node(id);
        Row v(g.space.dims);
        if (vdb_hnsw_coded(&g)) {
            vdb_kept_decode(g.kept, g.space.dims, kept_blob(id).data(), v.data());
            return v;
        }
        std::copy_n(inline_floats(n, g), g.inline_units, v.begin());
        for (uint32_t i = 0; i < g.vector_pages; i++) {
            const void *page = &pages.at(vector_blocks(n, g)[i]);
            EXPECT_EQ(page_kind(page, g), VDB_HNSW_PAGE_VECTOR);
            std::copy_n(slice_floats(page), slice_units(g, g.units, i),
                        v.begin() + slice_start(g, i));
        }
        return v;
    }

    const CellHeader *cell(VdbCellRef ref) const
    {
        const void *page = &pages.at(vdb_cell_block(ref));
        EXPECT_TRUE(has_cells(page, g));
        EXPECT_LE(ref.offset, cell_count(page, g));
        return cell_at(page, g, ref.offset - 1u);
    }

    std::vector<VdbTid> tids(VdbNode id) const
    {
        const NodeHeader *n = node(id);
        std::vector<VdbTid> all = {n->heap_tid};
        for (VdbCellRef at = n->tids; !is_none(at);) {
            const CellHeader *c = cell(at);
            EXPECT_EQ(c->kind, CellKind::kTids);
            EXPECT_EQ(c->owner, id);
            EXPECT_GT(c->count, 0);
            EXPECT_LE(c->count, g.tids_per_cell);
            all.insert(all.end(), cell_tids(c), cell_tids(c) + c->count);
            at = c->next;
        }
        return all;
    }

    std::vector<VdbNode> links(VdbNode id, uint32_t level) const
    {
        const NodeHeader *n = node(id);
        if (level == 0)
            return {neighbors(n), neighbors(n) + n->degree};
        VdbCellRef at = n->upper;
        for (uint32_t l = 1; l < level; l++)
            at = cell(at)->next;
        const CellHeader *c = cell(at);
        EXPECT_EQ(c->kind, CellKind::kUpper);
        EXPECT_EQ(c->owner, id);
        EXPECT_EQ(c->level, level);
        EXPECT_EQ(is_none(c->next), level == n->level);
        return {cell_neighbors(c), cell_neighbors(c) + c->count};
    }

    GraphSpace space() const { return make_space(g); }

    float distance(const Row &query, VdbNode id) const
    {
        Row v = vector(id);
        return space().rank(space().raw(query.data(), v.data(), g.space.dims), 0, node(id)->norm);
    }

    // Plain best-first search on each level.
    std::vector<VdbNode> search(const Row &query, uint32_t ef) const
    {
        VdbNode at = meta().entry;
        for (uint32_t level = meta().entry_level; level > 0; level--)
            at = search_level(query, at, level, 1).front();
        return search_level(query, at, 0, ef);
    }

    std::vector<VdbNode> search_level(const Row &query, VdbNode start, uint32_t level,
                                      uint32_t ef) const
    {
        using Scored = std::pair<float, VdbNode>;
        std::set<VdbNode> seen = {start};
        std::priority_queue<Scored, std::vector<Scored>, std::greater<>> open;
        std::priority_queue<Scored> best;
        open.push({distance(query, start), start});
        best.push(open.top());
        while (!open.empty() && (best.size() < ef || open.top().first <= best.top().first)) {
            VdbNode next = open.top().second;
            open.pop();
            for (VdbNode id : links(next, level)) {
                if (!seen.insert(id).second)
                    continue;
                Scored s = {distance(query, id), id};
                open.push(s);
                best.push(s);
                if (best.size() > ef)
                    best.pop();
            }
        }
        std::vector<VdbNode> found;
        for (; !best.empty(); best.pop())
            found.push_back(best.top().second);
        std::reverse(found.begin(), found.end());
        return found;
    }
};

// Everything that has to hold about pages made from `rows`.
inline void check(const Index &index, const std::vector<Row> &rows)
{
    std::vector<VdbNode> ids = index.nodes();
    std::map<VdbNode, uint32_t> pinned_in;
    std::set<uint32_t> seen;
    uint32_t top = 0;
    for (VdbNode id : ids) {
        const NodeHeader *n = index.node(id);
        EXPECT_EQ(n->generation, 1);
        ASSERT_LE(n->pinned, n->degree);
        ASSERT_LE(n->degree, max_degree(index.g));
        top = std::max<uint32_t>(top, n->level);
        for (uint32_t level = 0; level <= n->level; level++) {
            std::vector<VdbNode> links = index.links(id, level);
            ASSERT_LE(links.size(), level == 0 ? 2 * index.g.m : index.g.m);
            std::set<VdbNode> unique(links.begin(), links.end());
            EXPECT_EQ(unique.size(), links.size());
            EXPECT_EQ(unique.count(id), 0u);
            for (VdbNode other : links) {
                ASSERT_NE(index.node(other), nullptr);
                EXPECT_GE(index.node(other)->level, level);
            }
        }
        for (uint32_t i = 0; i < n->pinned; i++)
            pinned_in[neighbors(n)[i]]++;
        Row v = index.vector(id);
        for (VdbTid tid : index.tids(id)) {
            ASSERT_TRUE(seen.insert(row_of(tid)).second);
            ASSERT_LT(row_of(tid), rows.size());
            if (!vdb_hnsw_coded(&index.g)) {
                EXPECT_EQ(rows[row_of(tid)], v);
            }
        }
        EXPECT_NEAR(n->norm, norm(v), (vdb_hnsw_coded(&index.g) ? 1e-2 : 1e-6) * norm(v));
    }
    EXPECT_EQ(seen.size(), rows.size());
    if (ids.empty()) {
        EXPECT_EQ(index.meta().root, VDB_NO_NODE);
        EXPECT_EQ(index.meta().entry, VDB_NO_NODE);
        return;
    }
    ASSERT_NE(index.node(index.meta().entry), nullptr);
    EXPECT_EQ(index.meta().entry_level, top);
    EXPECT_EQ(index.node(index.meta().entry)->level, top);

    // The pinned edges are a tree: one into each node but the root, and all within reach of it.
    std::vector<VdbNode> stack = {index.meta().root};
    size_t reached = 0;
    EXPECT_EQ(pinned_in.count(index.meta().root), 0u);
    for (; !stack.empty(); reached++) {
        VdbNode id = stack.back();
        stack.pop_back();
        const NodeHeader *n = index.node(id);
        stack.insert(stack.end(), neighbors(n), neighbors(n) + n->pinned);
        ASSERT_LE(reached, ids.size());
    }
    EXPECT_EQ(reached, ids.size());
    for (auto [id, count] : pinned_in)
        EXPECT_EQ(count, 1u);
}

// Share of the true 10 nearest that a search of width ef finds.
inline double recall(const Index &index, const std::vector<Row> &queries, uint32_t ef)
{
    constexpr size_t k = 10;
    std::vector<VdbNode> ids = index.nodes();
    size_t hits = 0;
    for (const Row &query : queries) {
        std::vector<float> exact;
        for (VdbNode id : ids)
            exact.push_back(index.distance(query, id));
        std::nth_element(exact.begin(), exact.begin() + k - 1, exact.end());
        std::vector<VdbNode> found = index.search(query, ef);
        for (size_t i = 0; i < k && i < found.size(); i++)
            hits += index.distance(query, found[i]) <= exact[k - 1];
    }
    return static_cast<double>(hits) / static_cast<double>(k * queries.size());
}

} // namespace vdb::hnsw::test
