// First half of the check: everything that one page shows by itself.  What needs other pages is
// noted down for the second half.  Trusts the geometry, never the page.
#include <cmath>

#include "hnsw/check.h"
#include "hnsw/seal.h"
#include "quant/bound_api.h"
#include "quant/space.h"

namespace vdb::hnsw {

namespace {

bool all_zero(const void *page, uint32_t page_size)
{
    const uint64_t *words = static_cast<const uint64_t *>(page);
    for (uint32_t i = 0; i < page_size / sizeof(uint64_t); i++)
        if (words[i] != 0)
            return false;
    return true;
}

// One list of neighbours: level 0 (in the slot) or above (in a cell).
struct EdgeList {
    VdbNode owner;
    const VdbNode *targets;
    uint32_t count;
    uint32_t pinned; // leading tree edges
    uint8_t level;
    const char *what;
};

struct PageCheck {
    VdbHnswCheck *c;
    VdbBlock block;
    const void *page;

    bool is_node(VdbNode node) const { return node < c->node_total(); }

    bool tid_ok(VdbTid tid) const
    {
        // A line pointer is 4 bytes, so no heap page has more offsets.
        return tid.offset >= 1 && tid.offset <= c->g.page_size / 4 &&
               (c->heap_blocks == VDB_NO_BLOCK || vdb_cell_block(tid) < c->heap_blocks);
    }

    void edges(int32_t item, const EdgeList &list)
    {
        for (uint32_t i = 0; i < list.count; i++) {
            VdbNode target = list.targets[i];
            if (!is_node(target)) {
                c->report(block, item, "%s: edge %u leads to node %u, which is outside the index",
                          list.what, i, target);
                continue;
            }
            if (target == list.owner)
                c->report(block, item, "%s: edge %u leads to the node itself", list.what, i);
            for (uint32_t j = 0; j < i; j++)
                if (list.targets[j] == target)
                    c->report(block, item, "%s: edges %u and %u lead to the same node %u",
                              list.what, j, i, target);
            note_edge(item, list, i);
        }
    }

    void note_edge(int32_t item, const EdgeList &list, uint32_t i)
    {
        NodeInfo &to = c->nodes[list.targets[i]];
        to.in_edges += to.in_edges < UINT32_MAX;
        if (to.in_level < list.level)
            to.in_level = list.level;
        if (i >= list.pinned)
            return;
        if (to.parent == VDB_NO_NODE)
            to.parent = list.owner;
        else
            c->report(block, item, "%s: tree edge %u leads to node %u, which node %u has already",
                      list.what, i, list.targets[i], to.parent);
    }

    // Of a sparse vector that is whole: the indices ascend and lie within the dimensions.
    bool indices_ok(const void *vector) const
    {
        VdbSparseRow row = sparse_row(vector);
        int64_t last = -1;
        for (int32_t i = 0; i < row.count; i++) {
            if (row.elements[i].index <= last || row.elements[i].index >= int64_t{c->g.space.dims})
                return false;
            last = row.elements[i].index;
        }
        return true;
    }

    // A vector that is whole in its slot.
    void whole_vector(int32_t slot, const NodeHeader *node, double sum)
    {
        if (!std::isfinite(sum))
            c->report(block, slot, "node: vector has a value that is not finite");
        else if (!norm_matches(node->norm, sum))
            c->report(block, slot, "node: norm is %g instead of %g", double{node->norm}, sum);
        if (is_sparse(c->g) && !indices_ok(inline_vector(node, c->g)))
            c->report(block, slot, "node: indices of the vector are out of order or bounds");
    }

    // The same of one that is kept with less precision.  One that goes on in vector pages is not
    // looked at: no part of it says anything without the others.
    void kept_vector(int32_t slot, const NodeHeader *node)
    {
        const void *kept = inline_vector(node, c->g);
        float decoded[VDB_HNSW_MAX_DIMS];
        if (c->g.vector_pages > 0)
            return;
        if (c->g.checked && !vdb_kept_marked(c->g.kept, c->g.space.dims, kept, mark_of(node, c->g)))
        {
            c->report(block, slot, "node: vector and its check disagree");
            return;
        }
        vdb_kept_decode(c->g.kept, c->g.space.dims, kept, decoded);
        double sum = norm_of(c->g.space, decoded, c->g.space.dims);
        float error = vdb_kept_error(c->g.kept, kept);
        if (!std::isfinite(sum))
            c->report(block, slot, "node: vector has a value that is not finite");
        else if (!vdb_kept_norm_fits(c->g.space.dims, sum, node->norm, error))
            c->report(block, slot, "node: norm is %g instead of about %g", double{node->norm}, sum);
    }

