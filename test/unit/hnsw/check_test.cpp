// The checker: silent on sound indexes, speaks up about every kind of damage, survives any bytes.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "hnsw/check_api.h"
#include "hnsw/page_format.h"
#include "insert_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

// Small index with upper levels, inner tree nodes, tid cells.
const Image &sample()
{
    static const Image image = build(8, 4, 600, 60);
    return image;
}

// The same with vectors that leave their slots.
const Image &spilled()
{
    static const Image image = build(5000, 4, 30, 2);
    return image;
}

constexpr uint32_t kSparseDims = 3000;

// Sparse vectors, of which some leave their slots.
const Image &sparse()
{
    static const Store store(uneven(80, kSparseDims), kSparseDims,
                             {.m = 4, .storage = VDB_STORAGE_SPARSE, .slot_units = 40});
    return store;
}

VdbSparseElement *elements(Image &i, VdbNode node)
{
    return static_cast<VdbSparseElement *>(inline_vector(i.node(node), i.g));
}

// A node with so many slices.
VdbNode with_slices(Image &i, uint32_t slices)
{
    return i.find([&](NodeHeader *n) {
        uint32_t units = units_of(n, i.g);
        return units > 4 && vdb_hnsw_slices(&i.g, units) == slices;
    });
}

// Damages a copy and expects the checker to say so.
void expect(const std::string &words, const std::function<void(Image &)> &damage,
            const Image &base = sample())
{
    Image image = base;
    damage(image);
    Report r = image.check();
    EXPECT_GT(r.counts.problems, 0u) << words;
    EXPECT_TRUE(r.says(words)) << "expected: " << words << "\ngot:\n" << r.all();
}

void expect_clean(const std::function<void(Image &)> &change, const Image &base = sample())
{
    Image image = base;
    change(image);
    Report r = image.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
}

} // namespace

TEST(Check, SoundIndexesHaveNoProblems)
{
    for (uint32_t dims : {1u, 3u, 96u, 1000u, 2100u, 16000u})
        for (uint32_t m : {2u, 16u, 100u})
            for (uint32_t rows : {0u, 1u, 2u, 150u}) {
                Image image = build(dims, m, rows, 3);
                Report r = image.check();
                ASSERT_EQ(r.counts.problems, 0u)
                    << "dims " << dims << " m " << m << " rows " << rows << "\n"
                    << r.all();
                ASSERT_EQ(r.counts.live, rows);
                ASSERT_EQ(r.counts.heap_tids, rows + (rows + 9) / 10 * 2);
                ASSERT_EQ(r.counts.stale_edges + r.counts.lost_cells + r.counts.lost_vectors, 0u);
            }
}

TEST(Check, CountsWhatThereIs)
{
    Report r = sample().check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.live, 600u);
    EXPECT_EQ(r.counts.heap_tids, 600u + 60 * 59);
    EXPECT_EQ(r.counts.pages[VDB_HNSW_PAGE_META], 1u);
    EXPECT_GT(r.counts.pages[VDB_HNSW_PAGE_NODE], 1u);
    EXPECT_GT(r.counts.edges, 600u);
    EXPECT_GT(r.counts.level_nodes[1], 0u);
    uint64_t by_level = 0;
    for (uint64_t n : r.counts.level_nodes)
        by_level += n;
    EXPECT_EQ(by_level, r.counts.live);
}

