// A whole hnsw index in memory, to be damaged and checked.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "float_vectors.h"
#include "hnsw/build_api.h"
#include "hnsw/check_api.h"
#include "hnsw/page_format.h"
#include "hnsw/seal.h"

namespace vdb::hnsw::test {

constexpr uint32_t kPageSize = 8192;
constexpr uint32_t kRowsPerHeapPage = 50;

struct alignas(64) Page {
    char bytes[kPageSize];
};

inline std::unique_ptr<void, void (*)(void *)> memory(size_t bytes)
{
    // The checker and the builder may count neither on zeroes nor on more than they asked for.
    void *p = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    std::memset(p, 0xA5, bytes);
    return {p, &std::free};
}

struct Report {
    VdbHnswCheckCounts counts;
    std::vector<VdbProblem> problems;

    bool says(const std::string &words) const
    {
        for (const auto &p : problems)
            if (std::string(p.text).find(words) != std::string::npos)
                return true;
        return false;
    }
    std::string all() const
    {
        std::string s;
        for (const auto &p : problems)
            s +=
                "(" + std::to_string(p.block) + "," + std::to_string(p.item) + ") " + p.text + "\n";
        return s;
    }
};

// All pages of an index.
struct Image {
    VdbHnswGeometry g;
    std::vector<Page> pages;
    VdbBlock heap_blocks = VDB_NO_BLOCK;

    void *page(VdbBlock block) { return &pages[block]; }
    MetaPage *meta() { return meta_of(page(0)); }
    NodeHeader *node(VdbNode id)
    {
        return node_at(page(vdb_hnsw_node_block(&g, id)), g, vdb_hnsw_node_slot(&g, id));
    }
    CellHeader *cell(VdbCellRef ref)
    {
        return cell_at(page(vdb_cell_block(ref)), g, ref.offset - 1u);
    }

    // The first node, other than the root, of which something is true.
    VdbNode find(const std::function<bool(NodeHeader *)> &is_it)
    {
        for (VdbBlock b = 1; b < pages.size(); b++)
            for (uint32_t s = 0;
                 page_kind(page(b), g) == VDB_HNSW_PAGE_NODE && s < g.slots_per_page; s++) {
                VdbNode id = b * g.slots_per_page + s;
                if (id != meta()->root && node(id)->state != NodeState::kFree && is_it(node(id)))
                    return id;
            }
        ADD_FAILURE() << "no such node in the image";
        return meta()->root;
    }
    VdbNode leaf()
    {
        return find([this](NodeHeader *n) {
            return n->state == NodeState::kLive && n->pinned == 0 && n != node(meta()->entry);
        });
    }
    VdbNode inner()
    {
        return find([](NodeHeader *n) { return n->pinned > 0 && n->degree > n->pinned + 2; });
    }
    VdbNode upper()
    {
        return find([](NodeHeader *n) { return n->level > 0; });
    }
    VdbNode with_tid_cells()
    {
        return find([](NodeHeader *n) { return !is_none(n->tids); });
    }
    VdbBlock block_of(VdbHnswPageKind kind)
    {
        for (VdbBlock b = 0; b < pages.size(); b++)
            if (page_kind(page(b), g) == kind)
                return b;
        ADD_FAILURE() << "no such page in the image";
        return 0;
    }
    VdbBlock append(VdbHnswPageKind kind)
    {
        pages.emplace_back();
        std::memset(&pages.back(), 0, sizeof(Page));
        init_page(&pages.back(), g, kind);
        return static_cast<VdbBlock>(pages.size() - 1);
    }

    // Takes a leaf out of the tree, as vacuum does.
    void detach(VdbNode leaf)
    {
        auto is_parent = [&](NodeHeader *n) {
            for (uint32_t i = 0; i < n->pinned; i++)
                if (neighbors(n)[i] == leaf)
                    return true;
            return false;
        };
        VdbNode parent = is_parent(node(meta()->root)) ? meta()->root : find(is_parent);
        NodeHeader *p = node(parent);
        uint32_t at = 0;
        while (neighbors(p)[at] != leaf)
            at++;
        neighbors(p)[at] = neighbors(p)[--p->pinned];
        neighbors(p)[p->pinned] = leaf;
        node(leaf)->state = NodeState::kDetached;
        set_heap_tid(node(leaf), g, {});
    }

