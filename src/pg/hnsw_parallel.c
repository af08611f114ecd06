/*
 * Parallel CREATE INDEX: the leader and its workers share one table scan and add to one graph in
 * dynamic shared memory.  Where there is no room for that memory or no worker to be had, the build
 * simply goes on alone.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "access/genam.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/dsm_impl.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/compat.h"
#include "pg/hnsw_build.h"

#define KEY_SHARED       UINT64CONST(0x7DB0000000000001)
#define KEY_SCAN         UINT64CONST(0x7DB0000000000002)
#define KEY_QUERY        UINT64CONST(0x7DB0000000000003)
#define KEY_WAL_USAGE    UINT64CONST(0x7DB0000000000004)
#define KEY_BUFFER_USAGE UINT64CONST(0x7DB0000000000005)

#define SHM_DIRECTORY "/dev/shm"         /* where dynamic_shared_memory_type = posix lives */
#define SHM_RESERVE   (16 * 1024 * 1024) /* left there for others, bytes */

struct HnswParallel {
    ParallelContext *context;
    Snapshot snapshot;
    dsm_segment *region;
    ParallelTableScanDesc scan;
    WalUsage *wal_usage;
    BufferUsage *buffer_usage;
};

PGDLLEXPORT void hnsw_parallel_main(dsm_segment *segment, shm_toc *toc);

/* Whether the directory behind POSIX shared memory has room; elsewhere only trying can tell. */
static bool has_shared_memory(Size size)
{
    struct statvfs fs;

    if (dynamic_shared_memory_type != DSM_IMPL_POSIX)
        return true;
    if (statvfs(SHM_DIRECTORY, &fs) != 0)
        return true;
    return (uint64) fs.f_bavail * fs.f_frsize > (uint64) size + SHM_RESERVE;
}

/* The segment for the graph, NULL if there is no room. */
static dsm_segment *create_region(HnswBuild *build)
{
    Size size = hnsw_build_memory(build);
    dsm_segment *segment;

    if (!has_shared_memory(size)) {
        ereport(DEBUG1, (errmsg_internal("no room for %zu bytes of shared memory: index \"%s\" is "
                                         "built without parallel workers",
                                         size, RelationGetRelationName(build->index))));
        return NULL;
    }
    segment = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
    if (segment != NULL)
        hnsw_build_init_region(build, dsm_segment_address(segment), size);
    return segment;
}

static void estimate(ParallelContext *context, Size size)
{
    shm_toc_estimate_chunk(&context->estimator, size);
    shm_toc_estimate_keys(&context->estimator, 1);
}

static void *put(ParallelContext *context, uint64 key, Size size)
{
    void *p = shm_toc_allocate(context->toc, size);

    shm_toc_insert(context->toc, key, p);
    return p;
}

/* Lays out what the workers find in the parallel context's own segment. */
static void fill_toc(HnswParallel *p, HnswBuild *build, Size scan_size)
{
    ParallelContext *context = p->context;

    build->shared = put(context, KEY_SHARED, sizeof(HnswBuildShared));
    hnsw_build_init_shared(build->shared, build);
    build->shared->region = dsm_segment_handle(p->region);
    p->scan = put(context, KEY_SCAN, scan_size);
    table_parallelscan_initialize(build->heap, p->scan, p->snapshot);
    p->wal_usage = put(context, KEY_WAL_USAGE, mul_size(sizeof(WalUsage), context->nworkers));
    p->buffer_usage =
        put(context, KEY_BUFFER_USAGE, mul_size(sizeof(BufferUsage), context->nworkers));
    if (debug_query_string != NULL) {
        Size size = strlen(debug_query_string) + 1;

        memcpy(put(context, KEY_QUERY, size), debug_query_string, size);
    }
}

HnswParallel *hnsw_parallel_begin(HnswBuild *build, int nworkers)
{
    HnswParallel *p;
    Size scan_size;

    if (nworkers <= 0)
        return NULL;
    p = palloc0(sizeof(HnswParallel));
    p->region = create_region(build);
    if (p->region == NULL)
        return NULL;

    EnterParallelMode();
    p->context = CreateParallelContext("vectordb", "hnsw_parallel_main", nworkers);
    /* A concurrent build sees what one snapshot sees, an ordinary one needs dead rows too. */
    p->snapshot =
        build->info->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    scan_size = table_parallelscan_estimate(build->heap, p->snapshot);
    estimate(p->context, sizeof(HnswBuildShared));
    estimate(p->context, scan_size);
    estimate(p->context, mul_size(sizeof(WalUsage), nworkers));
    estimate(p->context, mul_size(sizeof(BufferUsage), nworkers));
    if (debug_query_string != NULL)
        estimate(p->context, strlen(debug_query_string) + 1);
    InitializeParallelDSM(p->context);
    fill_toc(p, build, scan_size);
    LaunchParallelWorkers(p->context);
    ereport(DEBUG1, (errmsg("using %d parallel workers", p->context->nworkers_launched)));
    return p;
}

void hnsw_parallel_scan(HnswParallel *p, HnswBuild *build)
{
    hnsw_build_scan(build, table_beginscan_parallel(build->heap, p->scan));
    WaitForParallelWorkersToFinish(p->context);
    for (int i = 0; i < p->context->nworkers_launched; i++)
        InstrAccumParallelQuery(&p->buffer_usage[i], &p->wal_usage[i]);
}

void hnsw_parallel_end(HnswParallel *p)
{
    DestroyParallelContext(p->context);
    ExitParallelMode();
    if (IsMVCCSnapshot(p->snapshot))
        UnregisterSnapshot(p->snapshot);
    dsm_detach(p->region);
    pfree(p);
}

/* Entry point of a worker. */
void hnsw_parallel_main(dsm_segment *segment, shm_toc *toc)
{
    HnswBuildShared *shared = shm_toc_lookup(toc, KEY_SHARED, false);
    ParallelTableScanDesc scan = shm_toc_lookup(toc, KEY_SCAN, false);
    WalUsage *wal_usage = shm_toc_lookup(toc, KEY_WAL_USAGE, false);
    BufferUsage *buffer_usage = shm_toc_lookup(toc, KEY_BUFFER_USAGE, false);
    LOCKMODE heap_lock = shared->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE index_lock = shared->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    HnswBuild build = {.hi = shared->hi, .shared = shared};
    dsm_segment *region;

    debug_query_string = shm_toc_lookup(toc, KEY_QUERY, true);
    pgstat_report_activity(STATE_RUNNING, debug_query_string);

    region = dsm_attach(shared->region);
    if (region == NULL)
        return; /* the leader has given up already */
    build.region = dsm_segment_address(region);
    build.heap = table_open(shared->heap_oid, heap_lock);
    build.index = index_open(shared->index_oid, index_lock);
    build.info = BuildIndexInfo(build.index);
    build.info->ii_Concurrent = shared->concurrent;

    InstrStartParallelQuery();
    hnsw_build_scan(&build, table_beginscan_parallel(build.heap, scan));
    InstrEndParallelQuery(&buffer_usage[ParallelWorkerNumber], &wal_usage[ParallelWorkerNumber]);

    index_close(build.index, index_lock);
    table_close(build.heap, heap_lock);
    dsm_detach(region);
}
