/*
 * Vacuum, pass 3: lists that lead to tombstones are mended.  Tree edges first: what hangs on a
 * tombstone moves to its parent, so that the tombstone can leave the tree; then the list is chosen
 * anew from what lies behind the dead.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw_vacuum.h"

/* Candidates for a mended list: its own nodes and those of the dead nodes' lists, as multiples of
 * its limit. */
#define MEND_POOL 4

void hnsw_prepare_mending(HnswVacuum *v)
{
    uint32 capacity = MEND_POOL * 2 * v->hi.geometry.m + 1;

    v->gather = vdb_hnsw_gather_init(
        MemoryContextAllocHuge(CurrentMemoryContext,
                               vdb_hnsw_gather_size(&v->hi.geometry, capacity)),
        &v->hi.geometry, capacity);
}

typedef VdbStatus (*TreeEdit)(void *upper_page, VdbNode upper, void *lower_page, VdbNode lower,
                              const VdbHnswGeometry *g);

/* Edits two nodes of which one is the other's child in the tree, in one record. */
static VdbStatus edit_tree(HnswVacuum *v, TreeEdit edit, VdbNode upper, VdbNode lower)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber a = vdb_hnsw_node_block(g, upper), b = vdb_hnsw_node_block(g, lower);
    Buffer first =
        vdb_read_page_of(v->index, &v->hi, Min(a, b), VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    Buffer second = a == b ? first
                           : vdb_read_page_of(v->index, &v->hi, Max(a, b), VDB_HNSW_PAGE_NODE,
                                              BUFFER_LOCK_EXCLUSIVE);
    Buffer upperbuf = a <= b ? first : second, lowerbuf = a <= b ? second : first;
    GenericXLogState *wal = GenericXLogStart(v->index);
    Page upper_page = GenericXLogRegisterBuffer(wal, upperbuf, 0);
    Page lower_page = hnsw_register_once(wal, lowerbuf, upperbuf, upper_page);
    VdbStatus status = edit(upper_page, upper, lower_page, lower, g);

    if (status == VDB_OK || status == VDB_FULL)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    if (second != first)
        UnlockReleaseBuffer(second);
    UnlockReleaseBuffer(first);
    return status;
}

/* Gives a dead node's tree edges to one of its children, or to several, until one is left. */
static bool hand_down_all(HnswVacuum *v, VdbNode node)
{
    VdbLinks *links = palloc(sizeof(VdbLinks));
    bool done = false;

    hnsw_read_links(v->index, &v->hi, node, 0, links);
    for (uint32 i = 0; i < links->pinned && !done; i++) {
        CHECK_FOR_INTERRUPTS();
        done = edit_tree(v, vdb_hnsw_hand_down, node, links->ids[i]) == VDB_OK;
    }
    v->handed_down |= done;
    pfree(links);
    return done;
}

/* Takes a dead child out of the tree: its children become its parent's, as far as that has room, or
 * one of them takes the others.  False: it stays. */
static bool adopt(HnswVacuum *v, VdbNode parent, VdbNode child)
{
    VdbStatus status = edit_tree(v, vdb_hnsw_adopt, parent, child);

    if (status == VDB_FULL && hand_down_all(v, child))
        status = edit_tree(v, vdb_hnsw_adopt, parent, child);
    return status == VDB_OK;
}

/* Detaches every dead child of a node. */
static void adopt_all(HnswVacuum *v, VdbNode node)
{
    VdbLinks *links = palloc(sizeof(VdbLinks));
    bool progress = true;

    while (progress) {
        progress = false;
        hnsw_read_links(v->index, &v->hi, node, 0, links);
        for (uint32 i = 0; i < links->pinned; i++) {
            CHECK_FOR_INTERRUPTS();
            if (vdb_hnsw_set_has(v->dead, links->ids[i]))
                progress |= adopt(v, node, links->ids[i]);
        }
    }
    pfree(links);
}

/* Collects what a mended list may consist of. */
static void gather_pool(HnswVacuum *v, const VdbLinks *seen)
{
    VdbLinks *through = palloc(sizeof(VdbLinks));

    vdb_hnsw_gather_clear(v->gather);
    vdb_hnsw_gather_add(v->gather, seen->node);
    for (uint32 i = 0; i < seen->count; i++)
        if (i < seen->pinned || !vdb_hnsw_set_has(v->dead, seen->ids[i]))
            vdb_hnsw_gather_add(v->gather, seen->ids[i]);
    for (uint32 i = 0; i < seen->count; i++) {
        if (!vdb_hnsw_set_has(v->dead, seen->ids[i]))
            continue;
        hnsw_read_links(v->index, &v->hi, seen->ids[i], seen->level, through);
        for (uint32 j = 0; j < through->count; j++)
            if (!vdb_hnsw_set_has(v->dead, through->ids[j]))
                vdb_hnsw_gather_add(v->gather, through->ids[j]);
    }
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
        adopt_all(v, name.node);
    while (status == VDB_STALE && !vdb_hnsw_set_has(v->dead, name.node)) {
        CHECK_FOR_INTERRUPTS();
        hnsw_read_links(v->index, &v->hi, name.node, name.level, seen);
        if (!seen->found)
            break;
        gather_pool(v, seen);
        *now = *seen;
        vdb_hnsw_gather_choose(v->gather, now, vdb_hnsw_max_links(g, name.level), VDB_NO_NODE);
        status = hnsw_write_links(v->index, &v->hi, seen, now);
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
