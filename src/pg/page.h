/*
 * What every access method needs of index pages.  How each finds and checks its own kinds of pages
 * is declared in hnsw.h and ivf.h.
 */
#ifndef VDB_PG_PAGE_H
#define VDB_PG_PAGE_H

#include "core/types.h"
#include "storage/bufmgr.h"
#include "utils/relcache.h"

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
extern _Noreturn void vdb_corrupted(Relation index, BlockNumber blkno, const char *what);

#endif
