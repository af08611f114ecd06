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

/* Gives a dead node's tree edges, but one, to the first of these nodes that has room, or to several
 * of them. */
static bool hand_to(HnswVacuum *v, VdbNode node, TreeEdit edit, const VdbLinks *heirs)
{
    bool done = false;

    for (uint32 i = 0; i < heirs->pinned && !done; i++) {
        CHECK_FOR_INTERRUPTS();
        done = edit_tree(v, edit, node, heirs->ids[i]) == VDB_OK;
    }
    v->handed_down |= done;
    return done;
}

/* Leaves a dead node with one tree edge: its other children go to that child, or below it. */
static bool hand_down_all(HnswVacuum *v, VdbNode node)
{
    VdbLinks *links = palloc(sizeof(VdbLinks));
    bool done;

    hnsw_read_links(v->index, &v->hi, node, 0, links);
    done = hand_to(v, node, vdb_hnsw_hand_down, links);
    if (!done) {
        hnsw_read_links(v->index, &v->hi, node, 0, links);
        if (links->pinned > 0) {
            hnsw_read_links(v->index, &v->hi, links->ids[0], 0, links);
            done = hand_to(v, node, vdb_hnsw_hand_over, links);
        }
    }
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
        adopt_all(v, name.node);
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
