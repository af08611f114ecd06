/*
 * Vacuum, pass 3: lists that lead to tombstones are mended.  Tree edges first (hnsw_tree.c), so
 * that the tombstones leave the tree; then the list is chosen anew from what lies behind the dead.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw_vacuum.h"

/* Candidates for a mended list, as multiples of its limit, and at least. */
#define MEND_POOL     4
#define MIN_MEND_POOL 160

static uint32 pool_size(const HnswVacuum *v)
{
    return Max(MEND_POOL * 2 * v->hi.geometry.m, MIN_MEND_POOL);
}

void hnsw_prepare_mending(HnswVacuum *v)
{
    uint32 capacity = pool_size(v) + 1;

    v->gather = vdb_hnsw_gather_init(
        MemoryContextAllocHuge(CurrentMemoryContext,
                               vdb_hnsw_gather_size(&v->hi.geometry, capacity)),
        &v->hi.geometry, capacity);
    if (vdb_hnsw_coded(&v->hi.geometry)) {
        uint32 most = vdb_hnsw_max_links(&v->hi.geometry, 0);

        v->codes = vdb_hnsw_codes_init(palloc(vdb_hnsw_codes_size(&v->hi.geometry, most)),
                                       &v->hi.geometry, most);
    }
}

/* Dead nodes whose lists are looked through for one mended list. */
typedef struct DeadNodes {
    VdbNode *nodes;
    uint32 count;
    uint32 room;
} DeadNodes;

static void add_dead(DeadNodes *dead, VdbNode node)
{
    for (uint32 i = 0; i < dead->count; i++)
        if (dead->nodes[i] == node)
            return;
    if (dead->count < dead->room)
        dead->nodes[dead->count++] = node;
}

/* Collects what a mended list may consist of: what it leads to, and what lies behind the dead, and
 * behind the dead behind them, until there is enough to choose from. */
static void gather_pool(HnswVacuum *v, const VdbLinks *seen)
{
    VdbLinks *through = palloc(sizeof(VdbLinks));
    uint32 room = pool_size(v);
    DeadNodes dead = {palloc(sizeof(VdbNode) * room), 0, room};

    vdb_hnsw_gather_clear(v->gather);
    vdb_hnsw_gather_add(v->gather, seen->node);
    for (uint32 i = 0; i < seen->count; i++) {
        bool is_dead = vdb_hnsw_set_has(v->dead, seen->ids[i]);

        if (is_dead)
            add_dead(&dead, seen->ids[i]);
        if (!is_dead || i < seen->pinned)
            vdb_hnsw_gather_add(v->gather, seen->ids[i]);
    }
    for (uint32 at = 0; at < dead.count && !vdb_hnsw_gather_full(v->gather); at++) {
        hnsw_read_links(v->index, &v->hi, dead.nodes[at], seen->level, through);
        for (uint32 i = 0; i < through->count; i++) {
            if (vdb_hnsw_set_has(v->dead, through->ids[i]))
                add_dead(&dead, through->ids[i]);
            else
                vdb_hnsw_gather_add(v->gather, through->ids[i]);
        }
    }
    pfree(dead.nodes);
    pfree(through);
    hnsw_run_gather(v->index, &v->hi, v->gather);
}

/* Replaces a list's edges to dead nodes by edges to what lies behind them. */
static void mend(HnswVacuum *v, VdbListName name)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    VdbLinks *seen = palloc(sizeof(VdbLinks) * 2);
    VdbLinks *now = seen + 1;
    VdbStatus status = VDB_STALE;

    if (name.level == 0)
        hnsw_clear_tree(v, name.node);
    while (status == VDB_STALE && !vdb_hnsw_set_has(v->dead, name.node)) {
        CHECK_FOR_INTERRUPTS();
        hnsw_read_links(v->index, &v->hi, name.node, name.level, seen);
        if (!seen->found)
            break;
        gather_pool(v, seen);
        *now = *seen;
        vdb_hnsw_gather_choose(v->gather, now, vdb_hnsw_max_links(g, name.level), VDB_NO_NODE);
        if (v->codes && name.level == 0)
            vdb_hnsw_gather_codes(v->gather, now, v->codes, NULL);
        status = hnsw_write_links(v->index, &v->hi, seen, now, v->codes);
    }
    pfree(seen);
}

void hnsw_mend_page(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    Buffer buf = vdb_read_page_in_order(v->index, blkno, v->strategy, BUFFER_LOCK_SHARE);
    VdbListName *names;
    uint32 kind, n;

    if (!BufferIsValid(buf))
        return;
    kind = vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ);
    if (kind != VDB_HNSW_PAGE_NODE && kind != VDB_HNSW_PAGE_CELL) {
        UnlockReleaseBuffer(buf);
        return;
    }
    names = palloc(sizeof(VdbListName) * (g->slots_per_page + g->cells_per_cell_page));
    n = vdb_hnsw_page_lists_into(BufferGetPage(buf), g, blkno, v->dead, names);
    UnlockReleaseBuffer(buf);
    for (uint32 i = 0; i < n; i++)
        mend(v, names[i]);
    pfree(names);
}
