/*
 * What every access method needs of index pages.  How each finds and checks its own kinds of pages
 * is declared in hnsw.h and ivf.h.
 */
#ifndef VDB_PG_PAGE_H
#define VDB_PG_PAGE_H

#include "access/genam.h"
#include "access/relscan.h"
#include "core/types.h"
#include "storage/bufmgr.h"
#include "storage/smgr.h"
#include "utils/rel.h"

#define CPU_CACHE_LINE 64

/* Copies a block whatever it holds: for the checker, which judges pages itself. */
extern void vdb_copy_page(Relation index, BlockNumber blkno, BufferAccessStrategy strategy,
                          char *copy);
/* Pins a block where it was found last, which saves the look-up in the shared buffer table;
 * InvalidBuffer: it is not there, or should be read the ordinary way for once. */
extern Buffer vdb_pin_recent(Relation index, BlockNumber blkno, Buffer hint);
/* A new page at the end of the index, pinned and locked exclusively, all zero. */
extern Buffer vdb_extend(Relation index);
/* ereports INDEX_CORRUPTED unless the status is VDB_OK */
extern void vdb_check(VdbStatus status, Relation index, BlockNumber blkno);
/* Looks anew how large the table is; ereports INDEX_CORRUPTED if the block is beyond its end. */
extern void vdb_heap_tid_beyond(IndexScanDesc scan, BlockNumber blkno);
extern _Noreturn void vdb_corrupted(Relation index, BlockNumber blkno, const char *what);

/* A damaged index must not send the heap access method beyond the end of the table.  Its size is
 * what this session saw last. */
static inline void vdb_check_heap_tid(IndexScanDesc scan, const ItemPointerData *tid)
{
    BlockNumber blkno = ItemPointerGetBlockNumberNoCheck(tid);
    BlockNumber seen = RelationGetSmgr(scan->heapRelation)->smgr_cached_nblocks[MAIN_FORKNUM];

    if (unlikely(seen == InvalidBlockNumber || blkno >= seen))
        vdb_heap_tid_beyond(scan, blkno);
}

#endif
