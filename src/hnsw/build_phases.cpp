// The phases of a partition build, level by level from the top: who does what when.
#include <algorithm>
#include <new>

#include "core/rng.h"
#include "hnsw/partition.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kPortion = 128;    // nodes, or swaps of them
constexpr uint32_t kMostSplits = 250; // one within another, each at least a tenth smaller

uint64_t align_line(uint64_t n)
{
    return (n + kCacheLine - 1) / kCacheLine * kCacheLine;
}

uint64_t tid_order(VdbTid tid)
{
    return uint64_t{tid.block_hi} << 32 | uint64_t{tid.block_lo} << 16 | tid.offset;
}

// The nodes of a level in the order of their heap tids, whichever process brought them.
void list_nodes(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    uint32_t nodes = r->taken().nodes;
    p.count = 0;
    for (VdbNode i = 0; i < nodes; i++)
        if (r->node(i)->level >= p.level)
            r->words()[p.count++] = i;
    std::sort(r->words(), r->words() + p.count, [r](VdbNode a, VdbNode b) {
        return tid_order(r->node(a)->heap_tid) < tid_order(r->node(b)->heap_tid);
    });
}

uint32_t portions_of(uint32_t nodes)
{
    return (nodes + kPortion - 1) / kPortion;
}

void begin_partitioning(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    list_nodes(r);
    p.parts = p.count <= kPartNodes
                  ? 1
                  : static_cast<uint32_t>(uint64_t{p.count} * kPartitionFan / kPartNodes);
    p.parts = std::min(p.parts, most_leaders(r->geometry.space.dims));
    p.fan = std::min(p.parts, kPartitionFan);
    sample(mix64(r->seed + p.level), p.count, p.parts, p.leaders);
    p.portions = portions_of(p.count);
}

void begin_round(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    if (p.rounds == 1)
        begin_moving(r);
    p.portions = portions_of(p.swaps[p.rounds - 1]);
}

// One part more holds the longest nodes of all: under inner product they are what scans look for,
// and their neighbours, in whatever direction.
void list_longest(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    uint32_t *places = r->part_words(), longest = longest_of(p.count);
    for (uint32_t i = 0; i < p.count; i++)
        places[i] = i;
    auto norm = [r](uint32_t place) { return r->node(node_at(r, place))->norm; };
    if (take_longest(places, p.count, longest, norm))
        p.longest = longest;
    std::copy_n(places, p.longest, places + uint64_t{p.count} * p.fan);
}

// The parts' lists out of what partitioning wrote into the pools, which are empty then.
void begin_comparing(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    if (p.rounds > 0)
        end_moving(r);
    p.longest = 0;
    if (is_by_direction(r) && p.parts > 1)
        list_longest(r);
    std::fill_n(p.starts, p.parts + 1, 0);
    for (uint32_t i = 0; i < p.count; i++)
        for (uint32_t f = 0; f < p.fan; f++)
            p.starts[r->pool(node_at(r, i))->places()[f] + 1]++;
    p.largest = 0;
    for (uint32_t i = 0; i < p.parts; i++) {
        p.largest = std::max(p.largest, p.starts[i + 1]);
        p.starts[i + 1] += p.starts[i];
    }
    for (uint32_t i = 0; i < p.count; i++) {
        CandidatePool *pool = r->pool(node_at(r, i));
        r->node(node_at(r, i))->parent = pool->places()[0];
        r->node(node_at(r, i))->slices = 0;
        for (uint32_t f = 0; f < p.fan; f++)
            r->part_words()[p.starts[pool->places()[f]]++] = i;
        pool->clear();
    }
    for (uint32_t i = p.parts; i > 0; i--)
        p.starts[i] = p.starts[i - 1];
    p.starts[0] = 0;
    p.starts[p.parts + 1] = p.starts[p.parts] + p.longest;
    p.portions = p.parts + (p.longest > 0);
}

// Sorts n places by a number below kMostParts + 1 that their nodes have; stable.
void sort_places(BuildRegion *r, const uint32_t *from, uint32_t *to, uint32_t BuildNode::*key)
{
    BuildPhases &p = r->phases;
    std::fill_n(p.starts, kMostParts + 1, 0);
    for (uint32_t i = 0; i < p.count; i++)
        p.starts[r->node(node_at(r, i))->*key]++;
    uint32_t before = 0;
    for (uint32_t &start : p.starts) {
        uint32_t size = start;
        start = before;
        before += size;
    }
    for (uint32_t i = 0; i < p.count; i++) {
        uint32_t place = from != nullptr ? from[i] : i;
        to[p.starts[r->node(node_at(r, place))->*key]++] = place;
    }
}