TEST(Check, Metapage)
{
    Image image = sample();
    VdbHnswGeometry g;
    const char *problem = nullptr;
    ASSERT_EQ(vdb_hnsw_check_geometry(image.page(0), kPageSize, &g, &problem), VDB_OK);
    EXPECT_EQ(std::memcmp(&g, &image.g, sizeof(g)), 0);

    const std::function<void(MetaPage *)> damages[] = {
        [](MetaPage *m) { m->magic++; },      [](MetaPage *m) { m->version++; },
        [](MetaPage *m) { m->features = 1; }, [](MetaPage *m) { m->page_size = 4096; },
        [](MetaPage *m) { m->dims = 0; },     [](MetaPage *m) { m->dims = 16001; },
        [](MetaPage *m) { m->m = 1; },        [](MetaPage *m) { m->m = 101; },
        [](MetaPage *m) { m->metric = 0; },   [](MetaPage *m) { m->metric = 5; },
        [](MetaPage *m) { m->storage = 77; },
    };
    for (const auto &damage : damages) {
        Image broken = sample();
        damage(broken.meta());
        EXPECT_EQ(vdb_hnsw_check_geometry(broken.page(0), kPageSize, &g, &problem), VDB_CORRUPT);
        expect(problem, [&](Image &i) { damage(i.meta()); });
    }
    expect("metapage has 9 dimensions", [](Image &i) { i.meta()->dims++; });
    expect("root 100000 is outside", [](Image &i) { i.meta()->root = 100000; });
    expect("no root", [](Image &i) { i.meta()->root = VDB_NO_NODE; });
    expect("no entry point", [](Image &i) { i.meta()->entry = VDB_NO_NODE; });
    expect("entry point 0 is a free slot", [](Image &i) { i.meta()->entry = 0; });
    expect("is of level", [](Image &i) { i.meta()->entry_level++; });
    expect("root", [](Image &i) { i.node(i.meta()->root)->state = NodeState::kDetached; });
}

TEST(Check, PageKinds)
{
    expect("page id is 0000", [](Image &i) { std::memset(i.page(0), 0, kPageSize); });
    expect("page id", [](Image &i) { trailer(i.page(1), i.g)->page_id ^= 1; });
    expect("unknown kind of page 9", [](Image &i) { trailer(i.page(1), i.g)->kind = 9; });
    expect("page of kind 1", [](Image &i) { trailer(i.page(1), i.g)->kind = VDB_HNSW_PAGE_META; });
    expect("the page holds no nodes",
           [](Image &i) { trailer(i.page(1), i.g)->kind = VDB_HNSW_PAGE_CELL; });
    expect("the page holds no nodes", [](Image &i) { std::memset(i.page(1), 0, kPageSize); });
    expect("vector page in an index", [](Image &i) { i.append(VDB_HNSW_PAGE_VECTOR); });
    // A crash while the index grows leaves one.
    expect_clean([](Image &i) { i.pages.push_back(Page{}); });
}

TEST(Check, NodeFields)
{
    auto at = [](VdbNode (Image::*which)(), std::function<void(NodeHeader *)> f) {
        return [=](Image &i) { f(i.node((i.*which)())); };
    };
    expect("unknown state 7",
           at(&Image::leaf, [](NodeHeader *n) { n->state = static_cast<NodeState>(7); }));
    expect("node: level 32", at(&Image::leaf, [](NodeHeader *n) { n->level = 32; }));
    expect("no cell for level 1",
           at(&Image::upper, [](NodeHeader *n) { n->upper = VdbCellRef{}; }));
    expect("but more cells", at(&Image::upper, [](NodeHeader *n) { n->level--; }));
    expect("degree 9 exceeds 8", at(&Image::leaf, [](NodeHeader *n) { n->degree = 9; }));
    expect("tree edges but degree",
           at(&Image::inner, [](NodeHeader *n) { n->pinned = n->degree + 1; }));
    expect("norm is", at(&Image::leaf, [](NodeHeader *n) { n->norm *= 1.01f; }));
    expect("norm is", at(&Image::leaf, [](NodeHeader *n) { n->norm = NAN; }));
    expect("not finite", [](Image &i) {
        inline_floats(i.node(i.leaf()), i.g)[3] = std::numeric_limits<float>::infinity();
    });
    expect("not finite", [](Image &i) { inline_floats(i.node(i.leaf()), i.g)[0] = NAN; });
    expect("dead but has a heap tid",
           at(&Image::leaf, [](NodeHeader *n) { n->state = NodeState::kTombstone; }));
    expect("dead but has heap tids in cells", [](Image &i) {
        NodeHeader *n = i.node(i.with_tid_cells());
        n->state = NodeState::kTombstone;
        n->heap_tid = {};
    });
    expect("heap tid (0,0)", [](Image &i) {
        i.cell(i.node(i.with_tid_cells())->tids)[0].count = 1,
        cell_tids(i.cell(i.node(i.with_tid_cells())->tids))[0] = {};
    });
    expect(",3000) is invalid", at(&Image::leaf, [](NodeHeader *n) { n->heap_tid.offset = 3000; }));
    expect("heap tid (65536,1)", at(&Image::leaf, [](NodeHeader *n) { n->heap_tid = {1, 0, 1}; }));
}