    void vector(VdbNode id, int32_t slot, const NodeHeader *node)
    {
        uint32_t units = vdb_hnsw_coded(&c->g) ? c->g.units : units_of(node, c->g);
        if (units == 0) {
            c->report(block, slot, "node: vector has an impossible number of elements");
            return;
        }
        uint32_t slices = vdb_hnsw_slices(&c->g, units);
        double sum = NAN;
        if (vdb_hnsw_coded(&c->g)) {
            kept_vector(slot, node);
        } else {
            sum = norm_of(c->g.space, inline_vector(node, c->g), units_in_slot(c->g, units));
            if (slices == 0)
                whole_vector(slot, node, sum);
            else if (!std::isfinite(sum))
                c->report(block, slot, "node: vector has a value that is not finite");
        }
        if (c->norms != nullptr)
            c->norms[id] = {slices > 0 ? sum : NAN, node->norm};
        vector_pages_of(id, slot, node, slices);
    }

    void vector_pages_of(VdbNode id, int32_t slot, const NodeHeader *node, uint32_t slices)
    {
        for (uint32_t i = 0; i < slices; i++) {
            VdbBlock b = vector_blocks(node, c->g)[i];
            if (node->state == NodeState::kDetached && b == VDB_NO_BLOCK) {
                c->norms[id].sum = NAN; // given back already
            } else if (b >= c->blocks) {
                c->report(block, slot, "node: slice %u of the vector is in block %u, outside", i,
                          b);
                c->norms[id].sum = NAN;
            } else if (c->by_block[b].owner != VDB_NO_NODE) {
                c->report(block, slot, "node: vector block %u belongs to node %u as well", b,
                          c->by_block[b].owner);
                c->norms[id].sum = NAN;
            } else {
                c->by_block[b].owner = id;
                c->by_block[b].slice = static_cast<uint8_t>(i);
            }
        }
        // Vacuum would give back what stands there.
        for (uint32_t i = slices; i < c->g.vector_pages; i++)
            if (vector_blocks(node, c->g)[i] != VDB_NO_BLOCK)
                c->report(block, slot, "node: vector has %u slices, but block %u as another one",
                          slices, vector_blocks(node, c->g)[i]);
    }

    // Estimates of distances must be numbers.
    void factors(int32_t slot, const NodeHeader *node, uint32_t degree)
    {
        auto finite = [](uint16_t bfloat) { return (bfloat & 0x7F80) != 0x7F80; };
        for (uint32_t i = 0; i < degree; i++) {
            VdbCodeFactors f = code_factors(node, c->g)[i];
            if (!finite(f.add) || !finite(f.scale))
                c->report(block, slot, "node: code of edge %u has factors that are not finite", i);
        }
    }

    void heap_tid(int32_t slot, const NodeHeader *node, NodeInfo &info)
    {
        if (is_none(node->heap_tid))
            return;
        info.marks |= kHasInlineTid;
        c->counts.heap_tids++;
        if (node->state != NodeState::kLive)
            c->report(block, slot, "node: dead but has a heap tid");
        if (!tid_ok(node->heap_tid))
            c->report(block, slot, "node: heap tid (%u,%u) is invalid",
                      vdb_cell_block(node->heap_tid), node->heap_tid.offset);
    }

    // Adds the node to the counts; false when nothing in it is to be looked at.
    bool count_state(int32_t slot, const NodeHeader *node)
    {
        switch (node->state) {
        case NodeState::kFree:
            c->counts.free_slots++;
            return false;
        case NodeState::kLive:
            c->counts.live++;
            return true;
        case NodeState::kTombstone:
            c->counts.tombstones++;
            return true;
        case NodeState::kDetached:
            c->counts.detached++;
            return true;
        }
        c->report(block, slot, "node: unknown state %u", static_cast<unsigned>(node->state));
        return false;
    }

