/*
 * CREATE INDEX: a sample of the rows, centroids from it, the rows sorted by their nearest centroid
 * (in parallel, within maintenance_work_mem), and the lists written one after the other.
 */
#include "postgres.h"

#include <math.h>

#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_operator_d.h"
#include "catalog/pg_type_d.h"
#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "optimizer/plancat.h"
#include "port/atomics.h"
#include "storage/spin.h"
#include "utils/backend_progress.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"
#include "utils/tuplesort.h"

#include "ivf/assign_api.h"
#include "pg/compat.h"
#include "pg/ivf_build.h"
#include "pg/ivf_write.h"
#include "pg/parallel_build.h"

#define ESTIMATE_BLOCKS 300 /* of the table, read to find out how many rows there are */

/* What all processes of one build see.  In dynamic shared memory if there are several; counts,
 * centroids and the sort's own state follow it. */
typedef struct IvfBuildShared {
    IvfIndex ii;
    uint32 lists;
    uint32 participants; /* planned */
    Size stride;         /* of centroids */
    slock_t mutex;       /* of what follows */
    double heap_tuples;
    bool broken_hot_chain; /* a row was left out that an older snapshot still sees */
} IvfBuildShared;

PGDLLEXPORT void ivf_parallel_main(dsm_segment *segment, shm_toc *toc);

/* --- the shared block --- */

static Size counts_offset(void)
{
    return MAXALIGN(sizeof(IvfBuildShared));
}

static Size centroids_offset(uint32 lists)
{
    return TYPEALIGN(IVF_ALIGNMENT, counts_offset() + mul_size(sizeof(pg_atomic_uint64), lists));
}

static Size sort_offset(uint32 lists, Size stride)
{
    /* the block itself may begin anywhere in a cache line */
    return MAXALIGN(centroids_offset(lists) + mul_size(stride, lists) + IVF_ALIGNMENT);
}

static pg_atomic_uint64 *shared_counts(IvfBuildShared *shared)
{
    return (pg_atomic_uint64 *) ((char *) shared + counts_offset());
}

static VdbIvfCentroids shared_centroids(IvfBuildShared *shared)
{
    char *from = (char *) shared + counts_offset() + sizeof(pg_atomic_uint64) * shared->lists;

    return (VdbIvfCentroids){(char *) TYPEALIGN(IVF_ALIGNMENT, from), shared->stride,
                             shared->lists};
}

static Sharedsort *shared_sort(IvfBuildShared *shared)
{
    return (Sharedsort *) ((char *) shared + sort_offset(shared->lists, shared->stride));
}

static void init_shared(IvfBuildShared *shared, const IvfIndex *ii, VdbIvfCentroids centroids,
                        uint32 participants)
{
    memset(shared, 0, sizeof(*shared));
    shared->ii = *ii;
    shared->lists = centroids.count;
    shared->participants = participants;
    shared->stride = centroids.stride;
    SpinLockInit(&shared->mutex);
    for (uint32 i = 0; i < centroids.count; i++)
        pg_atomic_init_u64(&shared_counts(shared)[i], 0);
    memcpy((char *) shared_centroids(shared).values, centroids.values,
           centroids.stride * centroids.count);
}

/* --- the sample --- */

typedef struct Sampling {
    const IvfIndex *ii;
    IvfSample *sample; /* NULL: rows are only counted */
    uint64 rows;
    MemoryContext row_context; /* reset after each row */
} Sampling;

/* IndexBuildCallback.  The value of a dead row may be gone from the TOAST table. */
static void sample_row(Relation index, ItemPointer heap_tid, Datum *values, bool *isnull,
                       bool tuple_is_alive, void *state)
{
    Sampling *s = state;
    void *to;

    if (isnull[0] || !tuple_is_alive)
        return;
    s->rows++;
    to = s->sample ? ivf_sample_next(s->sample) : NULL;
    if (to != NULL) {
        MemoryContext old = MemoryContextSwitchTo(s->row_context);

        memcpy(to, ivf_form_value(s->ii, values[0]).data, s->ii->geometry.value_bytes);
        MemoryContextSwitchTo(old);
        MemoryContextReset(s->row_context);
    }
}

