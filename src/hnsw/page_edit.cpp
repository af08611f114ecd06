// Pure edits of single hnsw page images.
#include "hnsw/page_edit_api.h"

#include <algorithm>

#include "hnsw/edge_codes.h"
#include "hnsw/page_format.h"
#include "hnsw/seal.h"

using namespace vdb::hnsw;

namespace {

// Index of a free cell.  REQUIRES: there is one.
uint32_t take_cell(void *page, const VdbHnswGeometry *g)
{
    uint32_t i = 0;
    while (cell_at(page, *g, i)->kind != CellKind::kFree)
        i++;
    return i;
}

} // namespace

uint32_t vdb_hnsw_page_init(void *page, const VdbHnswGeometry *g, VdbHnswPageKind kind) noexcept
{
    init_page(page, *g, kind);
    return page_lower(*g, kind);
}

void vdb_hnsw_meta_init(void *page, const VdbHnswGeometry *g, uint64_t seed) noexcept
{
    MetaPage *meta = meta_of(page);
    *meta = {};
    meta->magic = kMagic;
    meta->version = kFormatVersion;
    meta->features = (vdb_hnsw_coded(g) ? kFeatureInlineCodes : 0) |
                     (g->checked ? kFeatureKeptChecks : 0) | (g->sealed ? kFeatureSeals : 0);
    meta->page_size = g->page_size;
    meta->dims = g->space.dims;
    meta->m = static_cast<uint16_t>(g->m);
    meta->metric = static_cast<uint16_t>(g->space.metric);
    meta->storage = static_cast<uint16_t>(g->source);
    meta->kept = static_cast<uint16_t>(g->kept);
    meta->code_dims = g->code_dims;
    meta->slot_units = is_sparse(*g) ? g->inline_units : 0;
    meta->seed = seed;
    meta->root = meta->entry = VDB_NO_NODE;
    meta->free_cell_page = meta->free_vector_page = VDB_NO_BLOCK;
}

VdbStatus vdb_hnsw_meta_geometry(const void *page, uint32_t page_size, VdbHnswGeometry *g,
                                 uint64_t *seed) noexcept
{
    const MetaPage *meta = meta_of(page);
    if (meta->magic != kMagic)
        return VDB_CORRUPT;
    if (meta->version != kFormatVersion || (meta->features & ~kKnownFeatures) != 0 ||
        meta->storage > VDB_STORAGE_SPARSE || meta->kept > VDB_KEPT_RABITQ4)
        return VDB_STALE;
    VdbHnswShape shape;
    if (meta->page_size != page_size || !read_shape(meta, &shape))
        return VDB_CORRUPT;
    *seed = meta->seed;
    return vdb_hnsw_geometry(page_size, &shape, g) == VDB_OK ? VDB_OK : VDB_CORRUPT;
}

void vdb_hnsw_meta_read(const void *page, VdbHnswMeta *out) noexcept
{
    const MetaPage *meta = meta_of(page);
    // A damaged level would be searched from for ages; one that is only wrong finds nothing there.
    uint32_t level = std::min<uint32_t>(meta->entry_level, VDB_HNSW_MAX_LEVEL);
    *out = {meta->root, meta->entry, level, meta->free_cell_page, meta->free_vector_page};
}

void vdb_hnsw_meta_write(void *page, const VdbHnswMeta *in) noexcept
{
    MetaPage *meta = meta_of(page);
    meta->root = in->root;
    meta->entry = in->entry;
    meta->entry_level = in->entry_level;
    meta->free_cell_page = in->free_cell_page;
    meta->free_vector_page = in->free_vector_page;
}

VdbBlock vdb_hnsw_page_next_free(const void *page, const VdbHnswGeometry *g) noexcept
{
    return trailer(page, *g)->next_free;
}

void vdb_hnsw_page_set_next_free(void *page, const VdbHnswGeometry *g, VdbBlock next) noexcept
{
    trailer(page, *g)->next_free = next;
}

uint32_t vdb_hnsw_page_free_slot(const void *page, const VdbHnswGeometry *g) noexcept
{
    uint32_t slot = 0;
    while (slot < g->slots_per_page && node_at(page, *g, slot)->state != NodeState::kFree)
        slot++;
    return slot;
}

uint32_t vdb_hnsw_page_free_slots(const void *page, const VdbHnswGeometry *g) noexcept
{
    uint32_t n = 0;
    for (uint32_t slot = 0; slot < g->slots_per_page; slot++)
        n += node_at(page, *g, slot)->state == NodeState::kFree;
    return n;
}

uint32_t vdb_hnsw_page_free_cells(const void *page, const VdbHnswGeometry *g) noexcept
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < cell_count(page, *g); i++)
        n += cell_at(page, *g, i)->kind == CellKind::kFree;
    return n;
}

void vdb_hnsw_page_put_node(void *page, const VdbHnswGeometry *g, uint32_t slot,
                            const VdbNewNode *in) noexcept
{
    NodeHeader *node = node_at(page, *g, slot);
    node->state = NodeState::kLive;
    node->level = static_cast<uint8_t>(in->level);
    node->degree = static_cast<uint8_t>(in->links->count);
    node->pinned = static_cast<uint8_t>(in->links->pinned);
    node->generation++;
    node->heap_tid = in->heap_tid;
    node->tids = {};
    node->upper = in->upper;
    node->norm = in->norm;
    std::memcpy(neighbors(node), in->links->ids, in->links->count * sizeof(VdbNode));
    if (vdb_hnsw_coded(g))
        put_codes(node, *g, in->codes);
    uint32_t units = vdb_hnsw_stored_units(g, in->vector);
    for (uint32_t i = 0; i < g->vector_pages; i++)
        vector_blocks(node, *g)[i] =
            i < vdb_hnsw_slices(g, units) ? in->vector_blocks[i] : VDB_NO_BLOCK;
    std::memcpy(inline_vector(node, *g), in->vector, units_in_slot(*g, units) * g->unit_size);
    turn_check(node, *g);
}

