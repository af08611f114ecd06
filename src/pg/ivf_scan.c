/*
 * Index scans: the nearest lists are read into a collector, which hands their entries out nearest
 * first; while the executor asks for more, further lists follow, in windows that double.
 *
 * Nothing is pinned between two calls.  A scan needs an MVCC snapshot: a heap tid that vacuum
 * removed after we saw it can only lead to a row that the snapshot does not see, and a list that
 * was split after we chose it keeps its pages for as long as the snapshot lasts.
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/compat.h"
#include "pg/detoast_once.h"
#include "pg/ivf_scan.h"
#include "pg/scratch.h"

#define TAKEN_PART 4 /* a window grows when one in so many of its entries was taken */

/* Entries that this session's last scan of a coded index ranked: the next is likely to be like it.
 */
static uint32 recently_ranked;

IndexScanDesc ivfbeginscan(Relation index, int nkeys, int norderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
    IvfScan *so = palloc0(sizeof(IvfScan));

    so->context = AllocSetContextCreate(CurrentMemoryContext, "ivf scan", ALLOCSET_DEFAULT_SIZES);
    so->ii = ivf_index(index);
    if (norderbys > 0) {
        scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
        scan->xs_orderbynulls = palloc0(sizeof(bool) * norderbys);
    }
    scan->opaque = so;
    return scan;
}

static void end_search(IvfScan *so)
{
    if (so->begun)
        ivf_end_reading(so);
    if (so->coded)
        recently_ranked = vdb_ivf_coded_ranked_total(so->coded);
    so->plain = NULL;
    so->coded = NULL;
    so->given = NULL;
    so->begun = so->done = so->cold = false;
}

void ivfrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    IvfScan *so = scan->opaque;

    end_search(so);
    MemoryContextReset(so->context);
    if (keys && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
    if (orderbys && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
}

void ivfendscan(IndexScanDesc scan)
{
    IvfScan *so = scan->opaque;

    end_search(so);
    if (so->rows)
        ivf_end_rows(so->rows);
    MemoryContextDelete(so->context);
    pfree(so);
    scan->opaque = NULL;
}

/* --- what collects entries, with codes or without --- */

void ivf_provide_memory(IvfScan *so)
{
    Size size;

    while ((size = so->coded ? vdb_ivf_coded_need(so->coded) : vdb_ivf_scan_need(so->plain)) > 0) {
        void *memory = MemoryContextAllocHuge(so->context, size);
        void *old = so->given;

        if (so->coded)
            old = vdb_ivf_coded_give(so->coded, memory, size);
        else
            vdb_ivf_scan_give(so->plain, memory, size);
        if (old)
            pfree(old);
        so->given = so->coded ? NULL : memory;
    }
}

static VdbStatus collect(IvfScan *so, Page page, uint32 list_id)
{
    return so->coded ? vdb_ivf_coded_feed(so->coded, page)
                     : vdb_ivf_scan_feed(so->plain, page, list_id);
}

static uint32 entries_left(const IvfScan *so)
{
    return so->coded ? vdb_ivf_coded_left(so->coded) : vdb_ivf_scan_left(so->plain);
}

static bool collect_more(IvfScan *so)
{
    return so->coded ? vdb_ivf_coded_widen(so->coded) : vdb_ivf_scan_widen(so->plain);
}

static bool collect_again(IvfScan *so)
{
    return so->coded ? vdb_ivf_coded_again(so->coded) : vdb_ivf_scan_again(so->plain);
}

static void collect_anew(IvfScan *so)
{
    if (so->coded)
        vdb_ivf_coded_window(so->coded);
    else
        vdb_ivf_scan_window(so->plain);
}

static void begin_late_lists(IvfScan *so)
{
    if (so->coded)
        vdb_ivf_coded_late(so->coded);
    else
        vdb_ivf_scan_late(so->plain);
}

static void begin_list(IvfScan *so, const VdbIvfRanked *ranked)
{
    VdbIvfCodedList list = {.id = so->lists[ranked->index].id,
                            .distance = ranked->distance,
                            .norm = so->norms ? so->norms[ranked->index] : 1};

    if (so->coded)
        vdb_ivf_coded_list(so->coded, &list);
}

/* --- windows of lists --- */

/* Where the list's chain starts, which is not known of one that was empty before. */
static IvfListRef locate_list(IndexScanDesc scan, IvfScan *so, IvfListRef ref)
{
    VdbIvfList list;

    if (ref.first != InvalidBlockNumber)
        return ref;
    list = ivf_read_chosen(scan->indexRelation, &so->ii, &ref);
    ref.first = list.first;
    ref.run = list.run;
    return ref;
}

/* The page read after this one is loaded into the CPU's cache: the next of the chain, or the first
 * of the list that follows. */
static void load_next(Relation index, IvfScan *so, BlockNumber blkno)
{
    if (blkno == InvalidBlockNumber)
        return;
    if (so->coded)
        vdb_ivf_coded_ahead(so->coded, ivf_seen_at(index, blkno));
    else
        ivf_prefetch_cpu(index, blkno, 0, BLCKSZ);
}

/* Reads the i-th of the ranked lists, of which those up to `end` follow. */
static void read_list(IndexScanDesc scan, IvfScan *so, uint32 i, uint32 end)
{
    Relation index = scan->indexRelation;
    IvfListRef list = locate_list(scan, so, so->lists[so->ranked[i].index]);
    BlockNumber blkno = list.first;
    BlockNumber steps = 0;
    BlockNumber following =
        i + 1 < end ? so->lists[so->ranked[i + 1].index].first : InvalidBlockNumber;

    while (blkno != InvalidBlockNumber) {
        BlockNumber current = blkno;
        int64 misses = pgBufferUsage.shared_blks_read;
        Buffer buf;

        CHECK_FOR_INTERRUPTS();
        ivf_provide_memory(so);
        ivf_mark_in_use(index, current);
        buf = ivf_read_scanned(scan, so, current, &so->list_credit);
        ivf_note_read(so, i, steps);
        /* looking for pages that are in memory already would cost as much as reading them */
        if (pgBufferUsage.shared_blks_read != misses)
            ivf_ask_ahead(index, so, end);
        blkno = vdb_ivf_page_next(BufferGetPage(buf), &so->ii.geometry);
        load_next(index, so, blkno != InvalidBlockNumber ? blkno : following);
        ivf_check_data(collect(so, BufferGetPage(buf), list.id), index, current);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, &so->ii, current, &steps);
    }
}

