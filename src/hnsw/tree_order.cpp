// The places of nodes when the tree is walked depth first, as it was when vacuum looked: parents
// come before their children, and about half of all nodes before any one.
#include "hnsw/page_format.h"
#include "hnsw/vacuum_api.h"

using namespace vdb::hnsw;

struct VdbTreeOrder {
    uint32_t slots;
    VdbNode *parent;  // kPlaced once the walk has left the node
    VdbNode *sibling; // the next child of the same parent
    uint32_t *place;  // until the walk gets to the node, its first child
};

namespace {

constexpr uint32_t kPlaced = VDB_HNSW_NEW_NODE;
constexpr uint32_t kNowhere = UINT32_MAX;
static_assert(kNowhere == VDB_NO_NODE);

// Ids that nodes on those blocks can have.
uint64_t slots_of(const VdbHnswGeometry *g, uint64_t blocks)
{
    uint64_t slots = blocks * g->slots_per_page;
    return slots < VDB_HNSW_NEW_NODE ? slots : VDB_HNSW_NEW_NODE;
}

void list_children(VdbTreeOrder *order, VdbNode root)
{
    order->parent[root] = VDB_NO_NODE;
    for (uint32_t i = 0; i < order->slots; i++) {
        VdbNode parent = order->parent[i];
        if (parent == VDB_NO_NODE)
            continue;
        order->sibling[i] = order->place[parent];
        order->place[parent] = i;
    }
}

// Numbers the nodes that the tree leads to.  Every node stands in one list of children only, so
// that the walk ends whatever the pages said.
void walk(VdbTreeOrder *order, VdbNode root)
{
    uint32_t count = 0;
    for (VdbNode at = root; at != VDB_NO_NODE;) {
        VdbNode next = order->place[at]; // its first child
        order->place[at] = count++;
        while (next == VDB_NO_NODE && at != VDB_NO_NODE) {
            VdbNode left = at;
            next = order->sibling[left];
            at = order->parent[left];
            order->parent[left] = kPlaced;
        }
        at = next;
    }
}

} // namespace

uint64_t vdb_hnsw_order_size(const VdbHnswGeometry *g, VdbBlock blocks) noexcept
{
    return sizeof(VdbTreeOrder) + slots_of(g, blocks) * 3 * sizeof(uint32_t);
}

VdbTreeOrder *vdb_hnsw_order_begin(void *memory, const VdbHnswGeometry *g, VdbBlock blocks) noexcept
{
    auto *order = static_cast<VdbTreeOrder *>(memory);
    order->slots = static_cast<uint32_t>(slots_of(g, blocks));
    order->parent = reinterpret_cast<VdbNode *>(order + 1);
    order->sibling = order->parent + order->slots;
    order->place = order->sibling + order->slots;
    std::memset(order->parent, 0xFF, size_t{order->slots} * 3 * sizeof(uint32_t)); // VDB_NO_NODE
    return order;
}

void vdb_hnsw_order_feed(VdbTreeOrder *order, const VdbHnswGeometry *g, VdbBlock block,
                         const void *page) noexcept
{
    if (page_kind(page, *g) != VDB_HNSW_PAGE_NODE ||
        (block + uint64_t{1}) * g->slots_per_page > order->slots)
        return;
    for (uint32_t slot = 0; slot < g->slots_per_page; slot++) {
        const NodeHeader *node = node_at(page, *g, slot);
        if (node->state == NodeState::kFree || node->pinned > max_degree(*g))
            continue;
        for (uint32_t i = 0; i < node->pinned; i++)
            if (neighbors(node)[i] < order->slots)
                order->parent[neighbors(node)[i]] = block * g->slots_per_page + slot;
    }
}

void vdb_hnsw_order_finish(VdbTreeOrder *order, VdbNode root) noexcept
{
    if (root < order->slots) {
        list_children(order, root);
        walk(order, root);
    }
    for (uint32_t i = 0; i < order->slots; i++)
        if (order->parent[i] != kPlaced)
            order->place[i] = kNowhere;
}

bool vdb_hnsw_order_before(const VdbTreeOrder *order, VdbNode a, VdbNode b) noexcept
{
    return a < order->slots && b < order->slots && order->place[b] != kNowhere &&
           order->place[a] < order->place[b];
}
