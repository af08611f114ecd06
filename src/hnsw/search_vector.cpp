// Search: comparing the query with one stored vector, which may lie on several pages.
#include "hnsw/seal.h"
#include "hnsw/search.h"

namespace vdb::hnsw {

namespace {

// The query's raw distance to a vector that is whole.
void compare(VdbHnswSearch &s, const void *stored)
{
    if (vdb_hnsw_coded(&s.g)) {
        s.raw = vdb_kept_raw(s.g.kept, s.space.metric, s.g.space.dims,
                             static_cast<const float *>(s.query.vector), stored);
        s.error = vdb_kept_error(s.g.kept, stored);
    } else {
        s.raw = s.space.raw(s.query.vector, stored, s.units);
    }
}

// Takes n units of the node's vector, from the start-th on.
void add_units(VdbHnswSearch &s, const void *units, uint32_t start, uint32_t n)
{
    if (assembles(s.g))
        std::memcpy(unit_at(s.assembled, s.g, start), units, size_t{n} * s.g.unit_size);
    else
        s.raw += s.space.raw(unit_at(s.query.vector, s.g, start), units, n);
}

// `mark` is what its check covers beside it.
bool is_intact(const VdbHnswSearch &s, const void *kept, uint16_t mark)
{
    return !s.g.checked || vdb_kept_marked(s.g.kept, s.g.space.dims, kept, mark);
}

// Whether the node is still the one whose slices were read.
bool has_these_slices(const VdbHnswSearch &s, const NodeHeader *node)
{
    return node->generation == s.generation &&
           std::memcmp(s.slices, vector_blocks(node, s.g), s.slice_count * sizeof(VdbBlock)) == 0;
}

} // namespace

VdbStatus begin_vector(VdbHnswSearch &s, const NodeHeader *node)
{
    s.live = node->state == NodeState::kLive;
    s.norm = node->norm;
    s.units = units_of(node, s.g);
    if (s.units == 0)
        return VDB_CORRUPT;
    s.slice_count = vdb_hnsw_slices(&s.g, s.units);
    if (s.slice_count == 0) {
        if (vdb_hnsw_coded(&s.g) && !is_intact(s, inline_vector(node, s.g), mark_of(node, s.g)))
            return VDB_CORRUPT;
        compare(s, inline_vector(node, s.g));
        return VDB_OK;
    }
    bool doubted = s.doubted == s.node;
    s.doubted = VDB_NO_NODE;
    if (doubted && has_these_slices(s, node))
        return VDB_CORRUPT;
    s.generation = node->generation;
    std::memcpy(s.slices, vector_blocks(node, s.g), s.slice_count * sizeof(VdbBlock));
    for (uint32_t i = 0; i < s.slice_count; i++)
        if (s.slices[i] == VDB_NO_BLOCK)
            return VDB_STALE; // vacuum is taking the node apart, from the last slice on
    s.raw = 0;
    add_units(s, inline_vector(node, s.g), 0, s.g.inline_units);
    if (s.g.sealed)
        vdb_kept_mark(s.assembled, mark_of(node, s.g));
    s.slice = 0;
    want(s, Want::kSlice, s.slices[0]);
    return VDB_OK;
}

bool add_slice(VdbHnswSearch &s, const void *page)
{
    add_units(s, slice_vector(page), slice_start(s.g, s.slice), slice_units(s.g, s.units, s.slice));
    if (++s.slice < s.slice_count) {
        want(s, Want::kSlice, s.slices[s.slice]);
        return false;
    }
    if (vdb_hnsw_coded(&s.g) && !is_intact(s, s.assembled, 0)) {
        s.doubted = s.node;
        want(s, s.by_codes ? Want::kHop : Want::kVisit, vdb_hnsw_node_block(&s.g, s.node));
        return false;
    }
    if (assembles(s.g))
        compare(s, s.assembled);
    want(s, Want::kNothing, VDB_NO_BLOCK);
    return true;
}

} // namespace vdb::hnsw