/* Reads a part of the window's lists. */
static void read_lists(IndexScanDesc scan, IvfScan *so, uint32 from, uint32 to)
{
    uint32 left;

    ivf_ask_anew(so);
    for (uint32 i = from; i < to; i++) {
        if (i == so->late)
            begin_late_lists(so);
        begin_list(so, &so->ranked[i]);
        read_list(scan, so, i, to);
    }
    left = entries_left(so);
    so->enough = left - left / TAKEN_PART;
}

/* Takes the lists after the window's into it, twice as many as it has; answers the first. */
static uint32 add_lists(IndexScanDesc scan, IvfScan *so)
{
    uint32 first = so->to;

    so->to += Min(2 * (so->to - so->from), so->most - so->to);
    ivf_order_lists(scan, so, first);
    return first;
}

/*
 * Reads further lists while entries of the last ones are left: what is near in the further ones
 * should not come after what is far in those.
 */
static void widen_window(IndexScanDesc scan, IvfScan *so)
{
    if (so->to < so->most && collect_more(so)) {
        so->late = add_lists(scan, so);
        read_lists(scan, so, so->late, so->to);
    }
}

/* Goes on to the next lists; false: there are none, or none are wanted. */
static bool next_window(IndexScanDesc scan, IvfScan *so)
{
    if (so->to >= so->most)
        return false;
    so->from = add_lists(scan, so);
    so->late = so->to;
    collect_anew(so);
    read_lists(scan, so, so->from, so->to);
    return true;
}

/* --- rows --- */

static VdbIvfOrder row_order(void)
{
    return ivf_iterative_scan() == IVF_ITERATIVE_SCAN_RELAXED ? VDB_IVF_RELAXED : VDB_IVF_STRICT;
}

static void begin_plain(IvfScan *so, VdbIndexValue query, bool isnull)
{
    so->plain =
        vdb_ivf_scan_init(palloc(vdb_ivf_scan_size()), &so->ii.geometry, (Size) work_mem * 1024);
    vdb_ivf_scan_start(so->plain, isnull ? NULL : query.data, query.norm, row_order());
}

static void begin_coded(IndexScanDesc scan, IvfScan *so, VdbIndexValue query, bool isnull)
{
    VdbIvfCodedQuery wanted = {.vector = isnull ? NULL : query.data,
                               .norm = query.norm,
                               .epsilon = (float) ivf_epsilon,
                               .order = row_order(),
                               .expected = recently_ranked};

    so->coded = vdb_ivf_coded_init(vdb_scratch_alloc(vdb_ivf_coded_scan_size(&so->ii.geometry)),
                                   &so->ii.geometry, (Size) work_mem * 1024);
    vdb_ivf_coded_start(so->coded, &wanted);
    vdb_ahead_start(&so->ahead, scan);
    /* nothing is near NULL, and what the operator says of a row is its place */
    so->recheck = !isnull && so->ii.geometry.kept != VDB_IVF_KEPT_HEAP;
    if (so->recheck)
        vdb_detoast_start(so->context);
}

