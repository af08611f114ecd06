/*
 * From the graph of a bulk build to the pages of the index.  Pages are written and logged by one
 * process, in order; rendering them, which takes longer, is done by all processes of the build, in
 * portions that wait for their turn in shared memory.
 */
#include "postgres.h"

#include "commands/progress.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/wait_event.h"

#include "pg/bulk_write.h"
#include "pg/hnsw_build.h"

#define FINISH_STEP   10000 /* nodes between two looks for interrupts; some milliseconds */
#define PORTION_PAGES 16
#define PORTIONS      16 /* that are rendered or being rendered; 2 MB in all */

struct HnswPages {
    slock_t mutex; /* of what follows */
    bool laid_out;
    uint32 portions; /* of the whole index */
    uint32 claimed;
    uint32 written;
    bool rendered[PORTIONS];
    ConditionVariable changed; /* any of it */

    VdbHnswBuildLayout layout; /* does not change once `laid_out` */
    PGAlignedBlock pages[PORTIONS][PORTION_PAGES];
};

StaticAssertDecl(sizeof(HnswBuildShared) % MAXIMUM_ALIGNOF == 0, "what lies behind it is aligned");

Size hnsw_pages_size(void)
{
    return sizeof(HnswPages);
}

void hnsw_pages_init(HnswPages *pages)
{
    memset(pages, 0, offsetof(HnswPages, pages));
    SpinLockInit(&pages->mutex);
    ConditionVariableInit(&pages->changed);
}

static void render(HnswBuild *build, VdbHnswBuildLayout *layout, BlockNumber block, Page page)
{
    CHECK_FOR_INTERRUPTS();
    vdb_init_page(page, &build->hi.geometry, vdb_hnsw_build_page_kind(layout, block));
    if (hnsw_in_files(build))
        vdb_hnsw_external_render(build->region, build->rendering, layout, block, page);
    else
        vdb_hnsw_build_render(build->region, build->scratch, layout, block, page);
}

static void render_portion(HnswBuild *build, VdbHnswBuildLayout *layout, uint32 portion)
{
    HnswPages *pages = build->pages;
    BlockNumber first = portion * PORTION_PAGES;

    for (uint32 i = 0; i < PORTION_PAGES && first + i < layout->blocks; i++)
        render(build, layout, first + i, (Page) pages->pages[portion % PORTIONS][i].data);
    SpinLockAcquire(&pages->mutex);
    pages->rendered[portion % PORTIONS] = true;
    SpinLockRelease(&pages->mutex);
    ConditionVariableBroadcast(&pages->changed);
}

/* What a process can do next. */
typedef enum Turn {
    TURN_RENDER, /* the portion that it has been given */
    TURN_WRITE,  /* the first portion not written */
    TURN_WAIT,
    TURN_DONE
} Turn;

static Turn take_turn(HnswPages *pages, bool writes, uint32 *portion)
{
    Turn turn = TURN_WAIT;

    SpinLockAcquire(&pages->mutex);
    if (!pages->laid_out)
        turn = TURN_WAIT;
    else if (writes && pages->written < pages->portions &&
             pages->rendered[pages->written % PORTIONS])
        turn = TURN_WRITE;
    else if (pages->claimed < pages->portions && pages->claimed < pages->written + PORTIONS)
        turn = TURN_RENDER;
    else if ((writes ? pages->written : pages->claimed) == pages->portions)
        turn = TURN_DONE;
    if (turn == TURN_RENDER)
        *portion = pages->claimed++;
    SpinLockRelease(&pages->mutex);
    return turn;
}

static Turn await_turn(HnswPages *pages, bool writes, uint32 *portion)
{
    Turn turn;

    while ((turn = take_turn(pages, writes, portion)) == TURN_WAIT)
        ConditionVariableSleep(&pages->changed, WAIT_EVENT_PARALLEL_CREATE_INDEX_SCAN);
    ConditionVariableCancelSleep();
    return turn;
}

void hnsw_help_to_write(HnswBuild *build)
{
    VdbHnswBuildLayout layout;
    uint32 portion;

    while (await_turn(build->pages, false, &portion) == TURN_RENDER) {
        layout = build->pages->layout;
        render_portion(build, &layout, portion);
    }
}

static void write_portion(HnswBuild *build, VdbBulkWriter *writer)
{
    HnswPages *pages = build->pages;
    uint32 portion = pages->written; /* only this process changes it */
    BlockNumber first = portion * PORTION_PAGES;

    for (uint32 i = 0; i < PORTION_PAGES && first + i < pages->layout.blocks; i++)
        memcpy(vdb_bulk_next_page(writer), pages->pages[portion % PORTIONS][i].data, BLCKSZ);
    hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_DONE, first);
    SpinLockAcquire(&pages->mutex);
    pages->rendered[portion % PORTIONS] = false;
    pages->written++;
    SpinLockRelease(&pages->mutex);
    ConditionVariableBroadcast(&pages->changed);
}

static void write_together(HnswBuild *build, VdbHnswBuildLayout *layout, VdbBulkWriter *writer)
{
    HnswPages *pages = build->pages;
    uint32 portion;
    Turn turn;

    pages->layout = *layout;
    SpinLockAcquire(&pages->mutex);
    pages->portions = layout->blocks / PORTION_PAGES + (layout->blocks % PORTION_PAGES != 0);
    pages->laid_out = true;
    SpinLockRelease(&pages->mutex);
    ConditionVariableBroadcast(&pages->changed);
    while ((turn = await_turn(pages, true, &portion)) != TURN_DONE) {
        if (turn == TURN_WRITE)
            write_portion(build, writer);
        else
            render_portion(build, layout, portion);
    }
}

static void write_alone(HnswBuild *build, VdbHnswBuildLayout *layout, VdbBulkWriter *writer)
{
    for (BlockNumber block = 0; block < layout->blocks; block++) {
        hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_DONE, block);
        render(build, layout, block, vdb_bulk_next_page(writer));
    }
}

static void finish_graph(HnswBuild *build)
{
    if (hnsw_in_files(build)) {
        hnsw_finish_in_files(build);
        return;
    }
    while (!vdb_hnsw_build_finish(build->region, build->scratch, FINISH_STEP))
        CHECK_FOR_INTERRUPTS();
}

static void lay_out(HnswBuild *build, VdbHnswBuildLayout *layout)
{
    bool files = hnsw_in_files(build);
    VdbStatus status = files ? vdb_hnsw_external_layout(build->region, layout)
                             : vdb_hnsw_build_layout(build->region, layout);

    if (status != VDB_OK)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" would exceed the maximum size of a relation",
                               RelationGetRelationName(build->index))));
    if (files)
        hnsw_begin_rendering_files(build);
}

void hnsw_write_graph(HnswBuild *build)
{
    VdbHnswBuildLayout layout;
    VdbBulkWriter *writer;

    hnsw_build_report(build, PROGRESS_CREATEIDX_SUBPHASE, HNSW_PROGRESS_REACH);
    finish_graph(build);
    hnsw_build_report(build, PROGRESS_CREATEIDX_SUBPHASE, HNSW_PROGRESS_WRITE);
    lay_out(build, &layout);
    hnsw_build_report(build, PROGRESS_CREATEIDX_TUPLES_TOTAL, layout.blocks);
    writer = vdb_bulk_start(build->index, MAIN_FORKNUM);
    if (build->pages != NULL && build->shared->phase == HNSW_BUILD_IN_MEMORY)
        write_together(build, &layout, writer);
    else
        write_alone(build, &layout, writer);
    vdb_bulk_finish(writer);
}
