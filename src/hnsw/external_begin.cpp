// A build by files between its phases: what comes next, and the lists that the next phase works on.
#include <algorithm>
#include <bit>

#include "core/rng.h"
#include "hnsw/external.h"

namespace vdb::hnsw {

namespace {

uint32_t portions_of(uint32_t nodes)
{
    return (nodes + kExternalPortion - 1) / kExternalPortion;
}

void begin_partitioning(External *x)
{
    BuildPhases &p = x->phases;
    p.count = x->on_level[p.level];
    // Parts are uneven: half of what fits is what they aim at.
    uint32_t aim = std::min(kPartNodes, std::max(x->capacity / 2, 1u));
    uint64_t parts =
        p.count <= std::min(kPartNodes, x->capacity) ? 1 : uint64_t{p.count} * kFan / aim;
    uint32_t most = std::min(most_leaders(x->geometry.space.dims), std::min(x->capacity, p.count));
    p.parts = static_cast<uint32_t>(std::min<uint64_t>(std::max<uint64_t>(parts, 1), most));
    p.fan = std::min(p.parts, kFan);
    sample(mix64(x->seed + p.level), p.count, p.parts, p.leaders);
    p.portions = portions_of(p.count);
}

// The squared norms of the level's nodes; partitioning writes them where members will be.
float norm_of(External *x, uint32_t place)
{
    return std::bit_cast<float>(x->members()[place]);
}

// The part of the longest nodes, as in a build in memory; no more than fit.
void list_longest(External *x)
{
    BuildPhases &p = x->phases;
    uint32_t *places = x->members() + p.count, n = std::min(longest_of(p.count), x->capacity);
    for (uint32_t i = 0; i < p.count; i++)
        places[i] = i;
    if (!take_longest(places, p.count, n, [x](uint32_t place) { return norm_of(x, place); }))
        return;
    p.longest = n;
    std::copy_n(places, n, x->longest());
    std::sort(x->longest(), x->longest() + n);
}

// The parts' members, each with which of its parts this is.
void begin_comparing(External *x)
{
    BuildPhases &p = x->phases;
    p.longest = 0;
    if (is_by_direction(x->geometry) && p.parts > 1)
        list_longest(x);
    std::fill_n(p.starts, p.parts + 1, 0);
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t f = 0; f < p.fan; f++)
            p.starts[x->homes_of(i)[f] + 1]++;
    p.largest = 0;
    for (uint32_t i = 0; i < p.parts; i++) {
        p.largest = std::max(p.largest, p.starts[i + 1]);
        p.starts[i + 1] += p.starts[i];
    }
    p.largest = std::min(p.largest, x->capacity);
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t f = 0; f < p.fan; f++)
            x->members()[p.starts[x->homes_of(i)[f]]++] = i * kFan + f;
    for (uint32_t i = p.parts; i > 0; i--)
        p.starts[i] = p.starts[i - 1];
    p.starts[0] = 0;
    p.portions = p.parts + (p.longest > 0);
}

void begin_choosing(External *x)
{
    std::fill_n(x->heads(0), uint64_t{x->processes} * x->buckets, 0);
    x->phases.portions = portions_of(x->phases.count);
}

} // namespace

VdbStatus next_phase(External *x, const VdbHnswStore *store, uint32_t processes)
{
    BuildPhases &p = x->phases;
    if (p.phase == VDB_HNSW_BUILD_LOADING) {
        VdbStatus status = lay_out(x, store, processes);
        p.phase =
            status != VDB_OK || x->nodes == 0 ? VDB_HNSW_BUILD_LINKED : VDB_HNSW_BUILD_PARTITIONING;
        return status;
    }
    if (p.phase == VDB_HNSW_BUILD_PARTITIONING && p.level == 0 && !x->moving) {
        settle(x);
        x->moving = true;
        return VDB_OK;
    }
    if (x->moving && p.phase == VDB_HNSW_BUILD_PARTITIONING)
        x->settled = true;
    if (p.phase == VDB_HNSW_BUILD_LINKING) {
        p.phase = p.level++ == x->top ? VDB_HNSW_BUILD_LINKED : VDB_HNSW_BUILD_PARTITIONING;
        return VDB_OK;
    }
    if (p.phase != VDB_HNSW_BUILD_LINKED)
        p.phase = static_cast<VdbHnswBuildPhase>(p.phase + 1);
    return VDB_OK;
}

void prepare_phase(External *x)
{
    BuildPhases &p = x->phases;
    switch (p.phase) {
    case VDB_HNSW_BUILD_PARTITIONING:
        if (p.level == 0 && x->moving)
            p.portions = portions_of(p.count);
        else
            begin_partitioning(x);
        break;
    case VDB_HNSW_BUILD_COMPARING:
        begin_comparing(x);
        break;
    case VDB_HNSW_BUILD_CHOOSING:
        begin_choosing(x);
        break;
    case VDB_HNSW_BUILD_RETURNING:
        p.portions = (p.count + x->bucket_nodes - 1) / x->bucket_nodes;
        break;
    case VDB_HNSW_BUILD_LINKING:
        p.portions = portions_of(p.count);
        break;
    default:
        p.portions = 0;
    }
}

} // namespace vdb::hnsw
