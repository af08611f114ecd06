/*
 * vectordb_index_check() and vectordb_index_info(): walk a whole hnsw index.
 *
 * The graph's own invariants are the core's business (hnsw/check_api.h); this file feeds it pages
 * and compares the heap tids it finds with the heap.  A check takes the locks that keep writers
 * away, for else the pages would not fit each other.  A standby cannot take them: there replay may
 * go on meanwhile, and a problem counts only if it shows again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/index.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "hnsw/check_api.h"
#include "pg/compat.h"
#include "pg/hnsw.h"

PG_FUNCTION_INFO_V1(vectordb_index_check);
PG_FUNCTION_INFO_V1(vectordb_index_info);

/* --- opening and locking --- */

typedef struct CheckedIndex {
    Relation heap;
    Relation index;
    LOCKMODE lockmode;
} CheckedIndex;

/* ereports unless it is one of our indexes, with storage that this session can read. */
static void must_be_checkable(Relation index)
{
    if (index->rd_rel->relkind != RELKIND_INDEX || index->rd_indam->ambuild != hnswbuild)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not an hnsw index", RelationGetRelationName(index))));
    if (RELATION_IS_OTHER_TEMP(index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary tables of other sessions")));
    if (index->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary or unlogged relations during recovery")));
}

/* Locks the table first, as everyone does; its owner only may ask for that. */
static CheckedIndex open_index(Oid index_oid, LOCKMODE lockmode)
{
    CheckedIndex c = {.lockmode = lockmode};
    Oid heap_oid = IndexGetRelation(index_oid, true);

    if (!OidIsValid(heap_oid)) {
        char *name = get_rel_name(index_oid);

        if (name == NULL)
            ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                            errmsg("could not open relation with OID %u", index_oid)));
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not an hnsw index", name)));
    }
    if (!VDB_OWNS_RELATION(heap_oid, GetUserId()))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, get_rel_name(index_oid));

    c.heap = table_open(heap_oid, lockmode);
    c.index = index_open(index_oid, lockmode);
    /* the table may have been replaced before the lock came */
    if (IndexGetRelation(index_oid, false) != heap_oid)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("could not open parent table of index \"%s\"",
                               RelationGetRelationName(c.index))));
    must_be_checkable(c.index);
    return c;
}

static void close_index(CheckedIndex *c)
{
    index_close(c->index, c->lockmode);
    table_close(c->heap, c->lockmode);
}

/* --- the result --- */

typedef struct Report {
    ReturnSetInfo *rsinfo; /* NULL: problems are not wanted */
    uint64 problems;
} Report;

/* Adds a row; InvalidBlockNumber and -1 stand for none.  Beyond the core's limit it only counts. */
static void put_problem(Report *report, BlockNumber blkno, int32 item, const char *text)
{
    Datum values[3] = {Int64GetDatum(blkno), Int32GetDatum(item), (Datum) 0};
    bool nulls[3] = {blkno == InvalidBlockNumber, item < 0, false};

    if (report->rsinfo == NULL || report->problems++ >= VDB_HNSW_CHECK_MAX_PROBLEMS)
        return;
    values[2] = CStringGetTextDatum(text);
    tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
    pfree(DatumGetPointer(values[2]));
}

static void put_core_problems(Report *report, const VdbHnswCheck *check)
{
    uint64 n = vdb_hnsw_check_counts(check)->problems;

    for (uint64 i = 0; i < Min(n, VDB_HNSW_CHECK_MAX_PROBLEMS); i++) {
        const VdbHnswProblem *p = vdb_hnsw_check_problem(check, (uint32) i);

        put_problem(report, p->block, p->item, p->text);
    }
    report->problems += n - Min(n, VDB_HNSW_CHECK_MAX_PROBLEMS);
}

/* Says how many problems found no row of their own. */
static void put_rest(Report *report)
{
    uint64 rest = report->problems - Min(report->problems, VDB_HNSW_CHECK_MAX_PROBLEMS);

    if (rest == 0)
        return;
    report->problems = 0;
    put_problem(report, InvalidBlockNumber, -1, psprintf("further problems: " UINT64_FORMAT, rest));
}

/* --- the index's side --- */

