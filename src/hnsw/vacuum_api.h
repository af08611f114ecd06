/*
 * Page edits of vacuum.  The order of its passes and why each record leaves a valid index:
 * README.md, "Vacuum".
 */
#ifndef VDB_HNSW_VACUUM_API_H
#define VDB_HNSW_VACUUM_API_H

#include "hnsw/links_api.h"

VDB_BEGIN_DECLS

/* --- pass 1: heap tids --- */

/* Counts the heap tids on a node or cell page. */
VdbTidCount vdb_hnsw_page_count_tids(const void *page, const VdbHnswGeometry *g, VdbIsDead is_dead,
                                     void *state) VDB_NOEXCEPT;
/* Takes the dead ones out. */
void vdb_hnsw_page_remove_tids(void *page, const VdbHnswGeometry *g, VdbIsDead is_dead,
                               void *state) VDB_NOEXCEPT;

/* --- pass 2: nodes that lost their last heap tid --- */

typedef struct VdbNodeTids {
    bool live;    /* the slot holds a live node */
    bool dead;    /* a tombstone, or detached */
    bool has_tid; /* one inline */
    uint32_t level;
    VdbCellRef chain; /* of cells with more */
} VdbNodeTids;

VdbNodeTids vdb_hnsw_page_node(const void *page, const VdbHnswGeometry *g,
                               uint32_t slot) VDB_NOEXCEPT;
/* Turns a live node without inline tid and without chain into a tombstone.  VDB_STALE: it is not
 * such a one. */
VdbStatus vdb_hnsw_page_bury(void *page, const VdbHnswGeometry *g, VdbNode node) VDB_NOEXCEPT;
/* Count and successor of a tid cell.  VDB_STALE: not a tid cell of that owner. */
VdbStatus vdb_hnsw_cell_state(const void *page, const VdbHnswGeometry *g, VdbCellRef cell,
                              VdbNode owner, uint32_t *count, VdbCellRef *next) VDB_NOEXCEPT;
void vdb_hnsw_cell_set_next(void *page, const VdbHnswGeometry *g, VdbCellRef cell,
                            VdbCellRef next) VDB_NOEXCEPT;
void vdb_hnsw_cell_free(void *page, const VdbHnswGeometry *g, VdbCellRef cell) VDB_NOEXCEPT;

/* --- the set of dead nodes --- */

typedef struct VdbNodeSet VdbNodeSet;

size_t vdb_hnsw_set_size(uint32_t slots)
    VDB_NOEXCEPT; /* slots: a power of two, half of which can be filled */
VdbNodeSet *vdb_hnsw_set_init(void *memory, uint32_t slots) VDB_NOEXCEPT;
bool vdb_hnsw_set_full(const VdbNodeSet *set) VDB_NOEXCEPT;
void vdb_hnsw_set_add(VdbNodeSet *set, VdbNode node) VDB_NOEXCEPT;
bool vdb_hnsw_set_has(const VdbNodeSet *set, VdbNode node) VDB_NOEXCEPT;
uint32_t vdb_hnsw_set_count(const VdbNodeSet *set) VDB_NOEXCEPT;
/* Moves the set into a larger memory. */
VdbNodeSet *vdb_hnsw_set_move(VdbNodeSet *set, void *memory, uint32_t slots) VDB_NOEXCEPT;

/* --- pass 3: edges to dead nodes --- */

typedef struct VdbListName {
    VdbNode node;
    uint32_t level;
} VdbListName;

/* Lists on a node or cell page that hold an edge into the set, or one without its code; of nodes in
 * the set itself only those with a tree edge into the set.  `out` has room for slots_per_page +
 * cells_per_cell_page entries. Returns how many. */
uint32_t vdb_hnsw_page_lists_into(const void *page, const VdbHnswGeometry *g, VdbBlock block,
                                  const VdbNodeSet *set, VdbListName *out) VDB_NOEXCEPT;

/*
 * An order of the nodes in which parents come before their children, as the tree was when all its
 * pages were fed.  A node may be hung under any that comes before it, and no circle can arise: also
 * after other such moves and adoptions (but not after hand_down and hand_over), and whatever
 * insertions do meanwhile.  They only add leaves, or put a node between a parent and its child, and
 * nodes that came later have no place in the order.
 */
