// From the finished in-memory graph to page images: node pages first, then the cells that found no
// room on them, then the vectors' slices.
#include "hnsw/graph_layout.h"

#include "hnsw/page_edit_api.h"
#include "hnsw/seal.h"

namespace vdb::hnsw {

namespace {

constexpr uint16_t kFirstGeneration = 1;

// Bulk-built nodes fill the node pages without a gap.
VdbNode id_at(const BuildRegion *r, uint32_t place)
{
    return r->geometry.slots_per_page * VDB_HNSW_FIRST_NODE_BLOCK + place;
}

VdbNode file_id(const BuildRegion *r, VdbNode node)
{
    return id_at(r, r->place_of(node));
}

// Chunks are not split between cells; where a cell holds an odd number of tids, one place is left.
uint32_t chunks_per_cell(const VdbHnswGeometry &g)
{
    return g.tids_per_cell / 2;
}

uint32_t cells_of_node(const BuildRegion *r, VdbNode node)
{
    return cells_of(r->geometry, r->node(node)->level, r->node(node)->extra_tids);
}

uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// Cells of the nodes before this one on its page.
uint32_t cells_before(const BuildRegion *r, VdbNode node)
{
    uint32_t cells = 0, place = r->place_of(node);
    for (uint32_t i = place - vdb_hnsw_node_slot(&r->geometry, place); i < place; i++)
        cells = min(cells + cells_of_node(r, r->at_place(i)), r->geometry.cells_per_node_page);
    return cells;
}

// Where one node's cells lie: the first ones on its page, the others on cell pages.
struct CellPlaces {
    VdbBlock own_block;
    uint32_t own_start;
    uint32_t own_count;
    VdbBlock first_cell_block;
    uint32_t spill;
    uint32_t per_page;

    CellPlaces(const BuildRegion *r, const VdbHnswBuildLayout &layout, VdbNode node)
    {
        const VdbHnswGeometry &g = r->geometry;
        own_block = vdb_hnsw_node_block(&g, file_id(r, node));
        own_start = cells_before(r, node);
        own_count = min(cells_of_node(r, node), g.cells_per_node_page - own_start);
        first_cell_block = layout.first_cell_block;
        spill = r->node(node)->spill;
        per_page = g.cells_per_cell_page;
    }