/* PostgreSQL's part of a page: what lies in the hole is lost to WAL. */
static void check_page_header(Report *report, const VdbHnswGeometry *g, BlockNumber blkno,
                              Page page)
{
    PageHeader header = (PageHeader) page;
    uint32 kind = vdb_hnsw_page_kind(page, BLCKSZ);

    if (kind < VDB_HNSW_PAGE_META || kind > VDB_HNSW_PAGE_VECTOR)
        return; /* the core says so */
    if (header->pd_special != BLCKSZ - 8 || header->pd_upper != header->pd_special)
        put_problem(report, blkno, -1,
                    psprintf("special space starts at %u, free space ends at %u instead of %u",
                             header->pd_special, header->pd_upper, BLCKSZ - 8));
    else if (header->pd_lower < vdb_hnsw_check_page_end(g, kind) ||
             header->pd_lower > header->pd_upper)
        put_problem(report, blkno, -1,
                    psprintf("free space starts at %u instead of %u", header->pd_lower,
                             vdb_hnsw_check_page_end(g, kind)));
}

/* Starts a check from the metapage.  NULL: there is no telling the index's format, and why is
 * reported. */
static VdbHnswCheck *begin_check(CheckedIndex *c, Report *report, VdbHnswGeometry *g)
{
    BlockNumber blocks = RelationGetNumberOfBlocks(c->index);
    BlockNumber heap_blocks =
        RecoveryInProgress() ? InvalidBlockNumber : RelationGetNumberOfBlocks(c->heap);
    const char *problem = "index is empty";
    char *page = palloc(BLCKSZ);
    Size size = 0;

    if (blocks > 0)
        vdb_copy_page(c->index, VDB_HNSW_META_BLOCK, NULL, page);
    if (blocks == 0 || vdb_hnsw_check_geometry(page, BLCKSZ, g, &problem) != VDB_OK) {
        put_problem(report, VDB_HNSW_META_BLOCK, -1, problem);
        return NULL;
    }
    if (!vdb_space_fits(c->index, &g->space)) {
        put_problem(
            report, VDB_HNSW_META_BLOCK, -1,
            "metapage has another type, other dimensions or another metric than the column");
        return NULL;
    }
    if (vdb_hnsw_check_size(g, blocks, &size) != VDB_OK || size > MaxAllocHugeSize)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" is too large to be checked",
                               RelationGetRelationName(c->index))));
    pfree(page);
    return vdb_hnsw_check_begin(MemoryContextAllocHuge(CurrentMemoryContext, size), g, blocks,
                                heap_blocks);
}

static int64 tid_key(BlockNumber block, OffsetNumber offset)
{
    return (int64) block << 16 | offset;
}

/* Feeds the whole index; the heap tids go to the sort unless it is NULL. */
static VdbHnswCheck *check_pages(CheckedIndex *c, Report *report, VdbHnswGeometry *g,
                                 Tuplesortstate *sort)
{
    VdbHnswCheck *check = begin_check(c, report, g);
    BlockNumber blocks = check ? RelationGetNumberOfBlocks(c->index) : 0;
    BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
    VdbTid *tids = palloc(BLCKSZ);
    char *page = palloc(BLCKSZ);

    for (BlockNumber blkno = 0; blkno < blocks; blkno++) {
        CHECK_FOR_INTERRUPTS();
        vdb_copy_page(c->index, blkno, strategy, page);
        check_page_header(report, g, blkno, page);
        vdb_hnsw_check_feed(check, blkno, page);
        for (uint32 i = sort ? vdb_hnsw_check_page_tids(check, page, tids) : 0; i-- > 0;)
            tuplesort_putdatum(
                sort, Int64GetDatum(tid_key(vdb_cell_block(tids[i]), tids[i].offset)), false);
    }
    while (check && vdb_hnsw_check_finish(check))
        CHECK_FOR_INTERRUPTS();
    FreeAccessStrategy(strategy);
    return check;
}

/* --- the heap's side --- */

/* The index's heap tids in order, read alongside the heap. */
typedef struct HeapSide {
    Report *report;
    Tuplesortstate *sort;
    int64 next; /* first tid not yet taken from the sort, -1 at its end */
    BlockNumber block;
    bool indexed[MaxOffsetNumber + 1]; /* offsets of that heap block */
} HeapSide;

