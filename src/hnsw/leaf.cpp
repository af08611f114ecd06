// A leaf of the partition: all its nodes compared with each other.
#include "hnsw/partition.h"

#include <algorithm>

namespace vdb::hnsw {

namespace {

constexpr uint32_t kPrefetchAhead = 2;            // vectors
constexpr uint32_t kChunk = 2 * VDB_BYTE_COLUMNS; // columns between two looks at the limit

// Nearest nodes that one leaf offers a node: of the only leaf all that it takes, and on upper
// levels, which are small and lead from afar, too.
uint32_t nearest_of_leaf(const BuildRegion *r)
{
    if (r->phases.level > 0 || r->phases.count <= most_leaf_nodes(r->geometry.space.dims))
        return r->pool_size;
    return r->geometry.m / 2 < 8 ? 8 : r->geometry.m / 2;
}

// An error of half a unit in each element moves a distance d by about .8 d * scale: where the
// nearest ones are no farther than this many units, that may be a twentieth of the distance.
constexpr float kResolution = 16;

bool is_blurred(const BuildWork *work, uint32_t row, const float *distances, uint32_t n)
{
    float least = kResolution * work->block.scale(row), most = 0;
    for (uint32_t i = 0; i < n; i++)
        most = std::max(most, distances[work->near[i].place]);
    return n > 0 && most < least * least;
}

// The row's distances by its floats.
void compare_exactly(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n,
                     uint32_t row, float *distances)
{
    uint32_t dims = r->geometry.space.dims;
    const float *v = aim_at(r, places[row], work->direction + dims);
    for (uint32_t i = 0; i < n; i++)
        distances[i] = work->kernels->l2_squared(v, aim_at(r, places[i], work->direction), dims);
    distances[row] = std::numeric_limits<float>::infinity();
}

// What a row of squared distances between directions says about the nodes (GraphSpace::leaning()).
const float *lean(const BuildRegion *r, BuildWork *work, uint32_t row, const float *distances)
{
    if (!is_by_direction(r))
        return distances;
    GraphSpace space = r->space();
    float a = work->lengths[row];
    for (uint32_t i = 0; i < work->block.columns(); i++) {
        float b = work->lengths[i];
        work->leaning[i] = space.leaning((a - b) * (a - b) + a * b * distances[i], a * a, b * b);
    }
    work->leaning[row] = std::numeric_limits<float>::infinity();
    return work->leaning;
}

// Selects the nearest nodes of a row into work->near; returns how many.
uint32_t find_nearest(const BuildRegion *r, BuildWork *work, uint32_t row, const float *distances)
{
    return select_nearest(work, lean(r, work, row, distances), work->block.columns(),
                          nearest_of_leaf(r));
}

// Both of each pair are candidates of the other.
void offer_pairs(BuildRegion *r, const uint32_t *places, uint32_t row, const Near *near, uint32_t n)
{
    uint32_t here = places[row];
    GraphSpace space = r->space();
    float norm = r->node(node_at(r, here))->norm;
    {
        NodeLock lock(r->node(node_at(r, here)));
        CandidatePool *pool = r->pool(node_at(r, here));
        for (uint32_t i = 0; i < n; i++)
            pool->offer(r->pool_size, {near[i].distance, places[near[i].place]});
    }
    for (uint32_t i = 0; i < n; i++) {
        VdbNode other = node_at(r, places[near[i].place]);
        NodeLock lock(r->node(other));
        float distance = near[i].distance;
        if (is_by_direction(r))
            distance = space.turned(distance, norm, r->node(other)->norm);
        r->pool(other)->offer(r->pool_size, {distance, here});
    }
}

} // namespace

uint32_t select_nearest(BuildWork *work, const float *row, uint32_t columns, uint32_t k)
{
    Near *near = work->near;
    uint32_t n = 0;
    float limit = std::numeric_limits<float>::infinity();
    for (uint32_t from = 0; from < columns; from += kChunk) {
        uint32_t size = columns - from < kChunk ? columns - from : kChunk;
        size_t found = work->kernels->less_than(work->found, row + from, size, limit);
        for (size_t i = 0; i < found; i++) {
            Near next = {row[from + work->found[i]], from + work->found[i]};
            if (!(next.distance < limit))
                continue;
            uint32_t at = n < k ? n++ : k - 1;
            for (; at > 0 && near[at - 1].distance > next.distance; at--)
                near[at] = near[at - 1];
            near[at] = next;
            if (n == k)
                limit = near[k - 1].distance;
        }
    }
    return n;
}

void build_leaf(BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n)
{
    ByteBlock &block = work->block;
    find_centre(r, work, places, n);
    std::fill_n(work->lengths, byte_columns(n), 0.0f);
    for (uint32_t i = 0; i < n; i++) {
        if (i + kPrefetchAhead < n)
            prefetch_at(r, places[i + kPrefetchAhead]);
        block.put(i, aim_at(r, places[i], work->direction), work->centre);
        work->lengths[i] = std::sqrt(r->node(node_at(r, places[i]))->norm);
    }
    block.close(n);

    for (uint32_t i = 0; i < n; i += VDB_BYTE_ROWS) {
        block.distances(i, block, work->distances);
        for (uint32_t j = 0; j < VDB_BYTE_ROWS && i + j < n; j++) {
            float *row = work->distances + j * block.columns();
            row[i + j] = std::numeric_limits<float>::infinity();
            uint32_t found = find_nearest(r, work, i + j, row);
            if (is_blurred(work, i + j, row, found)) {
                compare_exactly(r, work, places, n, i + j, row);
                found = find_nearest(r, work, i + j, row);
            }
            offer_pairs(r, places, i + j, work->near, found);
        }
    }
}

} // namespace vdb::hnsw
