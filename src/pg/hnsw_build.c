/*
 * CREATE INDEX: rows into the in-memory graph, and what happens when memory runs out in between.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "catalog/index.h"
#include "commands/progress.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "pgstat.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/wait_event.h"

#include "pg/bulk_write.h"
#include "pg/compat.h"
#include "pg/hnsw_build.h"

#define REGION_ALIGNMENT 64
#define SPARE_ROWS       1000 /* beyond the estimate, for small tables */

void hnsw_build_report(HnswBuild *build, int index, int64 value)
{
    if (build->reports_progress)
        pgstat_progress_update_param(index, value);
}

/* --- memory --- */

static double likely_rows(Relation heap)
{
    BlockNumber pages;
    double tuples;
    double allvisfrac;

    estimate_rel_size(heap, NULL, &pages, &tuples, &allvisfrac);
    return Min(tuples, (double) PG_UINT32_MAX);
}

/* Rows to expect.  Statistics may lag behind, so half as many again. */
static double estimated_rows(Relation heap)
{
    return likely_rows(heap) * 1.5 + SPARE_ROWS;
}

Size hnsw_build_memory(HnswBuild *build)
{
    Size limit = (Size) maintenance_work_mem * 1024;
    double rows = Min(estimated_rows(build->heap), (double) PG_UINT32_MAX);
    Size wanted = vdb_hnsw_build_size(&build->hi.geometry, (uint64) rows);
    Size sparse = (Size) Min(rows * build->sparse_bytes, (double) limit);
    Size least = vdb_hnsw_build_size(&build->hi.geometry, 1);

    if (wanted == 0 || wanted > limit - sparse)
        wanted = limit;
    else
        wanted += sparse;
    return Max(wanted, least);
}

void *hnsw_alloc_aligned(Size size)
{
    return (void *) TYPEALIGN(
        REGION_ALIGNMENT, MemoryContextAllocHuge(CurrentMemoryContext, size + REGION_ALIGNMENT));
}

void hnsw_build_init_region(HnswBuild *build, void *region, Size size)
{
    /* hnsw_build_memory() asks for room for one row at least */
    if (vdb_hnsw_build_init(region, size, &build->hi.geometry, hnsw_ef_construction(build->index),
                            build->hi.seed) != VDB_OK)
        elog(ERROR, "no room for an hnsw graph in %zu bytes", size);
    build->region = region;
    build->region_size = size;
}

void hnsw_build_init_shared(HnswBuildShared *shared, HnswBuild *build, uint32 processes)
{
    memset(shared, 0, sizeof(*shared));
    shared->hi = build->hi;
    shared->region_size = build->region_size;
    shared->processes = processes;
    shared->phase = HNSW_BUILD_IN_MEMORY;
    pg_atomic_init_u64(&shared->index_tuples, 0);
    SpinLockInit(&shared->mutex);
    ConditionVariableInit(&shared->changed);
    BarrierInit(&shared->barrier, 0);
}

/* --- linking --- */

static const int64 progress_of[] = {
    [VDB_HNSW_BUILD_PARTITIONING] = HNSW_PROGRESS_PARTITION,
    [VDB_HNSW_BUILD_COMPARING] = HNSW_PROGRESS_COMPARE,
    [VDB_HNSW_BUILD_CHOOSING] = HNSW_PROGRESS_CHOOSE,
    [VDB_HNSW_BUILD_RETURNING] = HNSW_PROGRESS_RETURN,
    [VDB_HNSW_BUILD_LINKING] = HNSW_PROGRESS_LINK,
};

void hnsw_report_share(HnswBuild *build, VdbHnswBuildProgress progress, int64 nodes)
{
    hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_TOTAL, nodes);
    hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_DONE,
                      progress.total > 0 ? nodes * progress.done / progress.total : 0);
}

static void work_in_memory(HnswBuild *build)
{
    void *work = hnsw_alloc_aligned(vdb_hnsw_build_work_size(build->region));

    vdb_hnsw_build_work_init(build->region, work);
    do {
        CHECK_FOR_INTERRUPTS();
        hnsw_report_share(build, vdb_hnsw_build_progress(build->region),
                          vdb_hnsw_build_nodes(build->region));
    } while (vdb_hnsw_build_work(build->region, work));
}

/* This process's part of the phase that has begun. */
static void work_on_phase(HnswBuild *build, VdbHnswBuildPhase phase)
{
    hnsw_build_report(build, PROGRESS_CREATEIDX_SUBPHASE, progress_of[phase]);
    if (hnsw_in_files(build))
        hnsw_work_in_files(build);
    else
        work_in_memory(build);
}

/* work_on_phase() in memory that goes afterwards. */
static void work_in_context(HnswBuild *build, VdbHnswBuildPhase phase)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw build phase", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);

    work_on_phase(build, phase);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
}

