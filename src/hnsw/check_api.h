/*
 * The hnsw checker as plain C: proves the invariants of a whole index from its pages.
 *
 * Feed every page once, in block order, then call finish until it says it is done; problems and
 * counts may be read at any time.  The checker owns no memory but the block it is given, raises
 * nothing and survives any page content.  The pages must not change meanwhile, or it may report
 * problems that are none.
 */
#ifndef VDB_HNSW_CHECK_API_H
#define VDB_HNSW_CHECK_API_H

#include "core/problem_api.h"
#include "hnsw/hnsw_api.h"

VDB_BEGIN_DECLS

typedef struct VdbHnswCheck VdbHnswCheck;

/* What there is in the index.  Edges and cells are those of nodes that are not free. */
typedef struct VdbHnswCheckCounts {
    uint64_t live;
    uint64_t tombstones; /* without heap tids, still routing */
    uint64_t detached;   /* out of the tree, waiting to be freed */
    uint64_t free_slots;
    uint64_t heap_tids;
    uint64_t edges;           /* level 0, of live nodes */
    uint64_t tombstone_edges; /* any level, leading to tombstones */
    uint64_t stale_edges;     /* any level, leading to free or detached slots: allowed */
    uint64_t empty;        /* live without heap tids: an unfinished vacuum leaves them: allowed */
    uint64_t lost_cells;   /* in use but linked by nobody (a crash may leave some): allowed */
    uint64_t lost_vectors; /* vector pages neither used nor on the free list: allowed */
    uint64_t pages[5];     /* by VdbHnswPageKind; [0] = all-zero pages */
    uint64_t problems;     /* may exceed VDB_MAX_PROBLEMS */
    uint64_t level_nodes[VDB_HNSW_MAX_LEVEL + 1]; /* live nodes by their level */
    VdbNode root;
    VdbNode entry;
    uint32_t entry_level;
} VdbHnswCheckCounts;

/*
 * Geometry of an index from its block 0.  VDB_CORRUPT when the metapage is damaged or of another
 * format; *problem then says how.
 */
VdbStatus vdb_hnsw_check_geometry(const void *metapage, uint32_t page_size, VdbHnswGeometry *out,
                                  const char **problem) VDB_NOEXCEPT;

/* Where the used part of a page of that kind ends: PostgreSQL's pd_lower may not lie before it. */
uint32_t vdb_hnsw_check_page_end(const VdbHnswGeometry *g, VdbHnswPageKind kind) VDB_NOEXCEPT;

/* Bytes that checking an index of so many blocks needs, most of them touched only when used. */
VdbStatus vdb_hnsw_check_size(const VdbHnswGeometry *g, VdbBlock blocks,
                              size_t *bytes) VDB_NOEXCEPT;

/*
 * Starts a check in `memory` (8-byte aligned, of the size above).  heap_blocks bounds the heap
 * tids; VDB_NO_BLOCK = do not.
 */
VdbHnswCheck *vdb_hnsw_check_begin(void *memory, const VdbHnswGeometry *g, VdbBlock blocks,
                                   VdbBlock heap_blocks) VDB_NOEXCEPT;

/* REQUIRES: called for blocks 0, 1, ... in order; page is 8-byte aligned. */
void vdb_hnsw_check_feed(VdbHnswCheck *check, VdbBlock block, const void *page) VDB_NOEXCEPT;

/*
 * The heap tids on the page fed last, as far as they are well-formed.  `out` has room for page_size
 * / sizeof(VdbTid) of them.
 */
uint32_t vdb_hnsw_check_page_tids(const VdbHnswCheck *check, const void *page,
                                  VdbTid *out) VDB_NOEXCEPT;

/* Does a bounded part of the work that needs all pages; true = call again.  REQUIRES: all pages
 * were fed. */
bool vdb_hnsw_check_finish(VdbHnswCheck *check) VDB_NOEXCEPT;

const VdbHnswCheckCounts *vdb_hnsw_check_counts(const VdbHnswCheck *check) VDB_NOEXCEPT;

/* REQUIRES: i < counts->problems and i < VDB_MAX_PROBLEMS. */
const VdbProblem *vdb_hnsw_check_problem(const VdbHnswCheck *check, uint32_t i) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
