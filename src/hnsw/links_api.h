/*
 * Neighbour lists: reading one, collecting the vectors that a choice needs, choosing, writing back.
 * Insertion and vacuum are sequences of these steps; between reading and writing no lock is held,
 * so a write is refused with VDB_STALE when the list has changed since it was read.
 */
#ifndef VDB_HNSW_LINKS_API_H
#define VDB_HNSW_LINKS_API_H

#include "hnsw/codes_api.h"
#include "hnsw/hnsw_api.h"

VDB_BEGIN_DECLS

/* Stands for the node being inserted until its slot is known. */
#define VDB_HNSW_NEW_NODE (UINT32_MAX - 1)

/* One node's neighbours on one level. */
typedef struct VdbLinks {
    VdbNode node;
    uint32_t level;
    bool found;         /* the node exists and has that level */
    bool live;          /* has heap tids */
    uint8_t node_level; /* its highest level */
    uint8_t cell_level; /* while reading, the level of the cell before: a chain only climbs */
    VdbBlock block;     /* the page that holds the list; while reading, the page wanted next */
    VdbCellRef cell;    /* level > 0: the list's cell */
    uint32_t count;
    uint32_t pinned; /* leading ids that are tree edges; 0 above level 0 */
    VdbNode ids[2 * VDB_HNSW_MAX_M];
} VdbLinks;

/* Most neighbours on that level: 2 m at the bottom, m above. */
static inline uint32_t vdb_hnsw_max_links(const VdbHnswGeometry *g, uint32_t level)
{
    return level == 0 ? 2 * g->m : g->m;
}

/* Tree edges that a full list gives up ordinary ones for.  Beyond them a node that no list takes of
 * itself takes over a child: thousands of such nodes lie around few neighbours under inner product,
 * and would leave those with no edges to each other. */
#define VDB_HNSW_MAX_FORCED 2

/* To read a list: start, then feed page `block` for as long as feed answers true. */
void vdb_hnsw_links_start(VdbLinks *links, const VdbHnswGeometry *g, VdbNode node,
                          uint32_t level) VDB_NOEXCEPT;
bool vdb_hnsw_links_feed(VdbLinks *links, const VdbHnswGeometry *g, const void *page,
                         VdbStatus *status) VDB_NOEXCEPT;

/*
 * Replaces the list `seen` by `now` on its page.  VDB_STALE, and no change, if it is no longer as
 * seen.  With codes, on level 0: an edge that stays keeps its code, unless `codes` has another one;
 * one without a code gets the neutral one (codes_api.h).  `codes` may be NULL.
 */
VdbStatus vdb_hnsw_links_write(void *page, const VdbHnswGeometry *g, const VdbLinks *seen,
                               const VdbLinks *now, const VdbEdgeCodes *codes) VDB_NOEXCEPT;

/* Whether the list on the page still is as seen. */
bool vdb_hnsw_links_current(const void *page, const VdbHnswGeometry *g,
                            const VdbLinks *seen) VDB_NOEXCEPT;

/* Appends an edge, as the last of the pinned ones if `pinned`.  REQUIRES: room. */
void vdb_hnsw_links_add(VdbLinks *links, VdbNode node, bool pinned) VDB_NOEXCEPT;
/* Takes the i-th edge out, keeping the pinned ones in front. */
void vdb_hnsw_links_remove(VdbLinks *links, uint32_t i) VDB_NOEXCEPT;
/* Index of an edge to that node, or links->count. */
uint32_t vdb_hnsw_links_find(const VdbLinks *links, VdbNode node) VDB_NOEXCEPT;

/*
 * Whether a full list takes one more edge in the place of another, decided by the codes alone,
 * which tell how long edges are and the angles between them: for L2 and cosine.  `now` is the list
 * as it stands on its page, on level 0; `edge` holds the code of the new one.  The
 * longest of those that shorter ones shadow goes, or the longest of all; the new one itself only if
 * it need not be taken.  Pinned ones stay.  REQUIRES: the list is full, not all of it is pinned,
 * and it lacks the new edge.
 */
bool vdb_hnsw_links_offer(const void *page, const VdbHnswGeometry *g, VdbLinks *now,
                          const VdbEdgeCodes *edge, bool must) VDB_NOEXCEPT;

/* --- vectors of several nodes, collected for a choice --- */

typedef struct VdbGather VdbGather;

size_t vdb_hnsw_gather_size(const VdbHnswGeometry *g, uint32_t capacity) VDB_NOEXCEPT;
VdbGather *vdb_hnsw_gather_init(void *memory, const VdbHnswGeometry *g,
                                uint32_t capacity) VDB_NOEXCEPT;
void vdb_hnsw_gather_clear(VdbGather *gather) VDB_NOEXCEPT;
/* Asks for a node's vector; ignored when the gather is full or has it. */
void vdb_hnsw_gather_add(VdbGather *gather, VdbNode node) VDB_NOEXCEPT;
/* Whether no further node can be added. */
bool vdb_hnsw_gather_full(const VdbGather *gather) VDB_NOEXCEPT;
/* Puts a vector that is at hand.  REQUIRES: not full. */
void vdb_hnsw_gather_put(VdbGather *gather, VdbNode node, const void *vector,
                         float norm) VDB_NOEXCEPT;
/* The block wanted next, VDB_NO_BLOCK when all vectors are there. */
VdbBlock vdb_hnsw_gather_next(VdbGather *gather) VDB_NOEXCEPT;
VdbStatus vdb_hnsw_gather_feed(VdbGather *gather, const void *page) VDB_NOEXCEPT;
/* The live gathered node with that stored vector and its generation; false if there is none. */
bool vdb_hnsw_gather_find_equal(const VdbGather *gather, const void *stored, VdbNode *node,
                                uint16_t *generation) VDB_NOEXCEPT;

/*
 * Chooses neighbours for the first node gathered among the others: live ones that no nearer choice
 * shadows, at most `limit`; the first `pinned` of `links` stay in any case, and so does `must`
 * (VDB_NO_NODE = none), if gathered. Rewrites links->ids, pinned ones first.
 */
void vdb_hnsw_gather_choose(VdbGather *gather, VdbLinks *links, uint32_t limit,
                            VdbNode must) VDB_NOEXCEPT;

/* Makes the codes of the gathered neighbours in `links` as seen from the first node gathered, and,
 * if `back` is not NULL, of that one as seen from each of them, under the neighbour's name.  Both
 * sets are cleared first.  REQUIRES: the index has codes. */
void vdb_hnsw_gather_codes(const VdbGather *gather, const VdbLinks *links, VdbEdgeCodes *codes,
                           VdbEdgeCodes *back) VDB_NOEXCEPT;
/* Adds those of one more node, if it is gathered. */
void vdb_hnsw_gather_add_codes(const VdbGather *gather, VdbNode node, VdbEdgeCodes *codes,
                               VdbEdgeCodes *back) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