/* Begins the next phase.  Nobody may be at work. */
static VdbHnswBuildPhase begin_phase(HnswBuild *build)
{
    if (build->shared->phase == HNSW_BUILD_IN_MEMORY)
        return vdb_hnsw_build_begin_phase(build->region);
    return hnsw_in_files(build) ? hnsw_begin_phase_in_files(build) : VDB_HNSW_BUILD_LINKED;
}

/* Links the rows, where that was not done as they came.  Nobody else may be at it. */
static void link_alone(HnswBuild *build)
{
    VdbHnswBuildPhase phase;

    while ((phase = vdb_hnsw_build_begin_phase(build->region)) != VDB_HNSW_BUILD_LINKED)
        work_in_context(build, phase);
}

static void await_others(HnswBuildShared *shared, bool *elected)
{
    *elected = BarrierArriveAndWait(&shared->barrier, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
}

/*
 * The same together.  The barrier's phase is 0 while rows are loaded, odd while one process begins
 * a phase, and even while all work on it; a process may come at any time.
 */
static void link_together(HnswBuild *build, int joined_at)
{
    HnswBuildShared *shared = build->shared;
    bool elected;
    bool beginning = joined_at % 2 == 1;

    /* one that comes after everything finds nothing to do */
    if (joined_at > 0 && !beginning && shared->linking != VDB_HNSW_BUILD_LINKED)
        work_in_context(build, shared->linking);
    for (;;) {
        if (!beginning) {
            await_others(shared, &elected);
            if (elected)
                shared->linking = begin_phase(build);
        }
        beginning = false;
        await_others(shared, &elected);
        if (shared->linking == VDB_HNSW_BUILD_LINKED)
            break;
        work_in_context(build, shared->linking);
    }
}

/* --- rows --- */

static bool begin_add(HnswBuildShared *shared)
{
    bool in_memory;

    SpinLockAcquire(&shared->mutex);
    in_memory = shared->phase == HNSW_BUILD_IN_MEMORY;
    if (in_memory)
        shared->adders++;
    SpinLockRelease(&shared->mutex);
    return in_memory;
}

static void end_add(HnswBuildShared *shared)
{
    bool awaited;

    SpinLockAcquire(&shared->mutex);
    awaited = --shared->adders == 0 && shared->phase == HNSW_BUILD_FLUSHING;
    SpinLockRelease(&shared->mutex);
    if (awaited)
        ConditionVariableBroadcast(&shared->changed);
}

static void await(HnswBuildShared *shared, bool (*condition)(const HnswBuildShared *))
{
    for (;;) {
        bool met;

        SpinLockAcquire(&shared->mutex);
        met = condition(shared);
        SpinLockRelease(&shared->mutex);
        if (met)
            break;
        ConditionVariableSleep(&shared->changed, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
    }
    ConditionVariableCancelSleep();
}

static bool nobody_adds(const HnswBuildShared *shared)
{
    return shared->adders == 0;
}

static bool is_moved(const HnswBuildShared *shared)
{
    return shared->phase > HNSW_BUILD_FLUSHING;
}

void hnsw_notice_full(HnswBuild *build)
{
    ereport(NOTICE,
            (errmsg("hnsw graph no longer fits into maintenance_work_mem after " UINT64_FORMAT
                    " tuples",
                    pg_atomic_read_u64(&build->shared->index_tuples)),
             errdetail("Building will take significantly more time."),
             errhint("Increase maintenance_work_mem to speed up builds.")));
}

static void move_to_disk(HnswBuild *build)
{
    hnsw_notice_full(build);
    link_alone(build);
    hnsw_write_graph(build);
    hnsw_build_report(build, PROGRESS_CREATEIDX_SUBPHASE, HNSW_PROGRESS_LOAD);
}

/* Memory is full: the first process to find out makes room, the others wait for it. */
static void empty_memory(HnswBuild *build)
{
    HnswBuildShared *shared = build->shared;
    HnswBuildPhase next = HNSW_BUILD_IN_FILES;
    bool mine;

    SpinLockAcquire(&shared->mutex);
    mine = shared->phase == HNSW_BUILD_IN_MEMORY;
    if (mine)
        shared->phase = HNSW_BUILD_FLUSHING;
    SpinLockRelease(&shared->mutex);
    if (!mine) {
        await(shared, is_moved);
        return;
    }
    await(shared, nobody_adds);
    if (!hnsw_move_to_files(build, likely_rows(build->heap))) {
        move_to_disk(build);
        next = HNSW_BUILD_ON_DISK;
    }
    SpinLockAcquire(&shared->mutex);
    shared->phase = next;
    SpinLockRelease(&shared->mutex);
    ConditionVariableBroadcast(&shared->changed);
}

static void add_row(HnswBuild *build, VdbIndexValue vector, ItemPointer heap_tid)
{
    HnswBuildShared *shared = build->shared;

    VdbTid tid;

    memcpy(&tid, heap_tid, sizeof(tid));
    if (begin_add(shared)) {
        VdbStatus status;

        status = vdb_hnsw_build_add(build->region, build->scratch, vector.data, vector.norm, tid);
        end_add(shared);
        if (status == VDB_OK)
            return;
    }
    empty_memory(build);
    if (hnsw_in_files(build)) {
        hnsw_add_to_files(build, vector, tid);
        return;
    }
    (void) hnsw_index(build->index); /* its cache makes the insertions find pages faster */
    hnsw_insert_vector(build->index, &build->hi, vector, heap_tid);
}

/* IndexBuildCallback */
static void build_row(Relation index, ItemPointer heap_tid, Datum *values, bool *isnull,
                      bool tuple_is_alive, void *state)
{
    HnswBuild *build = state;
    MemoryContext old;
    uint64 tuples;

    if (isnull[0])
        return;
    old = MemoryContextSwitchTo(build->row_context);
    add_row(build, hnsw_form_value(&build->hi, values[0]), heap_tid);
    MemoryContextSwitchTo(old);
    MemoryContextReset(build->row_context);
    tuples = pg_atomic_add_fetch_u64(&build->shared->index_tuples, 1);
    hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_DONE, (int64) tuples);
}

/* Memory to add rows with.  A process that comes late may find something else in the region. */
static void prepare_to_add(HnswBuild *build)
{
    if (!begin_add(build->shared))
        return;
    build->scratch = hnsw_alloc_aligned(vdb_hnsw_build_scratch_size(build->region));
    vdb_hnsw_build_scratch_init(build->region, build->scratch);
    end_add(build->shared);
}

void hnsw_build_scan(HnswBuild *build, TableScanDesc scan)
{
    HnswBuildShared *shared = build->shared;
    int joined_at = BarrierAttach(&shared->barrier);
    double tuples;

    prepare_to_add(build);
    build->row_context =
        AllocSetContextCreate(CurrentMemoryContext, "hnsw build row", ALLOCSET_DEFAULT_SIZES);
    tuples = table_index_build_scan(build->heap, build->index, build->info, true,
                                    build->reports_progress, build_row, build, scan);
    SpinLockAcquire(&shared->mutex);
    shared->heap_tuples += tuples;
    shared->broken_hot_chain |= build->info->ii_BrokenHotChain;
    SpinLockRelease(&shared->mutex);
    hnsw_store_flush(build->store);
    link_together(build, joined_at);
    BarrierDetach(&shared->barrier);
}

/* --- access method --- */

IndexBuildResult *hnswbuild(Relation heap, Relation index, IndexInfo *info)
{
    HnswBuild build = {.heap = heap, .index = index, .info = info, .reports_progress = true};
    HnswBuildShared own;
    HnswParallel *parallel;
    IndexBuildResult *result = palloc(sizeof(IndexBuildResult));
    HnswSizes sizes;

    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    sizes = hnsw_sample_sizes(heap, index, info);
    for (uint32 i = 0; i < sizes.count; i++)
        build.sparse_bytes += (double) sizes.units[i] * sizeof(VdbSparseElement) / sizes.count;
    build.hi = hnsw_new_index(index, sizes);
    parallel = hnsw_parallel_begin(&build, VDB_BUILD_WORKERS(heap, index, info));
    if (parallel == NULL) {
        Size size = hnsw_build_memory(&build);

        hnsw_build_init_region(&build, hnsw_alloc_aligned(size), size);
        hnsw_build_init_shared(&own, &build, 1);
        build.shared = &own;
        build.store = hnsw_store_open(NULL, 0, 1);
    }

    hnsw_build_report(&build, PROGRESS_CREATEIDX_SUBPHASE, HNSW_PROGRESS_LOAD);
    if (parallel == NULL)
        hnsw_build_scan(&build, NULL);
    else
        hnsw_parallel_scan(parallel, &build);
    if (build.shared->phase != HNSW_BUILD_ON_DISK)
        hnsw_write_graph(&build);
    hnsw_store_close(build.store);

    info->ii_BrokenHotChain |= build.shared->broken_hot_chain;
    result->heap_tuples = build.shared->heap_tuples;
    result->index_tuples = (double) pg_atomic_read_u64(&build.shared->index_tuples);
    if (parallel != NULL)
        hnsw_parallel_end(parallel);
    return result;
}

/* The init fork of an unlogged index: what it starts from after a crash. */
void hnswbuildempty(Relation index)
{
    HnswIndex hi = hnsw_new_index(index, (HnswSizes){NULL, 0});
    VdbBulkWriter *writer = vdb_bulk_start(index, INIT_FORKNUM);
    Page page = vdb_bulk_next_page(writer);

    vdb_init_page(page, &hi.geometry, VDB_HNSW_PAGE_META);
    vdb_hnsw_meta_init(page, &hi.geometry, hi.seed);
    vdb_bulk_finish(writer);
}
