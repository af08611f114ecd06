// Neighbour selection: which of many candidates become edges.
#pragma once

#include "hnsw/hnsw_api.h"
#include "hnsw/space.h"

namespace vdb::hnsw {

// A node seen from some point: its distance to that point.
struct Candidate {
    float distance;
    VdbNode node;
};

// Nearest first; ties by id, so that the order never depends on arrival.
inline bool nearer(const Candidate &a, const Candidate &b)
{
    return a.distance < b.distance || (a.distance == b.distance && a.node < b.node);
}

// One candidate edge with its vector at hand.
struct Edge {
    Candidate candidate;
    Point point;
    bool keep; // in: must stay (a pinned edge); out: was selected
};

// Marks `keep` on at most `limit` of `n` edges, which are sorted nearest first: those that no kept
// edge before them shadows (paper, algorithm 4), and those that must stay in any case.  Returns how
// many. REQUIRES: at most `limit` edges must stay.
uint32_t select_edges(const Space &space, Edge *edges, uint32_t n, uint32_t limit);

} // namespace vdb::hnsw
