// Page edits of vacuum on hnsw pages.
#include "hnsw/vacuum_api.h"

#include "core/visited_set.h"
#include "hnsw/edge_codes.h"
#include "hnsw/page_format.h"
#include "hnsw/seal.h"

using namespace vdb::hnsw;

struct VdbNodeSet {
    vdb::VisitedSet ids;
};

namespace {

NodeHeader *node_of(void *page, const VdbHnswGeometry *g, VdbNode node)
{
    return node_at(page, *g, vdb_hnsw_node_slot(g, node));
}
const NodeHeader *node_of(const void *page, const VdbHnswGeometry *g, VdbNode node)
{
    return node_at(page, *g, vdb_hnsw_node_slot(g, node));
}

uint32_t slot_count(const void *page, const VdbHnswGeometry *g)
{
    return page_kind(page, *g) == VDB_HNSW_PAGE_NODE ? g->slots_per_page : 0;
}

// Entries of a tid cell, never more than fit even if the page says so.
uint32_t tids_in(const CellHeader *cell, const VdbHnswGeometry *g)
{
    return cell->kind != CellKind::kTids    ? 0
           : cell->count < g->tids_per_cell ? cell->count
                                            : g->tids_per_cell;
}

bool leads_into(const VdbNode *ids, uint32_t count, const VdbNodeSet *set)
{
    for (uint32_t i = 0; i < count; i++)
        if (set->ids.contains(ids[i]))
            return true;
    return false;
}

uint32_t position(const VdbNode *ids, uint32_t count, VdbNode id)
{
    uint32_t i = 0;
    while (i < count && ids[i] != id)
        i++;
    return i;
}

// Makes an edge to `child` pinned, in place of an ordinary one if the list is full.  False: all are
// pinned.
bool pin(NodeHeader *node, VdbNode child, const VdbHnswGeometry *g)
{
    uint32_t at = position(neighbors(node), node->degree, child);
    if (at < node->pinned)
        return true;
    if (at < node->degree) {
        swap_edges(node, *g, at, node->pinned++);
        return true;
    }
    if (node->degree < max_degree(*g))
        node->degree++;
    else if (node->pinned == node->degree)
        return false;
    copy_edge(node, *g, node->degree - 1u, node->pinned);
    put_neutral_edge(node, *g, node->pinned++, child); // the child's vector is not at hand
    return true;
}

// Drops the i-th edge, a pinned one.
void unpin_and_drop(NodeHeader *node, uint32_t i, const VdbHnswGeometry *g)
{
    copy_edge(node, *g, i, --node->pinned);
    copy_edge(node, *g, node->pinned, --node->degree);
}

// Whether a live node's list has an edge that was written without its code.
bool lacks_codes(const NodeHeader *node, const VdbHnswGeometry *g)
{
    if (!vdb_hnsw_coded(g) || node->state != NodeState::kLive)
        return false;
    for (uint32_t i = 0; i < node->degree; i++)
        if (is_neutral(code_factors(node, *g)[i]))
            return true;
    return false;
}

// Moves all tree edges but the first.
VdbStatus move_tree_edges(NodeHeader *from, NodeHeader *to, const VdbHnswGeometry *g)
{
    while (from->pinned > 1) {
        if (!pin(to, neighbors(from)[from->pinned - 1], g))
            return VDB_FULL;
        from->pinned--;
    }
    return VDB_OK;
}

bool sane(const NodeHeader *node, const VdbHnswGeometry *g)
{
    return node->degree <= max_degree(*g) && node->pinned <= node->degree;
}

} // namespace

VdbTidCount vdb_hnsw_page_count_tids(const void *page, const VdbHnswGeometry *g, VdbIsDead is_dead,
                                     void *state) noexcept
{
    VdbTidCount count = {0, 0};
    auto add = [&](VdbTid tid) {
        if (is_dead(tid, state))
            count.dead++;
        else
            count.left++;
    };
    for (uint32_t slot = 0; slot < slot_count(page, g); slot++) {
        const NodeHeader *node = node_at(page, *g, slot);
        if (node->state == NodeState::kLive && !is_none(node->heap_tid))
            add(node->heap_tid);
    }
    for (uint32_t i = 0; i < cell_count(page, *g); i++) {
        const CellHeader *cell = cell_at(page, *g, i);
        for (uint32_t j = 0; j < tids_in(cell, g); j++)
            add(cell_tids(cell)[j]);
    }
    return count;
}

