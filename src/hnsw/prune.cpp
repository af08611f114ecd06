// Neighbour selection heuristic of HNSW (arXiv 1603.09320, algorithm 4).
#include "hnsw/prune.h"

#include <algorithm>

namespace vdb::hnsw {

namespace {

// Whether some kept edge lies nearer to edge i than the centre does: the way there leads through
// it.
bool shadowed(const GraphSpace &space, float centre_norm, const Edge *edges, uint32_t i)
{
    Point to = edges[i].point;
    float apart = space.apart(edges[i].candidate.distance, centre_norm, to.norm);
    for (uint32_t j = 0; j < i; j++)
        if (edges[j].keep && space.apart(edges[j].point, to) < apart)
            return true;
    return false;
}

constexpr uint32_t kMostRanked = VDB_HNSW_MAX_EF_CONSTRUCTION;

// Keeps the `more` best ones of a scan among the edges left out; returns how many there were.
uint32_t keep_ranked(const GraphSpace &space, Edge *edges, uint32_t n, uint32_t more)
{
    float ranks[kMostRanked];
    uint32_t left = 0;
    for (uint32_t i = 0; i < n && left < kMostRanked; i++)
        if (!edges[i].keep)
            ranks[left++] = space.rank_of(edges[i].candidate.distance, edges[i].point.norm);
    if (left < more)
        more = left;
    if (more == 0)
        return 0;
    std::nth_element(ranks, ranks + more - 1, ranks + left);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n && kept < more; i++) {
        if (edges[i].keep ||
            space.rank_of(edges[i].candidate.distance, edges[i].point.norm) > ranks[more - 1])
            continue;
        edges[i].keep = true;
        kept++;
    }
    return kept;
}

} // namespace

uint32_t select_edges(const GraphSpace &space, const Choice &choice, Edge *edges, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        kept += edges[i].keep;
    for (uint32_t i = 0; i < n && kept < choice.limit; i++) {
        if (edges[i].keep || shadowed(space, choice.norm, edges, i))
            continue;
        edges[i].keep = true;
        kept++;
    }
    if (space.metric == VDB_METRIC_IP)
        return kept + keep_ranked(space, edges, n, choice.limit - kept);
    for (uint32_t i = 0; i < n && kept < choice.enough; i++) {
        kept += !edges[i].keep;
        edges[i].keep = true;
    }
    return kept;
}

} // namespace vdb::hnsw
