/*
 * Index scans: a best-first search in windows of ef_search nodes, resumed for as long as the
 * executor asks for rows.
 *
 * A scan needs an MVCC snapshot: a heap tid that vacuum removed after we saw its node can only lead
 * to a row that the snapshot does not see.
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/float.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/compat.h"
#include "pg/detoast_once.h"
#include "pg/heap_ahead.h"
#include "pg/hnsw.h"
#include "pg/scratch.h"

/* Where a scan stands. */
typedef enum HnswScanState {
    HNSW_SCAN_START,
    HNSW_SCAN_RUNNING,
    HNSW_SCAN_DRAINING, /* limits reached: returns what was visited, visits no more */
    HNSW_SCAN_DONE
} HnswScanState;

typedef struct HnswScan {
    HnswScanState state;
    HnswIndex hi;
    VdbHnswSearch *search;
    MemoryContext context; /* of one rescan's search */
    int ef;

    /* the node whose heap tids are being returned */
    VdbNode node;
    float distance; /* with codes: a lower bound of it, which is the order then */
    VdbTid *tids;   /* in the scan's own memory context, as rescans reuse it */
    uint32 tid_room;
    uint32 tid_count;
    uint32 tid_next;

    VdbHeapAhead ahead; /* rows that come before those of the node */

    /* The index keeps less of a vector than the column: the executor orders by what it computes,
     * and is told what that cannot be below. */
    bool recheck;
    bool leftovers; /* of the window: not returned yet */
    double order;
} HnswScan;

IndexScanDesc hnswbeginscan(Relation index, int nkeys, int norderbys)
{
    IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
    HnswScan *so = palloc0(sizeof(HnswScan));

    so->context = AllocSetContextCreate(CurrentMemoryContext, "hnsw scan", ALLOCSET_DEFAULT_SIZES);
    so->hi = hnsw_index(index);
    so->tid_room = 1 + so->hi.geometry.tids_per_cell;
    so->tids = palloc(sizeof(VdbTid) * so->tid_room);
    if (norderbys > 0) {
        scan->xs_orderbyvals = palloc0(sizeof(Datum) * norderbys);
        scan->xs_orderbynulls = palloc0(sizeof(bool) * norderbys);
    }
    scan->opaque = so;
    return scan;
}

void hnswrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys)
{
    HnswScan *so = scan->opaque;

    so->state = HNSW_SCAN_START;
    so->tid_count = so->tid_next = 0;
    so->search = NULL;
    MemoryContextReset(so->context);
    if (keys && scan->numberOfKeys > 0)
        memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
    if (orderbys && scan->numberOfOrderBys > 0)
        memmove(scan->orderByData, orderbys, scan->numberOfOrderBys * sizeof(ScanKeyData));
}

void hnswendscan(IndexScanDesc scan)
{
    HnswScan *so = scan->opaque;

    MemoryContextDelete(so->context);
    pfree(so->tids);
    pfree(so);
    scan->opaque = NULL;
}

/* Searches the layers down to the lowest, where the first window is then complete. */
static void search_layers(Relation index, HnswScan *so, const VdbHnswQuery *query)
{
    VdbHnswMeta meta = hnsw_read_meta(index, &so->hi);

    if (meta.root == VDB_NO_NODE) {
        so->state = HNSW_SCAN_DONE;
        return;
    }
    vdb_hnsw_search_start(so->search, query, meta.entry, meta.root, meta.entry_level,
                          meta.entry_level > 0 ? 1 : so->ef);
    hnsw_run_search(index, &so->hi, so->search);
    for (uint32 level = meta.entry_level; level > 0; level--) {
        vdb_hnsw_search_descend(so->search, level > 1 ? 1 : so->ef);
        hnsw_run_search(index, &so->hi, so->search);
    }
}

static void start_search(IndexScanDesc scan, HnswScan *so)
{
    Relation index = scan->indexRelation;
    ScanKey key = &scan->orderByData[0];
    bool isnull = (key->sk_flags & SK_ISNULL) != 0;
    VdbIndexValue vector = hnsw_form_query(&so->hi, key->sk_argument, isnull);
    VdbHnswQuery query = {vector.data, vector.norm, VDB_HNSW_FOR_SCAN};
    VdbNode root;
    VdbHnswEntries *entries = hnsw_entries(index, &so->hi, &root);

    hnsw_learn_buffers(index);
    so->ef = hnsw_ef_search;
    so->recheck = vdb_hnsw_coded(&so->hi.geometry) && !isnull; /* nothing is near NULL */
    so->leftovers = true;
    so->state = HNSW_SCAN_RUNNING;
    so->search =
        vdb_hnsw_search_init(vdb_scratch_alloc(vdb_hnsw_search_size(&so->hi.geometry, so->ef)),
                             &so->hi.geometry, so->ef);
    if (entries) {
        vdb_hnsw_search_start_near(so->search, &query, entries, root, so->ef);
        hnsw_run_search(index, &so->hi, so->search);
    } else {
        search_layers(index, so, &query);
    }
}

