// Which node of a bulk build holds a given vector: a lock-free hash table over the region's nodes.
#pragma once

#include "hnsw/build_region.h"

namespace vdb::hnsw {

enum class Claim {
    kOld,  // *node holds an equal vector
    kNew,  // *node is the caller's to link; its vector, norm, level and heap tid are set
    kFull, // no room for another node
};

// Equal vectors have equal bytes (vdb_value_prepare).
uint64_t hash_vector(const void *vector, size_t bytes);

// Finds the node of an equal vector (-0 equals 0) or makes one.  At the same time as others.
Claim claim_node(BuildRegion *region, Point point, VdbTid tid, VdbNode *node);

// Appends a heap tid to a node; false if there is no room.
bool attach_tid(BuildRegion *region, VdbNode node, VdbTid tid);

} // namespace vdb::hnsw
