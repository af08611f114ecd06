// Linking a new node into a graph that several processes grow at once (arXiv 1603.09320, algorithm
// 1).
#pragma once

#include "hnsw/build_region.h"

namespace vdb::hnsw {

// Links a node that claim_node() has just made and that nobody has seen yet.
void link_node(BuildRegion *region, BuildScratch *scratch, VdbNode node);

// Up to `ef` nodes nearest to `query` into scratch->pool, nearest first; returns how many.  Walks
// over level 0 from `start`; a node that has no way from there is not found.  REQUIRES: ef <=
// ef_construction.
uint32_t search_bottom(BuildRegion *region, BuildScratch *scratch, Point query, VdbNode start,
                       uint32_t ef);

// Pins an edge from the first node of the file that has room for one to a node elsewhere.
// REQUIRES: all nodes are reached, and there are no vectors at hand.  False: no node has room.
bool adopt_outsider(BuildRegion *region, VdbNode outsider);

} // namespace vdb::hnsw