static void next_tid(HeapSide *side)
{
    int64 last = side->next;
    Datum value;
    bool isnull;

    CHECK_FOR_INTERRUPTS();
    side->next = VDB_TUPLESORT_GETDATUM(side->sort, &value, &isnull) ? DatumGetInt64(value) : -1;
    if (side->next >= 0 && side->next == last)
        put_problem(side->report, InvalidBlockNumber, -1,
                    psprintf("heap row (%u,%u) is in the index more than once",
                             (BlockNumber) (last >> 16), (uint16) last));
}

/* Loads the offsets that the index has of a block. */
static void load_block(HeapSide *side, BlockNumber block)
{
    side->block = block;
    memset(side->indexed, 0, sizeof(side->indexed));
    while (side->next >= 0 && side->next < tid_key(block, 0))
        next_tid(side);
    for (; side->next >= 0 && side->next < tid_key(block + 1, 0); next_tid(side))
        side->indexed[Min((uint16) side->next, MaxOffsetNumber)] = true;
}

/* One row that an index build would index now.  Blocks come in order, offsets do not: a row's tid
 * is that of the root of its HOT chain. */
static void check_row(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool is_alive,
                      void *state)
{
    HeapSide *side = state;
    BlockNumber block = ItemPointerGetBlockNumber(tid);

    if (isnull[0])
        return;
    if (block != side->block)
        load_block(side, block);
    if (!side->indexed[ItemPointerGetOffsetNumber(tid)])
        put_problem(side->report, InvalidBlockNumber, -1,
                    psprintf("heap row (%u,%u) has no index entry", block,
                             ItemPointerGetOffsetNumber(tid)));
}

/*
 * A snapshot that sees rows which the index must have.  Taken before the index is read, so that on
 * a standby replay only adds to it.
 */
static Snapshot heap_snapshot(Relation index)
{
    Snapshot snapshot = RegisterSnapshot(GetTransactionSnapshot());

    /* An old snapshot may see versions of a HOT chain that a younger index left out. */
    if (IsolationUsesXactSnapshot() && index->rd_index->indcheckxmin &&
        !TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
                               snapshot->xmin))
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("index \"%s\" cannot be verified using transaction snapshot",
                               RelationGetRelationName(index))));
    return snapshot;
}

/* Compares all rows of the heap with the sorted tids. */
static void check_heap(CheckedIndex *c, Report *report, Tuplesortstate *sort, Snapshot snapshot)
{
    HeapSide *side = palloc0(sizeof(HeapSide));
    IndexInfo *info = BuildIndexInfo(c->index);
    TableScanDesc scan = table_beginscan_strat(c->heap, snapshot, 0, NULL, true, false);

    tuplesort_performsort(sort);
    side->report = report;
    side->sort = sort;
    side->next = -1;
    side->block = InvalidBlockNumber;
    next_tid(side);
    info->ii_Concurrent = true; /* by the scan's snapshot */
    table_index_build_scan(c->heap, c->index, info, false, false, check_row, side, scan);
    while (side->next >= 0)
        next_tid(side);
}

/* --- the functions --- */

static void run_check(CheckedIndex *c, Report *report)
{
    /* an index that CREATE INDEX CONCURRENTLY did not finish may lack rows */
    bool complete = c->index->rd_index->indisvalid;
    Snapshot snapshot = complete ? heap_snapshot(c->index) : NULL;
    Tuplesortstate *sort = NULL;
    VdbHnswGeometry g;
    VdbHnswCheck *check;

    if (complete)
        sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
                                     maintenance_work_mem, NULL, TUPLESORT_NONE);
    check = check_pages(c, report, &g, sort);
    if (check)
        put_core_problems(report, check);
    if (check && sort)
        check_heap(c, report, sort, snapshot);
    if (sort)
        tuplesort_end(sort);
    if (snapshot)
        UnregisterSnapshot(snapshot);
    put_rest(report);
}

/*
 * The heap scan evaluates the index's expressions and predicate, which may be anybody's functions:
 * they run as the table's owner, as in CREATE INDEX.
 */
static void run_check_as_owner(CheckedIndex *c, Report *report)
{
    int guc_level = NewGUCNestLevel();
    int context;
    Oid user;

    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(c->heap->rd_rel->relowner, context | SECURITY_RESTRICTED_OPERATION);
    run_check(c, report);
    AtEOXact_GUC(false, guc_level);
    SetUserIdAndSecContext(user, context);
}

