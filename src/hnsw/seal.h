// Checks of what tells where a row is, in an index that has them (VdbHnswGeometry::sealed): a
// damaged heap tid leads to a row that may be nearer than the scan said, which the executor reports
// as an internal error.  A node's first heap tid and its norm stand under the check of its kept
// vector, heap tids of a cell under one of their own.
//
// A check is taken off before a change and put back on after it, both by the same step; so one that
// was wrong stays wrong.
#pragma once

#include "core/rng.h"
#include "hnsw/page_format.h"

namespace vdb::hnsw {

inline uint64_t number_of(VdbTid tid)
{
    return uint64_t{tid.block_hi} << 32 | uint64_t{tid.block_lo} << 16 | tid.offset;
}

// What the check of a node's vector covers beside the vector.
inline uint16_t mark_of(const NodeHeader *node, const VdbHnswGeometry &g)
{
    uint32_t norm;
    std::memcpy(&norm, &node->norm, sizeof(norm));
    uint64_t mixed = mix64(number_of(node->heap_tid) + mix64(norm));
    return g.sealed ? static_cast<uint16_t>(mixed >> 32) : 0;
}

inline uint16_t check_of(const CellHeader *cell, const VdbHnswGeometry &g)
{
    uint32_t n = cell->count < g.tids_per_cell ? cell->count : g.tids_per_cell;
    uint64_t sum = mix64(uint64_t{cell->owner} << 16 | cell->count);
    for (uint32_t i = 0; i < n; i++)
        sum += mix64(number_of(cell_tids(cell)[i]) + 1);
    return static_cast<uint16_t>(mix64(sum) >> 32);
}

// Takes the check off, or puts it back on.
inline void turn_check(NodeHeader *node, const VdbHnswGeometry &g)
{
    if (g.sealed)
        vdb_kept_mark(inline_vector(node, g), mark_of(node, g));
}
inline void turn_check(CellHeader *cell, const VdbHnswGeometry &g)
{
    if (g.sealed)
        cell->check ^= check_of(cell, g);
}

// REQUIRES: a cell of heap tids.
inline bool is_intact(const CellHeader *cell, const VdbHnswGeometry &g)
{
    return !g.sealed || cell->check == check_of(cell, g);
}

inline void set_heap_tid(NodeHeader *node, const VdbHnswGeometry &g, VdbTid tid)
{
    turn_check(node, g);
    node->heap_tid = tid;
    turn_check(node, g);
}

} // namespace vdb::hnsw
