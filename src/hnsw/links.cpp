// One neighbour list: reading it from its page, editing it, writing it back if it has not changed.
#include "hnsw/edge_codes.h"
#include "hnsw/links_api.h"
#include "hnsw/page_format.h"

namespace vdb::hnsw {

namespace {

void copy_list(VdbLinks *links, const VdbNode *ids, uint32_t count, uint32_t pinned)
{
    links->found = true;
    links->count = count;
    links->pinned = pinned;
    std::memcpy(links->ids, ids, count * sizeof(VdbNode));
}

// Goes along the chain of upper-level cells on this page.  True: the next one is on page
// links->block.
bool follow_cells(VdbLinks *links, const VdbHnswGeometry *g, const void *page, VdbStatus *status)
{
    VdbBlock here = links->block;
    while (!is_none(links->cell) && vdb_cell_block(links->cell) == here) {
        uint32_t index = links->cell.offset - 1u;
        if (index >= cell_count(page, *g)) {
            *status = VDB_CORRUPT;
            return false;
        }
        const CellHeader *cell = cell_at(page, *g, index);
        if (cell->kind != CellKind::kUpper || cell->owner != links->node ||
            cell->level > links->level || cell->level <= links->cell_level)
            return false; // the node has gone
        links->cell_level = cell->level;
        if (cell->level == links->level) {
            if (cell->count > g->m)
                *status = VDB_CORRUPT;
            else
                copy_list(links, cell_neighbors(cell), cell->count, 0);
            return false;
        }
        links->cell = cell->next;
    }
    if (is_none(links->cell) || vdb_cell_block(links->cell) == here)
        return false;
    links->block = vdb_cell_block(links->cell);
    return true;
}

bool same_list(const VdbLinks *seen, const VdbNode *ids, uint32_t count, uint32_t pinned)
{
    return count == seen->count && pinned == seen->pinned &&
           std::memcmp(ids, seen->ids, count * sizeof(VdbNode)) == 0;
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb::hnsw;

void vdb_hnsw_links_start(VdbLinks *links, const VdbHnswGeometry *g, VdbNode node,
                          uint32_t level) noexcept
{
    links->node = node;
    links->level = level;
    links->found = links->live = false;
    links->node_level = links->cell_level = 0;
    links->block = vdb_hnsw_node_block(g, node);
    links->cell = {};
    links->count = links->pinned = 0;
}

bool vdb_hnsw_links_feed(VdbLinks *links, const VdbHnswGeometry *g, const void *page,
                         VdbStatus *status) noexcept
{
    *status = VDB_OK;
    if (!is_none(links->cell) && has_cells(page, *g))
        return follow_cells(links, g, page, status);
    if (page_kind(page, *g) != VDB_HNSW_PAGE_NODE) {
        *status = VDB_CORRUPT;
        return false;
    }
    const NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, links->node));
    if (!valid_state(node->state)) {
        *status = VDB_CORRUPT;
        return false;
    }
    if (node->state == NodeState::kFree || node->level < links->level)
        return false;
    links->live = node->state == NodeState::kLive;
    links->node_level = node->level;
    if (links->level == 0) {
        if (node->degree > max_degree(*g) || node->pinned > node->degree)
            *status = VDB_CORRUPT;
        else
            copy_list(links, neighbors(node), node->degree, node->pinned);
        return false;
    }
    links->cell = node->upper;
    return follow_cells(links, g, page, status);
}

bool vdb_hnsw_links_current(const void *page, const VdbHnswGeometry *g,
                            const VdbLinks *seen) noexcept
{
    if (seen->level > 0) {
        const CellHeader *cell = cell_at(page, *g, seen->cell.offset - 1u);
        return cell->kind == CellKind::kUpper && cell->owner == seen->node &&
               cell->level == seen->level && same_list(seen, cell_neighbors(cell), cell->count, 0);
    }
    const NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, seen->node));
    return node->state != NodeState::kFree && seen->live == (node->state == NodeState::kLive) &&
           same_list(seen, neighbors(node), node->degree, node->pinned);
}

VdbStatus vdb_hnsw_links_write(void *page, const VdbHnswGeometry *g, const VdbLinks *seen,
                               const VdbLinks *now, const VdbEdgeCodes *codes) noexcept
{
    if (!vdb_hnsw_links_current(page, g, seen))
        return VDB_STALE;
    VdbNode *ids;
    if (seen->level > 0) {
        CellHeader *cell = cell_at(page, *g, seen->cell.offset - 1u);
        cell->count = static_cast<uint16_t>(now->count);
        ids = cell_neighbors(cell);
    } else {
        NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, seen->node));
        if (vdb_hnsw_coded(g))
            replace_codes(node, *g, *now, codes);
        node->degree = static_cast<uint8_t>(now->count);
        node->pinned = static_cast<uint8_t>(now->pinned);
        ids = neighbors(node);
    }
    std::memcpy(ids, now->ids, now->count * sizeof(VdbNode));
    return VDB_OK;
}

void vdb_hnsw_links_add(VdbLinks *links, VdbNode node, bool pinned) noexcept
{
    uint32_t at = links->count++;
    if (pinned) {
        links->ids[at] = links->ids[links->pinned];
        at = links->pinned++;
    }
    links->ids[at] = node;
}

void vdb_hnsw_links_remove(VdbLinks *links, uint32_t i) noexcept
{
    if (i < links->pinned) {
        links->pinned--;
        links->ids[i] = links->ids[links->pinned];
        i = links->pinned;
    }
    links->ids[i] = links->ids[--links->count];
}

uint32_t vdb_hnsw_links_find(const VdbLinks *links, VdbNode node) noexcept
{
    uint32_t i = 0;
    while (i < links->count && links->ids[i] != node)
        i++;
    return i;
}
