/*
 * The hnsw checker as check.c wants it (hnsw/check_api.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "hnsw/check_api.h"
#include "pg/check.h"
#include "pg/hnsw.h"

typedef struct HnswChecked {
    VdbHnswGeometry geometry;
    VdbHnswCheck *core;
} HnswChecked;

static void *begin(Relation index, const char *metapage, VdbCheckBlocks blocks,
                   const char **problem)
{
    HnswChecked *c = palloc0(sizeof(HnswChecked));
    VdbSpace space;
    Size size = 0;

    if (vdb_hnsw_check_geometry(metapage, BLCKSZ, &c->geometry, problem) != VDB_OK)
        return NULL;
    space = vdb_hnsw_source_space(&c->geometry);
    if (!vdb_space_fits(index, &space)) {
        *problem = "metapage has another type, other dimensions or another metric than the column";
        return NULL;
    }
    if (vdb_hnsw_check_size(&c->geometry, blocks.index, &size) != VDB_OK)
        size = MaxAllocHugeSize + (Size) 1;
    c->core = vdb_hnsw_check_begin(vdb_check_memory(index, size), &c->geometry, blocks.index,
                                   blocks.heap);
    return c;
}

static uint32 page_end(const void *check, const char *page)
{
    uint32 kind = vdb_hnsw_page_kind(page, BLCKSZ);

    if (kind < VDB_HNSW_PAGE_META || kind > VDB_HNSW_PAGE_VECTOR)
        return 0;
    return vdb_hnsw_check_page_end(&((const HnswChecked *) check)->geometry, kind);
}

static void feed(void *check, BlockNumber blkno, const char *page)
{
    vdb_hnsw_check_feed(((HnswChecked *) check)->core, blkno, page);
}

static uint32 page_tids(const void *check, const char *page, VdbTid *out)
{
    return vdb_hnsw_check_page_tids(((const HnswChecked *) check)->core, page, out);
}

static bool finish(void *check)
{
    return vdb_hnsw_check_finish(((HnswChecked *) check)->core);
}

static uint64 problems(const void *check)
{
    return vdb_hnsw_check_counts(((const HnswChecked *) check)->core)->problems;
}

static const VdbProblem *problem(const void *check, uint32 i)
{
    return vdb_hnsw_check_problem(((const HnswChecked *) check)->core, i);
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

static void info(const void *check, VdbIndexInfo *info)
{
    const VdbHnswGeometry *g = &((const HnswChecked *) check)->geometry;
    const VdbHnswCheckCounts *n = vdb_hnsw_check_counts(((const HnswChecked *) check)->core);

    vdb_info_put_space(info, g->space.metric, g->space.dims);
    vdb_info_put(info, "m", Int32GetDatum((int32) g->m));
    vdb_info_put_count(info, "live", n->live);
    vdb_info_put_count(info, "tombstones", n->tombstones);
    vdb_info_put_count(info, "detached", n->detached);
    vdb_info_put_count(info, "free_slots", n->free_slots);
    vdb_info_put_count(info, "heap_tids", n->heap_tids);
    vdb_info_put(info, "level_nodes", level_array(n));
    if (n->entry != VDB_NO_NODE)
        vdb_info_put(info, "entry", node_tid(g, n->entry));
    vdb_info_put(info, "entry_level", Int32GetDatum((int32) n->entry_level));
    vdb_info_put(info, "average_degree",
                 Float8GetDatum(n->live > 0 ? (double) n->edges / n->live : 0));
    vdb_info_put_count(info, "tombstone_edges", n->tombstone_edges);
    vdb_info_put_count(info, "stale_edges", n->stale_edges);
    vdb_info_put_count(info, "node_pages", n->pages[VDB_HNSW_PAGE_NODE]);
    vdb_info_put_count(info, "cell_pages", n->pages[VDB_HNSW_PAGE_CELL]);
    vdb_info_put_count(info, "vector_pages", n->pages[VDB_HNSW_PAGE_VECTOR]);
    vdb_info_put_count(info, "empty_pages", n->pages[0]);
    vdb_info_put_count(info, "lost_cells", n->lost_cells);
    vdb_info_put_count(info, "lost_vector_pages", n->lost_vectors);
}

const VdbChecker vdb_hnsw_checker = {
    .build = hnswbuild,
    .begin = begin,
    .page_end = page_end,
    .feed = feed,
    .page_tids = page_tids,
    .finish = finish,
    .problems = problems,
    .problem = problem,
    .info = info,
};
