// End of a bulk build: a tree of level-0 edges from the root to every node, pinned so that later
// insertions never drop them.
//
// The tree grows depth first: that way a node has about one child, and next to no list is filled
// with edges that cannot be replaced.  A node that no edge leads to gets one from a node nearby
// that has been reached; whatever edge has to go for it is not part of the tree.
#include "hnsw/graph_build.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kAttachEf = 64; // nodes looked at to find a parent near by

VdbNode root_of(const BuildRegion *r)
{
    return static_cast<VdbNode>(r->entry.load(std::memory_order_relaxed)) - 1;
}

void swap_links(Links *links, uint32_t a, uint32_t b)
{
    VdbNode id = peek(links->ids[a]);
    poke(links->ids[a], peek(links->ids[b]));
    poke(links->ids[b], id);
}

void reach(BuildRegion *r, VdbNode node, VdbNode parent)
{
    BuildNode *n = r->node(node);
    n->reached = 1;
    n->parent = parent;
    r->tree_at = node;
}

// Makes the link at that place a tree edge.
void pin(BuildRegion *r, VdbNode parent, uint32_t place)
{
    BuildNode *n = r->node(parent);
    swap_links(r->links(parent, 0), place, n->pinned);
    n->pinned++;
}

// One step of the walk: down to a node not reached yet, or back to the parent.
void step(BuildRegion *r)
{
    VdbNode at = r->tree_at;
    BuildNode *n = r->node(at);
    Links *links = r->links(at, 0);
    while (n->cursor < peek(links->count)) {
        VdbNode next = peek(links->ids[n->cursor]);
        if (r->node(next)->reached) {
            n->cursor++;
            continue;
        }
        pin(r, at, n->cursor++);
        reach(r, next, at);
        return;
    }
    r->tree_at = n->parent;
}

bool can_adopt(const BuildRegion *r, VdbNode node)
{
    return r->node(node)->reached && r->node(node)->pinned < r->max_links(0);
}

// A reached node near the orphan with room for one more tree edge: a neighbour of it, else one that
// a search finds, else any.
VdbNode find_parent(BuildRegion *r, BuildScratch *scratch, VdbNode orphan)
{
    const Links *links = r->links(orphan, 0);
    for (uint32_t i = 0; i < peek(links->count); i++)
        if (can_adopt(r, peek(links->ids[i])))
            return peek(links->ids[i]);

    uint32_t ef = kAttachEf < r->ef_construction ? kAttachEf : r->ef_construction;
    uint32_t found = search_bottom(r, scratch, r->point(orphan), root_of(r), ef);
    for (uint32_t i = 0; i < found; i++)
        if (can_adopt(r, scratch->pool[i].candidate.node))
            return scratch->pool[i].candidate.node;

    // The tree has one edge less than nodes, so some reached node always has room.
    VdbNode any = 0;
    while (!can_adopt(r, any))
        any++;
    return any;
}

// Place in a full list of the edge outside the tree that leads farthest.
uint32_t farthest_unpinned(const BuildRegion *r, VdbNode node)
{
    GraphSpace space = r->space();
    const Links *links = r->links(node, 0);
    uint32_t place = r->node(node)->pinned;
    float farthest = -std::numeric_limits<float>::infinity();
    for (uint32_t i = place; i < peek(links->count); i++) {
        float d = space.between(r->point(node), r->point(peek(links->ids[i])));
        if (d > farthest) {
            farthest = d;
            place = i;
        }
    }
    return place;
}

void adopt(BuildRegion *r, VdbNode parent, VdbNode orphan)
{
    Links *links = r->links(parent, 0);
    uint32_t place = peek(links->count);
    if (place < r->max_links(0))
        poke(links->count, place + 1);
    else
        place = farthest_unpinned(r, parent);
    poke(links->ids[place], orphan);
    pin(r, parent, place);
    // All the parent's other links lead to reached nodes already: its walk is over.
    reach(r, orphan, VDB_NO_NODE);
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb::hnsw;

bool vdb_hnsw_build_finish(void *region, void *scratch, uint32_t budget) noexcept
{
    BuildRegion *r = region_of(region);
    uint32_t nodes = r->taken().nodes;
    if (nodes == 0)
        return true;
    if (!r->node(root_of(r))->reached)
        reach(r, root_of(r), VDB_NO_NODE);
    for (; budget > 0; budget--) {
        if (r->tree_at != VDB_NO_NODE) {
            step(r);
        } else if (r->next_unseen == nodes) {
            return true;
        } else {
            VdbNode node = r->next_unseen++;
            if (!r->node(node)->reached)
                adopt(r, find_parent(r, static_cast<BuildScratch *>(scratch), node), node);
        }
    }
    return false;
}
