// Codes of edges in memory and in slots.
#pragma once

#include "hnsw/codes_api.h"
#include "hnsw/links_api.h"
#include "hnsw/page_format.h"

struct VdbEdgeCodes {
    VdbCodec codec;
    uint32_t capacity;
    uint32_t count;
    VdbNode *nodes;
    VdbCodeFactors *factors;
    uint8_t *codes; // vdb_code_bytes() each
};

namespace vdb::hnsw {

constexpr uint32_t kMaxCodeBytes = VDB_HNSW_MAX_DIMS / 8;
constexpr VdbCodeFactors kNeutral = {0, 0};

// Whether an edge's code says nothing of the distance.
inline bool is_neutral(VdbCodeFactors factors)
{
    return (factors.scale & 0x7FFF) == 0;
}

// Index of a node's code, or codes->count.
uint32_t find_code(const VdbEdgeCodes *codes, VdbNode node);

// Writes the codes of the slot's list, as they are in `from`; neutral ones where there are none.
void put_codes(NodeHeader *node, const VdbHnswGeometry &g, const VdbEdgeCodes *from);

// Brings the slot's codes from its list to `now`, as vdb_hnsw_links_write() says.  The list itself
// is still to be replaced.
void replace_codes(NodeHeader *node, const VdbHnswGeometry &g, const VdbLinks &now,
                   const VdbEdgeCodes *from);

// Edits of single edges of a slot; the code goes along, if there are codes.
void copy_edge(NodeHeader *node, const VdbHnswGeometry &g, uint32_t to, uint32_t from);
void swap_edges(NodeHeader *node, const VdbHnswGeometry &g, uint32_t a, uint32_t b);
void put_neutral_edge(NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, VdbNode target);

} // namespace vdb::hnsw
