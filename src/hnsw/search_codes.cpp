// Search by estimates: a node's page gives its own distance and, from the codes beside its
// neighbours' ids, estimates of theirs.  Only what is expanded is ever compared exactly.
#include "hnsw/search.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "quant/bound_api.h"

namespace vdb::hnsw {

namespace {

using Search = VdbHnswSearch;

// The node's rank as estimates of its neighbours start from it: the zero vector has one too.
float base_of(const Search &s)
{
    switch (s.space.metric) {
    case VDB_METRIC_COSINE:
        return 1 - s.raw;
    case VDB_METRIC_IP:
        return -s.raw;
    default:
        return s.raw;
    }
}

// Adds the neighbours to the end of the log, their distances still without the node's own.
VdbStatus estimate(Search &s, const NodeHeader *node)
{
    Columns &log = s.beam.log;
    VdbNode *ids = log.nodes + log.size;
    bool any_none = false;
    for (uint32_t i = 0; i < node->degree; i++) {
        ids[i] = neighbors(node)[i];
        any_none |= ids[i] == VDB_NO_NODE;
    }
    if (any_none)
        return VDB_CORRUPT;
    VdbCodeList list = {
        codes(node, s.g), code_factors(node, s.g), max_degree(s.g), node->degree, 0, 1};
    if (s.space.metric == VDB_METRIC_IP)
        list.a = s.norm > 0 ? std::sqrt(s.query.norm / s.norm) : 0;
    vdb_code_estimate(s.code_query, &list, log.distances + log.size);
    s.logged = node->degree;
    return VDB_OK;
}

// Nodes that no edge leads to from where the search began can be reached from the root of the tree;
// its turn comes when nothing else is left.
bool try_root(Search &s)
{
    if (s.root_tried || s.root == VDB_NO_NODE)
        return false;
    s.root_tried = true;
    s.beam.add({std::numeric_limits<float>::max(), s.root});
    return true;
}

// Names a node for prefetching; false if it is among those named last.
bool name(Search &s, VdbNode node)
{
    if (std::find(std::begin(s.named), std::end(s.named), node) != std::end(s.named))
        return false;
    s.named[s.named_next++ % std::size(s.named)] = node;
    return true;
}

} // namespace

void begin_hops(Search &s)
{
    VdbCodec codec = vdb_hnsw_codec(&s.g);
    s.code_query =
        vdb_code_query_init(s.code_memory, &codec, static_cast<const float *>(s.query.vector));
    s.beam.start(s.ef);
    s.root_tried = s.window_over = s.holds_back = false;
    s.kept_back = 0;
    for (VdbNode &node : s.named)
        node = VDB_NO_NODE;
}

VdbBlock next_hop(Search &s)
{
    if (s.window_over)
        return VDB_NO_BLOCK;
    bool more = s.beam.find_best();
    if (!more && s.beam.done.size < s.ef && try_root(s))
        more = s.beam.find_best();
    if (!more || s.beam.complete()) {
        s.beam.settle();
        s.window_over = true;
        s.kept_back = more && s.holds_back ? s.beam.done.size / 2 : 0;
        return VDB_NO_BLOCK;
    }
    s.node = s.beam.take_best();
    want(s, Want::kHop, vdb_hnsw_node_block(&s.g, s.node));
    return s.want_block;
}

VdbStatus feed_hop(Search &s, const void *page)
{
    const NodeHeader *node = node_at(page, s.g, vdb_hnsw_node_slot(&s.g, s.node));
    want(s, Want::kNothing, VDB_NO_BLOCK);
    if (!valid_state(node->state) || node->degree > max_degree(s.g))
        return VDB_CORRUPT;
    if (node->state == NodeState::kFree) // an edge, or an entry, may be older than that
        return VDB_OK;
    s.norm = node->norm;
    s.heap_tid = node->heap_tid;
    s.more_tids = !is_none(node->tids) || is_none(node->heap_tid);
    VdbStatus status = estimate(s, node);
    if (status == VDB_OK)
        status = begin_vector(s, node);
    if (status != VDB_OK)
        return status == VDB_STALE ? VDB_OK : status;
    if (s.want == Want::kNothing)
        finish_hop(s);
    return VDB_OK;
}

void finish_hop(Search &s)
{
    bool scan = s.query.purpose == VDB_HNSW_FOR_SCAN;
    if (s.live) {
        float distance = scan ? s.space.rank(s.raw, s.query.norm, s.norm)
                              : s.space.between(s.raw, s.query.norm, s.norm);
        VdbKeptDistance seen = {s.raw, s.query.norm, s.norm, s.error};
        float bound = scan ? vdb_kept_bound(&s.g.space, &seen) : distance;
        s.beam.add_result({distance, s.node, bound, s.heap_tid, s.more_tids});
    }
    float base = base_of(s);
    float *distances = s.beam.log.distances + s.beam.log.size;
    for (uint32_t i = 0; i < s.logged; i++)
        distances[i] += base;
    s.beam.add_logged(s.logged);
    s.visited_total++;
}

VdbNode upcoming_hop(Search &s)
{
    if (s.want == Want::kHop && name(s, s.node))
        return s.node;
    if (!s.beam.find_best() || s.beam.complete())
        return VDB_NO_NODE;
    VdbNode node = s.beam.open.nodes[s.beam.best];
    return name(s, node) ? node : VDB_NO_NODE;
}

uint32_t hops_ahead(const Search &s, uint32_t max, VdbNode *nodes)
{
    Candidate nearest[VDB_HNSW_MAX_AHEAD];
    uint32_t n = 0;
    for (uint32_t i = 0; i < s.beam.open.size; i++) {
        Candidate c = {s.beam.open.distances[i], s.beam.open.nodes[i]};
        if (n == max && !(c.distance < nearest[n - 1].distance))
            continue;
        uint32_t at = n < max ? n++ : n - 1;
        for (; at > 0 && c.distance < nearest[at - 1].distance; at--)
            nearest[at] = nearest[at - 1];
        nearest[at] = c;
    }
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = nearest[i].node;
    return n;
}

uint32_t found_by_hops(Search &s, VdbNode *nodes, uint32_t max)
{
    Array<Result> &done = s.beam.done;
    std::sort(done.begin(), done.end(), FarthestResultFirst()); // still a heap
    uint32_t n = std::min(max, done.size);
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = done[done.size - 1 - i].node;
    return n;
}

bool take_by_hops(Search &s, VdbHnswFound *found)
{
    Array<Result> &done = s.beam.done;
    if (!s.sorted)
        std::sort(done.begin(), done.end(),
                  [](const Result &a, const Result &b) { return LeastBoundFirst()(b, a); });
    s.sorted = true;
    if (done.size <= s.kept_back)
        return false;
    const Result &result = done[--done.size];
    *found = {result.node, result.bound, result.heap_tid, result.more};
    return true;
}

bool drain_hops(Search &s)
{
    s.beam.settle();
    s.kept_back = 0;
    return s.beam.done.size > 0;
}

bool resume_hops(Search &s)
{
    s.beam.ef = s.ef;
    s.beam.resume();
    s.window_over = false;
    s.kept_back = 0;
    return s.beam.done.size > 0 || s.beam.open.size > 0 || !s.root_tried;
}

} // namespace vdb::hnsw
