// State of a best-first search, and what its files share.  See search_api.h for how it is driven.
#pragma once

#include "core/heap.h"
#include "core/visited_set.h"
#include "hnsw/beam.h"
#include "hnsw/page_format.h"
#include "hnsw/prune.h"
#include "hnsw/search_api.h"
#include "hnsw/space.h"

namespace vdb::hnsw {

struct NearestFirst {
    bool operator()(const Candidate &a, const Candidate &b) const { return nearer(a, b); }
};
struct FarthestFirst {
    bool operator()(const Candidate &a, const Candidate &b) const { return nearer(b, a); }
};

// A node seen on layer 0 that is not among the results (any more); a resumed search draws on it.
struct Spare {
    Candidate candidate;
    bool live;        // may become a result
    bool in_frontier; // was put into the frontier when it was seen
};
struct NearestSpareFirst {
    bool operator()(const Spare &a, const Spare &b) const
    {
        return nearer(a.candidate, b.candidate);
    }
};

// What the page asked for is wanted for.
enum class Want : uint8_t {
    kNothing,
    kVisit, // a node's distance
    kSlice,
    kExpand, // a node's neighbours
    kCell,
    kHop // both, by codes
};

} // namespace vdb::hnsw

struct VdbHnswSearch {
    VdbHnswGeometry g;
    vdb::hnsw::GraphSpace space;
    VdbHnswQuery query;
    VdbNode root;
    uint32_t ef;
    uint32_t level;
    uint64_t visited_total;
    size_t given;
    bool live_only; // whether tombstones are kept out of the results
    bool by_codes;  // this layer is searched by estimates: `beam` is used, and not the next four

    vdb::Heap<vdb::hnsw::Candidate, vdb::hnsw::NearestFirst> frontier; // to expand
    vdb::Heap<vdb::hnsw::Candidate, vdb::hnsw::FarthestFirst> results; // the ef nearest so far
    vdb::Heap<vdb::hnsw::Spare, vdb::hnsw::NearestSpareFirst> spare;
    vdb::VisitedSet visited;
    bool sorted; // results are in order, farthest first, and being taken

    vdb::hnsw::Beam beam;
    void *code_memory; // of code_query
    const VdbCodeQuery *code_query;
    bool window_over;   // by codes: what was found is to be taken
    bool holds_back;    // half of what a window found, unless nothing is left to expand
    uint32_t kept_back; // results that are not to be taken yet
    bool root_tried;    // the tree's root is in the beam's log
    VdbNode named[4];   // the last nodes named for prefetching by codes
    uint32_t named_next;

    // Nodes to visit next, and the page wanted for one of them
    VdbNode batch[2 * VDB_HNSW_MAX_M];
    uint32_t batch_size;
    uint32_t batch_next;
    uint32_t batch_named; // entries that were named for prefetching
    vdb::hnsw::Want want;
    VdbBlock want_block;
    VdbNode node; // the node being visited or expanded

    // kSlice: the rest of a visit
    uint32_t slice;
    uint32_t slice_count;
    uint32_t units;  // of the node's stored vector
    char *assembled; // what can only be compared as a whole
    float raw;
    float error; // of a kept vector
    float norm;
    bool live;
    VdbTid heap_tid; // with codes: of the node
    bool more_tids;
    uint32_t logged; // estimates waiting for the distance of their node
    VdbBlock slices[vdb::hnsw::kMaxVectorPages];
    uint16_t generation; // of the node whose slices these are
    VdbNode doubted;     // its kept vector did not match its check: the node is looked at again

    // Insertion under inner product: the live node seen that is nearest by Euclidean distance
    VdbNode twin;
    float twin_distance;

    VdbCellRef cell;    // kCell: the cell being looked for
    uint8_t cell_level; // of the cell before it: a chain only climbs
};
static_assert(std::is_trivially_destructible_v<VdbHnswSearch>);

namespace vdb::hnsw {

inline void want(VdbHnswSearch &s, Want what, VdbBlock block)
{
    s.want = what;
    s.want_block = block;
}

// Whether a vector must be whole to be compared.
inline bool assembles(const VdbHnswGeometry &g)
{
    return is_sparse(g) || vdb_hnsw_coded(&g);
}

// search_vector.cpp: comparing the query with one stored vector, which may lie on several pages

// Takes the node's vector from its slot.  Afterwards s.raw is known, or slices are wanted
// (s.want), or the node is being taken apart (VDB_STALE).  VDB_CORRUPT: what it keeps does not
// match its check.
VdbStatus begin_vector(VdbHnswSearch &s, const NodeHeader *node);
// Takes the slice wanted.  True when s.raw is known.  Where the whole does not match its check, the
// node's page is wanted once more: the slices may be another node's by now.
bool add_slice(VdbHnswSearch &s, const void *page);

// search_visit.cpp: node by node, each by its own page

VdbBlock next_visit(VdbHnswSearch &s);
// The next of the following `window` that was not named yet, VDB_NO_NODE if all were.
VdbNode upcoming_visit(VdbHnswSearch &s, uint32_t window);
// Up to `max` nodes that are visited next, likely.
uint32_t visits_ahead(const VdbHnswSearch &s, uint32_t max, VdbNode *nodes);
VdbStatus feed_visit(VdbHnswSearch &s, const void *page);
VdbStatus feed_expand(VdbHnswSearch &s, const void *page);
VdbStatus feed_cell(VdbHnswSearch &s, const void *page);
void finish_visit(VdbHnswSearch &s);
void plan_visit(VdbHnswSearch &s, VdbNode node);
bool resume_visits(VdbHnswSearch &s);
bool drain_visits(VdbHnswSearch &s);

// search_codes.cpp: layer 0 by estimates, one page for a node and its neighbours

void begin_hops(VdbHnswSearch &s);
VdbBlock next_hop(VdbHnswSearch &s);
VdbNode upcoming_hop(VdbHnswSearch &s);
uint32_t hops_ahead(const VdbHnswSearch &s, uint32_t max, VdbNode *nodes);
VdbStatus feed_hop(VdbHnswSearch &s, const void *page);
void finish_hop(VdbHnswSearch &s);
uint32_t found_by_hops(VdbHnswSearch &s, VdbNode *nodes, uint32_t max);
// In order of the bounds.
bool take_by_hops(VdbHnswSearch &s, VdbHnswFound *found);
bool resume_hops(VdbHnswSearch &s);
bool drain_hops(VdbHnswSearch &s);

} // namespace vdb::hnsw