static bool limits_reached(HnswScan *so)
{
    double budget = (double) work_mem * 1024 * hnsw_scan_mem_multiplier;

    return vdb_hnsw_search_visited(so->search) >= (uint64) hnsw_max_scan_tuples ||
           vdb_hnsw_search_memory(so->search) > budget;
}

/*
 * Moves on to the next window; false at the end of the scan.  Each is twice as wide as the one
 * before: a wider window leaves fewer nodes to turn up too late, and a scan that got here is likely
 * to go on.
 *
 * To know the place of the last row that it wants, the executor may ask for some more whose bounds
 * are beyond: those that were expanded will do.  Strict order loses what turns up nearer than these
 * later, so it offers them once, and keeps back part of each further window.
 */
static bool next_window(IndexScanDesc scan, HnswScan *so)
{
    if (hnsw_iterative_scan == HNSW_ITERATIVE_SCAN_OFF)
        return false;
    if (so->recheck && so->leftovers) {
        so->leftovers = false;
        if (vdb_hnsw_search_leftovers(so->search, so->ef / 4 + 2))
            return true;
    }
    if (hnsw_iterative_scan == HNSW_ITERATIVE_SCAN_STRICT)
        vdb_hnsw_search_hold_back(so->search);
    else
        so->leftovers = true;
    /* once draining, always: memory for a wider window is only taken to go on */
    if (so->state == HNSW_SCAN_DRAINING || limits_reached(so)) {
        so->state = HNSW_SCAN_DRAINING;
        return vdb_hnsw_search_drain(so->search);
    }
    if (vdb_hnsw_search_visited(so->search) < (uint64) hnsw_max_scan_tuples / 2)
        vdb_hnsw_search_widen(so->search, so->ef *= 2);
    hnsw_reserve(so->search);
    if (!vdb_hnsw_search_resume(so->search))
        return false;
    hnsw_run_search(scan->indexRelation, &so->hi, so->search);
    return true;
}

/* The next node of the window in order of distance.  Under strict order one that turns up too late
 * is left out. */
static bool next_of_window(HnswScan *so)
{
    bool strict = hnsw_iterative_scan == HNSW_ITERATIVE_SCAN_STRICT;
    float last = so->distance;
    bool first = so->node == VDB_NO_NODE;
    VdbHnswFound found;

    while (vdb_hnsw_search_take(so->search, &found)) {
        if (!first && strict && found.distance < last)
            continue;
        so->node = found.node;
        so->distance = found.distance;
        so->tid_count = so->tid_next = 0;
        if (found.heap_tid.offset != 0 && !found.more_tids)
            so->tids[so->tid_count++] = found.heap_tid;
        return true;
    }
    return false;
}

static bool next_node(IndexScanDesc scan, HnswScan *so)
{
    while (!next_of_window(so)) {
        CHECK_FOR_INTERRUPTS();
        if (!next_window(scan, so))
            return false;
    }
    return true;
}

/* Reads the node's inline heap tid and where the others begin. */
static VdbCellRef read_inline_tid(IndexScanDesc scan, HnswScan *so)
{
    BlockNumber blkno = vdb_hnsw_node_block(&so->hi.geometry, so->node);
    Buffer buf = vdb_read_page_of(scan->indexRelation, &so->hi, blkno, VDB_HNSW_PAGE_NODE,
                                  BUFFER_LOCK_SHARE);
    VdbCellRef chain;

    so->tid_count =
        vdb_hnsw_node_tids(BufferGetPage(buf), &so->hi.geometry, so->node, so->tids, &chain);
    so->tid_next = 0;
    UnlockReleaseBuffer(buf);
    return chain;
}

/* Makes room for another cell's heap tids. */
static void reserve_tids(HnswScan *so)
{
    if (so->tid_room - so->tid_count < so->hi.geometry.tids_per_cell) {
        so->tid_room *= 2;
        so->tids = repalloc_huge(so->tids, sizeof(VdbTid) * so->tid_room);
    }
}

/* Reads the next cell of a chain.  False: it is another node's by now. */
static bool read_cell(IndexScanDesc scan, HnswScan *so, VdbCellRef *chain)
{
    BlockNumber blkno = vdb_cell_block(*chain);
    Buffer buf = vdb_read_page(scan->indexRelation, &so->hi, blkno, BUFFER_LOCK_SHARE);
    uint32 count = 0;
    VdbStatus status = vdb_hnsw_cell_tids(BufferGetPage(buf), &so->hi.geometry, so->node, chain,
                                          so->tids + so->tid_count, &count);

    UnlockReleaseBuffer(buf);
    if (status == VDB_STALE)
        return false;
    vdb_check(status, scan->indexRelation, blkno);
    so->tid_count += count;
    return true;
}

