// Vectors of several nodes, collected page by page, and the choice of neighbours among them.
#include <algorithm>

#include "core/align.h"
#include "hnsw/links_api.h"
#include "hnsw/page_format.h"
#include "hnsw/prune.h"
#include "hnsw/seal.h"

using namespace vdb;
using namespace vdb::hnsw;

// A gathered node.
struct VdbGathered {
    VdbNode node;
    uint32_t units; // of its stored vector
    void *stored;   // as on its pages; set once it is known
    void *vector;   // as it is compared: the same, unless the index has codes
    float norm;
    uint16_t generation;
    bool live;
};

struct VdbGather {
    VdbHnswGeometry g;
    GraphSpace space;
    uint32_t capacity;
    uint32_t size;
    uint32_t done; // nodes whose vectors are complete
    uint32_t slice;
    bool in_slices; // the next page is slice `slice` of node `done`
    VdbBlock slices[kMaxVectorPages];
    VdbGathered *nodes;
    Edge *edges;   // scratch of a choice
    char *vectors; // of `room` bytes, the complete ones' from the start on
    size_t room;
    size_t used;
};

namespace {

// Bytes of a stored vector beside the vector itself.
size_t stored_bytes(const VdbHnswGeometry &g)
{
    return vdb_hnsw_coded(&g) ? align8(size_t{g.units} * g.unit_size) : 0;
}

// Bytes to gather so many vectors.  Of sparse ones, those of a full list fit whatever their length,
// and one put by hand; the others in twice the room of their slots.  What does not fit any more is
// left out, as if the gather were full.  Memory that is not needed is never touched.
size_t vectors_room(const VdbHnswGeometry &g, uint32_t capacity)
{
    size_t most = align8(vdb_value_bytes(&g.space));
    uint32_t sure = is_sparse(g) ? std::min(capacity, max_degree(g) + 2) : capacity;
    size_t usual = std::min(most, 2 * align8(g.inline_units * g.unit_size));
    return sure * (most + stored_bytes(g)) + (capacity - sure) * usual;
}

// Sets aside memory for a vector; null if that would not leave room for one put by hand.
void *take(VdbGather *gather, size_t bytes, bool by_hand)
{
    size_t spare = by_hand || !is_sparse(gather->g) ? 0 : vdb_value_bytes(&gather->g.space);
    if (gather->used + bytes + spare > gather->room)
        return nullptr;
    void *vector = gather->vectors + gather->used;
    gather->used += bytes;
    return vector;
}

// Takes node `done` out: its slot has become free.
void drop(VdbGather *gather)
{
    gather->size--;
    for (uint32_t i = gather->done; i < gather->size; i++)
        gather->nodes[i] = gather->nodes[i + 1];
}

// The node's stored vector is complete.
void end_vector(VdbGather *gather)
{
    const VdbHnswGeometry &g = gather->g;
    VdbGathered &entry = gather->nodes[gather->done++];
    if (vdb_hnsw_coded(&g))
        vdb_kept_decode(g.kept, g.space.dims, entry.stored, static_cast<float *>(entry.vector));
}

// Takes what the slot has of a node's vector.
VdbStatus begin_vector(VdbGather *gather, const NodeHeader *node)
{
    const VdbHnswGeometry &g = gather->g;
    VdbGathered &entry = gather->nodes[gather->done];
    uint32_t units = units_of(node, g);
    if (units == 0)
        return VDB_CORRUPT;
    void *stored = take(gather, align8(size_t{units} * g.unit_size), false);
    if (stored == nullptr) {
        drop(gather);
        return VDB_OK;
    }
    void *vector = stored;
    if (vdb_hnsw_coded(&g))
        vector = take(gather, align8(vdb_value_bytes(&g.space)), false);
    entry = {entry.node,
             units,
             stored,
             vector,
             node->norm,
             node->generation,
             node->state == NodeState::kLive};
    std::memcpy(stored, inline_vector(node, g), units_in_slot(g, units) * g.unit_size);
    if (g.sealed) // equal vectors are equal bytes
        vdb_kept_mark(stored, mark_of(node, g));
    uint32_t slices = vdb_hnsw_slices(&g, units);
    std::memcpy(gather->slices, vector_blocks(node, g), slices * sizeof(VdbBlock));
    for (uint32_t i = 0; i < slices; i++)
        if (gather->slices[i] == VDB_NO_BLOCK)
            return VDB_CORRUPT; // only a detached node may lack some
    gather->slice = 0;
    gather->in_slices = slices > 0;
    if (slices == 0)
        end_vector(gather);
    return VDB_OK;
}

bool stays(const VdbLinks *links, VdbNode node, VdbNode must)
{
    if (node == must)
        return true;
    for (uint32_t i = 0; i < links->pinned; i++)
        if (links->ids[i] == node)
            return true;
    return false;
}

} // namespace

size_t vdb_hnsw_gather_size(const VdbHnswGeometry *g, uint32_t capacity) noexcept
{
    return align64(sizeof(VdbGather)) + align64(capacity * sizeof(VdbGathered)) +
           align64(capacity * sizeof(Edge)) + vectors_room(*g, capacity);
}

VdbGather *vdb_hnsw_gather_init(void *memory, const VdbHnswGeometry *g, uint32_t capacity) noexcept
{
    auto *gather = static_cast<VdbGather *>(memory);
    *gather = {};
    gather->g = *g;
    gather->space = make_space(*g);
    gather->capacity = capacity;
    char *at = static_cast<char *>(memory) + align64(sizeof(VdbGather));
    gather->nodes = reinterpret_cast<VdbGathered *>(at);
    at += align64(capacity * sizeof(VdbGathered));
    gather->edges = reinterpret_cast<Edge *>(at);
    at += align64(capacity * sizeof(Edge));
    gather->vectors = at;
    gather->room = vectors_room(*g, capacity);
    return gather;
}

