// Layout of a bulk build's memory, and what processes share it by.
#include "hnsw/build_region.h"

#include "hnsw/page_format.h"
#include "hnsw/partition.h"

#include <sched.h>

#include <algorithm>
#include <new>

namespace vdb::hnsw {

namespace {

constexpr uint64_t kMaxNodes = UINT32_MAX - 2; // leaves room for the hash table's marks
constexpr uint64_t kMaxUnits = UINT32_MAX - 1;
constexpr uint64_t kHashSlotsPerNode = 2;
constexpr uint64_t kWordsPerNode = 1 + kPartitionFan; // of the same memory in a partition build

constexpr uint64_t align_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

uint64_t vector_at(const VdbHnswGeometry &g)
{
    return align_up(sizeof(BuildNode) + sizeof(Links) + 2 * g.m * sizeof(VdbNode), kCacheLine);
}

uint64_t pool_at(const VdbHnswGeometry &g)
{
    return vector_at(g) + (is_sparse(g) ? 0 : align_up(vdb_value_bytes(&g.space), kCacheLine));
}

uint64_t node_stride(const VdbHnswGeometry &g)
{
    return pool_at(g) +
           (is_partitioned(g) ? align_up(CandidatePool::bytes(pool_size(g)), kCacheLine) : 0);
}

// Units that a sparse vector takes on average, judged by the slot that was chosen for such.
uint64_t sparse_units(const VdbHnswGeometry &g)
{
    return align_up(uint64_t{g.inline_units} * g.unit_size, kUnit) / kUnit;
}

// Of the hash table, whose memory a partition build uses afterwards.
constexpr uint64_t kHashBytesPerNode =
    std::max(kHashSlotsPerNode * sizeof(uint64_t), kWordsPerNode * sizeof(uint32_t));

// Of the part that holds the longest nodes.
uint64_t longest_bytes(const VdbHnswGeometry &g)
{
    return is_partitioned(g) && is_by_direction(g) ? kPartNodes * sizeof(uint32_t) : 0;
}

uint64_t hash_bytes(const VdbHnswGeometry &g, uint64_t nodes)
{
    return align_up(kHashBytesPerNode * nodes + longest_bytes(g), kCacheLine);
}

} // namespace

uint32_t upper_list_units(const VdbHnswGeometry &g)
{
    return static_cast<uint32_t>(align_up(sizeof(Links) + g.m * sizeof(VdbNode), kUnit) / kUnit);
}

bool BuildRegion::take(Used more, Used *before)
{
    uint64_t seen = used.load(std::memory_order_relaxed);
    for (;;) {
        uint64_t nodes = (seen & UINT32_MAX) + more.nodes;
        uint64_t units = (seen >> 32) + more.units;
        if (nodes > capacity || units > kMaxUnits ||
            nodes * node_stride + units * kUnit > end - nodes_at)
            return false;
        if (used.compare_exchange_weak(seen, units << 32 | nodes, std::memory_order_acq_rel,
                                       std::memory_order_relaxed))
            break;
    }
    *before = {static_cast<uint32_t>(seen), static_cast<uint32_t>(seen >> 32)};
    return true;
}

void wait_a_moment(uint32_t *tries)
{
    // The other process may have been put to sleep in the middle: then only giving way helps.
    if (++*tries % 64 == 0)
        sched_yield();
#if defined(__x86_64__)
    else
        __builtin_ia32_pause();
#endif
}

NodeLock::NodeLock(BuildNode *node) : node_(node)
{
    uint32_t tries = 0;
    while (node_->lock.exchange(1, std::memory_order_acquire) != 0)
        wait_a_moment(&tries);
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

size_t vdb_hnsw_build_size(const VdbHnswGeometry *g, uint64_t rows) noexcept
{
    if (rows > kMaxNodes)
        return 0;
    // Levels follow m^-level: rows / (m - 1) upper lists on average; a third more and a floor for
    // bad luck.
    uint64_t upper = rows / (g->m - 1) + rows / (3 * (g->m - 1)) + 64;
    uint64_t units = upper * upper_list_units(*g) + (is_sparse(*g) ? rows * sparse_units(*g) : 0);
    if (units > kMaxUnits)
        return 0;
    return align_up(sizeof(BuildRegion), kCacheLine) + hash_bytes(*g, rows) +
           rows * node_stride(*g) + align_up(units * kUnit, kCacheLine) + kCacheLine;
}

VdbStatus vdb_hnsw_build_init(void *region, size_t bytes, const VdbHnswGeometry *g,
                              uint32_t ef_construction, uint64_t seed) noexcept
{
    uint64_t head = align_up(sizeof(BuildRegion), kCacheLine);
    uint64_t fixed = head + kCacheLine + longest_bytes(*g);
    uint64_t per_node = node_stride(*g) + kHashBytesPerNode;
    bytes -= bytes % kCacheLine;
    if (bytes < fixed + per_node)
        return VDB_TOO_BIG;
    uint64_t capacity = (bytes - fixed) / per_node;
    if (capacity > kMaxNodes)
        capacity = kMaxNodes;

    BuildRegion *r = new (region) BuildRegion();
    r->geometry = *g;
    r->ef_construction = ef_construction;
    r->capacity = static_cast<uint32_t>(capacity);
    r->seed = seed;
    r->hash_slots = kHashSlotsPerNode * capacity;
    r->hash_at = head;
    r->nodes_at = head + hash_bytes(*g, capacity);
    r->end = bytes;
    r->node_stride = static_cast<uint32_t>(node_stride(*g));
    r->vector_at = is_sparse(*g) ? 0 : static_cast<uint32_t>(vector_at(*g));
    r->pool_at = is_partitioned(*g) ? static_cast<uint32_t>(pool_at(*g)) : 0;
    r->pool_size = pool_size(*g);
    r->upper_units = upper_list_units(*g);
    r->tree_at = VDB_NO_NODE;
    std::memset(r->base() + r->hash_at, 0, hash_bytes(*g, capacity));
    return VDB_OK;
}

uint32_t vdb_hnsw_build_nodes(const void *region) noexcept
{
    return region_of(region)->taken().nodes;
}

namespace {

// Sizes of the scratch memory's parts, in order.
struct ScratchPlan {
    uint64_t visited, pool, edges, chosen, stored, codes, total;

    explicit ScratchPlan(const BuildRegion *r)
    {
        uint64_t ef = r->ef_construction;
        uint64_t most_edges = 2 * r->geometry.m + 1;
        visited = align_up(sizeof(BuildScratch), kCacheLine);
        pool = visited + align_up(r->capacity, kCacheLine);
        edges = pool + align_up((ef + 1) * sizeof(Found), kCacheLine);
        chosen = edges + align_up((ef > most_edges ? ef : most_edges) * sizeof(Edge), kCacheLine);
        stored = chosen + (VDB_HNSW_MAX_LEVEL + 1) * r->max_links(0) * sizeof(VdbNode);
        codes = total = stored;
        if (!vdb_hnsw_coded(&r->geometry))
            return;
        VdbCodec codec = vdb_hnsw_codec(&r->geometry);
        codes = stored + vdb_kept_bytes(r->geometry.kept, r->geometry.space.dims);
        total = codes + vdb_codes_bytes(&codec, r->max_links(0));
    }
};

} // namespace

size_t vdb_hnsw_build_scratch_size(const void *region) noexcept
{
    return ScratchPlan(region_of(region)).total;
}

void vdb_hnsw_build_scratch_init(const void *region, void *scratch) noexcept
{
    const BuildRegion *r = region_of(region);
    ScratchPlan plan(r);
    char *base = static_cast<char *>(scratch);
    BuildScratch *s = new (scratch) BuildScratch();
    s->visited = reinterpret_cast<uint8_t *>(base + plan.visited);
    s->capacity = r->capacity;
    s->epoch = 0;
    s->pool = reinterpret_cast<Found *>(base + plan.pool);
    s->edges = reinterpret_cast<Edge *>(base + plan.edges);
    s->chosen = reinterpret_cast<VdbNode *>(base + plan.chosen);
    s->max_chosen = r->max_links(0);
    s->stored = reinterpret_cast<uint32_t *>(base + plan.stored);
    s->codes = reinterpret_cast<uint8_t *>(base + plan.codes);
    std::memset(s->visited, 0, s->capacity);
}
