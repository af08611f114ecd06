// Nodes change places in memory, so that near ones are neighbours there.
//
// Leaves, pools and lists are read node by node, and each node that lies anywhere costs a page of
// its own.  After partitioning nodes are put into the order of their nearest leaders, in place:
// any permutation is two rounds of swaps that have nothing to do with each other, so processes
// share each round as they share everything else.
#include <algorithm>
#include <numeric>
#include <utility>

#include "hnsw/partition.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kKeys = 3;     // nearest leaders that the order follows
constexpr uint32_t kKeyBits = 10; // of each
static_assert(kMostParts <= 1U << kKeyBits && kKeys * kKeyBits <= 32);
static_assert(kKeys <= kPartitionFan);

// The memory of part_words(), while there are no parts: four lists of as many words as nodes fit.
uint32_t *list(BuildRegion *r, uint32_t i)
{
    static_assert(kPartitionFan == 4);
    return r->part_words() + uint64_t{i} * r->capacity;
}

// The first list: nodes in the order that they are to have.  Uses all others.
void sort_nodes(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    uint32_t *keys = list(r, 3), *from = list(r, 1), *to = list(r, 2);
    for (uint32_t i = 0; i < p.count; i++) {
        const uint32_t *homes = r->pool(node_at(r, i))->places();
        keys[i] = 0;
        for (uint32_t f = 0; f < std::min(p.fan, kKeys); f++)
            keys[i] |= homes[f] << f * kKeyBits;
        from[i] = i;
    }
    for (uint32_t f = kKeys; f-- > 0;) {
        auto key = [keys, f](uint32_t place) {
            return keys[place] >> f * kKeyBits & ((1U << kKeyBits) - 1);
        };
        std::fill_n(p.starts, kMostParts + 1, 0);
        for (uint32_t i = 0; i < p.count; i++)
            p.starts[key(i) + 1]++;
        for (uint32_t i = 0; i < kMostParts; i++)
            p.starts[i + 1] += p.starts[i];
        for (uint32_t i = 0; i < p.count; i++)
            to[p.starts[key(from[i])]++] = from[i];
        std::swap(from, to);
    }
    for (uint32_t i = 0; i < p.count; i++)
        list(r, 0)[i] = node_at(r, from[i]);
}

// Where the swaps of a round are listed, and how many there are.
struct Round {
    uint32_t *pairs;
    uint32_t *swaps;

    void add(uint32_t a, uint32_t b)
    {
        pairs[2 * *swaps] = a;
        pairs[2 * *swaps + 1] = b;
        ++*swaps;
    }
};

Round round_of(BuildRegion *r, uint32_t i)
{
    return {list(r, 1 + i), &r->phases.swaps[i]};
}

// A cycle, in which each place gets the node of the next one: turned round as a whole, then all but
// its last.
void list_swaps(BuildRegion *r, const uint32_t *cycle, uint32_t n)
{
    for (uint32_t i = 0; i + 1 < n - i; i++)
        round_of(r, 0).add(cycle[i], cycle[n - 1 - i]);
    for (uint32_t i = 0; i + 2 < n - i; i++)
        round_of(r, 1).add(cycle[i], cycle[n - 2 - i]);
}

} // namespace

void begin_moving(BuildRegion *r)
{
    BuildPhases &p = r->phases;
    sort_nodes(r);
    uint32_t *source = list(r, 0), *cycle = list(r, 3);
    p.swaps[0] = p.swaps[1] = 0;
    std::fill_n(r->words(), p.count, VDB_NO_NODE);
    for (uint32_t i = 0; i < p.count; i++) {
        if (r->words()[i] != VDB_NO_NODE)
            continue;
        uint32_t n = 0;
        for (uint32_t at = i; n == 0 || at != i; at = source[at]) {
            cycle[n++] = at;
            r->words()[source[at]] = at;
        }
        list_swaps(r, cycle, n);
    }
}

void swap_nodes(BuildRegion *r, uint32_t round, uint32_t first, uint32_t n)
{
    const uint32_t *pairs = round_of(r, round).pairs;
    uint64_t end = r->pool_at + CandidatePool::bytes(0) + kPartitionFan * sizeof(uint32_t);
    for (uint32_t i = first; i < first + n; i++) {
        char *a = reinterpret_cast<char *>(r->node(pairs[2 * i]));
        char *b = reinterpret_cast<char *>(r->node(pairs[2 * i + 1]));
        std::swap_ranges(a, a + sizeof(BuildNode), b);
        std::swap_ranges(a + r->vector_at, a + end, b + r->vector_at);
    }
}

void end_moving(BuildRegion *r)
{
    const uint32_t *place = r->words();
    for (VdbNode i = 0; i < r->phases.count; i++)
        for (uint32_t level = r->node(i)->level; level > 0; level--) {
            Links *links = r->links(i, level);
            for (uint32_t j = 0; j < peek(links->count); j++)
                poke(links->ids[j], place[peek(links->ids[j])]);
        }
    uint64_t entry = r->entry.load(std::memory_order_relaxed);
    VdbNode node = static_cast<VdbNode>(entry) - 1;
    r->entry.store((entry >> 32 << 32) | (place[node] + 1), std::memory_order_relaxed);
    std::iota(r->words(), r->words() + r->phases.count, 0U);
}

} // namespace vdb::hnsw
