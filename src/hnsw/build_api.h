/*
 * Bulk build of an hnsw index in one flat piece of memory: the plain-C face for src/pg.
 *
 * The region holds offsets only, so several processes may map it at different addresses and add to
 * it at the same time.  Order of calls: init once; add by anybody; the phases until the rows are
 * linked; then, by one process and with nobody else at work, finish, layout and render.  Nothing
 * here allocates, blocks on a kernel object or raises.
 */
#ifndef VDB_HNSW_BUILD_API_H
#define VDB_HNSW_BUILD_API_H

#include "hnsw/hnsw_api.h"

VDB_BEGIN_DECLS

/* Bytes of a region in which `rows` different vectors certainly fit, upper levels included (sparse
 * ones: if they fill their slots on average); 0 if that cannot be addressed. */
size_t vdb_hnsw_build_size(const VdbHnswGeometry *g, uint64_t rows) VDB_NOEXCEPT;

/* Prepares a region, which must be aligned to 64 bytes.  VDB_TOO_BIG if `bytes` does not hold even
 * one node. */
VdbStatus vdb_hnsw_build_init(void *region, size_t bytes, const VdbHnswGeometry *g,
                              uint32_t ef_construction, uint64_t seed) VDB_NOEXCEPT;

/* Each process that adds has its own scratch memory (aligned to 64 bytes), usable by its maker
 * only. */
size_t vdb_hnsw_build_scratch_size(const void *region) VDB_NOEXCEPT;
void vdb_hnsw_build_scratch_init(const void *region, void *scratch) VDB_NOEXCEPT;

/*
 * Adds one row: a new node, or one more heap tid of the node that holds an equal vector.
 * VDB_FULL: no memory left for it; nothing was changed.  A later, cheaper row may still fit.
 */
VdbStatus vdb_hnsw_build_add(void *region, void *scratch, const void *vector, float norm,
                             VdbTid tid) VDB_NOEXCEPT;

/*
 * Where vectors allow for it (dense ones, many dimensions; partition.h), rows are only collected by
 * add, and linked all together in phases: between two phases one process, with no other at work,
 * begins the next; in a phase each process works until there is nothing left.  The graph depends on
 * neither their number nor their speed.
 */
typedef enum VdbHnswBuildPhase {
    VDB_HNSW_BUILD_LOADING,
    VDB_HNSW_BUILD_PARTITIONING, /* nodes among the leaders of the top of the partition */
    VDB_HNSW_BUILD_COMPARING,    /* all with all within its leaves */
    VDB_HNSW_BUILD_CHOOSING,     /* each node's edges among its candidates */
    VDB_HNSW_BUILD_RETURNING,    /* edges offered to the nodes that they lead to */
    VDB_HNSW_BUILD_LINKING,      /* the final choice */
    VDB_HNSW_BUILD_LINKED
} VdbHnswBuildPhase;

VdbHnswBuildPhase vdb_hnsw_build_begin_phase(void *region) VDB_NOEXCEPT;

/* Memory for one process to work with in this phase (aligned to 64 bytes). */
size_t vdb_hnsw_build_work_size(const void *region) VDB_NOEXCEPT;
void vdb_hnsw_build_work_init(const void *region, void *work) VDB_NOEXCEPT;

/* Does one portion of the phase's work, some milliseconds; false if there was none left. */
bool vdb_hnsw_build_work(void *region, void *work) VDB_NOEXCEPT;

typedef struct VdbHnswBuildProgress {
    uint32_t done; /* portions */
    uint32_t total;
} VdbHnswBuildProgress;

VdbHnswBuildProgress vdb_hnsw_build_progress(const void *region) VDB_NOEXCEPT;

/* Nodes so far. */
uint32_t vdb_hnsw_build_nodes(const void *region) VDB_NOEXCEPT;

/*
 * Makes every node reachable from the root and pins the tree that proves it.  Does at most
 * `budget` nodes' worth of work a call, so that the caller can look for interrupts; true when done.
 */
bool vdb_hnsw_build_finish(void *region, void *scratch, uint32_t budget) VDB_NOEXCEPT;

/* Which block holds what.  One process's own; rendering blocks in ascending order is fastest. */
typedef struct VdbHnswBuildLayout {
    VdbBlock first_cell_block;
    VdbBlock first_vector_block;
    VdbBlock blocks; /* of the whole index */
    uint32_t spilled_cells;

    /* where the last cell of heap tids was read from: a long chain is walked only once */
    VdbNode tids_node;
    uint32_t tids_cell;
    uint32_t tids_chunk;
} VdbHnswBuildLayout;

/* REQUIRES: finish has answered true.  VDB_TOO_BIG if the index would exceed the block numbers. */
VdbStatus vdb_hnsw_build_layout(void *region, VdbHnswBuildLayout *layout) VDB_NOEXCEPT;

VdbHnswPageKind vdb_hnsw_build_page_kind(const VdbHnswBuildLayout *layout,
                                         VdbBlock block) VDB_NOEXCEPT;

/* Fills a page image that vdb_init_page() has prepared for that block's kind. */
void vdb_hnsw_build_render(const void *region, void *scratch, VdbHnswBuildLayout *layout,
                           VdbBlock block, void *page) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
