/*
 * Parallel CREATE INDEX: starting workers, what leader and workers find where, and what a worker
 * does around its work.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/instrument.h"
#include "pgstat.h"
#include "storage/dsm_impl.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/compat.h"
#include "pg/parallel_build.h"

#define KEY_TABLES       UINT64CONST(0x7DB0000000000001)
#define KEY_SHARED       UINT64CONST(0x7DB0000000000002)
#define KEY_SCAN         UINT64CONST(0x7DB0000000000003)
#define KEY_QUERY        UINT64CONST(0x7DB0000000000004)
#define KEY_WAL_USAGE    UINT64CONST(0x7DB0000000000005)
#define KEY_BUFFER_USAGE UINT64CONST(0x7DB0000000000006)

#define SHM_DIRECTORY "/dev/shm"         /* where dynamic_shared_memory_type = posix lives */
#define SHM_RESERVE   (16 * 1024 * 1024) /* left there for others, bytes */

/* What a worker opens. */
typedef struct Tables {
    Oid heap_oid;
    Oid index_oid;
    bool concurrent; /* CREATE INDEX CONCURRENTLY: other locks, an MVCC snapshot */
} Tables;

struct VdbParallel {
    ParallelContext *context;
    Snapshot snapshot;
    ParallelTableScanDesc scan;
    WalUsage *wal_usage;
    BufferUsage *buffer_usage;
};

bool vdb_has_shared_memory(Size size)
{
    struct statvfs fs;

    if (dynamic_shared_memory_type != DSM_IMPL_POSIX)
        return true;
    if (statvfs(SHM_DIRECTORY, &fs) != 0)
        return true;
    return (uint64) fs.f_bavail * fs.f_frsize > (uint64) size + SHM_RESERVE;
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

/* Lays out what the workers find in the parallel context's segment. */
static void fill_toc(VdbParallel *p, VdbBuildShare *leader, Size shared_size, Size scan_size)
{
    ParallelContext *context = p->context;
    Tables *tables = put(context, KEY_TABLES, sizeof(Tables));

    tables->heap_oid = RelationGetRelid(leader->heap);
    tables->index_oid = RelationGetRelid(leader->index);
    tables->concurrent = leader->info->ii_Concurrent;
    leader->shared = put(context, KEY_SHARED, shared_size);
    leader->segment = context->seg;
    p->scan = put(context, KEY_SCAN, scan_size);
    table_parallelscan_initialize(leader->heap, p->scan, p->snapshot);
    p->wal_usage = put(context, KEY_WAL_USAGE, mul_size(sizeof(WalUsage), context->nworkers));
    p->buffer_usage =
        put(context, KEY_BUFFER_USAGE, mul_size(sizeof(BufferUsage), context->nworkers));
    if (debug_query_string != NULL) {
        Size size = strlen(debug_query_string) + 1;

        memcpy(put(context, KEY_QUERY, size), debug_query_string, size);
    }
}

void vdb_parallel_end(VdbParallel *p)
{
    DestroyParallelContext(p->context);
    ExitParallelMode();
    if (IsMVCCSnapshot(p->snapshot))
        UnregisterSnapshot(p->snapshot);
    pfree(p);
}

VdbParallel *vdb_parallel_prepare(VdbBuildShare *leader, const char *entry, int nworkers,
                                  Size shared_size)
{
    VdbParallel *p = palloc0(sizeof(VdbParallel));
    Size scan_size;

    EnterParallelMode();
    p->context = CreateParallelContext("vectordb", entry, nworkers);
    /* A concurrent build sees what one snapshot sees, an ordinary one needs dead rows too. */
    p->snapshot =
        leader->info->ii_Concurrent ? RegisterSnapshot(GetTransactionSnapshot()) : SnapshotAny;
    scan_size = table_parallelscan_estimate(leader->heap, p->snapshot);
    estimate(p->context, sizeof(Tables));
    estimate(p->context, shared_size);
    estimate(p->context, scan_size);
    estimate(p->context, mul_size(sizeof(WalUsage), nworkers));
    estimate(p->context, mul_size(sizeof(BufferUsage), nworkers));
    if (debug_query_string != NULL)
        estimate(p->context, strlen(debug_query_string) + 1);
    InitializeParallelDSM(p->context);
    if (p->context->seg == NULL) {
        vdb_parallel_end(p);
        return NULL;
    }
    fill_toc(p, leader, shared_size, scan_size);
    return p;
}

int vdb_parallel_launch(VdbParallel *p, VdbBuildShare *leader)
{
    LaunchParallelWorkers(p->context);
    ereport(DEBUG1, (errmsg("using %d parallel workers", p->context->nworkers_launched)));
    leader->scan = table_beginscan_parallel(leader->heap, p->scan);
    return p->context->nworkers_launched;
}

void vdb_parallel_wait(VdbParallel *p)
{
    WaitForParallelWorkersToFinish(p->context);
    for (int i = 0; i < p->context->nworkers_launched; i++)
        InstrAccumParallelQuery(&p->buffer_usage[i], &p->wal_usage[i]);
}

void vdb_parallel_work(dsm_segment *segment, shm_toc *toc, void (*work)(VdbBuildShare *share))
{
    Tables *tables = shm_toc_lookup(toc, KEY_TABLES, false);
    WalUsage *wal_usage = shm_toc_lookup(toc, KEY_WAL_USAGE, false);
    BufferUsage *buffer_usage = shm_toc_lookup(toc, KEY_BUFFER_USAGE, false);
    LOCKMODE heap_lock = tables->concurrent ? ShareUpdateExclusiveLock : ShareLock;
    LOCKMODE index_lock = tables->concurrent ? RowExclusiveLock : AccessExclusiveLock;
    VdbBuildShare share = {.shared = shm_toc_lookup(toc, KEY_SHARED, false), .segment = segment};

    debug_query_string = shm_toc_lookup(toc, KEY_QUERY, true);
    pgstat_report_activity(STATE_RUNNING, debug_query_string);

    share.heap = table_open(tables->heap_oid, heap_lock);
    share.index = index_open(tables->index_oid, index_lock);
    share.info = BuildIndexInfo(share.index);
    share.info->ii_Concurrent = tables->concurrent;
    share.scan = table_beginscan_parallel(share.heap, shm_toc_lookup(toc, KEY_SCAN, false));

    InstrStartParallelQuery();
    work(&share);
    InstrEndParallelQuery(&buffer_usage[ParallelWorkerNumber], &wal_usage[ParallelWorkerNumber]);

    index_close(share.index, index_lock);
    table_close(share.heap, heap_lock);
}
