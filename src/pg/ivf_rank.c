/*
 * Ranking the entries of a coded index that its scan names: by their values on value pages, or, in
 * an index that keeps none, by what the operator says of the rows.
 */
#include "postgres.h"

#include <math.h>

#include "access/relscan.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "utils/float.h"

#include "pg/ivf_scan.h"

struct IvfRows {
    IndexInfo *info;
    EState *estate; /* for the index's expressions; detoasted values go with each row */
    TupleTableSlot *slot;
    IndexFetchTableData *fetch;
};

/* Loads what the batch names: into the CPU's cache, or from disk if pages come from there. */
static void load_values(Relation index, const IvfScan *so, const VdbIvfCandidate *batch, uint32 n)
{
    const VdbIvfGeometry *g = &so->ii.geometry;

    for (uint32 i = 0; i < n; i++) {
        BlockNumber blkno = vdb_ivf_place_block(batch[i].place);
        uint32 at = g->slots_offset + Min(batch[i].place.slot, g->slots_per_page) * g->slot_bytes;

        if (so->cold && blkno < so->ii.nblocks)
            PrefetchBuffer(index, MAIN_FORKNUM, blkno);
        else
            ivf_prefetch_cpu(index, blkno, at, g->slot_bytes);
    }
}

static void rank_by_values(IndexScanDesc scan, IvfScan *so, const VdbIvfCandidate *batch, uint32 n)
{
    Relation index = scan->indexRelation;

    load_values(index, so, batch, n);
    for (uint32 i = 0; i < n;) {
        BlockNumber blkno = vdb_ivf_place_block(batch[i].place);
        int64 misses = pgBufferUsage.shared_blks_read;
        Buffer buf;

        CHECK_FOR_INTERRUPTS();
        buf = ivf_read_data(index, &so->ii, blkno, NULL, BUFFER_LOCK_SHARE);
        so->cold |= pgBufferUsage.shared_blks_read != misses;
        ivf_check_data(vdb_ivf_coded_rank(so->coded, BufferGetPage(buf), &i), index, blkno);
        UnlockReleaseBuffer(buf);
    }
}

static IvfRows *begin_rows(IndexScanDesc scan)
{
    IvfRows *rows = palloc0(sizeof(IvfRows));

    rows->info = BuildIndexInfo(scan->indexRelation);
    rows->estate = CreateExecutorState();
    rows->slot = table_slot_create(scan->heapRelation, NULL);
    rows->fetch = table_index_fetch_begin(scan->heapRelation);
    GetPerTupleExprContext(rows->estate)->ecxt_scantuple = rows->slot;
    return rows;
}

/* False: the snapshot sees no row there, or its value is NULL. */
static bool fetch_value(IndexScanDesc scan, IvfRows *rows, VdbTid tid, Datum *value)
{
    ItemPointerData at;
    Datum values[INDEX_MAX_KEYS];
    bool isnull[INDEX_MAX_KEYS];
    bool again = false;

    memcpy(&at, &tid, sizeof(at));
    vdb_check_heap_tid(scan, &at);
    if (!table_index_fetch_tuple(rows->fetch, &at, scan->xs_snapshot, rows->slot, &again, NULL))
        return false;
    FormIndexDatum(rows->info, rows->slot, rows->estate, values, isnull);
    *value = values[0];
    return !isnull[0];
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
        MemoryContext old = MemoryContextSwitchTo(GetPerTupleMemoryContext(rows->estate));
        Datum value;

        CHECK_FOR_INTERRUPTS();
        if (fetch_value(scan, rows, batch[i].tid, &value))
            vdb_ivf_coded_ranked(so->coded, i, operator_result(&scan->orderByData[0], value));
        MemoryContextSwitchTo(old);
        ResetPerTupleExprContext(rows->estate);
    }
    ExecClearTuple(rows->slot);
    table_index_fetch_reset(rows->fetch); /* nothing stays pinned */
}

void ivf_rank_batch(IndexScanDesc scan, IvfScan *so)
{
    uint32 n;
    const VdbIvfCandidate *batch = vdb_ivf_coded_batch(so->coded, &n);

    ivf_provide_memory(so);
    if (so->ii.geometry.kept != VDB_IVF_KEPT_HEAP) {
        rank_by_values(scan, so, batch, n);
        return;
    }
    if (so->rows == NULL) {
        MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(so));

        so->rows = begin_rows(scan);
        MemoryContextSwitchTo(old);
    }
    rank_by_rows(scan, so, batch, n);
}

void ivf_end_rows(IvfScan *so)
{
    if (so->rows == NULL)
        return;
    table_index_fetch_end(so->rows->fetch);
    ExecDropSingleTupleTableSlot(so->rows->slot);
    FreeExecutorState(so->rows->estate);
    pfree(so->rows);
    so->rows = NULL;
}
