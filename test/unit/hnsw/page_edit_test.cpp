// Edits of single pages: the metapage, nodes, cells and heap tids.
#include <gtest/gtest.h>

#include <functional>

#include "hnsw/vacuum_api.h"
#include "insert_driver.h"

using namespace vdb::hnsw;
using namespace vdb::hnsw::test;

namespace {

VdbLinks links_of(VdbNode node, uint32_t level, std::vector<VdbNode> ids)
{
    VdbLinks links = {};
    links.node = node;
    links.level = level;
    links.count = static_cast<uint32_t>(ids.size());
    std::copy(ids.begin(), ids.end(), links.ids);
    return links;
}

// An empty index with one node page and one cell page.
struct Pages : Store {
    VdbBlock node_block, cell_block;
    Row row;

    explicit Pages(uint32_t dims = 4, uint32_t m = 4)
        : Store(dims, {.m = m}), row(gaussian(1, dims)[0])
    {
        node_block = append(VDB_HNSW_PAGE_NODE);
        cell_block = append(VDB_HNSW_PAGE_CELL);
    }
    VdbNode id(uint32_t slot) const { return node_block * g.slots_per_page + slot; }
    void put(uint32_t slot, VdbTid tid)
    {
        VdbLinks links = links_of(id(slot), 0, {7, 8, 9});
        links.pinned = 1;
        VdbBlock blocks[16] = {3, 4};
        VdbNewNode n = {tid, 0, row.data(), norm(row), &links, nullptr, {}, blocks};
        vdb_hnsw_page_put_node(page(node_block), &g, slot, &n);
    }
    VdbStatus add(uint32_t row_id, VdbCellRef *chain, uint16_t generation = 1)
    {
        return vdb_hnsw_page_add_tid(page(node_block), &g, id(0), generation, tid_of(row_id),
                                     chain);
    }
};

} // namespace

TEST(MetaEdit, RoundTrip)
{
    Store store(17, {.m = 9, .metric = VDB_METRIC_L1});
    VdbHnswGeometry g;
    uint64_t seed = 0;
    ASSERT_EQ(vdb_hnsw_meta_geometry(store.page(0), kPageSize, &g, &seed), VDB_OK);
    EXPECT_EQ(std::memcmp(&g, &store.g, sizeof(g)), 0);
    EXPECT_EQ(seed, kSeed);
    VdbHnswMeta meta = store.read_meta();
    EXPECT_EQ(meta.root, VDB_NO_NODE);
    EXPECT_EQ(meta.entry, VDB_NO_NODE);
    EXPECT_EQ(meta.free_cell_page, VDB_NO_BLOCK);
    EXPECT_EQ(meta.free_vector_page, VDB_NO_BLOCK);
    VdbHnswMeta changed = {1, 2, 3, 4, 5};
    vdb_hnsw_meta_write(store.page(0), &changed);
    meta = store.read_meta();
    EXPECT_EQ(std::memcmp(&meta, &changed, sizeof(meta)), 0);
    EXPECT_EQ(vdb_hnsw_meta_geometry(store.page(0), kPageSize, &g, &seed), VDB_OK);
}

TEST(MetaEdit, RefusesWhatItDoesNotKnow)
{
    struct {
        VdbStatus status;
        std::function<void(MetaPage *)> change;
    } cases[] = {
        {VDB_CORRUPT, [](MetaPage *m) { m->magic ^= 1; }},
        {VDB_STALE, [](MetaPage *m) { m->version++; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->features |= kFeatureInlineCodes; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->kept = VDB_KEPT_SQ8; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->code_dims = 64; }},
        {VDB_STALE, [](MetaPage *m) { m->kept = VDB_KEPT_RABITQ4 + 1; }},
        {VDB_STALE, [](MetaPage *m) { m->features |= 1u << 31; }},
        {VDB_STALE, [](MetaPage *m) { m->storage = 77; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->page_size *= 2; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->metric = 0; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->metric = 5; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->dims = 0; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->dims = VDB_HNSW_MAX_DIMS + 1; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->m = 1; }},
        {VDB_CORRUPT, [](MetaPage *m) { m->m = 101; }},
    };
    for (const auto &c : cases) {
        Store store(3);
        c.change(store.meta());
        VdbHnswGeometry g;
        uint64_t seed;
        EXPECT_EQ(vdb_hnsw_meta_geometry(store.page(0), kPageSize, &g, &seed), c.status);
    }
}

