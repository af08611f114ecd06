/*
 * Parallel CREATE INDEX: the leader and its workers add to one graph in dynamic shared memory.
 * Where there is no room for that memory or no worker to be had, the build simply goes on alone.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "utils/rel.h"

#include "pg/hnsw_build.h"
#include "pg/parallel_build.h"

struct HnswParallel {
    VdbParallel *parallel;
    VdbBuildShare share; /* the leader's */
    dsm_segment *region;
};

PGDLLEXPORT void hnsw_parallel_main(dsm_segment *segment, shm_toc *toc);

/* The pages lie behind the shared block. */
static HnswPages *pages_of(HnswBuildShared *shared)
{
    return (HnswPages *) (shared + 1);
}

/* The segment for the graph, NULL if there is no room. */
static dsm_segment *create_region(HnswBuild *build)
{
    Size size = hnsw_build_memory(build);
    dsm_segment *segment;

    if (!vdb_has_shared_memory(size)) {
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

HnswParallel *hnsw_parallel_begin(HnswBuild *build, int nworkers)
{
    HnswParallel *p;

    if (nworkers <= 0)
        return NULL;
    p = palloc0(sizeof(HnswParallel));
    p->region = create_region(build);
    if (p->region == NULL)
        return NULL;
    p->share.heap = build->heap;
    p->share.index = build->index;
    p->share.info = build->info;
    p->parallel = vdb_parallel_prepare(&p->share, "hnsw_parallel_main", nworkers,
                                       sizeof(HnswBuildShared) + hnsw_pages_size());
    if (p->parallel == NULL) {
        dsm_detach(p->region);
        return NULL;
    }
    build->shared = p->share.shared;
    hnsw_build_init_shared(build->shared, build, nworkers + 1);
    SharedFileSetInit(&build->shared->files, p->share.segment);
    build->store = hnsw_store_open(&build->shared->files, build->process, nworkers + 1);
    build->pages = pages_of(build->shared);
    hnsw_pages_init(build->pages);
    build->shared->region = dsm_segment_handle(p->region);
    (void) vdb_parallel_launch(p->parallel, &p->share);
    return p;
}

void hnsw_parallel_scan(HnswParallel *p, HnswBuild *build)
{
    hnsw_build_scan(build, p->share.scan);
}

void hnsw_parallel_end(HnswParallel *p)
{
    vdb_parallel_wait(p->parallel);
    vdb_parallel_end(p->parallel);
    dsm_detach(p->region);
    pfree(p);
}

/* A worker's share of the rows goes into the graph, and it helps to make pages of that. */
static void add_rows(VdbBuildShare *share)
{
    HnswBuildShared *shared = share->shared;
    HnswBuild build = {.heap = share->heap,
                       .index = share->index,
                       .info = share->info,
                       .hi = shared->hi,
                       .shared = shared,
                       .region_size = shared->region_size,
                       .process = ParallelWorkerNumber + 1,
                       .pages = pages_of(shared)};
    dsm_segment *region = dsm_attach(shared->region);

    if (region == NULL) {
        /* the leader has given up already */
        table_endscan(share->scan);
        return;
    }
    build.region = dsm_segment_address(region);
    SharedFileSetAttach(&shared->files, share->segment);
    build.store = hnsw_store_open(&shared->files, build.process, shared->processes);
    hnsw_build_scan(&build, share->scan);
    if (shared->phase == HNSW_BUILD_IN_MEMORY)
        hnsw_help_to_write(&build);
    hnsw_store_close(build.store);
    dsm_detach(region);
}

/* Entry point of a worker. */
void hnsw_parallel_main(dsm_segment *segment, shm_toc *toc)
{
    vdb_parallel_work(segment, toc, add_rows);
}
