// State of a best-first search.  See search_api.h for how it is driven.
#pragma once

#include "core/heap.h"
#include "core/visited_set.h"
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
    kVisit,
    kSlice,
    kExpand,
    kCell
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

    vdb::Heap<vdb::hnsw::Candidate, vdb::hnsw::NearestFirst> frontier; // to expand
    vdb::Heap<vdb::hnsw::Candidate, vdb::hnsw::FarthestFirst> results; // the ef nearest so far
    vdb::Heap<vdb::hnsw::Spare, vdb::hnsw::NearestSpareFirst> spare;
    vdb::VisitedSet visited;
    bool sorted; // results are in order, farthest first, and being taken

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
    uint32_t units;  // of the node's vector
    char *assembled; // a sparse vector can only be compared as a whole
    float raw;
    float norm;
    bool live;
    VdbBlock slices[vdb::hnsw::kMaxVectorPages];

    // Insertion under inner product: the live node seen that is nearest by Euclidean distance
    VdbNode twin;
    float twin_distance;

    VdbCellRef cell;    // kCell: the cell being looked for
    uint8_t cell_level; // of the cell before it: a chain only climbs
};
static_assert(std::is_trivially_destructible_v<VdbHnswSearch>);
