/*
 * Pure edits and readings of single page images, apart from neighbour lists (links_api.h).  The
 * shim locks the page, registers it with generic WAL, calls one of these on the image and finishes
 * the record.
 */
#ifndef VDB_HNSW_PAGE_EDIT_API_H
#define VDB_HNSW_PAGE_EDIT_API_H

#include "hnsw/links_api.h"

VDB_BEGIN_DECLS

/* Clears the page after its header, stamps it, and returns the end of the used part (pd_lower). */
uint32_t vdb_hnsw_page_init(void *page, const VdbHnswGeometry *g,
                            VdbHnswPageKind kind) VDB_NOEXCEPT;

/* --- metapage --- */

/* The changing part of the metapage. */
typedef struct VdbHnswMeta {
    VdbNode root;
    VdbNode entry;
    uint32_t entry_level;
    VdbBlock free_cell_page;
    VdbBlock free_vector_page;
} VdbHnswMeta;

void vdb_hnsw_meta_init(void *page, const VdbHnswGeometry *g, uint64_t seed) VDB_NOEXCEPT;
/* The frozen part.  VDB_CORRUPT: not our magic or impossible values; VDB_STALE: a version or
 * feature unknown here. */
VdbStatus vdb_hnsw_meta_geometry(const void *page, uint32_t page_size, VdbHnswGeometry *g,
                                 uint64_t *seed) VDB_NOEXCEPT;
void vdb_hnsw_meta_read(const void *page, VdbHnswMeta *meta) VDB_NOEXCEPT;
void vdb_hnsw_meta_write(void *page, const VdbHnswMeta *meta) VDB_NOEXCEPT;

/* --- free lists of cell and vector pages --- */

VdbBlock vdb_hnsw_page_next_free(const void *page, const VdbHnswGeometry *g) VDB_NOEXCEPT;
void vdb_hnsw_page_set_next_free(void *page, const VdbHnswGeometry *g, VdbBlock next) VDB_NOEXCEPT;

/* --- nodes --- */

/* A free slot of a node page, or g->slots_per_page. */
uint32_t vdb_hnsw_page_free_slot(const void *page, const VdbHnswGeometry *g) VDB_NOEXCEPT;
uint32_t vdb_hnsw_page_free_slots(const void *page, const VdbHnswGeometry *g) VDB_NOEXCEPT;
/* Free cells of a node or cell page. */
uint32_t vdb_hnsw_page_free_cells(const void *page, const VdbHnswGeometry *g) VDB_NOEXCEPT;

typedef struct VdbNewNode {
    VdbTid heap_tid;
    uint32_t level;
    const void *vector; /* as it is stored */
    float norm;
    const VdbLinks *links;     /* level 0 */
    const VdbEdgeCodes *codes; /* of the edges; NULL: neutral ones, or none */
    VdbCellRef upper;
    const VdbBlock *vector_blocks; /* as many as vdb_hnsw_slices() says */
} VdbNewNode;

void vdb_hnsw_page_put_node(void *page, const VdbHnswGeometry *g, uint32_t slot,
                            const VdbNewNode *node) VDB_NOEXCEPT;

/* Writes an upper-level list into a free cell of the page and returns its address.  REQUIRES: a
 * free cell. */
VdbCellRef vdb_hnsw_page_put_upper(void *page, const VdbHnswGeometry *g, VdbBlock block,
                                   const VdbLinks *links, VdbCellRef next) VDB_NOEXCEPT;

/* Slice i of a stored vector onto a vector page. */
void vdb_hnsw_page_put_slice(void *page, const VdbHnswGeometry *g, const void *vector,
                             uint32_t i) VDB_NOEXCEPT;

/* --- heap tids --- */

/*
 * Adds a heap tid to a node, on its own page: inline, or in the first cell of its chain. VDB_STALE:
 * the node is not live or the slot has another generation.  VDB_FULL: *chain is the node's first
 * cell, which lies on another page, or none.
 */
VdbStatus vdb_hnsw_page_add_tid(void *page, const VdbHnswGeometry *g, VdbNode node,
                                uint16_t generation, VdbTid tid, VdbCellRef *chain) VDB_NOEXCEPT;
/* Adds a heap tid to a cell of a cell page.  VDB_FULL: no room. */
VdbStatus vdb_hnsw_cell_add_tid(void *page, const VdbHnswGeometry *g, VdbCellRef cell,
                                VdbNode owner, VdbTid tid) VDB_NOEXCEPT;
/* Puts a tid into a new cell before `next`.  REQUIRES: a free cell. */
VdbCellRef vdb_hnsw_page_put_tid(void *page, const VdbHnswGeometry *g, VdbBlock block,
                                 VdbNode owner, VdbTid tid, VdbCellRef next) VDB_NOEXCEPT;
void vdb_hnsw_page_set_chain(void *page, const VdbHnswGeometry *g, VdbNode node,
                             VdbCellRef chain) VDB_NOEXCEPT;

/* The heap tids that a node keeps inline (0 or 1) and its chain.  0 and no chain if the node is not
 * live. */
uint32_t vdb_hnsw_node_tids(const void *page, const VdbHnswGeometry *g, VdbNode node, VdbTid *tid,
                            VdbCellRef *chain) VDB_NOEXCEPT;
/* Copies the tids of cell *chain, at most g->tids_per_cell, and moves *chain on.  VDB_STALE: the
 * cell is another node's by now.  VDB_CORRUPT: there is no such cell, or its check is wrong. */
VdbStatus vdb_hnsw_cell_tids(const void *page, const VdbHnswGeometry *g, VdbNode owner,
                             VdbCellRef *chain, VdbTid *tids, uint32_t *count) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
