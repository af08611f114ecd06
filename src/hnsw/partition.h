// A partition build: nodes are split into small overlapping leaves around sampled leaders, all
// nodes of a leaf are compared with each other, and each node's edges are chosen among the nearest
// that turned up in any of its leaves (PiPNN, arXiv 2602.21247).
#pragma once

#include <algorithm>
#include <cmath>

#include "hnsw/build_region.h"
#include "quant/byte_block.h"

namespace vdb::hnsw {

// Parts that a node belongs to at the top of the partition, and at least within each of them: how
// many leaves it is compared in decides how good the graph is.
constexpr uint32_t kPartitionFan = 4;
constexpr uint32_t kLeastInnerFan = 6;

constexpr uint32_t kMostLeafNodes = 700;
constexpr uint32_t kPartNodes = 8000; // that the top of the partition aims at

// Whether a graph of that geometry is built by partition.  Below so many dimensions 8 bits an
// element say too little, and insertion is fast.
inline bool is_partitioned(const VdbHnswGeometry &g)
{
    return g.space.storage == VDB_STORAGE_FLOAT32 && g.space.dims >= VDB_HNSW_MIN_CODED_DIMS &&
           (g.space.metric == VDB_METRIC_L2 || g.space.metric == VDB_METRIC_COSINE ||
            (g.space.metric == VDB_METRIC_IP && vdb_hnsw_coded(&g)));
}

// Inner product is no metric: nodes are split, and compared in leaves, by their directions, and
// among what is compared the norms say what is near (GraphSpace::leaning()).
inline bool is_by_direction(const VdbHnswGeometry &g)
{
    return g.space.metric == VDB_METRIC_IP;
}
inline bool is_by_direction(const BuildRegion *r)
{
    return is_by_direction(r->geometry);
}

// Moves the k longest of n >= 2 k places to the front, by their nodes' squared norms; false if they
// are not much longer than the others.
template <class Norm> bool take_longest(uint32_t *places, uint32_t n, uint32_t k, const Norm &norm)
{
    constexpr float kMuchLonger = 1.25f; // squared norm, than the median's
    auto longer = [norm](uint32_t a, uint32_t b) {
        return norm(a) > norm(b) || (norm(a) == norm(b) && a < b);
    };
    std::nth_element(places, places + n / 2, places + n, longer);
    std::nth_element(places, places + k, places + n / 2, longer);
    return norm(places[k]) > kMuchLonger * norm(places[n / 2]);
}

// How many of n nodes the part of the longest has.
inline uint32_t longest_of(uint32_t n)
{
    return n / 4 < kPartNodes ? n / 4 : kPartNodes;
}

// Candidates of a node: half as many again as edges, in whole blocks of what is compared at once.
// More leaves gain more than more candidates, and cost less.
constexpr uint32_t pool_size(const VdbHnswGeometry &g)
{
    uint32_t size = std::min(4 * g.m, byte_columns(3 * g.m));
    return size < 32 ? 32 : size;
}

// Of long vectors a leaf has fewer, so that it stays near the CPU.
constexpr uint32_t most_leaf_nodes(uint32_t dims)
{
    constexpr uint32_t kElements = 1024 * kMostLeafNodes;
    uint32_t nodes = kElements / dims;
    return nodes > kMostLeafNodes ? kMostLeafNodes : nodes < 128 ? 128 : nodes;
}

// What a split aims at.
constexpr uint32_t usual_leaf_nodes(uint32_t dims)
{
    return most_leaf_nodes(dims) / 2;
}

constexpr uint32_t most_leaders(uint32_t dims)
{
    constexpr uint32_t kElements = 8 * 1024 * 1024;
    uint32_t leaders = kElements / dims;
    return leaders > kMostParts ? kMostParts : leaders;
}

// Nearest nodes that one leaf offers a node: of the only leaf all that it takes, and on upper
// levels, which are small and lead from afar, too.
inline uint32_t nearest_of_leaf(const BuildRegion *r)
{
    if (r->phases.level > 0 || r->phases.count <= most_leaf_nodes(r->geometry.space.dims))
        return r->pool_size;
    return r->geometry.m / 2 < 8 ? 8 : r->geometry.m / 2;
}

// A leaf's pairs of near nodes, by rows: what a row has found, and who has found it.
struct LeafPairs {
    Near *own;       // nearest_of_leaf() a row
    uint32_t *count; // of them
    Near *back;
    uint32_t *starts; // of a row's
};

// One process's own memory of a phase.
struct BuildWork {
    const VdbKernels *kernels;
    ByteBlock block;   // of a leaf, or of candidates
    ByteBlock leaders; // of a split
    float *centre;
    float *direction; // of one node, and of a pivot
    float *lengths;   // of a leaf's nodes, and
    float *leaning;   // distances of one of them, where nodes are compared by direction
    float *distances;
    uint32_t *found; // places of small distances among so many columns
    Near *near;      // the nearest of one row, or the candidates of one node
    bool *kept;
    LeafPairs pairs;
    uint32_t *lists; // of the splits that are under way
};

// Bytes of the memory for a phase, and its layout.
struct WorkPlan {
    uint64_t block, leaders, centre, direction, lengths, leaning, distances, found, near, kept, own,
        count, back, starts, lists, total;