    void node(uint32_t slot)
    {
        int32_t item = static_cast<int32_t>(slot);
        const NodeHeader *node = node_at(page, c->g, slot);
        VdbNode id = block * c->g.slots_per_page + slot;
        NodeInfo &info = c->nodes[id];
        if (!count_state(item, node))
            return;

        info.state = node->state;
        info.level = node->level;
        info.tids = node->tids;
        info.upper = node->upper;
        if (node->level > VDB_HNSW_MAX_LEVEL) {
            c->report(block, item, "node: level %u", node->level);
            info.level = VDB_HNSW_MAX_LEVEL;
        }
        if (node->state == NodeState::kLive)
            c->counts.level_nodes[info.level]++;
        heap_tid(item, node, info);
        vector(id, item, node);
        level_0(item, id, node);
    }

    void level_0(int32_t item, VdbNode id, const NodeHeader *node)
    {
        uint32_t degree = node->degree;
        uint32_t pinned = node->pinned;
        if (degree > max_degree(c->g)) {
            c->report(block, item, "node: degree %u exceeds %u", degree, max_degree(c->g));
            degree = max_degree(c->g);
        }
        if (pinned > degree) {
            c->report(block, item, "node: %u tree edges but degree %u", pinned, degree);
            pinned = degree;
        }
        if (node->state == NodeState::kDetached && pinned > 0) {
            c->report(block, item, "node: detached but has %u tree edges", pinned);
            pinned = 0;
        }
        if (node->state == NodeState::kLive)
            c->counts.edges += degree;
        edges(item, {id, neighbors(node), degree, pinned, 0, "node"});
        if (vdb_hnsw_coded(&c->g))
            factors(item, node, degree);
    }

    void cell(uint32_t index)
    {
        int32_t item = static_cast<int32_t>(index);
        const CellHeader *cell = cell_at(page, c->g, index);
        CellInfo &info = c->cells[c->cell_total++];
        info = {cell->owner, cell->next, cell->count, cell->kind, cell->level, false};
        if (cell->kind == CellKind::kFree)
            return;
        if (cell->kind != CellKind::kUpper && cell->kind != CellKind::kTids) {
            c->report(block, item, "cell: unknown kind %u", static_cast<unsigned>(cell->kind));
            info.kind = CellKind::kFree;
            return;
        }
        if (!is_node(cell->owner)) {
            c->report(block, item, "cell: owner %u is outside the index", cell->owner);
            info.kind = CellKind::kFree;
            return;
        }
        uint32_t room = cell->kind == CellKind::kUpper ? c->g.m : c->g.tids_per_cell;
        if (info.count > room) {
            c->report(block, item, "cell: %u entries in room for %u", info.count, room);
            info.count = static_cast<uint16_t>(room);
        }
        if (cell->kind == CellKind::kUpper)
            edges(item, {cell->owner, cell_neighbors(cell), info.count, 0, info.level, "cell"});
        else
            cell_heap_tids(item, cell, info.count);
        if (cell->kind == CellKind::kTids && !is_intact(cell, c->g))
            c->report(block, item, "cell: heap tids and their check disagree");
    }

    void cell_heap_tids(int32_t item, const CellHeader *cell, uint32_t count)
    {
        c->counts.heap_tids += count;
        for (uint32_t i = 0; i < count; i++)
            if (!tid_ok(cell_tids(cell)[i]))
                c->report(block, item, "cell: heap tid (%u,%u) is invalid",
                          vdb_cell_block(cell_tids(cell)[i]), cell_tids(cell)[i].offset);
    }

    void cells(BlockInfo &info)
    {
        info.first_cell = c->cell_total;
        info.cells = static_cast<uint16_t>(cell_count(page, c->g));
        for (uint32_t i = 0; i < info.cells; i++)
            cell(i);
    }

    void vector_page(BlockInfo &info)
    {
        if (c->g.vector_pages == 0) {
            c->report(block, -1, "vector page in an index whose vectors fit their slots");
            return;
        }
        if (vdb_hnsw_coded(&c->g))
            return;
        // Behind the end of a sparse vector there are zeros.
        uint32_t last = is_sparse(c->g) ? 0 : slice_units(c->g, c->g.units, c->g.vector_pages - 1);
        info.sum_last = norm_of(c->g.space, slice_vector(page), last);
        info.sum_full = info.sum_last + norm_of(c->g.space, unit_at(slice_vector(page), c->g, last),
                                                c->g.units_per_vector_page - last);
    }

