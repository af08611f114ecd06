/*
 * Index scans: the nearest lists are read into a collector, which hands their entries out nearest
 * first; while the executor asks for more, further lists follow, in windows that double.
 *
 * Nothing is pinned between two calls.  A scan needs an MVCC snapshot: a heap tid that vacuum
 * removed after we saw it can only lead to a row that the snapshot does not see, and a list that
 * was split after we chose it keeps its pages for as long as the snapshot lasts.
 */
#include "postgres.h"

#include "access/relscan.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "ivf/scan_api.h"
#include "pg/compat.h"
#include "pg/ivf.h"

#define PREFETCH_PAGES 16 /* of a list, ahead of the one being read */
#define TAKEN_PART     4  /* a window grows when one in so many of its entries was taken */

typedef struct IvfScan {
    IvfIndex ii;
    MemoryContext context; /* of one rescan */
    VdbIvfScan *collector; /* NULL before the first tuple is asked for */
    void *given;           /* what the collector works in */

    /* the lists in the order in which they are looked at */
    VdbIvfRanked *ranked;
    IvfListRef *lists; /* by VdbIvfRanked.index */
    uint32 count;
    uint32 most; /* of them may be looked at */
    uint32 from; /* the window: ranked[from .. to) */
    uint32 to;
    uint32 late;   /* the first of those that were added to it last, `to` if none were */
    uint32 enough; /* as soon as no more entries are left to take, the window grows */
    bool done;
} IvfScan;

IndexScanDesc ivfbeginscan(Relation index, int nkeys, int norderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
    IvfScan *so = palloc0(sizeof(IvfScan));

    so->context = AllocSetContextCreate(CurrentMemoryContext, "ivf scan", ALLOCSET_DEFAULT_SIZES);
    so->ii = ivf_index(index);
    scan->opaque = so;
    return scan;
}

void ivfrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    IvfScan *so = scan->opaque;

    so->collector = NULL;
    so->given = NULL;
    so->done = false;
    MemoryContextReset(so->context);
    if (keys && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
    if (orderbys && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
}

void ivfendscan(IndexScanDesc scan)
{
    IvfScan *so = scan->opaque;

    MemoryContextDelete(so->context);
    pfree(so);
    scan->opaque = NULL;
}

/* Ranks all lists; the nearest of them are the first window. */
static void choose_lists(IndexScanDesc scan, IvfScan *so, const void *query)
{
    const IvfCache *cache = ivf_cache(scan->indexRelation, &so->ii);
    IvfProbes probes;

    so->count = cache->count;
    so->ranked = palloc_extended(sizeof(VdbIvfRanked) * so->count, MCXT_ALLOC_HUGE);
    so->lists = palloc_extended(sizeof(IvfListRef) * so->count, MCXT_ALLOC_HUGE);
    memcpy(so->lists, cache->lists, sizeof(IvfListRef) * so->count);
    vdb_ivf_rank_lists(&so->ii.geometry, &cache->centroids, query, so->ranked);

    probes = ivf_probes(scan->indexRelation, &so->ii, so->count);
    so->most = probes.most;
    so->from = 0;
    so->to = so->late = probes.first;
    vdb_ivf_order_lists(so->ranked, so->count, 0, so->to);
}

/* Gives the collector what it asks for before it is fed a page. */
static void provide_memory(IvfScan *so)
{
    Size size;

    while ((size = vdb_ivf_scan_need(so->collector)) > 0) {
        void *memory = MemoryContextAllocHuge(so->context, size);

        vdb_ivf_scan_give(so->collector, memory, size);
        if (so->given)
            pfree(so->given);
        so->given = memory;
    }
}

/* Where the list's chain starts, which is not known of one that was empty before.  One that
 * became more since is of no interest, unless it lost that already. */
static IvfListRef locate_list(IndexScanDesc scan, IvfScan *so, IvfListRef ref)
{
    VdbIvfList list;

    if (ref.first != InvalidBlockNumber)
        return ref;
    list = ivf_read_list(scan->indexRelation, &so->ii, ref.ordinal);
    if (list.id != ref.id || list.state == VDB_IVF_LIST_FREE)
        ivf_check_data(VDB_STALE, scan->indexRelation, VDB_IVF_META_BLOCK);
    ref.first = list.first;
    ref.run = list.run;
    return ref;
}

/*
 * Starts reading the pages of a list that lie one after the other, from *done on up to the page
 * after `at` that we should be ahead by.
 */
static void prefetch(IndexScanDesc scan, IvfScan *so, const IvfListRef *list, uint32 at,
                     uint32 *done)
{
    /* the first page has been read, so that the index does not end before it */
    uint32 run = Min(list->run, so->ii.nblocks - list->first);
    uint32 to = Min(at + PREFETCH_PAGES, run);

    for (*done = Max(*done, at); *done < to; ++*done)
        PrefetchBuffer(scan->indexRelation, MAIN_FORKNUM, list->first + *done);
}

static void read_list(IndexScanDesc scan, IvfScan *so, IvfListRef ref)
{
    Relation index = scan->indexRelation;
    IvfListRef list = locate_list(scan, so, ref);
    BlockNumber blkno = list.first;
    BlockNumber steps = 0;
    uint32 prefetched = 0;

    while (blkno != InvalidBlockNumber) {
        BlockNumber current = blkno;
        int64 misses = pgBufferUsage.shared_blks_read;
        Buffer buf;

        CHECK_FOR_INTERRUPTS();
        provide_memory(so);
        buf = ivf_read_data(index, &so->ii, current, NULL, BUFFER_LOCK_SHARE);
        /* looking for pages that are in memory already would cost as much as reading them */
        if (pgBufferUsage.shared_blks_read != misses)
            prefetch(scan, so, &list, steps + 1, &prefetched);
        if (steps + 1 < list.run)
            ivf_prefetch_cpu(index, current + 1);
        ivf_check_data(vdb_ivf_scan_feed(so->collector, BufferGetPage(buf), list.id), index,
                       current);
        blkno = vdb_ivf_page_next(BufferGetPage(buf), &so->ii.geometry);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, &so->ii, current, &steps);
    }
}