    VdbCellRef ref(uint32_t cell) const
    {
        if (cell < own_count)
            return make_cell_ref(own_block, own_start + cell);
        uint32_t spilled = spill + cell - own_count;
        return make_cell_ref(first_cell_block + spilled / per_page, spilled % per_page);
    }
};

// The chunk that a node's `cell`-th cell of heap tids starts with.
uint32_t seek_chunk(const BuildRegion *r, VdbHnswBuildLayout *layout, VdbNode node, uint32_t cell)
{
    uint32_t at = 0;
    uint32_t chunk = r->node(node)->tids;
    if (layout->tids_node == node && layout->tids_cell <= cell) {
        at = layout->tids_cell;
        chunk = layout->tids_chunk;
    }
    for (; at < cell; at++)
        for (uint32_t i = 0; i < chunks_per_cell(r->geometry); i++)
            chunk = static_cast<const TidChunk *>(r->piece(chunk))->next;
    layout->tids_node = node;
    layout->tids_cell = cell;
    layout->tids_chunk = chunk;
    return chunk;
}

void fill_tids(const BuildRegion *r, uint32_t chunk, CellHeader *cell)
{
    cell->kind = CellKind::kTids;
    for (uint32_t i = 0; i < chunks_per_cell(r->geometry) && chunk != 0; i++) {
        const TidChunk *c = static_cast<const TidChunk *>(r->piece(chunk));
        for (VdbTid tid : c->tids)
            if (!is_none(tid))
                cell_tids(cell)[cell->count++] = tid;
        chunk = c->next;
    }
    turn_check(cell, r->geometry);
}

void fill_upper(const BuildRegion *r, VdbNode node, uint32_t level, CellHeader *cell)
{
    const Links *links = r->links(node, level);
    cell->kind = CellKind::kUpper;
    cell->level = static_cast<uint8_t>(level);
    cell->count = static_cast<uint16_t>(peek(links->count));
    for (uint32_t i = 0; i < cell->count; i++)
        cell_neighbors(cell)[i] =
            r->order != nullptr ? id_at(r, peek(links->ids[i])) : file_id(r, peek(links->ids[i]));
}

void fill_cell(const BuildRegion *r, VdbHnswBuildLayout *layout, VdbNode node, uint32_t index,
               CellHeader *cell)
{
    uint32_t level = r->node(node)->level;
    CellPlaces places(r, *layout, node);
    cell->owner = file_id(r, node);
    if (index < level)
        fill_upper(r, node, index + 1, cell);
    else
        fill_tids(r, seek_chunk(r, layout, node, index - level), cell);
    // The chain of upper lists ends where the heap tids' begins.
    if (index + 1 != level && index + 1 < cells_of_node(r, node))
        cell->next = places.ref(index + 1);
}

// Units of a node's vector as pages keep it.
uint32_t stored_units(const BuildRegion *r, VdbNode node)
{
    return vdb_hnsw_stored_units(&r->geometry, r->vector(node));
}

// A node's vector as pages keep it; of a coded index in the scratch memory.
const void *stored_vector(const BuildRegion *r, BuildScratch *scratch, VdbNode node)
{
    const VdbHnswGeometry &g = r->geometry;
    if (!vdb_hnsw_coded(&g))
        return r->vector(node);
    vdb_kept_encode(g.kept, g.space.dims, static_cast<const float *>(r->vector(node)),
                    scratch->stored);
    return scratch->stored;
}

void prefetch_vector(const BuildRegion *r, VdbNode node)
{
    const char *v = static_cast<const char *>(r->vector(node));
    for (size_t at = 0; at < r->geometry.space.dims * sizeof(float); at += kCacheLine)
        __builtin_prefetch(v + at);
}

// The neighbours' codes.  Their vectors are anywhere in memory: loaded ahead.
void fill_codes(const BuildRegion *r, BuildScratch *scratch, VdbNode node, NodeHeader *slot)
{
    constexpr uint32_t kAhead = 3; // vectors
    const VdbHnswGeometry &g = r->geometry;
    const VdbCodec codec = vdb_hnsw_codec(&g);
    const Links *links = r->links(node, 0);
    uint32_t n = slot->degree;
    for (uint32_t i = 0; i < n; i++) {
        if (i + kAhead < n)
            prefetch_vector(r, peek(links->ids[i + kAhead]));
        vdb_code_make(&codec, static_cast<const float *>(r->vector(node)),
                      static_cast<const float *>(r->vector(peek(links->ids[i]))),
                      scratch->codes + i * vdb_code_bytes(&codec), &code_factors(slot, g)[i]);
    }
    vdb_codes_pack(&codec, max_degree(g), codes(slot, g), scratch->codes, n);
}

void fill_slot(const BuildRegion *r, BuildScratch *scratch, const VdbHnswBuildLayout &layout,
               VdbNode node, NodeHeader *slot)
{
    const VdbHnswGeometry &g = r->geometry;
    const BuildNode *n = r->node(node);
    const Links *links = r->links(node, 0);
    CellPlaces places(r, layout, node);
    slot->state = NodeState::kLive;
    slot->level = n->level;
    slot->degree = static_cast<uint8_t>(peek(links->count));
    slot->pinned = n->pinned;
    slot->generation = kFirstGeneration;
    slot->heap_tid = n->heap_tid;
    if (cells_of_node(r, node) > n->level)
        slot->tids = places.ref(n->level);
    if (n->level > 0)
        slot->upper = places.ref(0);
    slot->norm = n->norm;
    for (uint32_t i = 0; i < slot->degree; i++)
        neighbors(slot)[i] = file_id(r, peek(links->ids[i]));
    uint32_t units = stored_units(r, node);
    for (uint32_t i = 0; i < g.vector_pages; i++)
        vector_blocks(slot, g)[i] = i < vdb_hnsw_slices(&g, units)
                                        ? layout.first_vector_block + n->slices + i
                                        : VDB_NO_BLOCK;
    std::memcpy(inline_vector(slot, g), stored_vector(r, scratch, node),
                units_in_slot(g, units) * g.unit_size);
    turn_check(slot, g);
    if (vdb_hnsw_coded(&g))
        fill_codes(r, scratch, node, slot);
}

void fill_node_page(const BuildRegion *r, BuildScratch *scratch, VdbHnswBuildLayout *layout,
                    VdbBlock block, void *page)
{
    const VdbHnswGeometry &g = r->geometry;
    uint32_t first = (block - VDB_HNSW_FIRST_NODE_BLOCK) * g.slots_per_page;
    uint32_t nodes = r->taken().nodes;
    for (uint32_t i = 0; i < g.slots_per_page && first + i < nodes; i++) {
        VdbNode node = r->at_place(first + i);
        fill_slot(r, scratch, *layout, node, node_at(page, g, i));
        CellPlaces places(r, *layout, node);
        for (uint32_t c = 0; c < places.own_count; c++)
            fill_cell(r, layout, node, c, cell_at(page, g, places.own_start + c));
    }
}

// The node that the i-th of all cells that spilled, or of all slices, belongs to; `before` counts
// those of earlier nodes.
VdbNode owner_of(const BuildRegion *r, uint32_t i, uint32_t BuildNode::*before)
{
    uint32_t low = 0, high = r->taken().nodes;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (r->node(r->at_place(middle))->*before <= i)
            low = middle;
        else
            high = middle;
    }
    return r->at_place(low);
}

void fill_cell_page(const BuildRegion *r, VdbHnswBuildLayout *layout, VdbBlock block, void *page)
{
    const VdbHnswGeometry &g = r->geometry;
    uint32_t first = (block - layout->first_cell_block) * g.cells_per_cell_page;
    for (uint32_t i = 0; i < g.cells_per_cell_page && first + i < layout->spilled_cells; i++) {
        VdbNode owner = owner_of(r, first + i, &BuildNode::spill);
        fill_spilled_cell(r, layout, owner, first + i - r->node(owner)->spill, cell_at(page, g, i));
    }
    close_cell_page(*layout, g, block, page);
}

void fill_vector_page(const BuildRegion *r, BuildScratch *scratch, const VdbHnswBuildLayout &layout,
                      VdbBlock block, void *page)
{
    uint32_t at = block - layout.first_vector_block;
    VdbNode node = owner_of(r, at, &BuildNode::slices);
    fill_slice(r, scratch, node, at - r->node(node)->slices, page);
}

void fill_meta(const BuildRegion *r, const VdbHnswBuildLayout &layout, void *page)
{
    vdb_hnsw_meta_init(page, &r->geometry, r->seed);
    uint64_t entry = r->entry.load(std::memory_order_relaxed);
    if (entry == 0)
        return;
    MetaPage *meta = meta_of(page);
    meta->entry = file_id(r, static_cast<VdbNode>(entry) - 1);
    meta->root = r->order != nullptr ? id_at(r, 0) : meta->entry;
    meta->entry_level = static_cast<uint32_t>(entry >> 32);
    if (layout.spilled_cells % r->geometry.cells_per_cell_page != 0)
        meta->free_cell_page = layout.first_vector_block - 1;
}

} // namespace

