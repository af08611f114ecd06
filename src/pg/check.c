/*
 * vectordb_index_check() and vectordb_index_info(): walk a whole index.
 *
 * An access method's own invariants are its core's business (check.h); this file feeds it pages
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
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/tuplesort.h"

#include "pg/check.h"
#include "pg/compat.h"
#include "pg/page.h"

PG_FUNCTION_INFO_V1(vectordb_index_check);
PG_FUNCTION_INFO_V1(vectordb_index_info);

static const VdbChecker *const checkers[] = {&vdb_hnsw_checker, &vdb_ivf_checker};

/* --- opening and locking --- */

typedef struct CheckedIndex {
    Relation heap;
    Relation index;
    LOCKMODE lockmode;
    const VdbChecker *checker;
} CheckedIndex;

static _Noreturn void not_ours(const char *name)
{
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is not an hnsw or ivf index", name)));
}

/* ereports unless it is one of our indexes, with storage that this session can read. */
static const VdbChecker *must_be_checkable(Relation index)
{
    const VdbChecker *checker = NULL;

    for (Size i = 0; i < lengthof(checkers) && index->rd_rel->relkind == RELKIND_INDEX; i++) {
        if (index->rd_indam->ambuild == checkers[i]->build)
            checker = checkers[i];
    }
    if (checker == NULL)
        not_ours(RelationGetRelationName(index));
    if (RELATION_IS_OTHER_TEMP(index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary tables of other sessions")));
    if (index->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED && RecoveryInProgress())
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot access temporary or unlogged relations during recovery")));
    return checker;
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
        not_ours(name);
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
    c.checker = must_be_checkable(c.index);
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

    if (report->rsinfo == NULL || report->problems++ >= VDB_MAX_PROBLEMS)
        return;
    values[2] = CStringGetTextDatum(text);
    tuplestore_putvalues(report->rsinfo->setResult, report->rsinfo->setDesc, values, nulls);
    pfree(DatumGetPointer(values[2]));
}

static void put_core_problems(Report *report, const CheckedIndex *c, const void *check)
{
    uint64 n = c->checker->problems(check);

    for (uint64 i = 0; i < Min(n, VDB_MAX_PROBLEMS); i++) {
        const VdbProblem *p = c->checker->problem(check, (uint32) i);

        put_problem(report, p->block, p->item, p->text);
    }
    report->problems += n - Min(n, VDB_MAX_PROBLEMS);
}

/* Says how many problems found no row of their own. */
static void put_rest(Report *report)
{
    uint64 rest = report->problems - Min(report->problems, VDB_MAX_PROBLEMS);

    if (rest == 0)
        return;
    report->problems = 0;
    put_problem(report, InvalidBlockNumber, -1, psprintf("further problems: " UINT64_FORMAT, rest));
}

/* --- the index's side --- */

/* PostgreSQL's part of a page: what lies in the hole is lost to WAL. */
static void check_page_header(Report *report, uint32 end, BlockNumber blkno, Page page)
{
    PageHeader header = (PageHeader) page;

    if (end == 0)
        return; /* not a page of ours; the core says so */
    if (header->pd_special != BLCKSZ - 8 || header->pd_upper != header->pd_special)
        put_problem(report, blkno, -1,
                    psprintf("special space starts at %u, free space ends at %u instead of %u",
                             header->pd_special, header->pd_upper, BLCKSZ - 8));
    else if (header->pd_lower < end || header->pd_lower > header->pd_upper)
        put_problem(report, blkno, -1,
                    psprintf("free space starts at %u instead of %u", header->pd_lower, end));
}

/* Starts a check from the metapage.  NULL: there is no telling the index's format, and why is
 * reported. */
static void *begin_check(CheckedIndex *c, Report *report)
{
    VdbCheckBlocks blocks = {RelationGetNumberOfBlocks(c->index), InvalidBlockNumber};
    const char *problem = "index is empty";
    char *page = palloc(BLCKSZ);
    void *check = NULL;

    if (!RecoveryInProgress())
        blocks.heap = RelationGetNumberOfBlocks(c->heap);
    if (blocks.index > 0) {
        vdb_copy_page(c->index, 0, NULL, page);
        check = c->checker->begin(c->index, page, blocks, &problem);
    }
    if (check == NULL)
        put_problem(report, 0, -1, problem);
    pfree(page);
    return check;
}

void *vdb_check_memory(Relation index, Size size)
{
    if (size > MaxAllocHugeSize)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" is too large to be checked",
                               RelationGetRelationName(index))));
    return MemoryContextAllocHuge(CurrentMemoryContext, size);
}