void vdb_hnsw_page_remove_tids(void *page, const VdbHnswGeometry *g, VdbIsDead is_dead,
                               void *state) noexcept
{
    for (uint32_t slot = 0; slot < slot_count(page, g); slot++) {
        NodeHeader *node = node_at(page, *g, slot);
        if (node->state == NodeState::kLive && !is_none(node->heap_tid) &&
            is_dead(node->heap_tid, state))
            set_heap_tid(node, *g, {});
    }
    for (uint32_t i = 0; i < cell_count(page, *g); i++) {
        CellHeader *cell = cell_at(page, *g, i);
        if (cell->kind != CellKind::kTids)
            continue;
        uint32_t n = tids_in(cell, g), left = 0;
        turn_check(cell, *g);
        for (uint32_t j = 0; j < n; j++)
            if (!is_dead(cell_tids(cell)[j], state))
                cell_tids(cell)[left++] = cell_tids(cell)[j];
        cell->count = static_cast<uint16_t>(left);
        turn_check(cell, *g);
    }
}

VdbNodeTids vdb_hnsw_page_node(const void *page, const VdbHnswGeometry *g, uint32_t slot) noexcept
{
    const NodeHeader *node = node_at(page, *g, slot);
    bool live = node->state == NodeState::kLive;
    return {live, node->state == NodeState::kTombstone || node->state == NodeState::kDetached,
            !is_none(node->heap_tid), node->level, node->tids};
}

VdbStatus vdb_hnsw_page_bury(void *page, const VdbHnswGeometry *g, VdbNode id) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    if (node->state != NodeState::kLive || !is_none(node->heap_tid) || !is_none(node->tids))
        return VDB_STALE;
    node->state = NodeState::kTombstone;
    return VDB_OK;
}

VdbStatus vdb_hnsw_cell_state(const void *page, const VdbHnswGeometry *g, VdbCellRef ref,
                              VdbNode owner, uint32_t *count, VdbCellRef *next) noexcept
{
    if (!has_cells(page, *g) || ref.offset - 1u >= cell_count(page, *g))
        return VDB_CORRUPT;
    const CellHeader *cell = cell_at(page, *g, ref.offset - 1u);
    if (cell->kind != CellKind::kTids || cell->owner != owner)
        return VDB_STALE;
    *count = cell->count;
    *next = cell->next;
    return VDB_OK;
}

void vdb_hnsw_cell_set_next(void *page, const VdbHnswGeometry *g, VdbCellRef ref,
                            VdbCellRef next) noexcept
{
    cell_at(page, *g, ref.offset - 1u)->next = next;
}

void vdb_hnsw_cell_free(void *page, const VdbHnswGeometry *g, VdbCellRef ref) noexcept
{
    std::memset(static_cast<void *>(cell_at(page, *g, ref.offset - 1u)), 0, g->cell_size);
}

size_t vdb_hnsw_set_size(uint32_t slots) noexcept
{
    return sizeof(VdbNodeSet) + vdb::VisitedSet::bytes(slots);
}

VdbNodeSet *vdb_hnsw_set_init(void *memory, uint32_t slots) noexcept
{
    auto *set = static_cast<VdbNodeSet *>(memory);
    set->ids.init(set + 1, slots);
    return set;
}

bool vdb_hnsw_set_full(const VdbNodeSet *set) noexcept
{
    return set->ids.room() == 0;
}

void vdb_hnsw_set_add(VdbNodeSet *set, VdbNode node) noexcept
{
    set->ids.insert(node);
}

bool vdb_hnsw_set_has(const VdbNodeSet *set, VdbNode node) noexcept
{
    return set->ids.contains(node);
}

uint32_t vdb_hnsw_set_count(const VdbNodeSet *set) noexcept
{
    return set->ids.size();
}

VdbNodeSet *vdb_hnsw_set_move(VdbNodeSet *set, void *memory, uint32_t slots) noexcept
{
    auto *moved = static_cast<VdbNodeSet *>(memory);
    moved->ids = set->ids;
    moved->ids.move_to(moved + 1, slots);
    return moved;
}

uint32_t vdb_hnsw_page_lists_into(const void *page, const VdbHnswGeometry *g, VdbBlock block,
                                  const VdbNodeSet *set, VdbListName *out) noexcept
{
    uint32_t n = 0;
    for (uint32_t slot = 0; slot < slot_count(page, g); slot++) {
        const NodeHeader *node = node_at(page, *g, slot);
        VdbNode id = block * g->slots_per_page + slot;
        if (node->state == NodeState::kFree || !sane(node, g))
            continue;
        // Of a dead node only the tree edges matter: what hangs on it must find another place.
        uint32_t edges = set->ids.contains(id) ? node->pinned : node->degree;
        if (leads_into(neighbors(node), edges, set) || lacks_codes(node, g))
            out[n++] = {id, 0};
    }
    for (uint32_t i = 0; i < cell_count(page, *g); i++) {
        const CellHeader *cell = cell_at(page, *g, i);
        if (cell->kind == CellKind::kUpper && !set->ids.contains(cell->owner) &&
            cell->count <= g->m && leads_into(cell_neighbors(cell), cell->count, set))
            out[n++] = {cell->owner, cell->level};
    }
    return n;
}