uint32_t cells_of(const VdbHnswGeometry &g, uint32_t level, uint32_t extra)
{
    uint32_t chunks = extra / 2 + extra % 2;
    uint32_t per_cell = chunks_per_cell(g);
    return level + chunks / per_cell + (chunks % per_cell != 0);
}

bool LayoutTally::count(const VdbHnswGeometry &g, uint32_t cells, uint32_t units)
{
    slices += vdb_hnsw_slices(&g, units);
    on_page += cells;
    if (on_page > g.cells_per_node_page) {
        spilled += on_page - g.cells_per_node_page;
        on_page = g.cells_per_node_page;
    }
    return spilled <= UINT32_MAX && slices <= UINT32_MAX;
}

VdbStatus make_layout(const VdbHnswGeometry &g, const LayoutTally &all, uint32_t nodes,
                      VdbHnswBuildLayout *layout)
{
    uint64_t cells_at =
        VDB_HNSW_FIRST_NODE_BLOCK + (uint64_t{nodes} + g.slots_per_page - 1) / g.slots_per_page;
    uint64_t vectors_at =
        cells_at + (all.spilled + g.cells_per_cell_page - 1) / g.cells_per_cell_page;
    uint64_t blocks = vectors_at + all.slices;
    if (blocks >= VDB_NO_BLOCK || cells_at * g.slots_per_page >= VDB_NO_NODE)
        return VDB_TOO_BIG;
    *layout = {static_cast<VdbBlock>(cells_at),
               static_cast<VdbBlock>(vectors_at),
               static_cast<VdbBlock>(blocks),
               static_cast<uint32_t>(all.spilled),
               VDB_NO_NODE,
               0,
               0};
    return VDB_OK;
}

