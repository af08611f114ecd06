/*
 * Rows that an index scan returns next: see heap_ahead.h.  Where it finds pages, and what it reads
 * of them without a pin, are hints: a wrong one costs time and nothing else.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/relscan.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "pg/compat.h"
#include "pg/heap_ahead.h"
#include "pg/page.h"

/* Rows whose line pointers are being loaded, and of them those whose tuples are. */
#define POINTERS_AHEAD 8
#define TUPLES_AHEAD   4

/* Of a tuple; the CPU goes on by itself in what is read from end to end. */
#define TUPLE_BYTES 4096

/* Buffers in which this session found heap pages last, of any relation: a page has one place, which
 * pages may share.  4 MB at most. */
#define MAX_PLACES (1U << 20)

static Buffer *places;
static uint32 places_mask;

static Buffer *place_of(Relation heap, BlockNumber blkno)
{
    if (places == NULL) {
        uint32 count = pg_nextpower2_32(Min((uint32) NBuffers, MAX_PLACES));

        places = MemoryContextAllocZero(TopMemoryContext, sizeof(Buffer) * (Size) count);
        places_mask = count - 1;
    }
    return &places[(murmurhash32(RelationGetRelid(heap)) + blkno) & places_mask];
}

/* Looks the page up, and asks the operating system for one that is in no buffer. */
static Buffer look_up(Relation heap, BlockNumber blkno)
{
    if (get_tablespace_io_concurrency(heap->rd_rel->reltablespace) == 0)
        return InvalidBuffer;
    return PrefetchBuffer(heap, MAIN_FORKNUM, blkno).recent_buffer;
}

static void load_line_pointer(Relation heap, ItemPointer tid)
{
    BlockNumber blkno = ItemPointerGetBlockNumberNoCheck(tid);
    Buffer *place = place_of(heap, blkno);
    Page page;

    if (*place == InvalidBuffer)
        *place = look_up(heap, blkno);
    if (*place == InvalidBuffer)
        return;
    page = BufferGetPage(*place);
    __builtin_prefetch(GetBufferDescriptor(*place - 1));
    __builtin_prefetch(page);
    __builtin_prefetch(PageGetItemId(page, ItemPointerGetOffsetNumberNoCheck(tid)));
}

/* Of a page that is not pinned: may be anything. */
static ItemIdData line_pointer(Page page, OffsetNumber offset)
{
    ItemIdData none = {0, LP_UNUSED, 0};

    return offset <= MaxHeapTuplesPerPage ? *PageGetItemId(page, offset) : none;
}

static void load_tuple(Relation heap, ItemPointer tid)
{
    BlockNumber blkno = ItemPointerGetBlockNumberNoCheck(tid);
    Buffer *place = place_of(heap, blkno);
    Page page;
    ItemIdData item;
    uint32 end;

    if (*place == InvalidBuffer)
        return;
    if (!VDB_BUFFER_HOLDS(*place, heap, blkno)) {
        *place = InvalidBuffer;
        load_line_pointer(heap, tid);
        return;
    }
    page = BufferGetPage(*place);
    item = line_pointer(page, ItemPointerGetOffsetNumberNoCheck(tid));
    if (ItemIdIsRedirected(&item))
        item = line_pointer(page, ItemIdGetRedirect(&item));
    end = Min(ItemIdGetOffset(&item) + Min(ItemIdGetLength(&item), TUPLE_BYTES), BLCKSZ);
    for (uint32 at = ItemIdGetOffset(&item); at < end; at += CPU_CACHE_LINE)
        __builtin_prefetch((char *) page + at);
}

/* The page of the row before is where the heap access method found it. */
static void learn_place(Relation heap, IndexScanDesc scan)
{
    Buffer buf = ((IndexFetchHeapData *) scan->xs_heapfetch)->xs_cbuf;

    if (BufferIsValid(buf))
        *place_of(heap, BufferGetBlockNumber(buf)) = buf;
}

/*
 * Pins the row's page for the heap access method, in the place where that looks first, the page of
 * the row before.  That saves it the look-up in the shared buffer table.
 */
static void hand_over_page(Relation heap, IndexScanDesc scan, ItemPointer tid)
{
    IndexFetchHeapData *fetch = (IndexFetchHeapData *) scan->xs_heapfetch;
    BlockNumber blkno = ItemPointerGetBlockNumberNoCheck(tid);
    Buffer buf;

    if (BufferIsValid(fetch->xs_cbuf) && BufferGetBlockNumber(fetch->xs_cbuf) == blkno)
        return;
    buf = vdb_pin_recent(heap, blkno, *place_of(heap, blkno));
    if (buf == InvalidBuffer)
        return;
    if (BufferIsValid(fetch->xs_cbuf))
        ReleaseBuffer(fetch->xs_cbuf);
    fetch->xs_cbuf = buf;
    heap_page_prune_opt(heap, buf); /* which the access method leaves out now */
}

void vdb_ahead_start(VdbHeapAhead *ahead, IndexScanDesc scan)
{
    Relation heap = scan->heapRelation;
    bool known = heap->rd_tableam == GetHeapamTableAmRoutine() && !RelationUsesLocalBuffers(heap);

    *ahead = (VdbHeapAhead){.heap = known ? heap : NULL};
}

void vdb_ahead_put(VdbHeapAhead *ahead, VdbAheadRow row)
{
    ahead->rows[ahead->put++ % VDB_AHEAD_ROOM] = row;
    if (ahead->heap != NULL)
        __builtin_prefetch(place_of(ahead->heap, ItemPointerGetBlockNumberNoCheck(&row.tid)));
}

/* In loops of their own, and of no locked instruction, so that the CPU waits for all at once. */
static void load_rows(VdbHeapAhead *ahead)
{
    uint32 found = Min(ahead->put, ahead->taken + POINTERS_AHEAD);
    uint32 loaded = Min(ahead->put, ahead->taken + TUPLES_AHEAD);

    for (; ahead->found < found; ahead->found++)
        load_line_pointer(ahead->heap, &ahead->rows[ahead->found % VDB_AHEAD_ROOM].tid);
    for (; ahead->loaded < loaded; ahead->loaded++)
        load_tuple(ahead->heap, &ahead->rows[ahead->loaded % VDB_AHEAD_ROOM].tid);
}

VdbAheadRow vdb_ahead_take(VdbHeapAhead *ahead, IndexScanDesc scan)
{
    VdbAheadRow row = ahead->rows[ahead->taken % VDB_AHEAD_ROOM];

    if (ahead->heap != NULL) {
        learn_place(ahead->heap, scan);
        load_rows(ahead);
        hand_over_page(ahead->heap, scan, &row.tid);
    }
    ahead->taken++;
    scan->xs_heaptid = row.tid;
    return row;
}
