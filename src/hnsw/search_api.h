/*
 * Best-first search as a state machine that does no I/O: it names the page it wants, is fed the
 * bytes, and so on.
 *
 *     vdb_hnsw_search_start(s, ...);
 *     for (;;) {                                            one layer
 *         while ((blkno = vdb_hnsw_search_next(s)) != VDB_NO_BLOCK) {
 *             while ((n = vdb_hnsw_search_need(s)) > 0)
 *                 vdb_hnsw_search_give(s, palloc(n), n);    so that feed() never allocates
 *             vdb_hnsw_search_feed(s, page);
 *         }
 *         if (vdb_hnsw_search_level(s) == 0)
 *             break;
 *         vdb_hnsw_search_descend(s, ef);
 *     }
 *     while (vdb_hnsw_search_take(s, &found)) ...            nearest first
 *     vdb_hnsw_search_resume(s) and the loop again           for more
 */
#ifndef VDB_HNSW_SEARCH_API_H
#define VDB_HNSW_SEARCH_API_H

#include "hnsw/hnsw_api.h"

VDB_BEGIN_DECLS

typedef struct VdbHnswSearch VdbHnswSearch;

typedef enum VdbHnswPurpose {
    VDB_HNSW_FOR_SCAN,  /* orders by the operator's distance */
    VDB_HNSW_FOR_INSERT /* orders by the distance that edges are chosen by */
} VdbHnswPurpose;

typedef struct VdbHnswQuery {
    const void *vector; /* as the index stores vectors; must outlive the search */
    float norm;
    VdbHnswPurpose purpose;
} VdbHnswQuery;

/* Bytes of the block that a search with this ef starts in. */
size_t vdb_hnsw_search_size(const VdbHnswGeometry *g, uint32_t ef) VDB_NOEXCEPT;

/* Makes a search in `memory` (8-byte aligned, vdb_hnsw_search_size() bytes), not yet at any layer.
 */
VdbHnswSearch *vdb_hnsw_search_init(void *memory, const VdbHnswGeometry *g,
                                    uint32_t ef) VDB_NOEXCEPT;

/* Begins at the given layer from node `entry`, keeping the `ef` nearest.  `root` is searched from
 * on layer 0 too, so that an exhaustive scan reaches every node.  May be called again on a used
 * search. */
void vdb_hnsw_search_start(VdbHnswSearch *s, const VdbHnswQuery *query, VdbNode entry, VdbNode root,
                           uint32_t level, uint32_t ef) VDB_NOEXCEPT;

/* The block wanted next, VDB_NO_BLOCK when the layer is done.  Idempotent until fed. */
VdbBlock vdb_hnsw_search_next(VdbHnswSearch *s) VDB_NOEXCEPT;

/* The next visit, of the following `window`, that was not named here yet: its block, and where on
 * the page it begins to read.  VDB_NO_BLOCK if all were.  With codes the visit that next() named
 * comes first, as many are of nodes that were not known before.  For prefetching. */
VdbBlock vdb_hnsw_search_upcoming(VdbHnswSearch *s, uint32_t window, uint32_t *offset) VDB_NOEXCEPT;

/* Pages that a search may be waiting for at a time. */
#define VDB_HNSW_MAX_AHEAD 32

/* Blocks of up to `max` visits (at most VDB_HNSW_MAX_AHEAD) that will probably follow the one that
 * next() named, the likeliest first.  Returns how many.  For reading ahead from disk. */
uint32_t vdb_hnsw_search_ahead(const VdbHnswSearch *s, uint32_t max, VdbBlock *blocks) VDB_NOEXCEPT;

/* Bytes to give before the next feed; 0 almost always. */
size_t vdb_hnsw_search_need(VdbHnswSearch *s) VDB_NOEXCEPT;
void vdb_hnsw_search_give(VdbHnswSearch *s, void *memory, size_t size) VDB_NOEXCEPT;

/* VDB_CORRUPT if the page breaks its format. */
VdbStatus vdb_hnsw_search_feed(VdbHnswSearch *s, const void *page) VDB_NOEXCEPT;

uint32_t vdb_hnsw_search_level(const VdbHnswSearch *s) VDB_NOEXCEPT;

/* One layer down, from the nodes found.  REQUIRES: the layer is done and is not layer 0. */
void vdb_hnsw_search_descend(VdbHnswSearch *s, uint32_t ef) VDB_NOEXCEPT;

/* Copies the nodes found on this layer, nearest first, at most max of them, without taking them.
 * Returns how many. REQUIRES: the layer is done. */
uint32_t vdb_hnsw_search_found(VdbHnswSearch *s, VdbNode *nodes, uint32_t max) VDB_NOEXCEPT;

/* A node found. */
typedef struct VdbHnswFound {
    VdbNode node;
    /* What it is ordered by: the rank in a scan.  Of an index with codes, whose vectors may be kept
     * with less precision, what the operator's result is not below (quant/bound_api.h). */
    float distance;
    VdbTid heap_tid; /* one of its heap tids, if it was at hand: offset 0 = it was not */
    bool more_tids;  /* there are others, or may be */
} VdbHnswFound;

/* Takes the nearest node found on this layer that was not taken yet.  REQUIRES: the layer is done.
 */
bool vdb_hnsw_search_take(VdbHnswSearch *s, VdbHnswFound *found) VDB_NOEXCEPT;

/* A heap tid of the i-th node that is to be taken next; false if it is not known.  For prefetching.
 * REQUIRES: a node of this window was taken. */
bool vdb_hnsw_search_peek(const VdbHnswSearch *s, uint32_t i, VdbTid *heap_tid) VDB_NOEXCEPT;

/* Makes up to `max` nodes (at most ef + 1) ready to be taken that were compared but are not among
 * the ef nearest; false if there are none.  Only of an index with codes.  REQUIRES: all found so
 * far were taken. */
bool vdb_hnsw_search_leftovers(VdbHnswSearch *s, uint32_t max) VDB_NOEXCEPT;

/* Makes the next window `ef` nodes wide.  Give what need() asks for before resuming. */
void vdb_hnsw_search_widen(VdbHnswSearch *s, uint32_t ef) VDB_NOEXCEPT;

/* From the next window on, gives out only the nearer half of what a window has found: the rest
 * waits for the next one, which is wider.  So few nodes turn up too late for strict order.  Only of
 * an index with codes. */
void vdb_hnsw_search_hold_back(VdbHnswSearch *s) VDB_NOEXCEPT;

/* Goes on to the next ef nearest nodes of layer 0, none of them taken before; false if no node is
 * left. REQUIRES: all that may be taken so far was. */
bool vdb_hnsw_search_resume(VdbHnswSearch *s) VDB_NOEXCEPT;

/* Instead of resuming: makes the nearest nodes ready to be taken that were compared so far and were
 * not taken, and looks at no other.  False if there are none.  Not to be widened or resumed any
 * more. */
bool vdb_hnsw_search_drain(VdbHnswSearch *s) VDB_NOEXCEPT;

/* Nodes whose distance was computed so far, on all layers; those that were only estimated do not
 * count. */
uint64_t vdb_hnsw_search_visited(const VdbHnswSearch *s) VDB_NOEXCEPT;

/* Bytes given so far, beyond the first block. */
size_t vdb_hnsw_search_memory(const VdbHnswSearch *s) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