void vdb_hnsw_gather_clear(VdbGather *gather) noexcept
{
    gather->size = gather->done = 0;
    gather->used = 0;
    gather->in_slices = false;
}

void vdb_hnsw_gather_add(VdbGather *gather, VdbNode node) noexcept
{
    if (gather->size == gather->capacity)
        return;
    for (uint32_t i = 0; i < gather->size; i++)
        if (gather->nodes[i].node == node)
            return;
    gather->nodes[gather->size++] = {node, 0, nullptr, nullptr, 0, 0, false};
}

bool vdb_hnsw_gather_full(const VdbGather *gather) noexcept
{
    return gather->size == gather->capacity;
}

void vdb_hnsw_gather_put(VdbGather *gather, VdbNode node, const void *vector, float norm) noexcept
{
    // Complete nodes come first, so it goes where the next incomplete one stood.
    uint32_t at = gather->done++;
    size_t bytes = vdb_hnsw_vector_bytes(&gather->g, vector);
    gather->nodes[gather->size++] = gather->nodes[at];
    gather->nodes[at] = {node, 0, nullptr, take(gather, align8(bytes), true), norm, 0, true};
    std::memcpy(gather->nodes[at].vector, vector, bytes);
}

VdbBlock vdb_hnsw_gather_next(VdbGather *gather) noexcept
{
    if (gather->in_slices)
        return gather->slices[gather->slice];
    if (gather->done == gather->size)
        return VDB_NO_BLOCK;
    return vdb_hnsw_node_block(&gather->g, gather->nodes[gather->done].node);
}

VdbStatus vdb_hnsw_gather_feed(VdbGather *gather, const void *page) noexcept
{
    const VdbHnswGeometry &g = gather->g;
    VdbGathered &entry = gather->nodes[gather->done];
    if (page_kind(page, g) != (gather->in_slices ? VDB_HNSW_PAGE_VECTOR : VDB_HNSW_PAGE_NODE))
        return VDB_CORRUPT;
    if (gather->in_slices) {
        std::memcpy(unit_at(entry.stored, g, slice_start(g, gather->slice)), slice_vector(page),
                    slice_units(g, entry.units, gather->slice) * g.unit_size);
        gather->in_slices = ++gather->slice < vdb_hnsw_slices(&g, entry.units);
        if (!gather->in_slices)
            end_vector(gather);
        return VDB_OK;
    }
    const NodeHeader *node = node_at(page, g, vdb_hnsw_node_slot(&g, entry.node));
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    if (node->state == NodeState::kFree || node->state == NodeState::kDetached) {
        drop(gather);
        return VDB_OK;
    }
    return begin_vector(gather, node);
}

bool vdb_hnsw_gather_find_equal(const VdbGather *gather, const void *stored, VdbNode *node,
                                uint16_t *generation) noexcept
{
    uint32_t units = vdb_hnsw_stored_units(&gather->g, stored);
    for (uint32_t i = 0; i < gather->done; i++) {
        const VdbGathered &other = gather->nodes[i];
        if (other.node == VDB_HNSW_NEW_NODE || !other.live || other.units != units ||
            std::memcmp(other.stored, stored, size_t{units} * gather->g.unit_size) != 0)
            continue;
        *node = other.node;
        *generation = other.generation;
        return true;
    }
    return false;
}

void vdb_hnsw_gather_choose(VdbGather *gather, VdbLinks *links, uint32_t limit,
                            VdbNode must) noexcept
{
    const VdbGathered &centre = gather->nodes[0];
    Point from = {centre.vector, centre.norm};
    uint32_t n = 0;
    for (uint32_t i = 1; i < gather->done; i++) {
        const VdbGathered &other = gather->nodes[i];
        bool keep = stays(links, other.node, must);
        if (other.node == centre.node || (!other.live && !keep))
            continue;
        Point to = {other.vector, other.norm};
        gather->edges[n++] = {{gather->space.between(from, to), other.node}, to, keep};
    }
    std::sort(gather->edges, gather->edges + n,
              [](const Edge &a, const Edge &b) { return nearer(a.candidate, b.candidate); });
    Choice choice = {centre.norm, limit, std::min(limit, enough_links(gather->g, links->level))};
    select_edges(gather->space, choice, gather->edges, n);

    links->count = links->pinned;
    // A pinned node that was not gathered is not among the edges, so the limit is looked at here
    // too.
    for (uint32_t i = 0; i < n && links->count < limit; i++)
        if (gather->edges[i].keep &&
            vdb_hnsw_links_find(links, gather->edges[i].candidate.node) >= links->pinned)
            links->ids[links->count++] = gather->edges[i].candidate.node;
}

void vdb_hnsw_gather_codes(const VdbGather *gather, const VdbLinks *links, VdbEdgeCodes *codes,
                           VdbEdgeCodes *back) noexcept
{
    vdb_hnsw_codes_clear(codes);
    if (back != nullptr)
        vdb_hnsw_codes_clear(back);
    for (uint32_t i = 0; i < links->count; i++)
        vdb_hnsw_gather_add_codes(gather, links->ids[i], codes, back);
}

void vdb_hnsw_gather_add_codes(const VdbGather *gather, VdbNode node, VdbEdgeCodes *codes,
                               VdbEdgeCodes *back) noexcept
{
    uint32_t i = 1;
    while (i < gather->done && gather->nodes[i].node != node)
        i++;
    if (i >= gather->done)
        return;
    vdb_hnsw_codes_add(codes, node, gather->nodes[0].vector, gather->nodes[i].vector);
    if (back != nullptr)
        vdb_hnsw_codes_add(back, node, gather->nodes[i].vector, gather->nodes[0].vector);
}