TEST(Check, Edges)
{
    expect("outside the index", [](Image &i) { neighbors(i.node(i.leaf()))[1] = 5000000; });
    expect("to the node itself", [](Image &i) {
        VdbNode leaf = i.leaf();
        neighbors(i.node(leaf))[0] = leaf;
    });
    expect("edges 0 and 1 lead to the same node", [](Image &i) {
        VdbNode *ids = neighbors(i.node(i.leaf()));
        ids[1] = ids[0];
    });
    expect("but the page holds no nodes", [](Image &i) { neighbors(i.node(i.leaf()))[0] = 0; });
    expect("which node", [](Image &i) { // two tree edges to one node
        NodeHeader *root = i.node(i.meta()->root);
        ASSERT_GT(root->pinned, 0);
        NodeHeader *leaf = i.node(i.leaf());
        neighbors(leaf)[0] = neighbors(root)[0];
        leaf->pinned = leaf->degree = 1;
    });
    expect("leads to the root", [](Image &i) {
        NodeHeader *leaf = i.node(i.leaf());
        neighbors(leaf)[0] = i.meta()->root;
        leaf->pinned = leaf->degree = 1;
    });
    expect("no tree edge leads here", [](Image &i) { i.node(i.inner())->pinned--; });
    expect("which is free", [](Image &i) { i.node(i.leaf())->state = NodeState::kFree; });
    expect("which is detached", [](Image &i) {
        NodeHeader *leaf = i.node(i.leaf());
        leaf->state = NodeState::kDetached;
        leaf->heap_tid = {};
    });
    expect("detached but has", [](Image &i) { i.node(i.inner())->state = NodeState::kDetached; });
}

TEST(Check, SubtreeOfAnUnlinkedNodeIsUnreachable)
{
    // An inner node loses its tree edge; what hangs on it is reported, node by node.
    expect("cannot be reached from the root", [](Image &i) {
        VdbNode inner = i.find([](NodeHeader *n) { return n->pinned > 0; });
        for (VdbBlock b = 1; b < i.pages.size(); b++)
            for (uint32_t s = 0; s < i.g.slots_per_page; s++) {
                NodeHeader *n = node_at(i.page(b), i.g, s);
                if (page_kind(i.page(b), i.g) != VDB_HNSW_PAGE_NODE)
                    continue;
                for (uint32_t e = 0; e < n->pinned; e++)
                    if (neighbors(n)[e] == inner)
                        std::swap(neighbors(n)[e], neighbors(n)[--n->pinned]);
            }
    });
    // A cycle beside the tree: each of its nodes has its one tree edge, yet none is reachable.
    expect("cannot be reached from the root", [](Image &i) {
        VdbNode a = i.leaf();
        i.detach(a);
        VdbNode b = i.leaf();
        i.detach(b);
        for (VdbNode id : {a, b}) {
            NodeHeader *n = i.node(id);
            n->state = NodeState::kLive;
            n->heap_tid = {0, 0, 1};
            n->degree = n->pinned = 1;
            neighbors(n)[0] = id == a ? b : a;
        }
    });
}

TEST(Check, StaleLinksAreOnlyCounted)
{
    expect_clean([](Image &i) { i.detach(i.leaf()); });
    expect_clean([](Image &i) { // a freed slot
        VdbNode leaf = i.find(
            [](NodeHeader *n) { return n->pinned == 0 && n->level == 0 && is_none(n->tids); });
        i.detach(leaf);
        i.node(leaf)->state = NodeState::kFree;
    });
    expect_clean([](Image &i) { // vacuum took the tids and was cancelled
        VdbNode node = i.find([](NodeHeader *n) { return is_none(n->tids); });
        i.node(node)->heap_tid = {};
    });
    Image image = sample();
    image.detach(image.leaf());
    VdbNode buried = image.find([](NodeHeader *n) {
        return n->state == NodeState::kLive && n->pinned > 0 && is_none(n->tids);
    });
    image.node(buried)->state = NodeState::kTombstone;
    image.node(buried)->heap_tid = {};
    Report r = image.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.detached, 1u);
    EXPECT_EQ(r.counts.tombstones, 1u);
    EXPECT_GT(r.counts.stale_edges, 0u);
    EXPECT_GT(r.counts.tombstone_edges, 0u);
}