// From here on nodes are taken by their nearest leader in their nearest part, so that neighbours'
// vectors are in the cache.
void begin_choosing(BuildRegion *r)
{
    uint32_t *order = r->part_words(), *spare = order + r->capacity;
    sort_places(r, nullptr, spare, &BuildNode::slices);
    sort_places(r, spare, order, &BuildNode::parent);
    r->phases.portions = portions_of(r->phases.count);
}

// The search begins at a node of the top level.
void find_entry(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    list_nodes(r);
    uint64_t level = r->node(node_at(r, 0))->level;
    for (uint32_t i = 1; i < p.count; i++)
        level = std::max<uint64_t>(level, r->node(node_at(r, i))->level);
    uint32_t i = 0;
    while (r->node(node_at(r, i))->level != level)
        i++;
    r->entry.store(level << 32 | (node_at(r, i) + 1), std::memory_order_relaxed);
    p.level = static_cast<uint32_t>(level);
}

VdbHnswBuildPhase next_phase(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    switch (p.phase) {
    case VDB_HNSW_BUILD_LOADING:
        if (r->pool_at == 0 || r->taken().nodes == 0)
            return VDB_HNSW_BUILD_LINKED;
        p.level = 0;
        find_entry(r);
        return VDB_HNSW_BUILD_PARTITIONING;
    case VDB_HNSW_BUILD_LINKING:
        if (p.level == 0)
            return VDB_HNSW_BUILD_LINKED;
        p.level--;
        return VDB_HNSW_BUILD_PARTITIONING;
    case VDB_HNSW_BUILD_PARTITIONING:
        if (p.level > 0 || p.parts == 1 || p.rounds == 2)
            return VDB_HNSW_BUILD_COMPARING;
        p.rounds++;
        return VDB_HNSW_BUILD_PARTITIONING;
    case VDB_HNSW_BUILD_LINKED:
        return VDB_HNSW_BUILD_LINKED;
    default:
        return static_cast<VdbHnswBuildPhase>(p.phase + 1);
    }
}

// Partitions one portion of the nodes.
void partition_nodes(BuildRegion *r, BuildWork *work, uint32_t first, uint32_t n)
{
    const BuildPhases &p = r->phases;
    uint32_t places[kPortion] = {}, nearest[kPortion * kPartitionFan];
    for (uint32_t i = 0; i < n; i++)
        places[i] = first + i;
    assign(r, work, places, n, p.fan, nearest);
    for (uint32_t i = 0; i < n; i++)
        std::copy_n(nearest + i * p.fan, p.fan, r->pool(node_at(r, first + i))->places());
}

void work_on_nodes(BuildRegion *r, BuildWork *work, uint32_t first, uint32_t n)
{
    const uint32_t *places = r->part_words() + first;
    for (uint32_t i = 0; i < n; i++) {
        if (r->phases.phase == VDB_HNSW_BUILD_CHOOSING)
            choose_edges(r, work, places[i]);
        else if (r->phases.phase == VDB_HNSW_BUILD_RETURNING)
            return_edges(r, places[i]);
        else
            link_edges(r, work, places[i]);
    }
}

void work_on_portion(BuildRegion *r, BuildWork *work, uint32_t portion)
{
    const BuildPhases &p = r->phases;
    uint32_t first = portion * kPortion;
    if (p.phase == VDB_HNSW_BUILD_COMPARING)
        build_part(r, work, portion);
    else if (p.rounds > 0 && p.phase == VDB_HNSW_BUILD_PARTITIONING)
        swap_nodes(r, p.rounds - 1, first, std::min(kPortion, p.swaps[p.rounds - 1] - first));
    else if (p.phase == VDB_HNSW_BUILD_PARTITIONING)
        partition_nodes(r, work, first, std::min(kPortion, p.count - first));
    else
        work_on_nodes(r, work, first, std::min(kPortion, p.count - first));
}

} // namespace

