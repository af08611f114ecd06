/*
 * CREATE INDEX by temporary files, for vectors that do not fit into maintenance_work_mem: the
 * core's phases (hnsw/external_api.h) over the files of hnsw_store.c.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/bulk_write.h"
#include "pg/hnsw_build.h"

bool hnsw_in_files(const HnswBuild *build)
{
    return build->shared->phase == HNSW_BUILD_IN_FILES;
}

bool hnsw_move_to_files(HnswBuild *build, double rows)
{
    if (!vdb_hnsw_external_possible(&build->hi.geometry, build->region_size, (uint64) rows,
                                    build->shared->processes))
        return false;
    hnsw_store_create(build->store);
    vdb_hnsw_external_begin(build->region, build->region_size, hnsw_store_calls(build->store),
                            build->process, build->shared->processes);
    return true;
}

void hnsw_add_to_files(HnswBuild *build, VdbIndexValue vector, VdbTid tid)
{
    vdb_hnsw_external_add(build->region, hnsw_store_calls(build->store), build->process,
                          vector.data, vector.norm, tid);
}

/* An index without rows. */
static void write_empty(HnswBuild *build)
{
    VdbBulkWriter *writer = vdb_bulk_start(build->index, MAIN_FORKNUM);
    Page page = vdb_bulk_next_page(writer);

    vdb_init_page(page, &build->hi.geometry, VDB_HNSW_PAGE_META);
    vdb_hnsw_meta_init(page, &build->hi.geometry, build->hi.seed);
    vdb_bulk_finish(writer);
}

/* The rows in the files are more than can be linked from there: inserts them. */
static void insert_rows(HnswBuild *build)
{
    const VdbHnswStore *calls = hnsw_store_calls(build->store);
    void *vector = palloc(vdb_value_bytes(&build->hi.geometry.space));
    VdbTid tid;
    float norm;

    hnsw_notice_full(build);
    write_empty(build);
    build->shared->phase = HNSW_BUILD_ON_DISK;
    hnsw_build_report(build, PROGRESS_CREATEIDX_SUBPHASE, HNSW_PROGRESS_LOAD);
    for (uint64 i = 0; vdb_hnsw_external_row(build->region, calls, i, vector, &norm, &tid); i++) {
        VdbIndexValue value = {vector, norm};
        ItemPointerData heap_tid;
        MemoryContext old = MemoryContextSwitchTo(build->row_context);

        CHECK_FOR_INTERRUPTS();
        memcpy(&heap_tid, &tid, sizeof(heap_tid));
        (void) hnsw_index(build->index);
        hnsw_insert_vector(build->index, &build->hi, value, &heap_tid);
        MemoryContextSwitchTo(old);
        MemoryContextReset(build->row_context);
        hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_DONE, (int64) i);
    }
    pfree(vector);
}

VdbHnswBuildPhase hnsw_begin_phase_in_files(HnswBuild *build)
{
    VdbHnswBuildPhase phase;

    if (vdb_hnsw_external_begin_phase(build->region, hnsw_store_calls(build->store),
                                      BarrierParticipants(&build->shared->barrier),
                                      &phase) != VDB_OK)
        insert_rows(build);
    hnsw_store_flush(build->store);
    return phase;
}

void hnsw_work_in_files(HnswBuild *build)
{
    void *work = hnsw_alloc_aligned(vdb_hnsw_external_work_size(build->region));

    if (!vdb_hnsw_external_work_init(build->region, hnsw_store_calls(build->store), build->process,
                                     work))
        return;
    do {
        CHECK_FOR_INTERRUPTS();
        hnsw_report_share(build, vdb_hnsw_external_progress(build->region),
                          vdb_hnsw_external_nodes(build->region));
    } while (vdb_hnsw_external_work(build->region, work));
    hnsw_store_flush(build->store);
}

void hnsw_finish_in_files(HnswBuild *build)
{
    vdb_hnsw_external_finish(build->region, hnsw_store_calls(build->store));
    hnsw_store_flush(build->store);
}

void hnsw_begin_rendering_files(HnswBuild *build)
{
    build->rendering = hnsw_alloc_aligned(vdb_hnsw_external_render_size(build->region));
    vdb_hnsw_external_render_init(build->region, hnsw_store_calls(build->store), build->rendering);
}