TEST(Check, Cells)
{
    auto at = [](VdbCellRef NodeHeader::*ref, VdbNode (Image::*which)(),
                 std::function<void(CellHeader *)> f) {
        return [=](Image &i) { f(i.cell(i.node((i.*which)())->*ref)); };
    };
    auto tids = &NodeHeader::tids;
    auto upper = &NodeHeader::upper;
    expect("unknown kind 9", at(tids, &Image::with_tid_cells,
                                [](CellHeader *c) { c->kind = static_cast<CellKind>(9); }));
    expect("which is of kind 0",
           at(tids, &Image::with_tid_cells, [](CellHeader *c) { c->kind = CellKind::kFree; }));
    expect("which is of kind 1",
           at(tids, &Image::with_tid_cells, [](CellHeader *c) { c->kind = CellKind::kUpper; }));
    expect("which belongs to node",
           at(tids, &Image::with_tid_cells, [](CellHeader *c) { c->owner++; }));
    expect("is outside the index",
           at(tids, &Image::with_tid_cells, [](CellHeader *c) { c->owner = 9999999; }));
    expect("entries in room for",
           at(tids, &Image::with_tid_cells, [](CellHeader *c) { c->count = 1000; }));
    expect("entries in room for", at(upper, &Image::upper, [](CellHeader *c) { c->count = 5; }));
    expect("is of level 3", at(upper, &Image::upper, [](CellHeader *c) { c->level = 3; }));
    expect("outside the index", at(upper, &Image::upper, [](CellHeader *c) {
               c->count = 1;
               cell_neighbors(c)[0] = 9999999;
           }));
    expect("which does not exist",
           [](Image &i) { i.node(i.with_tid_cells())->tids = make_cell_ref(1000000, 0); });
    expect("which does not exist",
           [](Image &i) { i.node(i.with_tid_cells())->tids.offset = 60000; });
    expect("which does not exist",
           [](Image &i) { i.node(i.with_tid_cells())->tids = make_cell_ref(0, 0); });
    expect("not linked by its owner", [](Image &i) { i.node(i.with_tid_cells())->tids = {}; });
    expect("links twice to cell", [](Image &i) { // a cycle
        VdbCellRef ref = i.node(i.with_tid_cells())->tids;
        i.cell(ref)->next = ref;
    });
}

TEST(Check, UnlinkedUpperCellIsLostSpaceOnly)
{
    Image image = sample();
    NodeHeader *node = image.node(image.upper());
    uint32_t cells = node->level;
    node->level = 0;
    node->upper = {};
    if (image.node(image.meta()->entry) == node)
        image.meta()->entry_level = 0;
    Report r = image.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.lost_cells, cells);
}

TEST(Check, FreeLists)
{
    auto list = [](Image &i) {
        VdbBlock a = i.append(VDB_HNSW_PAGE_CELL), b = i.append(VDB_HNSW_PAGE_CELL);
        trailer(i.page(b), i.g)->next_free = i.meta()->free_cell_page;
        trailer(i.page(a), i.g)->next_free = b;
        i.meta()->free_cell_page = a;
        return b;
    };
    expect_clean([&](Image &i) { list(i); });
    expect("leads to block", [&](Image &i) { trailer(i.page(list(i)), i.g)->next_free = 10000; });
    expect("page of kind 2 on the free list",
           [&](Image &i) { trailer(i.page(list(i)), i.g)->next_free = 1; });
    expect("comes here twice", [&](Image &i) {
        VdbBlock b = list(i);
        trailer(i.page(b), i.g)->next_free = b;
    });
    expect("page of kind 3 on the free list of vector pages",
           [&](Image &i) { i.meta()->free_vector_page = list(i); });
    expect("is on no free list", [&](Image &i) {
        list(i);
        i.meta()->free_cell_page = VDB_NO_BLOCK;
    });
}