/* Reads up to so many blocks of the table, chosen at random; answers how many. */
static BlockNumber sample_blocks(Sampling *s, VdbBuildShare *build, BlockNumber most)
{
    BlockSamplerData sampler;
    BlockNumber blocks = RelationGetNumberOfBlocks(build->heap);
    BlockNumber n = 0;

    BlockSampler_Init(&sampler, blocks, Min(most, (BlockNumber) PG_INT32_MAX),
                      (uint32) s->ii->seed);
    for (; BlockSampler_HasMore(&sampler); n++) {
        CHECK_FOR_INTERRUPTS();
        table_index_build_range_scan(build->heap, build->index, build->info, false, false, false,
                                     BlockSampler_Next(&sampler), 1, sample_row, s, NULL);
    }
    return n;
}

/* How many rows the table has for the index, and how many of them a block. */
static double count_rows(VdbBuildShare *build, Sampling *s, double *per_block)
{
    BlockNumber blocks = sample_blocks(s, build, ESTIMATE_BLOCKS);

    *per_block = blocks > 0 ? (double) s->rows / blocks : 0;
    return ceil(*per_block * RelationGetNumberOfBlocks(build->heap));
}

/* Copies centroids into the current memory context. */
static VdbIvfCentroids copy_centroids(VdbIvfCentroids from)
{
    Size size = from.stride * from.count;
    char *values = ivf_alloc_aligned(size);

    memcpy(values, from.values, size);
    from.values = values;
    return from;
}

/* Finds the centroids of the lists to be. */
static VdbIvfCentroids find_centroids(VdbBuildShare *build, const IvfIndex *ii)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "ivf sample", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    Sampling s = {.ii = ii};
    double per_block, rows, blocks;
    VdbIvfCentroids centroids;
    uint32 lists;

    s.row_context = AllocSetContextCreate(context, "ivf sample row", ALLOCSET_DEFAULT_SIZES);
    rows = count_rows(build, &s, &per_block);
    lists = vdb_ivf_target_lists(ii->lists, (uint64) rows);
    s.sample = ivf_sample_begin(ii, lists, (uint64) rows);
    /* every second row of a block, but not many: rows of a block are often alike */
    blocks = (double) vdb_ivf_sample_rows(lists) * Max(0.25, 2 / Max(per_block, 1e-3));
    if (rows > 0)
        (void) sample_blocks(&s, build, (BlockNumber) Min(blocks, (double) MaxBlockNumber));

    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, IVF_PROGRESS_KMEANS);
    centroids = ivf_sample_centroids(s.sample, ii->seed);
    MemoryContextSwitchTo(old);
    centroids = copy_centroids(centroids);
    MemoryContextDelete(context);
    return centroids;
}

/* --- assigning rows to lists --- */

typedef struct Assigning {
    IvfBuildShared *shared;
    VdbIvfCentroids centroids;
    VdbIvfAssigner *assigner;
    pg_atomic_uint64 *counts;
    Tuplesortstate *sort;
    TupleTableSlot *slot;
    MemoryContext row_context; /* reset after each row */
    bytea *row;                /* what vdb_ivf_row_make() makes of a value */
    uint32 n;                  /* values that wait for being assigned */
    ItemPointerData tids[VDB_IVF_ASSIGN_ROWS];
    float norms[VDB_IVF_ASSIGN_ROWS];
    void *values[VDB_IVF_ASSIGN_ROWS];
} Assigning;

static void begin_assigning(Assigning *a)
{
    const VdbIvfGeometry *g = &a->shared->ii.geometry;
    Size stride = TYPEALIGN(IVF_ALIGNMENT, g->value_bytes);
    char *values = ivf_alloc_aligned(mul_size(stride, VDB_IVF_ASSIGN_ROWS));

    a->centroids = shared_centroids(a->shared);
    a->assigner = vdb_ivf_assigner_init(
        ivf_alloc_aligned(vdb_ivf_assigner_size(&g->space, a->centroids.count)), &g->space,
        &a->centroids);
    a->counts = shared_counts(a->shared);
    a->slot = MakeSingleTupleTableSlot(ivf_sorted_row_desc(), &TTSOpsVirtual);
    a->row_context =
        AllocSetContextCreate(CurrentMemoryContext, "ivf build row", ALLOCSET_DEFAULT_SIZES);
    a->row = palloc(VARHDRSZ + g->row_bytes);
    SET_VARSIZE(a->row, VARHDRSZ + g->row_bytes);
    for (int i = 0; i < VDB_IVF_ASSIGN_ROWS; i++)
        a->values[i] = values + i * stride;
}

