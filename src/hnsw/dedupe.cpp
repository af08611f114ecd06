// One node per distinct vector: hashing, the table's protocol, and the chains of heap tids.
#include "hnsw/dedupe.h"

#include <new>

#include "core/rng.h"

namespace vdb::hnsw {

namespace {

// A table entry is tag << 32 | ticket.  An entry only ever changes kEmpty -> kBusy -> (node + 1 or
// kVoid), so a probe sequence never loses what it once led to.
constexpr uint64_t kEmpty = 0;
constexpr uint32_t kBusy = UINT32_MAX;     // somebody is making that node right now
constexpr uint32_t kVoid = UINT32_MAX - 1; // there was no room for it

bool equal_vectors(const BuildRegion *region, VdbNode node, const void *vector, size_t bytes)
{
    const void *other = region->vector(node);
    return vdb_hnsw_vector_bytes(&region->geometry, other) == bytes &&
           std::memcmp(other, vector, bytes) == 0;
}

bool make_node(BuildRegion *region, Point point, VdbTid tid, VdbNode *node)
{
    uint32_t level = vdb_hnsw_level(region->seed, tid, region->geometry.m);
    uint32_t upper = level * region->upper_units;
    size_t bytes = vdb_hnsw_vector_bytes(&region->geometry, point.vector);
    uint32_t apart =
        region->vector_at == 0 ? static_cast<uint32_t>((bytes + kUnit - 1) / kUnit) : 0;
    Used before;
    if (!region->take({1, upper + apart}, &before))
        return false;

    BuildNode *n = new (region->node(before.nodes)) BuildNode();
    n->heap_tid = tid;
    n->level = static_cast<uint8_t>(level);
    n->norm = point.norm;
    n->upper = level > 0 ? before.units + upper : 0;
    n->value = region->vector_at == 0 ? before.units + upper + apart : before.nodes;
    for (uint32_t l = 0; l <= level; l++)
        poke(region->links(before.nodes, l)->count, 0);
    std::memcpy(region->vector(before.nodes), point.vector, bytes);
    *node = before.nodes;
    return true;
}

} // namespace

uint64_t hash_vector(const void *vector, size_t bytes)
{
    // Four independent lanes: a multiplication's latency is hidden.
    uint64_t lane[4] = {1, 2, 3, 4};
    const char *at = static_cast<const char *>(vector);
    uint64_t h = bytes;
    for (; bytes > 0;) {
        uint64_t words[4] = {};
        size_t n = bytes < sizeof(words) ? bytes : sizeof(words);
        std::memcpy(words, at, n);
        for (uint32_t j = 0; j < 4; j++)
            lane[j] = mix64(lane[j] ^ words[j]);
        at += n;
        bytes -= n;
    }
    for (uint64_t l : lane)
        h = mix64(h ^ l) + l;
    return h;
}

Claim claim_node(BuildRegion *region, Point point, VdbTid tid, VdbNode *node)
{
    size_t bytes = vdb_hnsw_vector_bytes(&region->geometry, point.vector);
    uint64_t hash = hash_vector(point.vector, bytes);
    uint32_t tag = static_cast<uint32_t>(hash);
    uint64_t mine = uint64_t{tag} << 32 | kBusy;
    uint64_t at = static_cast<uint64_t>(
        (static_cast<unsigned __int128>(mix64(hash)) * region->hash_slots) >> 64);
    std::atomic<uint64_t> *table = region->hash_table();
    for (uint64_t probes = 0; probes < region->hash_slots; probes++) {
        std::atomic<uint64_t> &slot = table[at];
        uint64_t seen = slot.load(std::memory_order_acquire);
        if (seen == kEmpty && slot.compare_exchange_strong(seen, mine, std::memory_order_acquire)) {
            bool made = make_node(region, point, tid, node);
            slot.store(uint64_t{tag} << 32 | (made ? *node + 1 : kVoid), std::memory_order_release);
            return made ? Claim::kNew : Claim::kFull;
        }
        for (uint32_t tries = 0; seen == mine; seen = slot.load(std::memory_order_acquire))
            wait_a_moment(&tries);
        uint32_t ticket = static_cast<uint32_t>(seen);
        if (seen >> 32 == tag && ticket < kVoid &&
            equal_vectors(region, ticket - 1, point.vector, bytes)) {
            *node = ticket - 1;
            return Claim::kOld;
        }
        if (++at == region->hash_slots)
            at = 0;
    }
    return Claim::kFull;
}

bool attach_tid(BuildRegion *region, VdbNode node, VdbTid tid)
{
    BuildNode *n = region->node(node);
    NodeLock lock(n);
    TidChunk *chunk = static_cast<TidChunk *>(region->piece(n->tids));
    if (n->tids == 0 || chunk->tids[1].offset != 0) {
        Used before;
        if (!region->take({0, 1}, &before))
            return false;
        chunk = static_cast<TidChunk *>(region->piece(before.units + 1));
        *chunk = {n->tids, {tid, {}}};
        n->tids = before.units + 1;
    } else {
        chunk->tids[1] = tid;
    }
    n->extra_tids++;
    return true;
}

} // namespace vdb::hnsw