TEST(Check, VectorPages)
{
    const Image &base = spilled();
    ASSERT_GT(base.g.vector_pages, 1u);
    EXPECT_EQ(base.check().counts.problems, 0u) << base.check().all();
    auto damage_last = [](Image &i, float value) {
        VdbBlock last = vector_blocks(i.node(i.leaf()), i.g)[i.g.vector_pages - 1];
        slice_floats(i.page(last))[1] = value;
    };
    expect(
        "norm is", [&](Image &i) { damage_last(i, 500); }, base);
    expect(
        "not finite", [&](Image &i) { damage_last(i, NAN); }, base);
    expect(
        "is in block 777777", [](Image &i) { vector_blocks(i.node(i.leaf()), i.g)[0] = 777777; },
        base);
    expect(
        "should hold a slice", [](Image &i) { vector_blocks(i.node(i.leaf()), i.g)[0] = 1; }, base);
    expect(
        "belongs to node",
        [](Image &i) {
            VdbBlock *b = vector_blocks(i.node(i.leaf()), i.g);
            b[0] = b[1];
        },
        base);
    expect(
        "is on the free list",
        [](Image &i) {
            VdbBlock b = vector_blocks(i.node(i.leaf()), i.g)[0];
            i.meta()->free_vector_page = b;
            trailer(i.page(b), i.g)->next_free = VDB_NO_BLOCK;
        },
        base);
    // Vacuum has given the slices back but not yet the slot.
    expect_clean(
        [](Image &i) {
            VdbNode leaf = i.leaf();
            i.detach(leaf);
            for (uint32_t s = 0; s < i.g.vector_pages; s++) {
                VdbBlock *b = &vector_blocks(i.node(leaf), i.g)[s];
                trailer(i.page(*b), i.g)->next_free = i.meta()->free_vector_page;
                i.meta()->free_vector_page = *b;
                *b = VDB_NO_BLOCK;
            }
        },
        base);
    // A crash between taking a vector page and using it.
    Image image = base;
    image.append(VDB_HNSW_PAGE_VECTOR);
    Report r = image.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.lost_vectors, 1u);
}

TEST(Check, SparseVectors)
{
    ASSERT_EQ(sparse().check().counts.problems, 0u) << sparse().check().all();
    ASSERT_GE(sparse().g.vector_pages, 2u);
    for (int32_t count : {-1, 3001, INT32_MAX})
        expect(
            "impossible number of elements",
            [&](Image &i) { elements(i, i.leaf())->index = count; }, sparse());
    expect(
        "out of order or bounds",
        [](Image &i) {
            VdbSparseElement *e = elements(i, with_slices(i, 0));
            std::swap(e[1].index, e[2].index);
        },
        sparse());
    for (int32_t index : {-1, 3000})
        expect(
            "out of order or bounds",
            [&](Image &i) {
                VdbSparseElement *e = elements(i, with_slices(i, 0));
                e[index < 0 ? 1 : e->index].index = index;
            },
            sparse());
    for (uint32_t slices : {0u, 1u}) {
        expect(
            "norm is", [&](Image &i) { elements(i, with_slices(i, slices))[3].value += 5; },
            sparse());
        expect(
            "norm is", [&](Image &i) { i.node(with_slices(i, slices))->norm *= 1.1f; }, sparse());
        expect(
            "not finite", [&](Image &i) { elements(i, with_slices(i, slices))[1].value = NAN; },
            sparse());
        expect(
            "as another one",
            [&](Image &i) { vector_blocks(i.node(with_slices(i, slices)), i.g)[slices] = 1; },
            sparse());
    }
    expect(
        "slice 0 of the vector is in block 4294967295, outside",
        [](Image &i) { vector_blocks(i.node(with_slices(i, 1)), i.g)[0] = VDB_NO_BLOCK; },
        sparse());
    expect(
        "norm is",
        [](Image &i) {
            VdbBlock b = vector_blocks(i.node(with_slices(i, 1)), i.g)[0];
            static_cast<VdbSparseElement *>(slice_vector(i.page(b)))->value += 9;
        },
        sparse());
}