/* Gives a row of that list to the sort. */
static void sort_row(Assigning *a, uint32 i, uint32 list)
{
    TupleTableSlot *slot = a->slot;
    VdbIvfRow row = {.centroid = (const char *) a->centroids.values + a->centroids.stride * list,
                     .value = a->values[i],
                     .norm = a->norms[i]};

    vdb_ivf_row_make(&a->shared->ii.geometry, &row, VARDATA(a->row));
    ExecClearTuple(slot);
    slot->tts_values[0] = Int32GetDatum((int32) list);
    slot->tts_values[1] = PointerGetDatum(&a->tids[i]);
    slot->tts_values[2] = PointerGetDatum(a->row);
    memset(slot->tts_isnull, 0, sizeof(bool) * 3);
    ExecStoreVirtualTuple(slot);
    tuplesort_puttupleslot(a->sort, slot);
    pg_atomic_fetch_add_u64(&a->counts[list], 1);
}

/* Finds the lists of the values that wait. */
static void assign_waiting(Assigning *a)
{
    uint32 lists[VDB_IVF_ASSIGN_ROWS];

    vdb_ivf_assign(a->assigner, (const void *const *) a->values, a->n, lists);
    for (uint32 i = 0; i < a->n; i++)
        sort_row(a, i, lists[i]);
    a->n = 0;
}

/* IndexBuildCallback */
static void assign_row(Relation index, ItemPointer heap_tid, Datum *values, bool *isnull,
                       bool tuple_is_alive, void *state)
{
    Assigning *a = state;
    const IvfIndex *ii = &a->shared->ii;
    MemoryContext old;
    VdbIndexValue value;

    if (isnull[0])
        return;
    old = MemoryContextSwitchTo(a->row_context);
    value = ivf_form_value(ii, values[0]);
    memcpy(a->values[a->n], value.data, ii->geometry.value_bytes);
    a->norms[a->n] = value.norm;
    a->tids[a->n++] = *heap_tid;
    MemoryContextSwitchTo(old);
    MemoryContextReset(a->row_context);
    if (a->n == VDB_IVF_ASSIGN_ROWS)
        assign_waiting(a);
}

/* Starts a sort by list, and by heap tid within a list, which makes the index the same however many
 * processes build it. */
static Tuplesortstate *begin_sort(SortCoordinate coordinate, int memory)
{
    AttrNumber columns[] = {1, 2};
    Oid operators[] = {Int4LessOperator, TIDLessOperator};
    Oid collations[] = {InvalidOid, InvalidOid};
    bool nulls_first[] = {false, false};

    return tuplesort_begin_heap(ivf_sorted_row_desc(), 2, columns, operators, collations,
                                nulls_first, memory, coordinate, TUPLESORT_NONE);
}

/* Scans the table (its share of it, if there are workers), and sorts what it finds.  NULL: the
 * leader merges what was sorted. */
static Tuplesortstate *assign_rows(VdbBuildShare *share, bool reports_progress)
{
    IvfBuildShared *shared = share->shared;
    Assigning a = {.shared = shared};
    SortCoordinateData coordinate = {
        .isWorker = true, .nParticipants = -1, .sharedsort = shared_sort(shared)};
    bool alone = shared->participants == 1;
    double tuples;

    a.sort = begin_sort(alone ? NULL : &coordinate,
                        Max(maintenance_work_mem / (int) shared->participants, 64));
    begin_assigning(&a);
    tuples = table_index_build_scan(share->heap, share->index, share->info, true, reports_progress,
                                    assign_row, &a, share->scan);
    assign_waiting(&a);
    tuplesort_performsort(a.sort);
    ExecDropSingleTupleTableSlot(a.slot);
    MemoryContextDelete(a.row_context);
    SpinLockAcquire(&shared->mutex);
    shared->heap_tuples += tuples;
    shared->broken_hot_chain |= share->info->ii_BrokenHotChain;
    SpinLockRelease(&shared->mutex);
    if (alone)
        return a.sort;
    tuplesort_end(a.sort);
    return NULL;
}