TEST(MetaEdit, WithCodes)
{
    VdbHnswShape shape = {{VDB_METRIC_COSINE, VDB_STORAGE_HALF, 384},
                          16,
                          VDB_KEPT_RABITQ4,
                          304,
                          0,
                          VDB_HNSW_ALL_CHECKED};
    VdbHnswGeometry written, read;
    uint64_t seed;
    Page page = {};
    ASSERT_EQ(vdb_hnsw_geometry(kPageSize, &shape, &written), VDB_OK);
    init_page(&page, written, VDB_HNSW_PAGE_META);
    vdb_hnsw_meta_init(&page, &written, kSeed);
    ASSERT_EQ(vdb_hnsw_meta_geometry(&page, kPageSize, &read, &seed), VDB_OK);
    EXPECT_EQ(std::memcmp(&written, &read, sizeof(read)), 0);
    EXPECT_EQ(read.code_dims, 304u);
    EXPECT_EQ(read.source, VDB_STORAGE_HALF);
    const struct {
        uint32_t features, checked, sealed;
    } versions[] = {{kFeatureInlineCodes | kFeatureKeptChecks | kFeatureSeals, 1, 1},
                    {kFeatureInlineCodes | kFeatureKeptChecks, 1, 0},
                    {kFeatureInlineCodes, 0, 0}};
    EXPECT_EQ(meta_of(&page)->features, versions[0].features);
    for (const auto &version : versions) {
        meta_of(&page)->features = version.features;
        ASSERT_EQ(vdb_hnsw_meta_geometry(&page, kPageSize, &read, &seed), VDB_OK);
        EXPECT_EQ(read.checked, version.checked);
        EXPECT_EQ(read.sealed, version.sealed);
    }
    meta_of(&page)->code_dims = 392;
    EXPECT_EQ(vdb_hnsw_meta_geometry(&page, kPageSize, &read, &seed), VDB_CORRUPT);
    meta_of(&page)->code_dims = 304;
    meta_of(&page)->features = 0; // a reader that knows no codes must not take it for a plain one
    EXPECT_EQ(vdb_hnsw_meta_geometry(&page, kPageSize, &read, &seed), VDB_CORRUPT);
}

TEST(PageEdit, FreeListLinks)
{
    Pages p;
    EXPECT_EQ(vdb_hnsw_page_next_free(p.page(p.cell_block), &p.g), VDB_HNSW_NOT_LISTED);
    vdb_hnsw_page_set_next_free(p.page(p.cell_block), &p.g, 77);
    EXPECT_EQ(vdb_hnsw_page_next_free(p.page(p.cell_block), &p.g), 77u);
    EXPECT_EQ(page_kind(p.page(p.cell_block), p.g), VDB_HNSW_PAGE_CELL);
}

TEST(PageEdit, NodesFillTheirSlotsOnly)
{
    Pages p;
    for (uint32_t slot = 0; slot < p.g.slots_per_page; slot++) {
        EXPECT_EQ(vdb_hnsw_page_free_slot(p.page(p.node_block), &p.g), slot);
        EXPECT_EQ(vdb_hnsw_page_free_slots(p.page(p.node_block), &p.g), p.g.slots_per_page - slot);
        p.put(slot, tid_of(slot));
    }
    EXPECT_EQ(vdb_hnsw_page_free_slot(p.page(p.node_block), &p.g), p.g.slots_per_page);
    EXPECT_EQ(vdb_hnsw_page_free_cells(p.page(p.node_block), &p.g), p.g.cells_per_node_page);
    for (uint32_t slot = 0; slot < p.g.slots_per_page; slot++) {
        EXPECT_EQ(p.vector(p.id(slot)), p.row);
        EXPECT_EQ(p.rows(p.id(slot)), std::vector<uint32_t>{slot});
        VdbLinks links = read_links(p, p.id(slot), 0);
        EXPECT_TRUE(links.found && links.live);
        EXPECT_EQ(links.count, 3u);
        EXPECT_EQ(links.pinned, 1u);
        EXPECT_EQ(links.ids[2], 9u);
    }
    EXPECT_EQ(page_kind(p.page(p.node_block), p.g), VDB_HNSW_PAGE_NODE);
}

TEST(PageEdit, SlotTakenAgainHasAnotherGeneration)
{
    Pages p;
    p.put(0, tid_of(1));
    p.node(p.id(0))->state = NodeState::kFree;
    p.put(0, tid_of(2));
    EXPECT_EQ(p.node(p.id(0))->generation, 2);
    VdbCellRef chain;
    EXPECT_EQ(p.add(3, &chain, 1), VDB_STALE);
    EXPECT_EQ(p.add(3, &chain, 3), VDB_STALE);
    EXPECT_EQ(p.rows(p.id(0)), std::vector<uint32_t>{2});
}

