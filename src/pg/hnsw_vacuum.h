/*
 * What the files of vacuum share: hnsw_vacuum.c (heap tids, tombstones, the order of the passes),
 * hnsw_mend.c (lists that lead to tombstones), hnsw_tree.c (the tree over them), hnsw_free.c (slots
 * given back).
 */
#ifndef VDB_PG_HNSW_VACUUM_H
#define VDB_PG_HNSW_VACUUM_H

#include "commands/vacuum.h"

#include "pg/hnsw.h"

typedef struct HnswVacuum {
    Relation index;
    HnswIndex hi;
    VdbHnswMeta meta;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback callback;
    void *callback_state;
    BufferAccessStrategy strategy;
    BlockNumber nblocks; /* when the vacuum began; later pages hold no dead row of ours */

    VdbNodeSet *dead; /* tombstones to free */
    uint32 dead_slots;
    VdbTreeOrder *order; /* of this round of mending; NULL: it hands children down */
    void *order_memory;
    VdbNode best; /* a live node of the highest level */
    uint32 best_level;
    MemoryContext scratch;
    VdbGather *gather;
    VdbEdgeCodes *codes; /* of a mended list's edges; NULL without codes */
    bool handed_down;    /* this round of mending gave a node children that may be dead */
    bool crowded;        /* a dead node stayed in the tree, as its parent's list is full */
} HnswVacuum;

/* Registers a buffer once: `other` is registered already, as other_page. */
static inline Page hnsw_register_once(GenericXLogState *wal, Buffer buf, Buffer other,
                                      Page other_page)
{
    return buf == other ? other_page : GenericXLogRegisterBuffer(wal, buf, 0);
}

/* hnsw_mend.c: pass 3 */
extern void hnsw_prepare_mending(HnswVacuum *v);
extern void hnsw_mend_page(HnswVacuum *v, BlockNumber blkno);

/* hnsw_tree.c */
/* Reads the order of the tree for a round of mending; none, if it takes more memory than that. */
extern void hnsw_read_order(HnswVacuum *v, Size memory);
/* Takes every dead child of a node out of the tree. */
extern void hnsw_clear_tree(HnswVacuum *v, VdbNode node);

/* hnsw_free.c: pass 4 */
extern void hnsw_replace_entry(HnswVacuum *v);
extern void hnsw_free_page(HnswVacuum *v, BlockNumber blkno);
/* Puts a cell page that has got room again on the list of such pages; nothing to do for a node
 * page. */
extern void hnsw_list_cell_page(HnswVacuum *v, BlockNumber blkno);

#endif