WorkPlan::WorkPlan(const BuildRegion *r)
{
    uint32_t dims = r->geometry.space.dims;
    uint32_t rows = std::max(most_leaf_nodes(dims), r->pool_size);
    uint64_t columns = byte_columns(std::max(rows, kMostParts));
    uint64_t cells = std::max<uint64_t>(
        VDB_BYTE_ROWS * columns, uint64_t{byte_columns(r->pool_size)} * byte_columns(r->pool_size));
    const BuildPhases &p = r->phases;
    uint64_t words = std::max(uint64_t{p.largest} * (2 * inner_fan(r) + 13),
                              uint64_t{p.longest} * (2 * whole_fan(r) + 13)) +
                     uint64_t{kMostSplits} * (kMostParts + 1);
    block = align_line(sizeof(BuildWork));
    leaders = block + ByteBlock::bytes(rows, dims);
    centre = leaders + ByteBlock::bytes(most_leaders(dims), dims);
    direction = centre + align_line(dims * sizeof(float));
    lengths = direction + align_line(2 * uint64_t{dims} * sizeof(float));
    leaning = lengths + align_line(columns * sizeof(float));
    distances = leaning + align_line(columns * sizeof(float));
    found = distances + align_line(cells * sizeof(float));
    near = found + align_line((columns + 16) * sizeof(uint32_t));
    kept = near + align_line((rows + 1) * sizeof(Near));
    own = kept + align_line(rows);
    uint64_t pairs = uint64_t{rows} * nearest_of_leaf(r);
    count = own + align_line(pairs * sizeof(Near));
    back = count + align_line(rows * sizeof(uint32_t));
    starts = back + align_line(pairs * sizeof(Near));
    lists = starts + align_line((rows + 1) * sizeof(uint32_t));
    total = lists + align_line(words * sizeof(uint32_t));
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

VdbHnswBuildPhase vdb_hnsw_build_begin_phase(void *region) noexcept
{
    BuildRegion *r = region_of(region);
    BuildPhases &p = r->phases;
    p.phase = next_phase(r);
    p.portions = 0;
    switch (p.phase) {
    case VDB_HNSW_BUILD_PARTITIONING:
        if (p.rounds == 0)
            begin_partitioning(r);
        else
            begin_round(r);
        break;
    case VDB_HNSW_BUILD_COMPARING:
        begin_comparing(r);
        break;
    case VDB_HNSW_BUILD_CHOOSING:
        begin_choosing(r);
        break;
    case VDB_HNSW_BUILD_RETURNING:
    case VDB_HNSW_BUILD_LINKING:
        p.portions = portions_of(p.count);
        break;
    default:
        break;
    }
    poke(p.next, 0);
    poke(p.done, 0);
    return p.phase;
}

size_t vdb_hnsw_build_work_size(const void *region) noexcept
{
    return WorkPlan(region_of(region)).total;
}

void vdb_hnsw_build_work_init(const void *region, void *work) noexcept
{
    const BuildRegion *r = region_of(region);
    const BuildPhases &p = r->phases;
    uint32_t dims = r->geometry.space.dims;
    WorkPlan plan(r);
    char *base = static_cast<char *>(work);
    BuildWork *w = new (work) BuildWork();
    w->kernels = vdb_simd_kernels();
    w->block.init(base + plan.block, std::max(most_leaf_nodes(dims), r->pool_size), dims);
    w->leaders.init(base + plan.leaders, most_leaders(dims), dims);
    w->centre = reinterpret_cast<float *>(base + plan.centre);
    w->direction = reinterpret_cast<float *>(base + plan.direction);
    w->lengths = reinterpret_cast<float *>(base + plan.lengths);
    w->leaning = reinterpret_cast<float *>(base + plan.leaning);
    w->distances = reinterpret_cast<float *>(base + plan.distances);
    w->found = reinterpret_cast<uint32_t *>(base + plan.found);
    w->near = reinterpret_cast<Near *>(base + plan.near);
    w->kept = reinterpret_cast<bool *>(base + plan.kept);
    w->pairs = {reinterpret_cast<Near *>(base + plan.own),
                reinterpret_cast<uint32_t *>(base + plan.count),
                reinterpret_cast<Near *>(base + plan.back),
                reinterpret_cast<uint32_t *>(base + plan.starts)};
    w->lists = reinterpret_cast<uint32_t *>(base + plan.lists);
    if (p.phase == VDB_HNSW_BUILD_PARTITIONING && p.rounds == 0)
        prepare_leaders(r, w, p.leaders, p.parts);
}

bool vdb_hnsw_build_work(void *region, void *work) noexcept
{
    BuildRegion *r = region_of(region);
    uint32_t portion = r->phases.next.fetch_add(1, std::memory_order_relaxed);
    if (portion >= r->phases.portions)
        return false;
    work_on_portion(r, static_cast<BuildWork *>(work), portion);
    r->phases.done.fetch_add(1, std::memory_order_relaxed);
    return true;
}

VdbHnswBuildProgress vdb_hnsw_build_progress(const void *region) noexcept
{
    const BuildPhases &p = region_of(region)->phases;
    return {peek(p.done), p.portions};
}