    explicit WorkPlan(const BuildRegion *r);
};

// Leaves of a node within each of its parts.  What insertion looks for with a longer list of
// candidates, a partition finds in more leaves; the nearest ones are in the first, so that twice as
// many stand for a list four times as long.  A part that a node is in beside the usual ones, or as
// the only one, is as good as all of these.
inline uint32_t whole_fan(const BuildRegion *r)
{
    uint32_t fan = kLeastInnerFan;
    while (4 * (fan + 1) * (fan + 1) <= r->ef_construction)
        fan++;
    return kPartitionFan * fan;
}
inline uint32_t inner_fan(const BuildRegion *r)
{
    return r->phases.parts == 1 ? whole_fan(r) : whole_fan(r) / kPartitionFan;
}

// The node at a place.
inline VdbNode node_at(const BuildRegion *r, uint32_t place)
{
    return r->words()[place];
}
inline const float *floats_at(const BuildRegion *r, uint32_t place)
{
    return r->floats(node_at(r, place));
}

// The vector that a node is split and compared by; `room` for it may be needed.
inline const float *aim_at(const BuildRegion *r, uint32_t place, float *room)
{
    const float *v = floats_at(r, place);
    if (!is_by_direction(r))
        return v;
    float norm = r->node(node_at(r, place))->norm;
    float factor = norm > 0 ? 1 / std::sqrt(norm) : 0;
    for (uint32_t i = 0; i < r->geometry.space.dims; i++)
        room[i] = v[i] * factor;
    return room;
}

// Loads the vector there into the CPU's cache.
inline void prefetch_at(const BuildRegion *r, uint32_t place)
{
    const char *v = reinterpret_cast<const char *>(floats_at(r, place));
    for (size_t at = 0; at < r->geometry.space.dims * sizeof(float); at += kCacheLine)
        __builtin_prefetch(v + at);
}

// The same for the head of the node there, and its candidates.
inline void prefetch_pool(BuildRegion *r, uint32_t place)
{
    const char *pool = reinterpret_cast<const char *>(r->pool(node_at(r, place)));
    __builtin_prefetch(r->node(node_at(r, place)), 1);
    for (uint64_t at = 0; at < CandidatePool::bytes(r->pool_size); at += kCacheLine)
        __builtin_prefetch(pool + at, 1);
}

// Sets work->centre to the mean of up to 256 of the nodes at these places, without those that lie
// far off: all others would look alike from there.
void find_centre(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n);

// The (at most) k nearest ones of a row of distances, nearest first; returns how many.
uint32_t select_nearest(BuildWork *work, const float *row, uint32_t columns, uint32_t k);

// Compares all n nodes with each other and offers each its nearest ones.
void build_leaf(BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n);

// Makes blocks of the leaders, which are relative to the mean of the nodes.
void prepare_leaders(const BuildRegion *r, BuildWork *work, const uint32_t *leaders, uint32_t n);

// Writes for each of n nodes the `fan` leaders that are nearest to it.
void assign(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n, uint32_t fan,
            uint32_t *out);

// After partitioning the bottom level: the nodes change places in two rounds of swaps, so that near
// ones are neighbours in memory and a node's place is its id.
void begin_moving(BuildRegion *r);
void swap_nodes(BuildRegion *r, uint32_t round, uint32_t first, uint32_t n);
void end_moving(BuildRegion *r);

// Splits a part of the top down to leaves and builds these.
void build_part(BuildRegion *r, BuildWork *work, uint32_t part);

// The same with some nodes of a part.
struct Piece {
    const uint32_t *places;
    uint32_t n;
    uint32_t fan;
    uint64_t seed;
};
void build_piece(BuildRegion *r, BuildWork *work, const Piece &piece);

// Samples leaders: one out of each of `leaders` stretches of equal length of 0 ... n - 1.
void sample(uint64_t seed, uint32_t n, uint32_t leaders, uint32_t *out);

// The steps of choosing edges for one node (phases of those names).
void choose_edges(BuildRegion *r, BuildWork *work, uint32_t place);
void return_edges(BuildRegion *r, uint32_t place);
void link_edges(BuildRegion *r, BuildWork *work, uint32_t place);

} // namespace vdb::hnsw
