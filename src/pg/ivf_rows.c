/*
 * Values of an index's rows, read from its table by heap tid: what an index that keeps none of them
 * (storage = heap) has instead.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "nodes/execnodes.h"

#include "pg/ivf.h"

struct IvfRows {
    IndexInfo *info;
    EState *estate; /* for the index's expressions */
    TupleTableSlot *slot;
    IndexFetchTableData *fetch;
};

IvfRows *ivf_begin_rows(Relation index, Relation heap)
{
    IvfRows *rows = palloc0(sizeof(IvfRows));

    rows->info = BuildIndexInfo(index);
    rows->estate = CreateExecutorState();
    rows->slot = table_slot_create(heap, NULL);
    rows->fetch = table_index_fetch_begin(heap);
    GetPerTupleExprContext(rows->estate)->ecxt_scantuple = rows->slot;
    return rows;
}

MemoryContext ivf_row_context(IvfRows *rows)
{
    return GetPerTupleMemoryContext(rows->estate);
}

bool ivf_read_row(IvfRows *rows, VdbTid tid, Snapshot snapshot, Datum *value)
{
    ItemPointerData at;
    Datum values[INDEX_MAX_KEYS];
    bool isnull[INDEX_MAX_KEYS];
    bool again = false;

    memcpy(&at, &tid, sizeof(at));
    if (!table_index_fetch_tuple(rows->fetch, &at, snapshot, rows->slot, &again, NULL))
        return false;
    FormIndexDatum(rows->info, rows->slot, rows->estate, values, isnull);
    *value = values[0];
    return !isnull[0];
}

void ivf_done_with_row(IvfRows *rows)
{
    ResetPerTupleExprContext(rows->estate);
}

void ivf_unpin_rows(IvfRows *rows)
{
    ExecClearTuple(rows->slot);
    table_index_fetch_reset(rows->fetch);
}

void ivf_end_rows(IvfRows *rows)
{
    table_index_fetch_end(rows->fetch);
    ExecDropSingleTupleTableSlot(rows->slot);
    FreeExecutorState(rows->estate);
    pfree(rows);
}
