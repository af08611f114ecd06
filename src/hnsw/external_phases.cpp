// The phases of a build by files: what a process does in them.  What one node or one part needs
// is read, worked on by the steps of a build in memory, and written.
#include <algorithm>
#include <bit>
#include <new>

#include "core/rng.h"
#include "hnsw/external.h"

namespace vdb::hnsw {

namespace {

// One process's own memory of a phase; pointers are fine here.
struct Worker {
    Cache cache;
    uint32_t process;
    BuildWork *work;
    uint32_t *places;   // of a part
    char *pools;        // of one node from its parts, or of a bucket's nodes
    OfferChunk *chunks; // being filled, by bucket
    OfferChunk *chunk;  // being read
    uint32_t written;   // chunks

    External *x() const { return cache.x; }
    BuildRegion *region() const { return cache.region; }
};

struct WorkerPlan {
    uint64_t work, places, record, pools, chunks, total;

    explicit WorkerPlan(const External *x)
    {
        bool choosing = x->phases.phase == VDB_HNSW_BUILD_CHOOSING;
        bool returning = x->phases.phase == VDB_HNSW_BUILD_RETURNING;
        uint64_t pools_held = returning ? x->bucket_nodes : kFan;
        uint64_t chunks_held = choosing ? x->buckets : 1;
        work = align64(sizeof(Worker));
        const BuildRegion *r = external_of(x)->at<BuildRegion>(x->regions_at);
        places = work + align64(WorkPlan(r).total);
        record = places + align64(x->capacity * sizeof(uint32_t));
        pools = record + align64(x->record_bytes());
        chunks = pools + align64(pools_held * x->pool_bytes());
        total = chunks + align64(chunks_held * sizeof(OfferChunk));
    }
};

// What the steps of a build in memory read of a phase.
void copy_phase(const BuildPhases &from, BuildPhases *to)
{
    to->phase = from.phase;
    to->level = from.level;
    to->count = from.count;
    to->fan = from.fan;
    to->parts = from.parts;
    to->largest = from.largest;
    to->longest = from.longest;
    std::copy_n(from.leaders, from.parts, to->leaders);
}

// --- portions ---

void partition_nodes(Worker &w, uint32_t first, uint32_t n)
{
    External *x = w.x();
    constexpr uint32_t kBatch = 64;
    uint32_t places[kBatch] = {}, nearest[kBatch * kFan];
    for (uint32_t from = 0; from < n; from += kBatch) {
        uint32_t size = std::min(kBatch, n - from), fan = x->phases.fan;
        w.cache.release();
        for (uint32_t i = 0; i < size; i++) {
            places[i] = first + from + i;
            w.cache.hold(places[i]);
        }
        assign(w.region(), w.work, places, size, fan, nearest);
        for (uint32_t i = 0; i < size; i++) {
            const BuildNode *node = w.region()->node(node_at(w.region(), places[i]));
            x->members()[places[i]] = std::bit_cast<uint32_t>(node->norm);
            for (uint32_t f = 0; f < fan; f++)
                x->homes_of(places[i])[f] = static_cast<uint16_t>(nearest[i * fan + f]);
        }
    }
}

void move_nodes(Worker &w, uint32_t first, uint32_t n)
{
    External *x = w.x();
    for (uint32_t i = first; i < first + n; i++) {
        w.cache.read(i);
        x->members()[i] = std::bit_cast<uint32_t>(w.cache.head()->norm);
        w.cache.store->write(w.cache.store->owner, VDB_HNSW_FILE_VECTORS, i * x->record_bytes(),
                             w.cache.record, x->record_bytes());
    }
}

uint64_t pool_offset(const External *x, uint32_t place, uint32_t part)
{
    return (uint64_t{place} * kFan + part) * x->pool_bytes();
}

// Compares nodes that are in memory together.
void compare(Worker &w, const Piece &piece)
{
    w.cache.release();
    for (uint32_t i = 0; i < piece.n; i++)
        w.region()->pool(w.cache.hold(piece.places[i]))->clear();
    build_piece(w.region(), w.work, piece);
}

void write_candidates(Worker &w, uint32_t place, uint64_t offset)
{
    w.cache.store->write(w.cache.store->owner, VDB_HNSW_FILE_POOLS, offset,
                         w.region()->pool(node_at(w.region(), place)), w.x()->pool_bytes());
}

void compare_members(Worker &w, const uint32_t *members, uint32_t n, uint64_t seed)
{
    for (uint32_t i = 0; i < n; i++)
        w.places[i] = members[i] / kFan;
    compare(w, {w.places, n, inner_fan(w.region()), seed});
    for (uint32_t i = 0; i < n; i++)
        write_candidates(w, w.places[i], pool_offset(w.x(), w.places[i], members[i] % kFan));
}

// The i-th of the longest ones has one place more for candidates, behind all others.
uint64_t longest_offset(const External *x, uint32_t i)
{
    return pool_offset(x, x->phases.count, 0) + i * x->pool_bytes();
}

void compare_longest(Worker &w, uint64_t seed)
{
    uint32_t n = w.x()->phases.longest;
    compare(w, {w.x()->longest(), n, whole_fan(w.region()), seed});
    for (uint32_t i = 0; i < n; i++)
        write_candidates(w, w.x()->longest()[i], longest_offset(w.x(), i));
}

void compare_part(Worker &w, uint32_t part)
{
    External *x = w.x();
    const BuildPhases &p = x->phases;
    uint64_t seed = mix64(x->seed ^ mix64(uint64_t{p.level} << 32 | part));
    if (part == p.parts)
        return compare_longest(w, seed);
    uint32_t first = p.starts[part], n = p.starts[part + 1] - first;
    if (n == 0)
        return;
    // Members follow each other by their nearest leaders, so a piece's are near.
    uint32_t pieces = (n + x->capacity - 1) / x->capacity;
    for (uint64_t i = 0; i < pieces; i++) {
        uint32_t begin = static_cast<uint32_t>(i * n / pieces);
        uint32_t end = static_cast<uint32_t>((i + 1) * n / pieces);
        compare_members(w, x->members() + first + begin, end - begin, mix64(seed + i));
    }
}

CandidatePool *pool_at(Worker &w, uint32_t i)
{
    return reinterpret_cast<CandidatePool *>(w.pools + i * w.x()->pool_bytes());
}

void flush_chunk(Worker &w, uint32_t bucket)
{
    OfferChunk &chunk = w.chunks[bucket];
    uint32_t *head = &w.x()->heads(w.process)[bucket];
    chunk.before = *head;
    w.cache.store->write(w.cache.store->owner, offers_file(w.process),
                         uint64_t{w.written} * sizeof(chunk), &chunk, sizeof(chunk));
    *head = ++w.written;
    chunk.count = 0;
}

void offer_edges(Worker &w, uint32_t place, CandidatePool *pool)
{
    External *x = w.x();
    for (uint32_t i = 0; i < pool->own; i++) {
        uint32_t to = pool->places()[i], bucket = to / x->bucket_nodes;
        OfferChunk &chunk = w.chunks[bucket];
        chunk.edges[chunk.count++] = {to, place, pool->distance(w.region()->pool_size, i)};
        if (chunk.count == OfferChunk::kEdges)
            flush_chunk(w, bucket);
    }
}

// Holds all candidates, so that the node's edges can be chosen.
CandidatePool *hold_candidates(Worker &w, VdbNode node)
{
    CandidatePool *pool = w.region()->pool(node);
    for (uint32_t i = 0; i < pool->count; i++)
        w.cache.hold(pool->places()[i]);
    return pool;
}

// Offers a node the candidates that so many parts have written there.
void gather_candidates(Worker &w, CandidatePool *pool, uint64_t offset, uint32_t parts)
{
    uint32_t size = w.region()->pool_size;
    w.cache.store->read(w.cache.store->owner, VDB_HNSW_FILE_POOLS, offset, w.pools,
                        parts * w.x()->pool_bytes());
    for (uint32_t f = 0; f < parts; f++) {
        CandidatePool *from = pool_at(w, f);
        for (uint32_t i = 0; i < from->count; i++)
            pool->offer(size, {from->distance(size, i), from->places()[i]});
    }
}

void choose_node(Worker &w, uint32_t place)
{
    External *x = w.x();
    w.cache.release();
    VdbNode node = w.cache.hold(place);
    CandidatePool *pool = w.region()->pool(node);
    pool->clear();
    gather_candidates(w, pool, pool_offset(x, place, 0), x->phases.fan);
    const uint32_t *end = x->longest() + x->phases.longest;
    const uint32_t *at = std::lower_bound<const uint32_t *>(x->longest(), end, place);
    if (at < end && *at == place)
        gather_candidates(w, pool, longest_offset(x, static_cast<uint32_t>(at - x->longest())), 1);
    hold_candidates(w, node);
    choose_edges(w.region(), w.work, place);
    w.cache.store->write(w.cache.store->owner, VDB_HNSW_FILE_POOLS, pool_offset(x, place, 0), pool,
                         x->pool_bytes());
    offer_edges(w, place, pool);
}

void take_chunks(Worker &w, uint32_t bucket, uint32_t process)
{
    External *x = w.x();
    uint32_t size = w.region()->pool_size;
    for (uint32_t at = x->heads(process)[bucket]; at != 0; at = w.chunk->before) {
        w.cache.store->read(w.cache.store->owner, offers_file(process),
                            uint64_t{at - 1} * sizeof(OfferChunk), w.chunk, sizeof(OfferChunk));
        for (uint32_t i = 0; i < w.chunk->count; i++) {
            const OfferedEdge &e = w.chunk->edges[i];
            pool_at(w, e.to - bucket * x->bucket_nodes)->offer(size, {e.distance, e.from});
        }
    }
}

void return_bucket(Worker &w, uint32_t bucket)
{
    External *x = w.x();
    const VdbHnswStore *store = w.cache.store;
    uint32_t first = bucket * x->bucket_nodes;
    uint32_t n = std::min(x->bucket_nodes, x->phases.count - first);
    for (uint32_t i = 0; i < n; i++)
        store->read(store->owner, VDB_HNSW_FILE_POOLS, pool_offset(x, first + i, 0), pool_at(w, i),
                    x->pool_bytes());
    for (uint32_t process = 0; process < x->processes; process++)
        take_chunks(w, bucket, process);
    for (uint32_t i = 0; i < n; i++)
        store->write(store->owner, VDB_HNSW_FILE_POOLS, pool_offset(x, first + i, 0), pool_at(w, i),
                     x->pool_bytes());
}

void write_list(Worker &w, uint32_t place, VdbNode node)
{
    External *x = w.x();
    uint32_t level = x->phases.level;
    struct {
        ListHead head;
        uint32_t ids[2 * VDB_HNSW_MAX_M];
    } list = {};
    const Links *links = w.region()->links(node, 0);
    list.head.count = static_cast<uint16_t>(peek(links->count));
    for (uint32_t i = 0; i < list.head.count; i++)
        list.ids[i] = x->bottom_place(level, w.region()->node(peek(links->ids[i]))->parent);
    w.cache.store->write(w.cache.store->owner, VDB_HNSW_FILE_LISTS,
                         x->lists_at[level] + place * x->list_bytes(level), &list,
                         x->list_bytes(level));
}

void link_one(Worker &w, uint32_t place)
{
    External *x = w.x();
    w.cache.release();
    VdbNode node = w.cache.hold(place);
    w.cache.store->read(w.cache.store->owner, VDB_HNSW_FILE_POOLS, pool_offset(x, place, 0),
                        w.region()->pool(node), x->pool_bytes());
    hold_candidates(w, node);
    link_edges(w.region(), w.work, place);
    write_list(w, place, node);
}

void work_on_portion(Worker &w, uint32_t portion)
{
    const BuildPhases &p = w.x()->phases;
    uint32_t first = portion * kExternalPortion;
    uint32_t n = first < p.count ? std::min(kExternalPortion, p.count - first) : 0;
    switch (p.phase) {
    case VDB_HNSW_BUILD_PARTITIONING:
        return p.level == 0 && w.x()->moving ? move_nodes(w, first, n)
                                             : partition_nodes(w, first, n);
    case VDB_HNSW_BUILD_COMPARING:
        return compare_part(w, portion);
    case VDB_HNSW_BUILD_RETURNING:
        return return_bucket(w, portion);
    default:
        for (uint32_t i = 0; i < n; i++)
            if (p.phase == VDB_HNSW_BUILD_CHOOSING)
                choose_node(w, first + i);
            else
                link_one(w, first + i);
    }
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

VdbStatus vdb_hnsw_external_begin_phase(void *memory, const VdbHnswStore *store, uint32_t processes,
                                        VdbHnswBuildPhase *phase) noexcept
{
    External *x = external_of(memory);
    VdbStatus status = next_phase(x, store, processes);
    *phase = x->phases.phase;
    if (*phase == VDB_HNSW_BUILD_LINKED)
        return status;
    prepare_phase(x);
    poke(x->phases.next, 0);
    poke(x->phases.done, 0);
    poke(x->joined, 0);
    BuildRegion *first =
        make_cache_region(x, x->base() + x->regions_at, x->region_bytes, x->capacity);
    copy_phase(x->phases, &first->phases);
    return VDB_OK;
}

size_t vdb_hnsw_external_work_size(const void *memory) noexcept
{
    return WorkerPlan(external_of(memory)).total;
}

bool vdb_hnsw_external_work_init(void *memory, const VdbHnswStore *store, uint32_t process,
                                 void *work) noexcept
{
    External *x = external_of(memory);
    WorkerPlan plan(x);
    char *base = static_cast<char *>(work);
    uint32_t slot = x->joined.fetch_add(1, std::memory_order_relaxed);
    if (slot >= x->regions)
        return false;
    Worker *w = new (work) Worker();
    w->process = process;
    w->work = reinterpret_cast<BuildWork *>(base + plan.work);
    w->places = reinterpret_cast<uint32_t *>(base + plan.places);
    w->pools = base + plan.pools;
    w->chunks = w->chunk = reinterpret_cast<OfferChunk *>(base + plan.chunks);
    w->cache.x = x;
    w->cache.store = store;
    w->cache.record = base + plan.record;
    std::memset(w->cache.record, 0, x->record_bytes());
    char *region = x->base() + x->regions_at + slot * x->region_bytes;
    w->cache.region = slot == 0 ? reinterpret_cast<BuildRegion *>(region)
                                : make_cache_region(x, region, x->region_bytes, x->capacity);
    copy_phase(x->phases, &w->cache.region->phases);
    w->cache.reset();
    if (x->phases.phase == VDB_HNSW_BUILD_CHOOSING)
        for (uint32_t i = 0; i < x->buckets; i++)
            w->chunks[i].count = 0;
    if (x->phases.phase == VDB_HNSW_BUILD_PARTITIONING && !(x->phases.level == 0 && x->moving))
        for (uint32_t i = 0; i < x->phases.parts; i++)
            w->cache.hold(x->phases.leaders[i]);
    else
        w->cache.region->phases.phase = VDB_HNSW_BUILD_LOADING; // no leaders to prepare
    vdb_hnsw_build_work_init(w->cache.region, w->work);
    copy_phase(x->phases, &w->cache.region->phases);
    return true;
}

bool vdb_hnsw_external_work(void *memory, void *work) noexcept
{
    External *x = external_of(memory);
    Worker *w = static_cast<Worker *>(work);
    uint32_t portion = x->phases.next.fetch_add(1, std::memory_order_relaxed);
    if (portion >= x->phases.portions) {
        for (uint32_t i = 0; x->phases.phase == VDB_HNSW_BUILD_CHOOSING && i < x->buckets; i++)
            if (w->chunks[i].count > 0)
                flush_chunk(*w, i);
        return false;
    }
    work_on_portion(*w, portion);
    x->phases.done.fetch_add(1, std::memory_order_relaxed);
    return true;
}

VdbHnswBuildProgress vdb_hnsw_external_progress(const void *memory) noexcept
{
    const BuildPhases &p = external_of(memory)->phases;
    return {peek(p.done), p.portions};
}