VdbCellRef vdb_hnsw_page_put_upper(void *page, const VdbHnswGeometry *g, VdbBlock block,
                                   const VdbLinks *links, VdbCellRef next) noexcept
{
    uint32_t index = take_cell(page, g);
    CellHeader *cell = cell_at(page, *g, index);
    *cell = {CellKind::kUpper,
             static_cast<uint8_t>(links->level),
             static_cast<uint16_t>(links->count),
             links->node,
             next,
             0};
    std::memcpy(cell_neighbors(cell), links->ids, links->count * sizeof(VdbNode));
    return make_cell_ref(block, index);
}

void vdb_hnsw_page_put_slice(void *page, const VdbHnswGeometry *g, const void *vector,
                             uint32_t i) noexcept
{
    uint32_t units = slice_units(*g, vdb_hnsw_stored_units(g, vector), i);
    std::memcpy(slice_vector(page), unit_at(vector, *g, slice_start(*g, i)), units * g->unit_size);
    std::memset(unit_at(slice_vector(page), *g, units), 0,
                (g->units_per_vector_page - units) * g->unit_size);
}

VdbStatus vdb_hnsw_page_add_tid(void *page, const VdbHnswGeometry *g, VdbNode id,
                                uint16_t generation, VdbTid tid, VdbCellRef *chain) noexcept
{
    NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, id));
    if (node->state != NodeState::kLive || node->generation != generation)
        return VDB_STALE;
    if (is_none(node->heap_tid)) {
        set_heap_tid(node, *g, tid);
        return VDB_OK;
    }
    VdbBlock here = vdb_hnsw_node_block(g, id);
    *chain = node->tids;
    bool chain_here = !is_none(node->tids) && vdb_cell_block(node->tids) == here;
    if (chain_here && vdb_hnsw_cell_add_tid(page, g, node->tids, id, tid) == VDB_OK)
        return VDB_OK;
    if ((chain_here || is_none(node->tids)) && vdb_hnsw_page_free_cells(page, g) > 0) {
        node->tids = vdb_hnsw_page_put_tid(page, g, here, id, tid, node->tids);
        return VDB_OK;
    }
    return VDB_FULL;
}

VdbStatus vdb_hnsw_cell_add_tid(void *page, const VdbHnswGeometry *g, VdbCellRef ref, VdbNode owner,
                                VdbTid tid) noexcept
{
    uint32_t index = ref.offset - 1u;
    if (index >= cell_count(page, *g))
        return VDB_CORRUPT;
    CellHeader *cell = cell_at(page, *g, index);
    if (cell->kind != CellKind::kTids || cell->owner != owner)
        return VDB_STALE;
    if (cell->count >= g->tids_per_cell)
        return VDB_FULL;
    turn_check(cell, *g);
    cell_tids(cell)[cell->count++] = tid;
    turn_check(cell, *g);
    return VDB_OK;
}

VdbCellRef vdb_hnsw_page_put_tid(void *page, const VdbHnswGeometry *g, VdbBlock block,
                                 VdbNode owner, VdbTid tid, VdbCellRef next) noexcept
{
    uint32_t index = take_cell(page, g);
    CellHeader *cell = cell_at(page, *g, index);
    *cell = {CellKind::kTids, 0, 1, owner, next, 0};
    cell_tids(cell)[0] = tid;
    turn_check(cell, *g);
    return make_cell_ref(block, index);
}

void vdb_hnsw_page_set_chain(void *page, const VdbHnswGeometry *g, VdbNode node,
                             VdbCellRef chain) noexcept
{
    node_at(page, *g, vdb_hnsw_node_slot(g, node))->tids = chain;
}

uint32_t vdb_hnsw_node_tids(const void *page, const VdbHnswGeometry *g, VdbNode id, VdbTid *tid,
                            VdbCellRef *chain) noexcept
{
    const NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, id));
    *chain = {};
    if (node->state != NodeState::kLive)
        return 0;
    *chain = node->tids;
    *tid = node->heap_tid;
    return is_none(node->heap_tid) ? 0 : 1;
}

VdbStatus vdb_hnsw_cell_tids(const void *page, const VdbHnswGeometry *g, VdbNode owner,
                             VdbCellRef *chain, VdbTid *tids, uint32_t *count) noexcept
{
    uint32_t index = chain->offset - 1u;
    if (!has_cells(page, *g) || index >= cell_count(page, *g))
        return VDB_CORRUPT;
    const CellHeader *cell = cell_at(page, *g, index);
    if (cell->kind != CellKind::kTids || cell->owner != owner)
        return VDB_STALE;
    if (cell->count > g->tids_per_cell || !is_intact(cell, *g))
        return VDB_CORRUPT;
    *count = cell->count;
    std::memcpy(tids, cell_tids(cell), cell->count * sizeof(VdbTid));
    *chain = cell->next;
    return VDB_OK;
}
