// End of a build by files: the tree that makes every node reachable, and with it the order of the
// file.  As many nodes as fit into memory by their lists alone are walked at once, by the steps of
// a build in memory; then the tree of the next ones hangs on theirs.
#include <algorithm>
#include <new>

#include "hnsw/external.h"
#include "hnsw/graph_build.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kBudget = 10000; // nodes between two looks for interrupts

struct List {
    ListHead head;
    uint32_t ids[2 * VDB_HNSW_MAX_M];
};

uint64_t node_bytes(const VdbHnswGeometry &g)
{
    return (sizeof(BuildNode) + sizeof(Links) + 2 * g.m * sizeof(VdbNode) + kUnit - 1) / kUnit *
           kUnit;
}

// Lists of a run of nodes.
struct Run {
    External *x;
    const VdbHnswStore *store;
    BuildRegion *region;
    uint32_t first;
    uint32_t n;

    uint64_t offset(uint32_t i) const
    {
        return x->lists_at[0] + uint64_t{first + i} * x->list_bytes(0);
    }

    void make_region()
    {
        uint64_t words = align64(2 * uint64_t{n} * sizeof(uint32_t));
        BuildRegion *r = region = new (x->base() + x->regions_at) BuildRegion();
        r->geometry = x->geometry;
        r->capacity = n;
        r->hash_at = align64(sizeof(BuildRegion));
        r->nodes_at = r->hash_at + words;
        r->end = x->bytes - x->regions_at;
        r->node_stride = static_cast<uint32_t>(node_bytes(x->geometry));
        r->pool_at = r->node_stride; // nodes are put in order
        r->bare = 1;
        r->tree_at = VDB_NO_NODE;
        r->used.store(n, std::memory_order_relaxed);
        r->entry.store(1, std::memory_order_relaxed);
        for (uint32_t i = 0; i < n; i++)
            r->words()[i] = i;
    }

    // Ids in memory are relative to the first node: those of nodes before it become large.
    void load()
    {
        for (uint32_t i = 0; i < n; i++) {
            List list;
            store->read(store->owner, VDB_HNSW_FILE_LISTS, offset(i), &list, x->list_bytes(0));
            new (region->node(i)) BuildNode();
            Links *links = region->links(i, 0);
            poke(links->count, list.head.count);
            for (uint32_t j = 0; j < list.head.count; j++)
                poke(links->ids[j], list.ids[j] - first);
        }
    }

    // A read is where the caller looks for interrupts.
    void pause() const
    {
        ListHead head;
        store->read(store->owner, VDB_HNSW_FILE_LISTS, offset(0), &head, sizeof(head));
    }

    void save()
    {
        for (uint32_t i = 0; i < n; i++) {
            List list = {};
            const Links *links = region->links(i, 0);
            list.head.count = static_cast<uint16_t>(peek(links->count));
            list.head.pinned = region->node(i)->pinned;
            for (uint32_t j = 0; j < list.head.count; j++)
                list.ids[j] = peek(links->ids[j]) + first;
            store->write(store->owner, VDB_HNSW_FILE_LISTS, offset(i), &list, x->list_bytes(0));
            uint32_t place = first + region->part_words()[i];
            x->order()[first + i] = place;
            x->positions()[place] = first + i;
        }
    }
};

} // namespace

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

void vdb_hnsw_external_finish(void *memory, const VdbHnswStore *store) noexcept
{
    External *x = external_of(memory);
    x->phases.level = 0;
    uint64_t room = x->bytes - x->regions_at - align64(sizeof(BuildRegion)) - kCacheLine;
    uint64_t most = room / (node_bytes(x->geometry) + 2 * sizeof(uint32_t));
    for (uint32_t first = 0; first < x->nodes;) {
        uint32_t n = static_cast<uint32_t>(std::min<uint64_t>(most, x->nodes - first));
        Run run = {x, store, nullptr, first, n};
        run.make_region();
        run.load();
        while (!vdb_hnsw_build_finish(run.region, nullptr, kBudget))
            run.pause();
        first += n;
        if (first < x->nodes)
            adopt_outsider(run.region, n);
        run.save();
    }
}
