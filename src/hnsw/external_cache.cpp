// The vectors that a process of a build by files holds in memory.
#include "hnsw/external.h"

#include <new>

namespace vdb::hnsw {

namespace {

uint64_t links_end(const VdbHnswGeometry &g)
{
    return align64(sizeof(BuildNode) + sizeof(Links) + 2 * g.m * sizeof(VdbNode));
}

uint64_t pool_at(const VdbHnswGeometry &g)
{
    return links_end(g) + align64(vdb_value_bytes(&g.space));
}

uint64_t node_bytes(const VdbHnswGeometry &g)
{
    return pool_at(g) + align64(CandidatePool::bytes(pool_size(g)));
}

uint64_t head_bytes(uint64_t nodes)
{
    return align64(sizeof(BuildRegion)) + align64(nodes * sizeof(uint32_t));
}

// The list that is being chosen stands where one of the bottom would, on upper levels too.
uint32_t upper_piece(BuildRegion *r, VdbNode node, uint32_t level)
{
    uint64_t list = static_cast<uint64_t>(reinterpret_cast<char *>(r->links(node, 0)) - r->base());
    return static_cast<uint32_t>((r->end - list) / kUnit + (level - 1) * r->upper_units);
}
static_assert(sizeof(BuildNode) % kUnit == 0);

} // namespace

uint64_t cache_bytes(const VdbHnswGeometry &g, uint64_t nodes, uint64_t capacity)
{
    return head_bytes(nodes) + capacity * node_bytes(g);
}

uint32_t cache_capacity(const VdbHnswGeometry &g, uint64_t nodes, uint64_t bytes)
{
    if (bytes < head_bytes(nodes))
        return 0;
    uint64_t capacity = (bytes - head_bytes(nodes)) / node_bytes(g);
    return capacity < nodes ? static_cast<uint32_t>(capacity) : static_cast<uint32_t>(nodes);
}

BuildRegion *make_cache_region(External *x, void *memory, uint64_t bytes, uint32_t capacity)
{
    const VdbHnswGeometry &g = x->geometry;
    BuildRegion *r = new (memory) BuildRegion();
    r->geometry = g;
    r->seed = x->seed;
    r->ef_construction = x->ef_construction;
    r->capacity = capacity;
    r->hash_at = align64(sizeof(BuildRegion));
    r->nodes_at = head_bytes(x->nodes);
    r->end = bytes;
    r->node_stride = static_cast<uint32_t>(node_bytes(g));
    r->vector_at = static_cast<uint32_t>(links_end(g));
    r->pool_at = static_cast<uint32_t>(pool_at(g));
    r->pool_size = pool_size(g);
    r->upper_units = upper_list_units(g);
    r->tree_at = VDB_NO_NODE;
    return r;
}

void Cache::reset()
{
    for (uint32_t i = 0; i < x->nodes; i++)
        region->words()[i] = VDB_NO_NODE;
    for (uint32_t i = 0; i < region->capacity; i++) {
        new (region->node(i)) BuildNode();
        region->node(i)->parent = VDB_NO_NODE;
    }
    stamp_ = 1;
    hand_ = 0;
}

// The first node that was not asked for since the hand came by last.
VdbNode Cache::make_room()
{
    for (;;) {
        VdbNode at = hand_;
        BuildNode *n = region->node(at);
        hand_ = hand_ + 1 == region->capacity ? 0 : hand_ + 1;
        if (n->spill == stamp_ && n->parent != VDB_NO_NODE)
            continue;
        if (n->reached) {
            n->reached = 0;
            continue;
        }
        if (n->parent != VDB_NO_NODE)
            region->words()[n->parent] = VDB_NO_NODE;
        return at;
    }
}

VdbNode Cache::hold(uint32_t place)
{
    VdbNode id = region->words()[place];
    BuildNode *n;
    if (id == VDB_NO_NODE) {
        read(place);
        id = make_room();
        n = new (region->node(id)) BuildNode();
        n->parent = place;
        if (x->phases.level > 0)
            n->upper = upper_piece(region, id, x->phases.level);
        n->norm = head()->norm;
        n->heap_tid = head()->tid;
        std::memcpy(region->vector(id), vector(), vdb_value_bytes(&x->geometry.space));
        region->words()[place] = id;
    }
    n = region->node(id);
    n->spill = stamp_;
    n->reached = 1;
    return id;
}

void Cache::read(uint32_t place)
{
    uint32_t bottom = x->bottom_place(x->phases.level, place);
    RowPlace at = {VDB_HNSW_FILE_VECTORS, bottom * x->record_bytes()};
    if (!x->settled)
        at = find_row(x, x->all_rows()[bottom].row);
    store->read(store->owner, at.file, at.offset, record,
                sizeof(RowHead) + vdb_value_bytes(&x->geometry.space));
}

} // namespace vdb::hnsw
