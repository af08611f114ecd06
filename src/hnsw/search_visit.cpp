// Search node by node (HNSW paper, algorithm 2): each neighbour's distance is taken from its own
// page.  Upper layers, plain indexes, and insertion under inner product, which goes by another
// distance than codes estimate.
#include "hnsw/search.h"

namespace vdb::hnsw {

namespace {

using Search = VdbHnswSearch;

bool can_improve(const Search &s, float distance)
{
    return s.results.size < s.ef || distance < s.results.top().distance;
}

// Whether all that is left to expand is farther than the results.  What is as far as the farthest
// of them is still to be expanded, itself to begin with, or a search for one node would never leave
// its start; where distances are few, as Hamming's are, that finds more for the same ef.
bool is_complete(const Search &s)
{
    return s.results.size >= s.ef && s.results.top().distance < s.frontier.top().distance;
}

void remember(Search &s, Candidate c, bool live, bool in_frontier)
{
    if (s.level == 0 && s.query.purpose == VDB_HNSW_FOR_SCAN)
        s.spare.Array::push({c, live, in_frontier});
}

// A node's distance is known: it joins the frontier and, if it may, the results.
void admit(Search &s, Candidate c, bool live)
{
    if (!can_improve(s, c.distance)) {
        remember(s, c, live, false);
        return;
    }
    s.frontier.push(c);
    if (!live && s.live_only)
        return;
    if (s.results.size == s.ef)
        remember(s, s.results.pop(), true, true);
    s.results.push(c);
}

float distance_of(const Search &s, float raw, float norm)
{
    return s.query.purpose == VDB_HNSW_FOR_SCAN ? s.space.rank(raw, s.query.norm, norm)
                                                : s.space.between(raw, s.query.norm, norm);
}

// An inserted vector's equal is its nearest neighbour, unless nearness is the inner product.
void note_twin(Search &s)
{
    float apart = s.query.norm + s.norm - 2 * s.raw;
    if (s.twin == VDB_NO_NODE || apart < s.twin_distance) {
        s.twin = s.node;
        s.twin_distance = apart;
    }
}

VdbStatus fill_batch(Search &s, const VdbNode *ids, uint32_t n)
{
    s.batch_size = s.batch_next = s.batch_named = 0;
    want(s, Want::kNothing, VDB_NO_BLOCK);
    for (uint32_t i = 0; i < n; i++) {
        if (ids[i] == VDB_NO_NODE)
            return VDB_CORRUPT;
        if (s.visited.insert(ids[i]))
            s.batch[s.batch_size++] = ids[i];
    }
    return VDB_OK;
}

} // namespace

void finish_visit(Search &s)
{
    if (s.query.purpose == VDB_HNSW_FOR_INSERT && s.space.metric == VDB_METRIC_IP && s.live)
        note_twin(s);
    admit(s, {distance_of(s, s.raw, s.norm), s.node}, s.live);
    s.visited_total++;
}

VdbStatus feed_visit(Search &s, const void *page)
{
    const NodeHeader *node = node_at(page, s.g, vdb_hnsw_node_slot(&s.g, s.node));
    want(s, Want::kNothing, VDB_NO_BLOCK);
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    // An edge may be older than the node that it leads to: the slot may be free or of a lower
    // level.
    if (node->state == NodeState::kFree || node->level < s.level)
        return VDB_OK;
    VdbStatus status = begin_vector(s, node);
    if (status != VDB_OK)
        return status == VDB_STALE ? VDB_OK : status;
    if (s.want == Want::kNothing)
        finish_visit(s);
    return VDB_OK;
}

// Follows the chain of upper-level cells as far as this page goes.
VdbStatus feed_cell(Search &s, const void *page)
{
    VdbBlock here = s.want_block;
    while (!is_none(s.cell) && vdb_cell_block(s.cell) == here) {
        uint32_t index = s.cell.offset - 1;
        if (index >= cell_count(page, s.g))
            return VDB_CORRUPT;
        const CellHeader *cell = cell_at(page, s.g, index);
        if (cell->kind != CellKind::kUpper || cell->owner != s.node || cell->level > s.level ||
            cell->level <= s.cell_level)
            break; // the node has gone since it was seen
        s.cell_level = cell->level;
        if (cell->count > s.g.m)
            return VDB_CORRUPT;
        if (cell->level == s.level)
            return fill_batch(s, cell_neighbors(cell), cell->count);
        s.cell = cell->next;
    }
    if (is_none(s.cell) || vdb_cell_block(s.cell) == here)
        return fill_batch(s, nullptr, 0);
    want(s, Want::kCell, vdb_cell_block(s.cell));
    return VDB_OK;
}

VdbStatus feed_expand(Search &s, const void *page)
{
    const NodeHeader *node = node_at(page, s.g, vdb_hnsw_node_slot(&s.g, s.node));
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    if (node->state == NodeState::kFree)
        return fill_batch(s, nullptr, 0);
    if (s.level == 0) {
        if (node->degree > max_degree(s.g))
            return VDB_CORRUPT;
        return fill_batch(s, neighbors(node), node->degree);
    }
    s.cell = node->upper;
    s.cell_level = 0;
    return feed_cell(s, page);
}

void plan_visit(Search &s, VdbNode node)
{
    if (s.visited.insert(node))
        s.batch[s.batch_size++] = node;
}

VdbBlock next_visit(Search &s)
{
    if (s.batch_next < s.batch_size) {
        s.node = s.batch[s.batch_next++];
        want(s, Want::kVisit, vdb_hnsw_node_block(&s.g, s.node));
    } else if (s.frontier.size > 0 && !is_complete(s)) {
        s.node = s.frontier.pop().node;
        want(s, Want::kExpand, vdb_hnsw_node_block(&s.g, s.node));
    }
    return s.want_block;
}

VdbNode upcoming_visit(Search &s, uint32_t window)
{
    s.batch_named = std::max(s.batch_named, s.batch_next);
    if (s.batch_named >= std::min(s.batch_size, s.batch_next + window))
        return VDB_NO_NODE;
    return s.batch[s.batch_named++];
}

uint32_t visits_ahead(const Search &s, uint32_t max, VdbNode *nodes)
{
    uint32_t n = std::min(max, s.batch_size - s.batch_next);
    std::copy_n(s.batch + s.batch_next, n, nodes);
    return n;
}

bool resume_visits(Search &s)
{
    s.spare.make();
    while (s.spare.size > 0 && s.results.size < s.ef && s.frontier.room() > 0) {
        Spare best = s.spare.pop();
        if (!best.in_frontier)
            s.frontier.push(best.candidate);
        if (best.live)
            s.results.push(best.candidate);
    }
    return s.results.size > 0 || s.frontier.size > 0;
}

bool drain_visits(Search &s)
{
    s.spare.make();
    while (s.spare.size > 0 && s.results.size < s.ef) {
        Spare best = s.spare.pop();
        if (best.live)
            s.results.push(best.candidate);
    }
    return s.results.size > 0;
}

} // namespace vdb::hnsw
