/*
 * Ranking the entries of a coded index that its scan names: by their values on value pages, or, in
 * an index that keeps none, by what the operator says of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "miscadmin.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "pg/ivf_scan.h"

/* Loads a value into the CPU's cache, and what is looked at before it: which page that is, and
 * which of its slots are in use. */
static void load_value(Relation index, const VdbIvfGeometry *g, BlockNumber blkno, uint32 slot)
{
    const char *page = ivf_seen_at(index, blkno);
    uint32 slots = Min(g->slots_per_page - Min(slot, g->slots_per_page), g->slots_per_value);
    uint32 at = g->slots_offset + slot * g->slot_bytes;

    if (page == NULL)
        return;
    __builtin_prefetch(page);
    __builtin_prefetch(page + BLCKSZ - 1);
    for (uint32 i = 0; i < slots * g->slot_bytes; i += CPU_CACHE_LINE)
        __builtin_prefetch(page + at + i);
}

/* Loads what the batch names: into the CPU's cache, or from disk if pages come from there. */
static void load_values(Relation index, IvfScan *so, const VdbIvfCandidate *batch, uint32 n)
{
    for (uint32 i = 0; i < n; i++) {
        BlockNumber blkno = vdb_ivf_place_block(batch[i].place);

        if (so->value_credit > 0 && blkno < so->ii.nblocks) {
            PrefetchBuffer(index, MAIN_FORKNUM, blkno);
            so->value_credit--;
        } else {
            load_value(index, &so->ii.geometry, blkno, batch[i].place.slot);
        }
    }
}

/* The page, locked, where one of the values goes on that the batch's entries have on this one;
 * InvalidBuffer: none does. */
static Buffer read_rest(IndexScanDesc scan, IvfScan *so, Buffer buf, const VdbIvfCandidate *batch,
                        uint32 n)
{
    const VdbIvfGeometry *g = &so->ii.geometry;
    BlockNumber rest = InvalidBlockNumber;

    if (g->slots_per_value == 1)
        return InvalidBuffer;
    for (uint32 i = 0; i < n && rest == InvalidBlockNumber; i++) {
        if (vdb_ivf_place_block(batch[i].place) != BufferGetBlockNumber(buf))
            break;
        rest = vdb_ivf_value_rest(BufferGetPage(buf), g, batch[i].place.slot);
    }
    if (rest == InvalidBlockNumber)
        return InvalidBuffer;
    if (rest == BufferGetBlockNumber(buf))
        vdb_corrupted(scan->indexRelation, rest, "a value goes on where it begins");
    return ivf_read_scanned(scan, so, rest, &so->value_credit);
}

static void rank_by_values(IndexScanDesc scan, IvfScan *so, const VdbIvfCandidate *batch, uint32 n)
{
    Relation index = scan->indexRelation;
    bool asked = so->value_credit > 0;
    PGAlignedBlock joined;

    load_values(index, so, batch, n);
    for (uint32 i = 0; i < n;) {
        BlockNumber blkno = vdb_ivf_place_block(batch[i].place);
        VdbIvfValuePages at = {.joined = joined.data};
        Buffer buf, rest;

        CHECK_FOR_INTERRUPTS();
        buf = ivf_read_scanned(scan, so, blkno, &so->value_credit);
        rest = read_rest(scan, so, buf, batch + i, n - i);
        at.page = BufferGetPage(buf);
        at.older = BufferIsValid(rest) ? BufferGetPage(rest) : NULL;
        ivf_check_data(vdb_ivf_coded_rank(so->coded, &at, &i), index, blkno);
        if (BufferIsValid(rest))
            UnlockReleaseBuffer(rest);
        UnlockReleaseBuffer(buf);
        if (!asked && so->value_credit > 0) {
            load_values(index, so, batch + i, n - i);
            asked = true;
        }
    }
}

/* NaN comes last, as the core has it of infinity. */
static double operator_result(ScanKey key, Datum value)
{
    double result = DatumGetFloat8(
        FunctionCall2Coll(&key->sk_func, key->sk_collation, value, key->sk_argument));

    return isnan(result) ? get_float8_infinity() : result;
}

static void rank_by_rows(IndexScanDesc scan, IvfScan *so, const VdbIvfCandidate *batch, uint32 n)
{
    IvfRows *rows = so->rows;

    for (uint32 i = 0; i < n; i++) {
        MemoryContext old = MemoryContextSwitchTo(ivf_row_context(rows));
        Datum value;

        CHECK_FOR_INTERRUPTS();
        if (ivf_read_row(rows, batch[i].tid, scan->xs_snapshot, &value))
            vdb_ivf_coded_ranked(so->coded, i, operator_result(&scan->orderByData[0], value));
        MemoryContextSwitchTo(old);
        ivf_done_with_row(rows);
    }
    ivf_unpin_rows(rows);
}

/* An entry whose tid was damaged would else pass for one that vacuum took. */
static void check_tids(IndexScanDesc scan, const VdbIvfCandidate *batch, uint32 n)
{
    for (uint32 i = 0; i < n; i++) {
        ItemPointerData tid;

        memcpy(&tid, &batch[i].tid, sizeof(tid));
        vdb_check_heap_tid(scan, &tid);
    }
}

void ivf_rank_batch(IndexScanDesc scan, IvfScan *so)
{
    uint32 n;
    const VdbIvfCandidate *batch = vdb_ivf_coded_batch(so->coded, &n);

    check_tids(scan, batch, n);
    ivf_provide_memory(so);
    if (so->ii.geometry.kept != VDB_IVF_KEPT_HEAP) {
        rank_by_values(scan, so, batch, n);
        return;
    }
    if (so->rows == NULL) {
        MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(so));

        so->rows = ivf_begin_rows(scan->indexRelation, scan->heapRelation);
        MemoryContextSwitchTo(old);
    }
    rank_by_rows(scan, so, batch, n);
}