static void assign_as_worker(VdbBuildShare *share)
{
    IvfBuildShared *shared = share->shared;

    tuplesort_attach_shared(shared_sort(shared), share->segment);
    (void) assign_rows(share, false);
}

/* Entry point of a worker. */
void ivf_parallel_main(dsm_segment *segment, shm_toc *toc)
{
    vdb_parallel_work(segment, toc, assign_as_worker);
}

/* Starts workers; NULL if there cannot be any, and then the build goes on alone. */
static VdbParallel *begin_parallel(VdbBuildShare *build, const IvfIndex *ii,
                                   VdbIvfCentroids centroids)
{
    int nworkers = VDB_BUILD_WORKERS(build->heap, build->index, build->info);
    Size size = sort_offset(centroids.count, centroids.stride);
    VdbParallel *parallel;

    if (nworkers <= 0)
        return NULL;
    size = add_size(size, tuplesort_estimate_shared(nworkers + 1));
    if (!vdb_has_shared_memory(size))
        return NULL;
    parallel = vdb_parallel_prepare(build, "ivf_parallel_main", nworkers, size);
    if (parallel == NULL)
        return NULL;
    init_shared(build->shared, ii, centroids, nworkers + 1);
    tuplesort_initialize_shared(shared_sort(build->shared), nworkers + 1, build->segment);
    return parallel;
}

/* The leader's share, and then all rows in order. */
static Tuplesortstate *assign_as_leader(VdbParallel *parallel, VdbBuildShare *build)
{
    SortCoordinateData coordinate = {.isWorker = false};
    Tuplesortstate *sort;

    coordinate.nParticipants = vdb_parallel_launch(parallel, build) + 1;
    coordinate.sharedsort = shared_sort(build->shared);
    (void) assign_rows(build, true);
    vdb_parallel_wait(parallel);
    sort = begin_sort(&coordinate, maintenance_work_mem);
    tuplesort_performsort(sort);
    return sort;
}

/* --- access method --- */

static uint64 *total_counts(IvfBuildShared *shared, double *total)
{
    uint64 *counts = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint64) * shared->lists);

    *total = 0;
    for (uint32 i = 0; i < shared->lists; i++)
        *total += counts[i] = pg_atomic_read_u64(&shared_counts(shared)[i]);
    return counts;
}

IndexBuildResult *ivfbuild(Relation heap, Relation index, IndexInfo *info)
{
    VdbBuildShare build = {.heap = heap, .index = index, .info = info};
    IndexBuildResult *result = palloc(sizeof(IndexBuildResult));
    IvfIndex ii = ivf_new_index(index);
    IvfContents contents = {.ii = &ii};
    IvfBuildShared *shared;
    VdbParallel *parallel;

    if (RelationGetNumberOfBlocks(index) != 0)
        elog(ERROR, "index \"%s\" already contains data", RelationGetRelationName(index));
    contents.centroids = find_centroids(&build, &ii);

    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, IVF_PROGRESS_ASSIGN);
    parallel = begin_parallel(&build, &ii, contents.centroids);
    if (parallel != NULL) {
        contents.sort = assign_as_leader(parallel, &build);
    } else {
        build.shared = palloc_extended(
            sort_offset(contents.centroids.count, contents.centroids.stride), MCXT_ALLOC_HUGE);
        init_shared(build.shared, &ii, contents.centroids, 1);
        contents.sort = assign_rows(&build, true);
    }

    shared = build.shared;
    contents.counts = total_counts(shared, &result->index_tuples);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_SUBPHASE, IVF_PROGRESS_LOAD);
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_TOTAL, (int64) result->index_tuples);
    ivf_write_index(index, MAIN_FORKNUM, &contents);
    tuplesort_end(contents.sort);
    info->ii_BrokenHotChain |= shared->broken_hot_chain;
    result->heap_tuples = shared->heap_tuples;
    if (parallel != NULL)
        vdb_parallel_end(parallel);
    return result;
}

/* The init fork of an unlogged index: what it starts from after a crash. */
void ivfbuildempty(Relation index)
{
    IvfIndex ii = ivf_new_index(index);
    uint64 none = 0;
    IvfContents contents = {.ii = &ii, .counts = &none};

    contents.centroids = ivf_sample_centroids(ivf_sample_begin(&ii, 1, 0), ii.seed);
    ivf_write_index(index, INIT_FORKNUM, &contents);
}