/* Tids in this order are in that of the heap. */
static int64 block_key(BlockNumber block)
{
    return (int64) block << 16;
}

static int64 tid_key(const VdbTid *tid)
{
    return (int64) tid->block_hi << 32 | (int64) tid->block_lo << 16 | tid->offset;
}

/* Feeds the whole index; the heap tids go to the sort unless it is NULL. */
static void *check_pages(CheckedIndex *c, Report *report, Tuplesortstate *sort)
{
    void *check = begin_check(c, report);
    BlockNumber blocks = check ? RelationGetNumberOfBlocks(c->index) : 0;
    BufferAccessStrategy strategy = GetAccessStrategy(BAS_BULKREAD);
    VdbTid *tids = palloc(BLCKSZ);
    char *page = palloc(BLCKSZ);

    for (BlockNumber blkno = 0; blkno < blocks; blkno++) {
        CHECK_FOR_INTERRUPTS();
        vdb_copy_page(c->index, blkno, strategy, page);
        check_page_header(report, c->checker->page_end(check, page), blkno, page);
        c->checker->feed(check, blkno, page);
        for (uint32 i = sort ? c->checker->page_tids(check, page, tids) : 0; i-- > 0;)
            tuplesort_putdatum(sort, Int64GetDatum(tid_key(&tids[i])), false);
    }
    while (check && c->checker->finish(check))
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
    while (side->next >= 0 && side->next < block_key(block))
        next_tid(side);
    for (; side->next >= 0 && side->next < block_key(block + 1); next_tid(side))
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
    /* the scan says that it begins at block 0; what is asked for here is not to set its limits */
    table_index_build_scan(c->heap, c->index, info, true, false, check_row, side, scan);
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
    void *check;

    if (complete)
        sort = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false,
                                     maintenance_work_mem, NULL, TUPLESORT_NONE);
    check = check_pages(c, report, sort);
    if (check)
        put_core_problems(report, c, check);
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
    VDB_RESTRICT_SEARCH_PATH();
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
    work = AllocSetContextCreate(CurrentMemoryContext, "index check", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(work);
    run_check_as_owner(&c, &report);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(work);
    close_index(&c);
    return (Datum) 0;
}

/* --- what an index consists of --- */

void vdb_info_put(VdbIndexInfo *info, const char *column, Datum value)
{
    for (int i = 0; i < info->desc->natts; i++) {
        if (namestrcmp(&TupleDescAttr(info->desc, i)->attname, column) == 0) {
            info->values[i] = value;
            info->nulls[i] = false;
            return;
        }
    }
    Assert(false);
}

void vdb_info_put_count(VdbIndexInfo *info, const char *column, uint64 value)
{
    vdb_info_put(info, column, Int64GetDatum((int64) value));
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

void vdb_info_put_space(VdbIndexInfo *info, uint32 metric, uint32 dims)
{
    vdb_info_put(info, "metric", CStringGetTextDatum(metric_name(metric)));
    vdb_info_put(info, "dimensions", Int32GetDatum((int32) dims));
}

/* Nothing is known yet. */
static VdbIndexInfo new_info(TupleDesc desc)
{
    VdbIndexInfo info = {BlessTupleDesc(desc), palloc0(sizeof(Datum) * desc->natts),
                         palloc(sizeof(bool) * desc->natts)};

    memset(info.nulls, true, sizeof(bool) * desc->natts);
    return info;
}

/* Reads under concurrent changes, so its numbers are approximate then. */
Datum vectordb_index_info(PG_FUNCTION_ARGS)
{
    CheckedIndex c = open_index(PG_GETARG_OID(0), AccessShareLock);
    Report report = {.rsinfo = NULL};
    void *check = check_pages(&c, &report, NULL);
    VdbIndexInfo info;
    TupleDesc desc;
    HeapTuple tuple;

    if (check == NULL)
        vdb_corrupted(c.index, 0, "damaged metapage");
    if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    info = new_info(desc);
    vdb_info_put(&info, "access_method", CStringGetTextDatum(get_am_name(c.index->rd_rel->relam)));
    c.checker->info(check, &info);
    vdb_info_put_count(&info, "bytes", (uint64) RelationGetNumberOfBlocks(c.index) * BLCKSZ);
    tuple = heap_form_tuple(info.desc, info.values, info.nulls);
    close_index(&c);
    return HeapTupleGetDatum(tuple);
}