Datum vectordb_index_check(PG_FUNCTION_ARGS)
{
    LOCKMODE lockmode = RecoveryInProgress() ? AccessShareLock : ShareLock;
    CheckedIndex c = open_index(PG_GETARG_OID(0), lockmode);
    Report report = {.problems = 0};
    MemoryContext work, old;

    InitMaterializedSRF(fcinfo, 0);
    report.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
    work = AllocSetContextCreate(CurrentMemoryContext, "hnsw check", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(work);
    run_check_as_owner(&c, &report);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(work);
    close_index(&c);
    return (Datum) 0;
}

static const char *metric_name(uint32 metric)
{
    switch (metric) {
    case VDB_METRIC_IP:
        return "inner product";
    case VDB_METRIC_COSINE:
        return "cosine";
    case VDB_METRIC_L1:
        return "l1";
    case VDB_METRIC_HAMMING:
        return "hamming";
    case VDB_METRIC_JACCARD:
        return "jaccard";
    default:
        return "l2";
    }
}

/* Live nodes of each level from 0 to the highest in use. */
static Datum level_array(const VdbHnswCheckCounts *n)
{
    Datum levels[VDB_HNSW_MAX_LEVEL + 1];
    int count = 0;

    for (int i = 0; i <= VDB_HNSW_MAX_LEVEL; i++) {
        levels[i] = Int64GetDatum((int64) n->level_nodes[i]);
        if (n->level_nodes[i] > 0)
            count = i + 1;
    }
    return PointerGetDatum(
        construct_array(levels, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

static Datum node_tid(const VdbHnswGeometry *g, VdbNode node)
{
    ItemPointer tid = palloc(sizeof(ItemPointerData));

    ItemPointerSet(tid, vdb_hnsw_node_block(g, node), vdb_hnsw_node_slot(g, node) + 1);
    return PointerGetDatum(tid);
}

static Datum form_info(TupleDesc desc, const VdbHnswGeometry *g, const VdbHnswCheckCounts *n,
                       int64 bytes)
{
    Datum values[21];
    bool nulls[21] = {false};
    int i = 0;

    values[i++] = CStringGetTextDatum(metric_name(g->space.metric));
    values[i++] = Int32GetDatum(g->space.dims);
    values[i++] = Int32GetDatum(g->m);
    values[i++] = Int64GetDatum(n->live);
    values[i++] = Int64GetDatum(n->tombstones);
    values[i++] = Int64GetDatum(n->detached);
    values[i++] = Int64GetDatum(n->free_slots);
    values[i++] = Int64GetDatum(n->heap_tids);
    values[i++] = level_array(n);
    nulls[i] = n->entry == VDB_NO_NODE;
    values[i++] = n->entry == VDB_NO_NODE ? (Datum) 0 : node_tid(g, n->entry);
    values[i++] = Int32GetDatum(n->entry_level);
    values[i++] = Float8GetDatum(n->live > 0 ? (double) n->edges / n->live : 0);
    values[i++] = Int64GetDatum(n->tombstone_edges);
    values[i++] = Int64GetDatum(n->stale_edges);
    values[i++] = Int64GetDatum(n->pages[VDB_HNSW_PAGE_NODE]);
    values[i++] = Int64GetDatum(n->pages[VDB_HNSW_PAGE_CELL]);
    values[i++] = Int64GetDatum(n->pages[VDB_HNSW_PAGE_VECTOR]);
    values[i++] = Int64GetDatum(n->pages[0]);
    values[i++] = Int64GetDatum(n->lost_cells);
    values[i++] = Int64GetDatum(n->lost_vectors);
    values[i++] = Int64GetDatum(bytes);
    Assert(i == lengthof(values) && i == desc->natts);
    return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* Reads under concurrent changes, so its numbers are approximate then. */
Datum vectordb_index_info(PG_FUNCTION_ARGS)
{
    CheckedIndex c = open_index(PG_GETARG_OID(0), AccessShareLock);
    Report report = {.rsinfo = NULL};
    VdbHnswGeometry g;
    VdbHnswCheck *check = check_pages(&c, &report, &g, NULL);
    TupleDesc desc;
    Datum info;

    if (check == NULL)
        vdb_corrupted(c.index, VDB_HNSW_META_BLOCK, "damaged metapage");
    if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    info = form_info(BlessTupleDesc(desc), &g, vdb_hnsw_check_counts(check),
                     (int64) RelationGetNumberOfBlocks(c.index) * BLCKSZ);
    close_index(&c);
    return info;
}