static bool chain_starts_at(IndexScanDesc scan, HnswScan *so, VdbCellRef head)
{
    BlockNumber blkno = vdb_hnsw_node_block(&so->hi.geometry, so->node);
    Buffer buf = vdb_read_page_of(scan->indexRelation, &so->hi, blkno, VDB_HNSW_PAGE_NODE,
                                  BUFFER_LOCK_SHARE);
    VdbTid tid;
    VdbCellRef chain;

    (void) vdb_hnsw_node_tids(BufferGetPage(buf), &so->hi.geometry, so->node, &tid, &chain);
    UnlockReleaseBuffer(buf);
    return memcmp(&head, &chain, sizeof(head)) == 0;
}

/* Cells of other nodes that reading one chain may come to: vacuum takes one out now and then, but
 * the chain then no longer leads there. */
#define MOST_STALE_CELLS 1000

/*
 * Reads all heap tids of the node just taken.  Vacuum may take empty cells out of the chain
 * meanwhile, and an inserter put them back at its head: the head is looked at again after each
 * cell, and a chain that changed is read again.
 */
static void read_node_tids(IndexScanDesc scan, HnswScan *so)
{
    VdbCellRef head = read_inline_tid(scan, so);
    VdbCellRef chain = head;
    uint64 cells = 0;
    int stale = 0;

    while (chain.offset != 0) {
        bool valid;

        CHECK_FOR_INTERRUPTS();
        if (++cells > (uint64) so->hi.nblocks * so->hi.geometry.cells_per_cell_page)
            vdb_corrupted(scan->indexRelation, vdb_cell_block(chain), "endless list of heap tids");
        reserve_tids(so);
        valid = read_cell(scan, so, &chain);
        if (!valid && ++stale > MOST_STALE_CELLS)
            vdb_corrupted(scan->indexRelation, vdb_cell_block(chain),
                          "a list of heap tids leads to another node's");
        if (!valid || !chain_starts_at(scan, so, head)) {
            head = chain = read_inline_tid(scan, so);
            cells = 0;
        }
    }
}

/* Puts as many rows ahead as the window has; goes on to the next window only where there is none.
 */
static void fill_ahead(IndexScanDesc scan, HnswScan *so)
{
    while (!vdb_ahead_is_full(&so->ahead)) {
        VdbAheadRow row = {.order = so->distance};

        if (so->tid_next == so->tid_count) {
            CHECK_FOR_INTERRUPTS();
            if (!next_of_window(so) && !(vdb_ahead_is_empty(&so->ahead) && next_node(scan, so)))
                return;
            if (so->tid_count == 0)
                read_node_tids(scan, so);
            continue;
        }
        memcpy(&row.tid, &so->tids[so->tid_next++], sizeof(row.tid));
        vdb_check_heap_tid(scan, &row.tid);
        vdb_ahead_put(&so->ahead, row);
    }
}

static void begin(IndexScanDesc scan, HnswScan *so)
{
    if (scan->numberOfOrderBys == 0)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot scan hnsw index without order")));
    if (!IsMVCCSnapshot(scan->xs_snapshot))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("non-MVCC snapshots are not supported with hnsw")));
    pgstat_count_index_scan(scan->indexRelation);
    VDB_COUNT_SEARCH(scan);
    so->node = VDB_NO_NODE;
    vdb_ahead_start(&so->ahead, scan);
    start_search(scan, so);
    if (so->recheck)
        vdb_detoast_start(so->context);
}

/* Operators say NaN where the core says infinity. */
static void tell_order(IndexScanDesc scan, HnswScan *so, double order)
{
    scan->xs_recheckorderby = so->recheck;
    if (so->recheck) {
        so->order = isinf(order) && order > 0 ? get_float8_nan() : order;
        scan->xs_orderbyvals[0] = Float8GetDatumFast(so->order);
    }
}

bool hnswgettuple(IndexScanDesc scan, ScanDirection dir)
{
    HnswScan *so = scan->opaque;
    MemoryContext old = MemoryContextSwitchTo(so->context);

    Assert(ScanDirectionIsForward(dir));
    if (so->state == HNSW_SCAN_START)
        begin(scan, so);
    if (so->state != HNSW_SCAN_DONE)
        fill_ahead(scan, so);
    MemoryContextSwitchTo(old);
    if (vdb_ahead_is_empty(&so->ahead)) {
        so->state = HNSW_SCAN_DONE;
        return false;
    }
    tell_order(scan, so, vdb_ahead_take(&so->ahead, scan).order);
    scan->xs_recheck = false;
    return true;
}
