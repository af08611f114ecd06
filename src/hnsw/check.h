// State of an index check, shared by its two halves: what one page shows by itself
// (check_page.cpp) and what only all pages together show (check_graph.cpp).
#pragma once

#include <type_traits>

#include "hnsw/check_api.h"
#include "hnsw/page_format.h"

namespace vdb::hnsw {

enum NodeMark : uint8_t {
    kHasInlineTid = 1,
    kReachable = 2,   // a path of tree edges from the root is known
    kUnreachable = 4, // there is none
    kOnPath = 8       // on the path being followed
};

// What is remembered of a slot.  in_* and parent may be set before the slot's page is seen.
struct NodeInfo {
    VdbNode parent;    // whose tree edge leads here
    uint32_t in_edges; // edges that lead here, any level
    VdbTid tids;       // as in NodeHeader
    VdbTid upper;
    NodeState state;
    uint8_t level;
    uint8_t marks;
    uint8_t in_level; // highest level of an edge that leads here
};
static_assert(sizeof(NodeInfo) == 24);

struct CellInfo {
    VdbNode owner;
    VdbCellRef next;
    uint16_t count;
    CellKind kind;
    uint8_t level;
    bool linked; // seen in its owner's chain
};
static_assert(sizeof(CellInfo) == 16);

struct BlockInfo {
    uint64_t first_cell; // where this page's cells start in Checker::cells
    double sum_full;     // vector page: norm of a full slice ...
    double sum_last;     // ... and of the vector's last slice
    VdbNode owner;       // node that names this block as a slice of its vector
    VdbBlock next_free;
    uint16_t cells;
    uint8_t kind; // 0 = all zero or damaged
    uint8_t slice;
    bool listed; // on a free list
};
static_assert(sizeof(BlockInfo) == 40);

// Norm of a vector that is partly on other pages: as computed so far, and as stored.
struct NormInfo {
    double sum;
    float stored;
};

} // namespace vdb::hnsw

// Lives at the start of the memory block; the arrays follow.
struct VdbHnswCheck {
    VdbHnswGeometry g;
    VdbBlock blocks;
    VdbBlock heap_blocks;
    uint64_t cell_total; // cells seen so far
    uint64_t cursor;     // finish: how far the current phase has come
    uint32_t phase;
    VdbBlock free_cell_page;
    VdbBlock free_vector_page;
    VdbHnswCheckCounts counts;
    VdbProblem problems[VDB_MAX_PROBLEMS];

    vdb::hnsw::NodeInfo *nodes; // by node id
    vdb::hnsw::BlockInfo *by_block;
    vdb::hnsw::CellInfo *cells; // densely, in the order seen
    vdb::hnsw::NormInfo *norms; // by node id; null when vectors never leave their slots

    uint64_t node_total() const { return uint64_t{blocks} * g.slots_per_page; }

    __attribute__((format(printf, 4, 5))) void report(VdbBlock block, int32_t item,
                                                      const char *format, ...);
    // The same, placed at a node's slot.
    template <class... Args> void report_node(VdbNode node, const char *format, Args... args)
    {
        report(vdb_hnsw_node_block(&g, node), static_cast<int32_t>(vdb_hnsw_node_slot(&g, node)),
               format, args...);
    }
};
static_assert(std::is_trivially_destructible_v<VdbHnswCheck>);

namespace vdb::hnsw {

// Whether the stored norm is that of the vector, whose norm is `sum`.
bool norm_matches(float stored, double sum);

} // namespace vdb::hnsw