/* Reads a part of the window's lists. */
static void read_lists(IndexScanDesc scan, IvfScan *so, uint32 from, uint32 to)
{
    uint32 left;

    for (uint32 i = from; i < to; i++) {
        if (i == so->late)
            vdb_ivf_scan_late(so->collector);
        read_list(scan, so, so->lists[so->ranked[i].index]);
    }
    left = vdb_ivf_scan_left(so->collector);
    so->enough = left - left / TAKEN_PART;
}

/* Takes the lists after the window's into it, twice as many as it has; answers the first. */
static uint32 add_lists(IvfScan *so)
{
    uint32 first = so->to;

    so->to += Min(2 * (so->to - so->from), so->most - so->to);
    vdb_ivf_order_lists(so->ranked, so->count, first, so->to);
    return first;
}

/*
 * Reads further lists while entries of the last ones are left: what is near in the further ones
 * should not come after what is far in those.
 */
static void widen_window(IndexScanDesc scan, IvfScan *so)
{
    if (so->to < so->most && vdb_ivf_scan_widen(so->collector)) {
        so->late = add_lists(so);
        read_lists(scan, so, so->late, so->to);
    }
}

/* Goes on to the next lists; false: there are none, or none are wanted. */
static bool next_window(IndexScanDesc scan, IvfScan *so)
{
    if (so->to >= so->most)
        return false;
    so->from = add_lists(so);
    so->late = so->to;
    vdb_ivf_scan_window(so->collector);
    read_lists(scan, so, so->from, so->to);
    return true;
}

static void begin(IndexScanDesc scan, IvfScan *so)
{
    ScanKey key = &scan->orderByData[0];
    VdbIvfOrder order =
        ivf_iterative_scan() == IVF_ITERATIVE_SCAN_RELAXED ? VDB_IVF_RELAXED : VDB_IVF_STRICT;
    VdbIndexValue query;
    bool isnull;

    if (scan->numberOfOrderBys == 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot scan ivfflat index without order")));
    if (!IsMVCCSnapshot(scan->xs_snapshot))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("non-MVCC snapshots are not supported with ivfflat")));
    pgstat_count_index_scan(scan->indexRelation);
    VDB_COUNT_SEARCH(scan);

    isnull = key->sk_flags & SK_ISNULL;
    query = vdb_form_query(&so->ii.geometry.space, key->sk_argument, isnull);
    choose_lists(scan, so, query.data);
    so->collector =
        vdb_ivf_scan_init(palloc(vdb_ivf_scan_size()), &so->ii.geometry, (Size) work_mem * 1024);
    vdb_ivf_scan_start(so->collector, isnull ? NULL : query.data, query.norm, order);
    read_lists(scan, so, so->from, so->to);
}

/* The next entry in order of distance; false at the end of the scan. */
static bool next_entry(IndexScanDesc scan, IvfScan *so, VdbTid *tid)
{
    float distance;

    if (vdb_ivf_scan_left(so->collector) <= so->enough)
        widen_window(scan, so);
    while (!vdb_ivf_scan_take(so->collector, tid, &distance)) {
        CHECK_FOR_INTERRUPTS();
        if (vdb_ivf_scan_again(so->collector))
            read_lists(scan, so, so->from, so->to);
        else if (!next_window(scan, so))
            return false;
    }
    return true;
}

bool ivfgettuple(IndexScanDesc scan, ScanDirection dir)
{
    IvfScan *so = scan->opaque;
    MemoryContext old = MemoryContextSwitchTo(so->context);
    VdbTid tid;

    Assert(ScanDirectionIsForward(dir));
    if (so->collector == NULL)
        begin(scan, so);
    if (!so->done)
        so->done = !next_entry(scan, so, &tid);
    MemoryContextSwitchTo(old);
    if (so->done)
        return false;
    memcpy(&scan->xs_heaptid, &tid, sizeof(ItemPointerData));
    vdb_check_heap_tid(scan, &scan->xs_heaptid);
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    return true;
}
