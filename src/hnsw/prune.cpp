// Neighbour selection heuristic of HNSW (arXiv 1603.09320, algorithm 4).
#include "hnsw/prune.h"

namespace vdb::hnsw {

namespace {

// Whether some kept edge lies nearer to edge i than the centre does: the way there leads through
// it.
bool shadowed(const GraphSpace &space, const Edge *edges, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (edges[j].keep &&
            space.between(edges[j].point, edges[i].point) < edges[i].candidate.distance)
            return true;
    return false;
}

} // namespace

uint32_t select_edges(const GraphSpace &space, Edge *edges, uint32_t n, uint32_t limit,
                      uint32_t enough)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        kept += edges[i].keep;
    for (uint32_t i = 0; i < n && kept < limit; i++) {
        if (edges[i].keep || shadowed(space, edges, i))
            continue;
        edges[i].keep = true;
        kept++;
    }
    // Under inner product long vectors shadow nearly all others, so that lists would stay short.
    if (space.metric == VDB_METRIC_IP)
        enough = limit;
    for (uint32_t i = 0; i < n && kept < enough; i++) {
        kept += !edges[i].keep;
        edges[i].keep = true;
    }
    return kept;
}

} // namespace vdb::hnsw