TEST(Check, PageTidsAreThoseOfTheIndex)
{
    const Image &image = sample();
    size_t bytes = 0;
    auto blocks = static_cast<VdbBlock>(image.pages.size());
    ASSERT_EQ(vdb_hnsw_check_size(&image.g, blocks, &bytes), VDB_OK);
    auto block = memory(bytes);
    VdbHnswCheck *check = vdb_hnsw_check_begin(block.get(), &image.g, blocks, VDB_NO_BLOCK);
    std::vector<VdbTid> out(kPageSize / sizeof(VdbTid));
    std::vector<int> seen(600 + 60 * 59);
    for (VdbBlock b = 0; b < blocks; b++) {
        vdb_hnsw_check_feed(check, b, &image.pages[b]);
        uint32_t n = vdb_hnsw_check_page_tids(check, &image.pages[b], out.data());
        ASSERT_LE(n, out.size());
        for (uint32_t i = 0; i < n; i++)
            seen.at(vdb_cell_block(out[i]) * kRowsPerHeapPage + out[i].offset - 1)++;
    }
    for (int times : seen)
        ASSERT_EQ(times, 1);
}

TEST(Check, ProblemListIsCapped)
{
    Image image = sample();
    for (VdbBlock b = 1; b < image.pages.size(); b++)
        for (uint32_t s = 0; s < image.g.slots_per_page; s++)
            if (page_kind(image.page(b), image.g) == VDB_HNSW_PAGE_NODE)
                for (uint32_t e = 0; e < 8; e++)
                    neighbors(node_at(image.page(b), image.g, s))[e] = 7777777;
    Report r = image.check();
    EXPECT_GT(r.counts.problems, uint64_t{VDB_MAX_PROBLEMS});
    EXPECT_EQ(r.problems.size(), size_t{VDB_MAX_PROBLEMS});
}

TEST(Check, SizesThatCannotBeAddressedAreRefused)
{
    VdbHnswGeometry g;
    size_t bytes;
    ASSERT_EQ(float_geometry(kPageSize, 1, 2, VDB_METRIC_L2, &g), VDB_OK);
    EXPECT_EQ(vdb_hnsw_check_size(&g, VDB_NO_BLOCK - 1, &bytes), VDB_TOO_BIG);
    EXPECT_EQ(vdb_hnsw_check_begin(nullptr, &g, VDB_NO_BLOCK - 1, 0), nullptr);
}

// No page content may crash the checker or make it loop; run with sanitizers.
// A damage to an index with codes, and what is said of it.
TEST(CheckPage, CodesAndKeptVectors)
{
    const struct {
        const char *problem;
        std::function<void(NodeHeader *, const VdbHnswGeometry &)> change;
    } cases[] = {
        {"factors that are not finite",
         [](NodeHeader *n, const VdbHnswGeometry &g) { code_factors(n, g)[0].add = 0x7F80; }},
        {"factors that are not finite",
         [](NodeHeader *n, const VdbHnswGeometry &g) { code_factors(n, g)[1].scale = 0xFFC0; }},
        {"its check disagree", [](NodeHeader *n, const VdbHnswGeometry &) { n->norm *= 2; }},
        {"its check disagree",
         [](NodeHeader *n, const VdbHnswGeometry &) { n->heap_tid.offset++; }},
        {"instead of about",
         [](NodeHeader *n, const VdbHnswGeometry &g) {
             turn_check(n, g);
             n->norm *= 2;
             turn_check(n, g);
         }},
        {"its check disagree", // the scale
         [](NodeHeader *n, const VdbHnswGeometry &g) {
             static_cast<uint32_t *>(inline_vector(n, g))[1] = 0x7F800000;
         }},
    };
    Store sound(gaussian(60, 64), 64, {.m = 4, .kept = VDB_KEPT_SQ8});
    ASSERT_EQ(sound.check().counts.problems, 0u) << sound.check().all();
    for (const auto &c : cases) {
        Store store(gaussian(60, 64), 64, {.m = 4, .kept = VDB_KEPT_SQ8});
        c.change(store.node(store.live_nodes()[7]), store.g);
        Report r = store.check();
        EXPECT_EQ(r.counts.problems, 1u) << r.all();
        EXPECT_NE(r.all().find(c.problem), std::string::npos) << r.all();
    }
    sound.g.checked = sound.g.sealed = 0; // as of an earlier version
    NodeHeader *node = sound.node(sound.live_nodes()[7]);
    static_cast<uint32_t *>(inline_vector(node, sound.g))[1] = 0x7F800000;
    EXPECT_TRUE(sound.check().says("not finite"));
}