    void metapage()
    {
        VdbHnswGeometry g;
        const char *problem;
        if (vdb_hnsw_check_geometry(page, c->g.page_size, &g, &problem) != VDB_OK) {
            c->report(block, -1, "%s", problem);
            return;
        }
        if (g.m != c->g.m || g.kept != c->g.kept || g.code_dims != c->g.code_dims ||
            std::memcmp(&g.space, &c->g.space, sizeof(VdbSpace)) != 0)
            c->report(block, -1, "metapage has %u dimensions and m %u, not %u and %u", g.space.dims,
                      g.m, c->g.space.dims, c->g.m);
        const MetaPage *meta = meta_of(page);
        c->counts.root = meta->root;
        c->counts.entry = meta->entry;
        c->counts.entry_level = meta->entry_level;
        c->free_cell_page = meta->free_cell_page;
        c->free_vector_page = meta->free_vector_page;
    }

    // Kind of the page, 0 after reporting why it has none.
    uint8_t kind() const
    {
        const PageTrailer *t = trailer(page, c->g);
        if (t->page_id != VDB_HNSW_PAGE_ID)
            c->report(block, -1, "page id is %04x instead of %04x", t->page_id, VDB_HNSW_PAGE_ID);
        else if (t->kind < VDB_HNSW_PAGE_META || t->kind > VDB_HNSW_PAGE_VECTOR)
            c->report(block, -1, "unknown kind of page %u", t->kind);
        else if ((t->kind == VDB_HNSW_PAGE_META) != (block == VDB_HNSW_META_BLOCK))
            c->report(block, -1, "page of kind %u in this block", t->kind);
        else
            return static_cast<uint8_t>(t->kind);
        return 0;
    }

    void run()
    {
        BlockInfo &info = c->by_block[block];
        if (all_zero(page, c->g.page_size) && block != VDB_HNSW_META_BLOCK) {
            c->counts.pages[0]++;
            return;
        }
        info.kind = kind();
        if (info.kind == 0)
            return;
        c->counts.pages[info.kind]++;
        info.next_free = trailer(page, c->g)->next_free;
        switch (info.kind) {
        case VDB_HNSW_PAGE_META:
            metapage();
            break;
        case VDB_HNSW_PAGE_NODE:
            for (uint32_t slot = 0; slot < c->g.slots_per_page; slot++)
                node(slot);
            cells(info);
            break;
        case VDB_HNSW_PAGE_CELL:
            cells(info);
            break;
        default:
            vector_page(info);
        }
    }
};

} // namespace

} // namespace vdb::hnsw

using namespace vdb::hnsw;

void vdb_hnsw_check_feed(VdbHnswCheck *check, VdbBlock block, const void *page) noexcept
{
    PageCheck{check, block, page}.run();
}

uint32_t vdb_hnsw_check_page_tids(const VdbHnswCheck *check, const void *page, VdbTid *out) noexcept
{
    const VdbHnswGeometry &g = check->g;
    uint16_t kind = trailer(page, g)->kind;
    if (trailer(page, g)->page_id != VDB_HNSW_PAGE_ID ||
        (kind != VDB_HNSW_PAGE_NODE && kind != VDB_HNSW_PAGE_CELL))
        return 0;

    uint32_t n = 0;
    for (uint32_t slot = 0; kind == VDB_HNSW_PAGE_NODE && slot < g.slots_per_page; slot++) {
        const NodeHeader *node = node_at(page, g, slot);
        if (node->state == NodeState::kLive && !is_none(node->heap_tid))
            out[n++] = node->heap_tid;
    }
    for (uint32_t i = 0; i < cell_count(page, g); i++) {
        const CellHeader *cell = cell_at(page, g, i);
        if (cell->kind != CellKind::kTids)
            continue;
        for (uint32_t j = 0; j < cell->count && j < g.tids_per_cell; j++)
            if (!is_none(cell_tids(cell)[j]))
                out[n++] = cell_tids(cell)[j];
    }
    return n;
}