static void begin(IndexScanDesc scan, IvfScan *so)
{
    ScanKey key = &scan->orderByData[0];
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

    isnull = (key->sk_flags & SK_ISNULL) != 0;
    query = ivf_form_query(&so->ii, key->sk_argument, isnull);
    if (vdb_ivf_coded(&so->ii.geometry))
        begin_coded(scan, so, query, isnull);
    else
        begin_plain(so, query, isnull);
    ivf_choose_lists(scan, so, query.data);
    so->begun = true;
    read_lists(scan, so, so->from, so->to);
}

/* When all that was collected is taken: collects more.  False: at the end of the scan. */
static bool go_on(IndexScanDesc scan, IvfScan *so)
{
    CHECK_FOR_INTERRUPTS();
    if (!collect_again(so))
        return next_window(scan, so);
    read_lists(scan, so, so->from, so->to);
    return true;
}

/* The next entry in order of distance; false at the end of the scan. */
static bool next_entry(IndexScanDesc scan, IvfScan *so, VdbTid *tid)
{
    float distance;

    if (entries_left(so) <= so->enough)
        widen_window(scan, so);
    while (!vdb_ivf_scan_take(so->plain, tid, &distance)) {
        if (!go_on(scan, so))
            return false;
    }
    return true;
}

/* The next row of a coded index; false at the end of the scan. */
static bool next_row(IndexScanDesc scan, IvfScan *so, VdbIvfCodedRow *row)
{
    if (entries_left(so) <= so->enough)
        widen_window(scan, so);
    for (;;) {
        switch (vdb_ivf_coded_next(so->coded, row)) {
        case VDB_IVF_CODED_ROW:
            return true;
        case VDB_IVF_CODED_RANK:
            ivf_rank_batch(scan, so);
            break;
        case VDB_IVF_CODED_DRY:
            if (!go_on(scan, so))
                return false;
        }
    }
}

/* Puts rows ahead that need no more work, and one in any case, unless there is none. */
static void fill_ahead(IndexScanDesc scan, IvfScan *so)
{
    while (!vdb_ahead_is_full(&so->ahead) &&
           (vdb_ahead_is_empty(&so->ahead) || vdb_ivf_coded_ready(so->coded)))
    {
        VdbIvfCodedRow found;
        VdbAheadRow row;

        if (!next_row(scan, so, &found)) {
            so->done = true;
            return;
        }
        memcpy(&row.tid, &found.tid, sizeof(row.tid));
        row.order = found.bound;
        vdb_check_heap_tid(scan, &row.tid);
        vdb_ahead_put(&so->ahead, row);
    }
}

/* Operators say NaN where the core says infinity. */
static void tell_order(IndexScanDesc scan, IvfScan *so, double order)
{
    so->order = isinf(order) && order > 0 ? get_float8_nan() : order;
    scan->xs_recheckorderby = so->recheck;
    scan->xs_orderbyvals[0] = Float8GetDatumFast(so->order);
}

static bool return_coded(IndexScanDesc scan, IvfScan *so)
{
    if (vdb_ahead_is_empty(&so->ahead))
        return false;
    tell_order(scan, so, vdb_ahead_take(&so->ahead, scan).order);
    scan->xs_recheck = false;
    return true;
}

bool ivfgettuple(IndexScanDesc scan, ScanDirection dir)
{
    IvfScan *so = scan->opaque;
    MemoryContext old = MemoryContextSwitchTo(so->context);
    VdbTid tid;

    Assert(ScanDirectionIsForward(dir));
    if (!so->begun)
        begin(scan, so);
    if (!so->done && so->coded)
        fill_ahead(scan, so);
    else if (!so->done)
        so->done = !next_entry(scan, so, &tid);
    MemoryContextSwitchTo(old);
    if (so->coded)
        return return_coded(scan, so);
    if (so->done)
        return false;
    memcpy(&scan->xs_heaptid, &tid, sizeof(ItemPointerData));
    vdb_check_heap_tid(scan, &scan->xs_heaptid);
    scan->xs_recheck = false;
    scan->xs_recheckorderby = false;
    return true;
}