TEST(PageEdit, UpperListsOnNodeAndCellPages)
{
    Pages p(2100, 4);
    ASSERT_GE(p.g.cells_per_node_page, 2u);
    for (VdbBlock block : {p.node_block, p.cell_block}) {
        VdbLinks two = links_of(p.id(0), 2, {11}), one = links_of(p.id(0), 1, {11, 12, 13, 14});
        uint32_t before = vdb_hnsw_page_free_cells(p.page(block), &p.g);
        VdbCellRef top = vdb_hnsw_page_put_upper(p.page(block), &p.g, block, &two, {});
        VdbCellRef low = vdb_hnsw_page_put_upper(p.page(block), &p.g, block, &one, top);
        EXPECT_EQ(vdb_hnsw_page_free_cells(p.page(block), &p.g), before - 2);
        p.put(0, tid_of(1));
        p.node(p.id(0))->level = 2;
        p.node(p.id(0))->upper = low;
        VdbLinks links = read_links(p, p.id(0), 1);
        EXPECT_TRUE(links.found);
        EXPECT_EQ(links.block, block);
        EXPECT_EQ(links.count, 4u);
        EXPECT_EQ(links.ids[3], 14u);
        EXPECT_EQ(read_links(p, p.id(0), 2).ids[0], 11u);
        EXPECT_FALSE(read_links(p, p.id(0), 3).found);
    }
}

TEST(PageEdit, SlicesMakeUpTheVector)
{
    Store store(gaussian(1, 5000), 5000);
    Row row = gaussian(1, 5000, 8)[0];
    VdbNode id = store.meta()->root;
    for (uint32_t i = 0; i < store.g.vector_pages; i++)
        vdb_hnsw_page_put_slice(store.page(vector_blocks(store.node(id), store.g)[i]), &store.g,
                                row.data(), i);
    std::copy_n(row.begin(), store.g.inline_units, inline_floats(store.node(id), store.g));
    EXPECT_EQ(store.vector(id), row);
}

TEST(TidEdit, InlineThenCellsOfTheNodesPage)
{
    Pages p(2100, 4); // a few cells are left beside the slots
    uint32_t cells = p.g.cells_per_node_page;
    ASSERT_GE(cells, 2u);
    p.put(0, {});
    VdbCellRef chain = {};
    uint32_t room = 1 + cells * p.g.tids_per_cell;
    for (uint32_t i = 0; i < room; i++)
        ASSERT_EQ(p.add(i, &chain), VDB_OK) << i;
    EXPECT_EQ(p.add(room, &chain), VDB_FULL);
    EXPECT_EQ(vdb_cell_block(chain), p.node_block); // the first cell, which is full
    std::vector<uint32_t> rows = p.rows(p.id(0));
    EXPECT_EQ(std::set<uint32_t>(rows.begin(), rows.end()).size(), room);
    EXPECT_EQ(rows.size(), room);
}

TEST(TidEdit, ChainThatBeginsOnACellPage)
{
    Pages p; // no cell fits beside the slots
    ASSERT_EQ(p.g.cells_per_node_page, 0u);
    p.put(0, tid_of(0));
    VdbCellRef chain = {1, 1, 1};
    EXPECT_EQ(p.add(1, &chain), VDB_FULL);
    EXPECT_EQ(chain.offset, 0); // there is none yet
    void *cells = p.page(p.cell_block);
    VdbCellRef first =
        vdb_hnsw_page_put_tid(cells, &p.g, p.cell_block, p.id(0), tid_of(1), VdbCellRef{});
    vdb_hnsw_page_set_chain(p.page(p.node_block), &p.g, p.id(0), first);
    EXPECT_EQ(p.add(2, &chain), VDB_FULL);
    EXPECT_TRUE(same_tid(chain, first));
    for (uint32_t i = 2; i <= p.g.tids_per_cell; i++)
        EXPECT_EQ(vdb_hnsw_cell_add_tid(cells, &p.g, chain, p.id(0), tid_of(i)), VDB_OK);
    EXPECT_EQ(vdb_hnsw_cell_add_tid(cells, &p.g, chain, p.id(0), tid_of(99)), VDB_FULL);
    EXPECT_EQ(vdb_hnsw_cell_add_tid(cells, &p.g, chain, p.id(1), tid_of(99)), VDB_STALE);
    EXPECT_EQ(vdb_hnsw_cell_add_tid(cells, &p.g, {0, 2, 60000}, p.id(0), tid_of(9)), VDB_CORRUPT);
    EXPECT_EQ(p.rows(p.id(0)).size(), 1 + p.g.tids_per_cell);
}