void fill_spilled_cell(const BuildRegion *r, VdbHnswBuildLayout *layout, VdbNode node, uint32_t i,
                       CellHeader *cell)
{
    fill_cell(r, layout, node, CellPlaces(r, *layout, node).own_count + i, cell);
}

void close_cell_page(const VdbHnswBuildLayout &layout, const VdbHnswGeometry &g, VdbBlock block,
                     void *page)
{
    uint32_t first = (block - layout.first_cell_block) * g.cells_per_cell_page;
    if (layout.spilled_cells - first < g.cells_per_cell_page)
        trailer(page, g)->next_free = VDB_NO_BLOCK;
}

void fill_slice(const BuildRegion *r, BuildScratch *scratch, VdbNode node, uint32_t i, void *page)
{
    const VdbHnswGeometry &g = r->geometry;
    std::memcpy(slice_vector(page), unit_at(stored_vector(r, scratch, node), g, slice_start(g, i)),
                slice_units(g, stored_units(r, node), i) * g.unit_size);
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

VdbStatus vdb_hnsw_build_layout(void *region, VdbHnswBuildLayout *layout) noexcept
{
    BuildRegion *r = region_of(region);
    const VdbHnswGeometry &g = r->geometry;
    VdbNode nodes = r->taken().nodes;
    LayoutTally tally = {};
    for (uint32_t i = 0; i < nodes; i++) {
        VdbNode node = r->at_place(i);
        tally.look_at(g, i);
        r->node(node)->spill = static_cast<uint32_t>(tally.spilled);
        r->node(node)->slices = static_cast<uint32_t>(tally.slices);
        if (!tally.count(g, cells_of_node(r, node), stored_units(r, node)))
            return VDB_TOO_BIG;
    }
    return make_layout(g, tally, nodes, layout);
}

VdbHnswPageKind vdb_hnsw_build_page_kind(const VdbHnswBuildLayout *layout, VdbBlock block) noexcept
{
    return block == VDB_HNSW_META_BLOCK         ? VDB_HNSW_PAGE_META
           : block < layout->first_cell_block   ? VDB_HNSW_PAGE_NODE
           : block < layout->first_vector_block ? VDB_HNSW_PAGE_CELL
                                                : VDB_HNSW_PAGE_VECTOR;
}

void vdb_hnsw_build_render(const void *region, void *scratch, VdbHnswBuildLayout *layout,
                           VdbBlock block, void *page) noexcept
{
    const BuildRegion *r = region_of(region);
    BuildScratch *own = static_cast<BuildScratch *>(scratch);
    switch (vdb_hnsw_build_page_kind(layout, block)) {
    case VDB_HNSW_PAGE_META:
        return fill_meta(r, *layout, page);
    case VDB_HNSW_PAGE_NODE:
        return fill_node_page(r, own, layout, block, page);
    case VDB_HNSW_PAGE_CELL:
        return fill_cell_page(r, layout, block, page);
    case VDB_HNSW_PAGE_VECTOR:
        return fill_vector_page(r, own, *layout, block, page);
    }
}