VdbStatus vdb_hnsw_let_go(void *page, VdbNode id, VdbNode child, const VdbHnswGeometry *g) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    if (!sane(node, g))
        return VDB_CORRUPT;
    uint32_t at = position(neighbors(node), node->pinned, child);
    if (node->state != NodeState::kTombstone || at == node->pinned)
        return VDB_STALE;
    swap_edges(node, *g, at, --node->pinned);
    return VDB_OK;
}

VdbStatus vdb_hnsw_adopt(void *parent_page, VdbNode parent_id, void *child_page, VdbNode child_id,
                         const VdbHnswGeometry *g) noexcept
{
    NodeHeader *parent = node_of(parent_page, g, parent_id);
    NodeHeader *child = node_of(child_page, g, child_id);
    if (parent == child || !sane(parent, g) || !sane(child, g))
        return VDB_CORRUPT;
    uint32_t at = position(neighbors(parent), parent->pinned, child_id);
    if (child->state != NodeState::kTombstone || parent->state == NodeState::kFree ||
        parent->state == NodeState::kDetached || at == parent->pinned)
        return VDB_STALE;
    VdbNode *ids = neighbors(parent);
    while (child->pinned > 0) {
        VdbNode grandchild = neighbors(child)[child->pinned - 1];
        if (child->pinned == 1 && position(ids, parent->degree, grandchild) == parent->degree) {
            put_neutral_edge(parent, *g, at,
                             grandchild); // the last one takes the child's own place
            at = parent->degree;
        } else if (!pin(parent, grandchild, g)) {
            return VDB_FULL;
        }
        child->pinned--; // the edge stays, as an ordinary one
    }
    if (at < parent->degree)
        unpin_and_drop(parent, position(ids, parent->pinned, child_id), g);
    child->state = NodeState::kDetached;
    return VDB_OK;
}

VdbStatus vdb_hnsw_hand_down(void *page, VdbNode id, void *heir_page, VdbNode heir_id,
                             const VdbHnswGeometry *g) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    NodeHeader *heir = node_of(heir_page, g, heir_id);
    if (node == heir || !sane(node, g) || !sane(heir, g))
        return VDB_CORRUPT;
    uint32_t at = position(neighbors(node), node->pinned, heir_id);
    if (node->state != NodeState::kTombstone || heir->state == NodeState::kFree ||
        at == node->pinned)
        return VDB_STALE;
    swap_edges(node, *g, at, 0); // the heir itself stays
    return move_tree_edges(node, heir, g);
}

VdbStatus vdb_hnsw_hand_over(void *page, VdbNode id, void *heir_page, VdbNode heir_id,
                             const VdbHnswGeometry *g) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    NodeHeader *heir = node_of(heir_page, g, heir_id);
    if (node == heir || !sane(node, g) || !sane(heir, g))
        return VDB_CORRUPT;
    if (node->state != NodeState::kTombstone || heir->state == NodeState::kFree ||
        heir->state == NodeState::kDetached)
        return VDB_STALE;
    return move_tree_edges(node, heir, g);
}

bool vdb_hnsw_page_detached(const void *page, const VdbHnswGeometry *g, VdbNode id,
                            VdbCellRef *upper) noexcept
{
    const NodeHeader *node = node_of(page, g, id);
    *upper = node->upper;
    return node->state == NodeState::kDetached;
}

VdbStatus vdb_hnsw_page_free_upper(void *page, const VdbHnswGeometry *g, VdbNode id,
                                   void *cells) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    if (node->state != NodeState::kDetached || is_none(node->upper))
        return VDB_STALE;
    VdbBlock block = vdb_cell_block(node->upper);
    while (!is_none(node->upper) && vdb_cell_block(node->upper) == block) {
        uint32_t index = node->upper.offset - 1u;
        if (!has_cells(cells, *g) || index >= cell_count(cells, *g))
            return VDB_CORRUPT;
        CellHeader *cell = cell_at(cells, *g, index);
        if (cell->kind != CellKind::kUpper || cell->owner != id)
            return VDB_CORRUPT;
        node->upper = cell->next;
        std::memset(static_cast<void *>(cell), 0, g->cell_size);
    }
    return VDB_OK;
}

VdbStatus vdb_hnsw_page_free_node(void *page, const VdbHnswGeometry *g, VdbNode id) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    if (node->state != NodeState::kDetached)
        return VDB_STALE;
    uint16_t generation = node->generation;
    *node = {};
    node->state = NodeState::kFree;
    node->generation = generation;
    return VDB_OK;
}

VdbBlock vdb_hnsw_page_take_slice(void *page, const VdbHnswGeometry *g, VdbNode id) noexcept
{
    NodeHeader *node = node_of(page, g, id);
    if (node->state != NodeState::kDetached)
        return VDB_NO_BLOCK;
    for (uint32_t i = g->vector_pages; i-- > 0;) {
        VdbBlock block = vector_blocks(node, *g)[i];
        vector_blocks(node, *g)[i] = VDB_NO_BLOCK;
        if (block != VDB_NO_BLOCK)
            return block;
    }
    return VDB_NO_BLOCK;
}
