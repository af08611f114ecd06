/*
 * Rows that an index scan returns next.  They lie all over the heap, and fetching one costs about
 * ten cache misses, each waiting for the one before: buffer table, page header, line pointer,
 * tuple.  A scan that knows its next rows puts them here, where their pages and tuples are loaded
 * into the CPU's cache, or asked of the disk, while the rows before them are at work.
 */
#ifndef VDB_PG_HEAP_AHEAD_H
#define VDB_PG_HEAP_AHEAD_H

#include "access/genam.h"
#include "storage/itemptr.h"

/* Rows that are under way; measured flat from 4 on where all is in memory; disks want more. */
#define VDB_AHEAD_ROOM 8

typedef struct VdbAheadRow {
    ItemPointerData tid;
    double order; /* the scan's own: what it says of the row's place in the order */
} VdbAheadRow;

typedef struct VdbHeapAhead {
    Relation heap; /* NULL: nothing is loaded ahead */
    VdbAheadRow rows[VDB_AHEAD_ROOM];
    uint32 put; /* these count rows since the start */
    uint32 found;
    uint32 loaded;
    uint32 taken;
} VdbHeapAhead;

/* REQUIRES: a scan that the executor has opened, with a heap. */
extern void vdb_ahead_start(VdbHeapAhead *ahead, IndexScanDesc scan);

static inline bool vdb_ahead_is_full(const VdbHeapAhead *ahead)
{
    return ahead->put - ahead->taken == VDB_AHEAD_ROOM;
}

static inline bool vdb_ahead_is_empty(const VdbHeapAhead *ahead)
{
    return ahead->put == ahead->taken;
}

/* The next row in order.  REQUIRES: not full. */
extern void vdb_ahead_put(VdbHeapAhead *ahead, VdbAheadRow row);

/* Takes the first of them for the executor to fetch.  REQUIRES: not empty. */
extern VdbAheadRow vdb_ahead_take(VdbHeapAhead *ahead, IndexScanDesc scan);

#endif