// Vectors whose norm float32 cannot hold, or whose kept form has no bound of its error, are no
// damage.
TEST(Check, CodedIndexesOfExtremeVectorsAreSound)
{
    std::vector<Row> rows = gaussian(20, 64);
    for (float x : {3.4e38f, -3.4e38f, 1e38f, 1e19f, 1.3e-38f, 1e-45f, 0.f})
        rows.emplace_back(64, x);
    for (VdbKept kept : {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4})
        for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE}) {
            Store store(rows, 64, {.m = 4, .metric = metric, .kept = kept});
            insert(store, Row(64, 3.3e38f), 100);
            insert(store, Row(64, 1e-44f), 101);
            Report r = store.check();
            EXPECT_EQ(r.counts.problems, 0u) << kept << " " << metric << "\n" << r.all();
        }
}

TEST(CheckFuzz, AnyBytes)
{
    std::mt19937 random(1);
    std::vector<VdbTid> out(kPageSize / sizeof(VdbTid));
    const Image bases[] = {
        build(3, 2, 250, 12),
        build(2500, 4, 12, 2),
        sparse(),
        Store(gaussian(60, 9000), 9000, {.m = 4, .storage = VDB_STORAGE_HALF}),
        Store(gaussian(200, 70), 70,
              {.m = 4, .metric = VDB_METRIC_JACCARD, .storage = VDB_STORAGE_BIT}),
        Store(uneven(100, 60), 60,
              {.m = 4, .metric = VDB_METRIC_COSINE, .storage = VDB_STORAGE_SPARSE}),
        Store(gaussian(60, 64), 64, {.m = 4, .kept = VDB_KEPT_RABITQ4}),
        Store(gaussian(12, 3000), 3000, {.m = 4, .kept = VDB_KEPT_FULL}),
    };
    for (int round = 0; round < 15000; round++) {
        Image image = bases[round % std::size(bases)];
        for (int page = 0; page < 5; page++) {
            char *bytes = image.pages[random() % image.pages.size()].bytes;
            if (random() % 8 == 0) { // noise under a page's stamp
                for (uint32_t i = 0; i + 4 < kPageSize; i += 4) {
                    auto word = static_cast<uint32_t>(random());
                    std::memcpy(bytes + i, &word, 4);
                }
                continue;
            }
            for (uint32_t n = random() % 40; n > 0; n--) {
                uint32_t at = random() % kPageSize;
                if (random() % 4 != 0)
                    at = at % 256; // headers, where a bit means more
                bytes[at] =
                    static_cast<char>(random() % 2 == 0 ? bytes[at] ^ 1 << random() % 8 : random());
            }
        }
        VdbHnswGeometry g;
        const char *problem;
        (void) vdb_hnsw_check_geometry(image.page(0), kPageSize, &g, &problem);
        (void) image.check();
        size_t bytes;
        auto blocks = static_cast<VdbBlock>(image.pages.size());
        ASSERT_EQ(vdb_hnsw_check_size(&image.g, blocks, &bytes), VDB_OK);
        auto block = memory(bytes);
        VdbHnswCheck *check = vdb_hnsw_check_begin(block.get(), &image.g, blocks, 10);
        for (auto &page : image.pages)
            ASSERT_LE(vdb_hnsw_check_page_tids(check, &page, out.data()), out.size());
    }
}
