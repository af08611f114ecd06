// End of a bulk build: a tree of level-0 edges from the root to every node, pinned so that later
// insertions never drop them.
//
// The tree grows depth first: that way a node has about one child, and next to no list is filled
// with edges that cannot be replaced.  An orphan, a node that no edge leads to, gets one from a
// node nearby that has been reached, in place of an edge that is not part of the tree; a node that
// has adopted already hands the orphan one of its children instead.
//
// After a partition build the file has the nodes in the order of the walk, in which near ones are
// neighbours; else in that of their ids.
//
// Where there are no vectors at hand (external_finish.cpp), the order of the links says which are
// near.
#include "hnsw/graph_build.h"
#include "hnsw/links_api.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kAttachEf = 64; // nodes looked at to find a parent near by

VdbNode root_of(const BuildRegion *r)
{
    return static_cast<VdbNode>(r->entry.load(std::memory_order_relaxed)) - 1;
}

bool is_elsewhere(const BuildRegion *r, VdbNode node)
{
    return r->bare && node >= r->taken().nodes;
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
    if (r->ordered) {
        n->value = r->placed;
        r->part_words()[r->placed++] = node;
    }
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
        if (is_elsewhere(r, next) || r->node(next)->reached) {
            n->cursor++;
            continue;
        }
        pin(r, at, n->cursor++);
        reach(r, next, at);
        return;
    }
    r->tree_at = n->parent;
}

// The first neighbour that is reached, else the root.
VdbNode first_relative(BuildRegion *r, VdbNode orphan)
{
    const Links *links = r->links(orphan, 0);
    for (uint32_t i = 0; i < peek(links->count); i++) {
        VdbNode id = peek(links->ids[i]);
        if (!is_elsewhere(r, id) && r->node(id)->reached)
            return id;
    }
    return root_of(r);
}

// The nearest reached node to look for a parent from: a neighbour of the orphan, else one that a
// search finds, else the root.
VdbNode find_relative(BuildRegion *r, BuildScratch *scratch, VdbNode orphan)
{
    GraphSpace space = r->space();
    Point point = r->point(orphan);
    const Links *links = r->links(orphan, 0);
    VdbNode best = VDB_NO_NODE;
    float nearest = 0;
    for (uint32_t i = 0; i < peek(links->count); i++) {
        VdbNode id = peek(links->ids[i]);
        float apart = space.apart(point, r->point(id));
        if (r->node(id)->reached && (best == VDB_NO_NODE || apart < nearest)) {
            nearest = apart;
            best = id;
        }
    }
    if (best != VDB_NO_NODE)
        return best;

    uint32_t ef = kAttachEf < r->ef_construction ? kAttachEf : r->ef_construction;
    uint32_t found = search_bottom(r, scratch, point, root_of(r), ef);
    for (uint32_t i = 0; i < found; i++)
        if (r->node(scratch->pool[i].candidate.node)->reached)
            return scratch->pool[i].candidate.node;
    return root_of(r);
}

// Down the tree from a relative as long as that leads nearer.  Under inner product most nodes may
// be orphans: a scan that gets to them should meet the nearer ones first.
VdbNode find_parent(BuildRegion *r, BuildScratch *scratch, VdbNode orphan)
{
    if (r->bare)
        return first_relative(r, orphan);
    GraphSpace space = r->space();
    VdbNode relative = find_relative(r, scratch, orphan);
    float nearest = space.apart(r->point(orphan), r->point(relative));
    for (VdbNode at = VDB_NO_NODE; at != relative;) {
        at = relative;
        for (uint32_t i = 0; i < r->node(at)->pinned; i++) {
            VdbNode child = peek(r->links(at, 0)->ids[i]);
            float apart = space.apart(r->point(orphan), r->point(child));
            if (apart < nearest) {
                nearest = apart;
                relative = child;
            }
        }
    }
    return relative;
}

// Place in a full list of the edge outside the tree that leads farthest.
uint32_t farthest_unpinned(const BuildRegion *r, VdbNode node)
{
    GraphSpace space = r->space();
    const Links *links = r->links(node, 0);
    uint32_t place = r->node(node)->pinned;
    if (r->bare)
        return peek(links->count) - 1;
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

// Puts an edge into a list, in place of the farthest one outside the tree if it is full; returns
// where.  REQUIRES: it is not full of tree edges.
uint32_t put_link(BuildRegion *r, VdbNode node, VdbNode to)
{
    Links *links = r->links(node, 0);
    uint32_t n = peek(links->count), place = 0;
    while (place < n && peek(links->ids[place]) != to)
        place++;
    if (place == n && n < r->max_links(0))
        poke(links->count, n + 1);
    else if (place == n)
        place = farthest_unpinned(r, node);
    poke(links->ids[place], to);
    return place;
}

void adopt(BuildRegion *r, VdbNode parent, VdbNode orphan)
{
    Links *links = r->links(parent, 0);
    uint32_t pinned = r->node(parent)->pinned;
    if (peek(links->count) < r->max_links(0) || pinned < VDB_HNSW_MAX_FORCED) {
        pin(r, parent, put_link(r, parent, orphan));
    } else {
        VdbNode child = peek(links->ids[pinned - 1]);
        pin(r, orphan, put_link(r, orphan, child));
        poke(links->ids[pinned - 1], orphan);
    }
    // All the parent's other links lead to reached nodes already: its walk is over.
    reach(r, orphan, VDB_NO_NODE);
}

} // namespace

bool adopt_outsider(BuildRegion *r, VdbNode outsider)
{
    for (uint32_t i = 0; i < r->placed; i++) {
        VdbNode parent = r->part_words()[i];
        if (r->node(parent)->pinned < r->max_links(0)) {
            pin(r, parent, put_link(r, parent, outsider));
            return true;
        }
    }
    return false;
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

bool vdb_hnsw_build_finish(void *region, void *scratch, uint32_t budget) noexcept
{
    BuildRegion *r = region_of(region);
    uint32_t nodes = r->taken().nodes;
    if (nodes == 0)
        return true;
    r->ordered = r->pool_at > 0;
    if (!r->node(root_of(r))->reached)
        reach(r, root_of(r), VDB_NO_NODE);
    for (; budget > 0; budget--) {
        if (r->tree_at != VDB_NO_NODE) {
            step(r);
        } else if (r->next_unseen == nodes) {
            return true;
        } else {
            VdbNode node = r->next_unseen++;
            if (r->ordered) // by heap tid
                node = r->words()[node];
            if (!r->node(node)->reached)
                adopt(r, find_parent(r, static_cast<BuildScratch *>(scratch), node), node);
        }
    }
    return false;
}
