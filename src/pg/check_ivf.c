/*
 * The ivf checker as check.c wants it (ivf/check_api.h).
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"

#include "ivf/check_api.h"
#include "pg/check.h"
#include "pg/ivf.h"

typedef struct IvfChecked {
    Relation index;
    VdbIvfGeometry geometry;
    VdbIvfCheck *core;
} IvfChecked;

/* Which lists are live has to be known before the first of their pages is seen. */
static void read_directory(Relation index, VdbIvfCheck *core)
{
    PGAlignedBlock page;
    VdbBlock blkno;

    while ((blkno = vdb_ivf_check_directory_next(core)) != VDB_NO_BLOCK) {
        CHECK_FOR_INTERRUPTS();
        vdb_copy_page(index, blkno, NULL, page.data);
        vdb_ivf_check_directory(core, page.data);
    }
}

static void *begin(Relation index, const char *metapage, VdbCheckBlocks blocks,
                   const char **problem)
{
    IvfChecked *c = palloc0(sizeof(IvfChecked));
    VdbSpace column;

    if (vdb_ivf_check_geometry(metapage, BLCKSZ, &c->geometry, problem) != VDB_OK)
        return NULL;
    c->index = index;
    column = vdb_ivf_column(&c->geometry);
    if (!vdb_space_fits(index, &column)) {
        *problem = "metapage has another type, other dimensions or another metric than the column";
        return NULL;
    }
    c->core = vdb_ivf_check_begin(
        vdb_check_memory(index, vdb_ivf_check_size(&c->geometry, metapage, blocks.index)),
        &c->geometry, metapage, blocks.index, blocks.heap);
    read_directory(index, c->core);
    return c;
}

static uint32 page_end(const void *check, const char *page)
{
    uint32 kind = vdb_ivf_page_kind(page, BLCKSZ);

    if (kind < VDB_IVF_PAGE_META || kind > VDB_IVF_PAGE_LAST)
        return 0;
    return vdb_ivf_page_end(page, &((const IvfChecked *) check)->geometry, kind);
}

static void feed(void *check, BlockNumber blkno, const char *page)
{
    IvfChecked *c = check;
    PGAlignedBlock older;
    VdbBlock rest;

    vdb_ivf_check_feed(c->core, blkno, page);
    rest = vdb_ivf_check_rest(c->core);
    if (rest == VDB_NO_BLOCK)
        return;
    vdb_copy_page(c->index, rest, NULL, older.data);
    vdb_ivf_check_feed_rest(c->core, page, older.data);
}

static uint32 page_tids(const void *check, const char *page, VdbTid *out)
{
    return vdb_ivf_check_page_tids(((const IvfChecked *) check)->core, page, out);
}

static bool finish(void *check)
{
    return vdb_ivf_check_finish(((IvfChecked *) check)->core);
}

static uint64 problems(const void *check)
{
    return vdb_ivf_check_counts(((const IvfChecked *) check)->core)->problems;
}

static const VdbProblem *problem(const void *check, uint32 i)
{
    return vdb_ivf_check_problem(((const IvfChecked *) check)->core, i);
}

static void info(const void *check, VdbIndexInfo *info)
{
    const VdbIvfGeometry *g = &((const IvfChecked *) check)->geometry;
    const VdbIvfCheckCounts *n = vdb_ivf_check_counts(((const IvfChecked *) check)->core);

    vdb_info_put_space(info, g->space.metric, g->space.dims);
    vdb_info_put_count(info, "heap_tids", n->heap_tids);
    vdb_info_put_count(info, "lists", n->lists);
    vdb_info_put_count(info, "empty_lists", n->empty_lists);
    vdb_info_put_count(info, "largest_list", n->largest_list);
    vdb_info_put_count(info, "retired_lists", n->retired_lists);
    vdb_info_put_count(info, "retired_entries", n->hidden_entries);
    vdb_info_put_count(info, "free_entries", n->free_entries);
    vdb_info_put_count(info, "directory_pages", n->pages[VDB_IVF_PAGE_DIRECTORY]);
    vdb_info_put_count(info, "centroid_pages", n->pages[VDB_IVF_PAGE_CENTROIDS]);
    vdb_info_put_count(info, "data_pages", n->pages[VDB_IVF_PAGE_DATA]);
    if (g->slots_per_page > 0)
        vdb_info_put_count(info, "vector_pages", n->pages[VDB_IVF_PAGE_VALUES]);
    vdb_info_put_count(info, "free_pages", n->pages[VDB_IVF_PAGE_FREE]);
    vdb_info_put_count(info, "empty_pages", n->pages[0]);
    vdb_info_put_count(info, "lost_pages", n->lost_pages);
}

const VdbChecker vdb_ivf_checker = {
    .build = ivfbuild,
    .begin = begin,
    .page_end = page_end,
    .feed = feed,
    .page_tids = page_tids,
    .finish = finish,
    .problems = problems,
    .problem = problem,
    .info = info,
};