typedef struct VdbTreeOrder VdbTreeOrder;

uint64_t vdb_hnsw_order_size(const VdbHnswGeometry *g, VdbBlock blocks) VDB_NOEXCEPT;
/* Then feed each page once, and finish. */
VdbTreeOrder *vdb_hnsw_order_begin(void *memory, const VdbHnswGeometry *g,
                                   VdbBlock blocks) VDB_NOEXCEPT;
void vdb_hnsw_order_feed(VdbTreeOrder *order, const VdbHnswGeometry *g, VdbBlock block,
                         const void *page) VDB_NOEXCEPT;
void vdb_hnsw_order_finish(VdbTreeOrder *order, VdbNode root) VDB_NOEXCEPT;
/* Whether both have a place, and a's is before b's. */
bool vdb_hnsw_order_before(const VdbTreeOrder *order, VdbNode a, VdbNode b) VDB_NOEXCEPT;

/* Most children that a node near an orphan takes: beyond that its list would have too few edges
 * left that insertions and searches choose. */
static inline uint32_t vdb_hnsw_max_taken(const VdbHnswGeometry *g)
{
    return g->m / 2 > VDB_HNSW_MAX_FORCED ? g->m / 2 : VDB_HNSW_MAX_FORCED;
}

/* Makes a child of a tombstone an ordinary neighbour.  VDB_STALE: not a tombstone, or not its
 * child.  REQUIRES: the same record makes it a child of another node that is in the tree. */
VdbStatus vdb_hnsw_let_go(void *page, VdbNode node, VdbNode child,
                          const VdbHnswGeometry *g) VDB_NOEXCEPT;

/*
 * Edges that these edits add have the neutral code (codes_api.h).
 *
 * Moves the tree edges of a tombstone to its parent, as many as the parent has room for; when none
 * is left, takes the tombstone itself out of the tree (state detached).  Both pages may be one
 * image. VDB_OK: detached.  VDB_FULL: some children are left.  VDB_STALE: not a tombstone, or not
 * that parent's child.
 */
VdbStatus vdb_hnsw_adopt(void *parent_page, VdbNode parent, void *child_page, VdbNode child,
                         const VdbHnswGeometry *g) VDB_NOEXCEPT;

/*
 * Moves the tree edges of a tombstone, but for the one to `heir`, to that child of its, as many as
 * it has room for: for a tombstone whose parent has none.  VDB_OK: only the heir is left. VDB_FULL:
 * others are too. VDB_STALE: not a tombstone, or not its child.
 */
VdbStatus vdb_hnsw_hand_down(void *page, VdbNode node, void *heir_page, VdbNode heir,
                             const VdbHnswGeometry *g) VDB_NOEXCEPT;

/* The same, all but the first tree edge, to a node that is no child of the tombstone.  REQUIRES:
 * the heir lies below its first child. */
VdbStatus vdb_hnsw_hand_over(void *page, VdbNode node, void *heir_page, VdbNode heir,
                             const VdbHnswGeometry *g) VDB_NOEXCEPT;

/* --- pass 4: slots --- */

/* The first upper-level cell of a detached node, none if it has none (any more).  False: not
 * detached. */
bool vdb_hnsw_page_detached(const void *page, const VdbHnswGeometry *g, VdbNode node,
                            VdbCellRef *upper) VDB_NOEXCEPT;
/* Frees the upper-level cells of a detached node, from the first, as far as they lie on page
 * `cells`, which may be the node's own.  VDB_STALE: not detached, or it has none.  VDB_CORRUPT: the
 * chain is broken. */
VdbStatus vdb_hnsw_page_free_upper(void *page, const VdbHnswGeometry *g, VdbNode node,
                                   void *cells) VDB_NOEXCEPT;
/* Frees the slot of a detached node.  VDB_STALE: not detached.  REQUIRES: cells and vector pages
 * were given back. */
VdbStatus vdb_hnsw_page_free_node(void *page, const VdbHnswGeometry *g, VdbNode node) VDB_NOEXCEPT;
/* Takes the last vector page from a detached node, VDB_NO_BLOCK if it has none (any more). */
VdbBlock vdb_hnsw_page_take_slice(void *page, const VdbHnswGeometry *g, VdbNode node) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