    Report check() const
    {
        size_t bytes = 0;
        auto blocks = static_cast<VdbBlock>(pages.size());
        EXPECT_EQ(vdb_hnsw_check_size(&g, blocks, &bytes), VDB_OK);
        auto block = memory(bytes);
        VdbHnswCheck *check = vdb_hnsw_check_begin(block.get(), &g, blocks, heap_blocks);
        for (VdbBlock b = 0; b < blocks; b++)
            vdb_hnsw_check_feed(check, b, &pages[b]);
        while (vdb_hnsw_check_finish(check)) {
        }
        Report r = {*vdb_hnsw_check_counts(check), {}};
        for (uint32_t i = 0; i < r.counts.problems && i < VDB_MAX_PROBLEMS; i++)
            r.problems.push_back(*vdb_hnsw_check_problem(check, i));
        return r;
    }
};

// The phases of a build, each by so many threads.
inline void link_rows(void *region, uint32_t threads = 1)
{
    while (vdb_hnsw_build_begin_phase(region) != VDB_HNSW_BUILD_LINKED) {
        std::vector<std::thread> all;
        for (uint32_t i = 0; i < threads; i++)
            all.emplace_back([region] {
                auto work = memory(vdb_hnsw_build_work_size(region));
                vdb_hnsw_build_work_init(region, work.get());
                while (vdb_hnsw_build_work(region, work.get())) {
                }
            });
        for (std::thread &t : all)
            t.join();
        VdbHnswBuildProgress progress = vdb_hnsw_build_progress(region);
        EXPECT_EQ(progress.done, progress.total);
    }
}

// The bulk builder's index over `rows` Gaussian rows; every tenth comes in `copies` copies.
inline Image build(uint32_t dims, uint32_t m, uint32_t rows, uint32_t copies = 1)
{
    Image image;
    EXPECT_EQ(float_geometry(kPageSize, dims, m, VDB_METRIC_L2, &image.g), VDB_OK);
    const VdbHnswGeometry *g = &image.g;
    size_t bytes = vdb_hnsw_build_size(g, rows + 100) * 2;
    auto region = memory(bytes);
    EXPECT_EQ(vdb_hnsw_build_init(region.get(), bytes, g, 2 * m, 42), VDB_OK);
    auto scratch = memory(vdb_hnsw_build_scratch_size(region.get()));
    vdb_hnsw_build_scratch_init(region.get(), scratch.get());

    std::mt19937 random(dims * 1000 + m);
    std::normal_distribution<float> normal;
    std::vector<float> v(dims);
    uint32_t row = 0;
    for (uint32_t i = 0; i < rows; i++) {
        float norm = 0;
        for (float &x : v) {
            x = normal(random);
            norm += x * x;
        }
        for (uint32_t c = 0; c < (i % 10 == 0 ? copies : 1); c++, row++) {
            VdbTid tid = {0, static_cast<uint16_t>(row / kRowsPerHeapPage),
                          static_cast<uint16_t>(row % kRowsPerHeapPage + 1)};
            EXPECT_EQ(vdb_hnsw_build_add(region.get(), scratch.get(), v.data(), norm, tid), VDB_OK);
        }
    }
    link_rows(region.get());
    image.heap_blocks = row / kRowsPerHeapPage + 1;
    while (!vdb_hnsw_build_finish(region.get(), scratch.get(), 1000)) {
    }
    VdbHnswBuildLayout layout = {};
    EXPECT_EQ(vdb_hnsw_build_layout(region.get(), &layout), VDB_OK);
    image.pages.resize(layout.blocks);
    std::memset(image.pages.data(), 0, sizeof(Page) * layout.blocks);
    for (VdbBlock b = 0; b < layout.blocks; b++) {
        init_page(image.page(b), *g, vdb_hnsw_build_page_kind(&layout, b));
        vdb_hnsw_build_render(region.get(), scratch.get(), &layout, b, image.page(b));
    }
    return image;
}

} // namespace vdb::hnsw::test
