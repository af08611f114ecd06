// The memory of a bulk build: one flat region that every building process maps where it likes, so
// it refers to its parts by offset.  Nodes grow from the front, small pieces (upper-level lists,
// further heap tids, sparse vectors) from the back; the build is full when they meet.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/types.h"
#include "hnsw/build_api.h"
#include "hnsw/candidate_pool.h"
#include "hnsw/prune.h"
#include "hnsw/space.h"

namespace vdb::hnsw {

static_assert(std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

constexpr size_t kCacheLine = 64;
constexpr size_t kUnit = 16; // bytes; what pieces at the back are counted in

// Relaxed where the caller holds the lock or nobody else runs.
inline uint32_t peek(const std::atomic<uint32_t> &v)
{
    return v.load(std::memory_order_relaxed);
}
inline void poke(std::atomic<uint32_t> &v, uint32_t value)
{
    v.store(value, std::memory_order_relaxed);
}

// Neighbours of one node on one level; room for 2m ids on level 0 and for m above.  Writers hold
// the node's lock.  Readers do not: they may see old and new ids mixed, each of them valid.
struct Links {
    std::atomic<uint32_t> count;
    std::atomic<VdbNode> ids[];
};

// A node without its level-0 links and its vector, which follow it in memory (a sparse one does
// not).
struct BuildNode {
    std::atomic<uint32_t> lock; // of links and tids
    uint32_t upper;             // piece with the upper-level lists, 0 = none
    uint32_t tids;              // newest TidChunk, 0 = none
    uint32_t extra_tids;        // how many are in the chunks
    VdbTid heap_tid;
    uint8_t level;
    uint8_t pinned; // leading level-0 links that are tree edges; set by finish
    float norm;
    VdbNode parent;  // in the tree; during finish.  Before: the nearest part
    uint32_t spill;  // cells of earlier nodes that found no room on their pages; set by layout
    uint8_t cursor;  // first level-0 link that finish has not looked at
    uint8_t reached; // by finish
    uint16_t pad;
    uint32_t
        value; // piece with the vector, where that is sparse; else the node's place in the file
    uint32_t
        slices; // vector pages of earlier nodes; set by layout.  Before: the part's nearest list
};
static_assert(sizeof(BuildNode) == 48);

// Two heap tids more; a tid with offset 0 is not there.
struct TidChunk {
    uint32_t next;
    VdbTid tids[2];
};
static_assert(sizeof(TidChunk) == kUnit);

// How much is taken from both ends; changed as one.
struct Used {
    uint32_t nodes;
    uint32_t units;
};

constexpr uint32_t kMostParts = 1000; // that a partition begins with

// Where a partition build stands (build_phases.cpp).  What the processes of a phase read is written
// between phases, by one of them.
struct BuildPhases {
    VdbHnswBuildPhase phase;
    uint32_t level;    // that is being linked
    uint32_t count;    // nodes on it
    uint32_t fan;      // parts that a node belongs to
    uint32_t parts;    // of the top of the partition
    uint32_t largest;  // nodes of a part
    uint32_t longest;  // nodes of the one part more that holds the longest, 0: there is none
    uint32_t rounds;   // of moving nodes that have begun, 0 to 2; the first belongs to partitioning
    uint32_t swaps[2]; // of each
    uint32_t portions; // of the phase's work
    std::atomic<uint32_t> next;
    std::atomic<uint32_t> done;
    uint32_t leaders[kMostParts]; // places
    uint32_t starts[kMostParts + 2];
};

// Head of the region.
struct BuildRegion {
    VdbHnswGeometry geometry;
    uint32_t ef_construction;
    uint32_t capacity; // nodes at most
    uint64_t seed;
    uint64_t hash_slots;
    uint64_t hash_at; // offsets
    uint64_t nodes_at;
    uint64_t end;
    uint32_t node_stride;
    uint32_t vector_at; // within a node; 0: sparse vectors, which are pieces at the back
    uint32_t pool_at;   // within a node; 0: no partition build, rows are linked as they are added
    uint32_t pool_size; // candidates
    uint32_t upper_units;
    uint32_t ordered; // the file's order is at_place(), not that of the ids
    uint32_t bare;    // links only: links beyond the nodes lead elsewhere

    // Where nodes are held for a while by their places (external.h), of one process only: the
    // places in the file's order.  Links of upper levels are in that order then.
    const uint32_t *order;

    alignas(kCacheLine) std::atomic<uint64_t> used;  // Used, nodes in the low half
    alignas(kCacheLine) std::atomic<uint64_t> entry; // level << 32 | node + 1; 0 = none

    // finish() only
    alignas(kCacheLine) VdbNode tree_at; // node whose links are being followed
    VdbNode next_unseen;                 // all nodes before it are reached
    uint32_t placed;                     // nodes that have their place in the file

    BuildPhases phases;

    char *base() { return reinterpret_cast<char *>(this); }
    const char *base() const { return reinterpret_cast<const char *>(this); }

    BuildNode *node(VdbNode id)
    {
        return reinterpret_cast<BuildNode *>(base() + nodes_at + uint64_t{id} * node_stride);
    }
    const BuildNode *node(VdbNode id) const { return const_cast<BuildRegion *>(this)->node(id); }

    const void *vector(VdbNode id) const
    {
        if (vector_at == 0)
            return piece(node(id)->value);
        return base() + nodes_at + uint64_t{id} * node_stride + vector_at;
    }
    void *vector(VdbNode id)
    {
        return const_cast<void *>(const_cast<const BuildRegion *>(this)->vector(id));
    }
    Point point(VdbNode id) const { return {vector(id), node(id)->norm}; }

    void *piece(uint32_t units) { return base() + end - uint64_t{units} * kUnit; }
    const void *piece(uint32_t units) const { return base() + end - uint64_t{units} * kUnit; }

    Links *links(VdbNode id, uint32_t level)
    {
        BuildNode *n = node(id);
        if (level == 0)
            return reinterpret_cast<Links *>(n + 1);
        return reinterpret_cast<Links *>(static_cast<char *>(piece(n->upper)) +
                                         (level - 1) * upper_units * kUnit);
    }
    const Links *links(VdbNode id, uint32_t level) const
    {
        return const_cast<BuildRegion *>(this)->links(id, level);
    }
    uint32_t max_links(uint32_t level) const { return level == 0 ? 2 * geometry.m : geometry.m; }

    std::atomic<uint64_t> *hash_table()
    {
        return reinterpret_cast<std::atomic<uint64_t> *>(base() + hash_at);
    }

    // The hash table's memory once all rows are there.  First the nodes that are being linked, in
    // the order of their heap tids: what a partition build calls a node's place.
    uint32_t *words() { return reinterpret_cast<uint32_t *>(base() + hash_at); }
    const uint32_t *words() const { return const_cast<BuildRegion *>(this)->words(); }
    // Then, for each of a part's nodes, its place, and those of the longest nodes; later the nodes
    // in the order of the file.
    uint32_t *part_words() { return words() + capacity; }
    const uint32_t *part_words() const { return words() + capacity; }

    CandidatePool *pool(VdbNode id)
    {
        return reinterpret_cast<CandidatePool *>(reinterpret_cast<char *>(node(id)) + pool_at);
    }
    const float *floats(VdbNode id) const { return static_cast<const float *>(vector(id)); }

    VdbNode at_place(uint32_t place) const
    {
        return order != nullptr ? words()[order[place]] : ordered ? part_words()[place] : place;
    }
    uint32_t place_of(VdbNode id) const { return ordered ? node(id)->value : id; }

    Used taken() const
    {
        uint64_t u = used.load(std::memory_order_acquire);
        return {static_cast<uint32_t>(u), static_cast<uint32_t>(u >> 32)};
    }
    // Takes that much from both ends at once; false if they would meet.  *before: what was taken.
    bool take(Used more, Used *before);

    GraphSpace space() const { return make_space(geometry); }
};

// A node found by a search.
struct Found {
    Candidate candidate;
    bool expanded;
};

// One process's own memory: pointers are fine here.
struct BuildScratch {
    uint8_t *visited; // by node; equal to `epoch` = seen in this search
    uint32_t capacity;
    uint32_t epoch;
    Found *pool; // the best nodes of the running search, nearest first
    uint32_t pool_size;
    Edge *edges;     // of one selection
    VdbNode *chosen; // max_chosen per level
    uint32_t max_chosen;
    uint32_t chosen_count[VDB_HNSW_MAX_LEVEL + 1];
    uint32_t *stored; // with codes: one vector as pages keep it
    uint8_t *codes;   // and the codes of one list

    VdbNode *chosen_on(uint32_t level) const { return chosen + level * max_chosen; }
};

// Holds a node's lock.  The holder never waits for anything, so waiting is short.
class NodeLock {
  public:
    explicit NodeLock(BuildNode *node);
    ~NodeLock() { node_->lock.store(0, std::memory_order_release); }
    NodeLock(const NodeLock &) = delete;
    NodeLock &operator=(const NodeLock &) = delete;

  private:
    BuildNode *node_;
};

// Lets another process run for a while; `tries` grows with each call.
void wait_a_moment(uint32_t *tries);

// Units of one upper-level list.
uint32_t upper_list_units(const VdbHnswGeometry &g);

inline BuildRegion *region_of(void *region)
{
    return static_cast<BuildRegion *>(region);
}
inline const BuildRegion *region_of(const void *region)
{
    return static_cast<const BuildRegion *>(region);
}

} // namespace vdb::hnsw
