// Vectors of several nodes, collected page by page, and the choice of neighbours among them.
#include <algorithm>

#include "hnsw/links_api.h"
#include "hnsw/page_format.h"
#include "hnsw/prune.h"

using namespace vdb::hnsw;

// A gathered node.
struct VdbGathered {
    VdbNode node;
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
    VdbBlock slices[16];
    VdbGathered *nodes;
    Edge *edges; // scratch of a choice
    char *vectors;
};

namespace {

constexpr size_t align64(size_t n)
{
    return (n + 63) & ~(size_t) 63;
}

void *vector_of(const VdbGather *gather, uint32_t i)
{
    return gather->vectors + i * vdb_hnsw_vector_bytes(&gather->g);
}

// Takes node `done` out: its slot has become free.
void drop(VdbGather *gather)
{
    gather->size--;
    for (uint32_t i = gather->done; i < gather->size; i++)
        gather->nodes[i] = gather->nodes[i + 1];
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
           align64(capacity * sizeof(Edge)) + capacity * vdb_hnsw_vector_bytes(g);
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
    return gather;
}

void vdb_hnsw_gather_clear(VdbGather *gather) noexcept
{
    gather->size = gather->done = 0;
    gather->in_slices = false;
}

void vdb_hnsw_gather_add(VdbGather *gather, VdbNode node) noexcept
{
    if (gather->size == gather->capacity)
        return;
    for (uint32_t i = 0; i < gather->size; i++)
        if (gather->nodes[i].node == node)
            return;
    gather->nodes[gather->size++] = {node, 0, 0, false};
}

bool vdb_hnsw_gather_full(const VdbGather *gather) noexcept
{
    return gather->size == gather->capacity;
}

void vdb_hnsw_gather_put(VdbGather *gather, VdbNode node, const void *vector, float norm) noexcept
{
    // Complete nodes come first, so it goes where the next incomplete one stood.
    uint32_t at = gather->done++;
    gather->nodes[gather->size++] = gather->nodes[at];
    gather->nodes[at] = {node, norm, 0, true};
    std::memcpy(vector_of(gather, at), vector, vdb_hnsw_vector_bytes(&gather->g));
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
    void *vector = vector_of(gather, gather->done);
    if (page_kind(page, g) != (gather->in_slices ? VDB_HNSW_PAGE_VECTOR : VDB_HNSW_PAGE_NODE))
        return VDB_CORRUPT;
    if (gather->in_slices) {
        std::memcpy(unit_at(vector, g, slice_start(g, gather->slice)), slice_vector(page),
                    slice_units(g, gather->slice) * g.unit_size);
        gather->in_slices = ++gather->slice < g.vector_pages;
        gather->done += !gather->in_slices;
        return VDB_OK;
    }
    VdbGathered &entry = gather->nodes[gather->done];
    const NodeHeader *node = node_at(page, g, vdb_hnsw_node_slot(&g, entry.node));
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    if (node->state == NodeState::kFree || node->state == NodeState::kDetached) {
        drop(gather);
        return VDB_OK;
    }
    entry.live = node->state == NodeState::kLive;
    entry.norm = node->norm;
    entry.generation = node->generation;
    std::memcpy(vector, inline_vector(node, g), g.inline_units * g.unit_size);
    if (g.vector_pages == 0) {
        gather->done++;
        return VDB_OK;
    }
    std::memcpy(gather->slices, vector_blocks(node, g), g.vector_pages * sizeof(VdbBlock));
    for (uint32_t i = 0; i < g.vector_pages; i++)
        if (gather->slices[i] == VDB_NO_BLOCK)
            return VDB_CORRUPT; // only a detached node may lack some
    gather->slice = 0;
    gather->in_slices = true;
    return VDB_OK;
}

bool vdb_hnsw_gather_find_equal(const VdbGather *gather, const void *vector, VdbNode *node,
                                uint16_t *generation) noexcept
{
    for (uint32_t i = 0; i < gather->done; i++) {
        const VdbGathered &other = gather->nodes[i];
        if (other.node == VDB_HNSW_NEW_NODE || !other.live ||
            std::memcmp(vector_of(gather, i), vector, vdb_hnsw_vector_bytes(&gather->g)) != 0)
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
    Point from = {vector_of(gather, 0), centre.norm};
    uint32_t n = 0;
    for (uint32_t i = 1; i < gather->done; i++) {
        const VdbGathered &other = gather->nodes[i];
        bool keep = stays(links, other.node, must);
        if (other.node == centre.node || (!other.live && !keep))
            continue;
        Point to = {vector_of(gather, i), other.norm};
        gather->edges[n++] = {{gather->space.between(from, to), other.node}, to, keep};
    }
    std::sort(gather->edges, gather->edges + n,
              [](const Edge &a, const Edge &b) { return nearer(a.candidate, b.candidate); });
    select_edges(gather->space, gather->edges, n, limit,
                 std::min(limit, enough_links(gather->g, links->level)));

    links->count = links->pinned;
    // A pinned node that was not gathered is not among the edges, so the limit is looked at here
    // too.
    for (uint32_t i = 0; i < n && links->count < limit; i++)
        if (gather->edges[i].keep &&
            vdb_hnsw_links_find(links, gather->edges[i].candidate.node) >= links->pinned)
            links->ids[links->count++] = gather->edges[i].candidate.node;
}