TEST(TidEdit, OnlyLiveNodesTakeAndShowTids)
{
    for (NodeState state : {NodeState::kFree, NodeState::kTombstone, NodeState::kDetached}) {
        Pages p;
        p.put(0, tid_of(5));
        p.node(p.id(0))->state = state;
        VdbCellRef chain;
        VdbTid tid;
        EXPECT_EQ(p.add(6, &chain), VDB_STALE);
        EXPECT_EQ(vdb_hnsw_node_tids(p.page(p.node_block), &p.g, p.id(0), &tid, &chain), 0u);
        EXPECT_EQ(chain.offset, 0);
    }
}

TEST(TidEdit, CellsOfOthersAreStaleAndDamagedOnesCorrupt)
{
    Pages p;
    void *cells = p.page(p.cell_block);
    VdbCellRef ref = vdb_hnsw_page_put_tid(cells, &p.g, p.cell_block, p.id(0), tid_of(1), {});
    std::vector<VdbTid> tids(p.g.tids_per_cell);
    uint32_t count;
    auto read = [&](VdbNode owner, VdbCellRef at, const void *page) {
        return vdb_hnsw_cell_tids(page, &p.g, owner, &at, tids.data(), &count);
    };
    EXPECT_EQ(read(p.id(0), ref, cells), VDB_OK);
    EXPECT_EQ(count, 1u);
    EXPECT_EQ(read(p.id(1), ref, cells), VDB_STALE);
    EXPECT_EQ(read(p.id(0), {0, 2, 2}, cells), VDB_STALE); // a free cell
    EXPECT_EQ(read(p.id(0), {0, 2, 0}, cells), VDB_CORRUPT);
    EXPECT_EQ(read(p.id(0), {0, 2, static_cast<uint16_t>(p.g.cells_per_cell_page + 1)}, cells),
              VDB_CORRUPT);
    EXPECT_EQ(read(p.id(0), ref, p.page(0)), VDB_CORRUPT); // a page without cells
    p.cell(ref)->count = static_cast<uint16_t>(p.g.tids_per_cell + 1);
    EXPECT_EQ(read(p.id(0), ref, cells), VDB_CORRUPT);
}

// Whatever is done to heap tids, checks are right after it, and wrong ones stay wrong.
TEST(TidEdit, ChecksFollow)
{
    std::vector<Row> rows = gaussian(40, 64);
    for (size_t i = 0; i < 200; i++)
        rows.push_back(rows[i % 3]);
    for (VdbKept kept : {VDB_KEPT_FULL, VDB_KEPT_SQ8}) {
        Store store(rows, 64, {.m = 4, .kept = kept});
        auto remove = [](uint32_t divisor, Store &from) {
            auto dead = [](VdbTid tid, void *state) {
                return row_of(tid) % *static_cast<uint32_t *>(state) == 0;
            };
            for (VdbBlock b = 1; b < from.pages.size(); b++)
                vdb_hnsw_page_remove_tids(from.page(b), &from.g, dead, &divisor);
        };
        EXPECT_EQ(store.check().counts.problems, 0u) << store.check().all();
        remove(3, store);
        EXPECT_EQ(store.check().counts.problems, 0u) << store.check().all();
        for (uint32_t i = 0; i < 12; i++)
            insert(store, rows[i % 4], 1000 + i);
        EXPECT_EQ(store.check().counts.problems, 0u) << store.check().all();

        NodeHeader *node = store.node(store.live_nodes()[30]);
        VdbCellRef chain = {};
        for (VdbNode id : store.live_nodes())
            chain = chain.offset != 0 ? chain : store.node(id)->tids;
        ASSERT_NE(chain.offset, 0);
        CellHeader *cell = cell_at(store.page(vdb_cell_block(chain)), store.g, chain.offset - 1u);
        node->heap_tid.block_hi ^= 1;
        cell_tids(cell)[0].block_hi ^= 1;
        EXPECT_GE(store.check().counts.problems, 2u);
        remove(5, store);
        remove(1, store);
        EXPECT_TRUE(store.check().says("node: vector and its check disagree"));
        EXPECT_TRUE(store.check().says("cell: heap tids and their check disagree"));
    }
}
