// A leaf of the partition: all its nodes compared with each other.
#include "hnsw/partition.h"

#include <algorithm>

namespace vdb::hnsw {

namespace {

constexpr uint32_t kPrefetchAhead = 2;            // vectors, or pools
constexpr uint32_t kChunk = 2 * VDB_BYTE_COLUMNS; // columns between two looks at the limit

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

// A number that the k nearest of a row are below, a little above the k-th or much: the largest of
// the least ones of as many lanes.  What overflowed to NaN is no distance.
float limit_of(const float *row, uint32_t columns, uint32_t k)
{
    constexpr uint32_t kLanes = 16;
    static_assert(VDB_BYTE_COLUMNS % kLanes == 0);
    if (k > kLanes)
        return std::numeric_limits<float>::infinity();
    float least[kLanes];
    std::fill_n(least, kLanes, std::numeric_limits<float>::infinity());
    for (uint32_t i = 0; i < columns; i += kLanes)
        for (uint32_t j = 0; j < kLanes; j++)
            least[j] = row[i + j] < least[j] ? row[i + j] : least[j];
    uint32_t lanes = kLanes;
    for (; lanes >= 2 * k; lanes /= 2)
        for (uint32_t j = 0; j < lanes / 2; j++)
            least[j] = std::min(least[j], least[j + lanes / 2]);
    float most = *std::max_element(least, least + lanes);
    return most + (std::abs(most) * 1e-6f + std::numeric_limits<float>::min());
}

// Remembers what work->near says of a row.
void keep_pairs(BuildWork *work, uint32_t row, uint32_t n, uint32_t most)
{
    LeafPairs &pairs = work->pairs;
    std::copy_n(work->near, n, pairs.own + row * most);
    pairs.count[row] = n;
    for (uint32_t i = 0; i < n; i++)
        pairs.starts[work->near[i].place + 1]++;
}

// Both of each pair are candidates of the other: lists for each row those that it is near to.
void turn_pairs(const BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n)
{
    LeafPairs &pairs = work->pairs;
    GraphSpace space = r->space();
    uint32_t most = nearest_of_leaf(r);
    for (uint32_t i = 0; i < n; i++)
        pairs.starts[i + 1] += pairs.starts[i];
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < pairs.count[i]; j++) {
            Near near = pairs.own[i * most + j];
            if (is_by_direction(r))
                near.distance = space.turned(near.distance, r->node(node_at(r, places[i]))->norm,
                                             r->node(node_at(r, places[near.place]))->norm);
            pairs.back[pairs.starts[near.place]++] = {near.distance, i};
        }
}

// A node's lock and its pool are taken once a leaf.
void offer_pairs(BuildRegion *r, BuildWork *work, const uint32_t *places, uint32_t n)
{
    const LeafPairs &pairs = work->pairs;
    uint32_t most = nearest_of_leaf(r), done = 0;
    auto offer = [r, places](CandidatePool *pool, const Near *near, uint32_t size) {
        for (uint32_t i = 0; i < size; i++)
            pool->offer(r->pool_size, {near[i].distance, places[near[i].place]});
    };
    for (uint32_t i = 0; i < n; i++) {
        if (i + kPrefetchAhead < n)
            prefetch_pool(r, places[i + kPrefetchAhead]);
        VdbNode node = node_at(r, places[i]);
        NodeLock lock(r->node(node));
        offer(r->pool(node), pairs.own + i * most, pairs.count[i]);
        offer(r->pool(node), pairs.back + done, pairs.starts[i] - done);
        done = pairs.starts[i];
    }
}

} // namespace

uint32_t select_nearest(BuildWork *work, const float *row, uint32_t columns, uint32_t k)
{
    Near *near = work->near;
    uint32_t n = 0;
    float limit = limit_of(row, columns, k);
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
    uint32_t most = nearest_of_leaf(r);
    find_centre(r, work, places, n);
    std::fill_n(work->lengths, byte_columns(n), 0.0f);
    std::fill_n(work->pairs.starts, n + 1, 0);
    for (uint32_t i = 0; i < n; i++) {
        if (i + kPrefetchAhead < n)
            prefetch_at(r, places[i + kPrefetchAhead]);
        block.put(i, aim_at(r, places[i], work->direction), work->centre);
        if (is_by_direction(r))
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
            keep_pairs(work, i + j, found, most);
        }
    }
    turn_pairs(r, work, places, n);
    offer_pairs(r, work, places, n);
}

} // namespace vdb::hnsw
