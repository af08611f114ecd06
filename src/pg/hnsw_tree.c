/*
 * Vacuum, pass 3: the tree over all nodes.  What hangs on a tombstone, its orphans, goes to a node
 * near it, else to the tombstone's parent, so that the tombstone can leave the tree.
 *
 * A near one, as an orphan may be one that only its tree edge leads to: from far away no search
 * would find it.  What a node may be hung under without a circle, the order of the tree tells
 * (vacuum_api.h); it does not hold any longer after children were handed down, which is left to
 * rounds of mending of their own.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/hnsw_vacuum.h"

/* --- edits of two nodes in one record --- */

/* The pages of two nodes, locked in the order of their blocks; one buffer if both are on one. */
typedef struct TwoPages {
    Buffer a;
    Buffer b;
} TwoPages;

static TwoPages lock_two(HnswVacuum *v, VdbNode a, VdbNode b)
{
    BlockNumber block_a = vdb_hnsw_node_block(&v->hi.geometry, a);
    BlockNumber block_b = vdb_hnsw_node_block(&v->hi.geometry, b);
    Buffer first = vdb_read_page_of(v->index, &v->hi, Min(block_a, block_b), VDB_HNSW_PAGE_NODE,
                                    BUFFER_LOCK_EXCLUSIVE);
    Buffer second = block_a == block_b
                        ? first
                        : vdb_read_page_of(v->index, &v->hi, Max(block_a, block_b),
                                           VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);

    return block_a <= block_b ? (TwoPages){first, second} : (TwoPages){second, first};
}

/* Makes the record, or drops what was done to the images. */
static void end_record(GenericXLogState *wal, TwoPages pages, bool done)
{
    if (done)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    if (pages.b != pages.a)
        UnlockReleaseBuffer(pages.b);
    UnlockReleaseBuffer(pages.a);
}

typedef VdbStatus (*TreeEdit)(void *upper_page, VdbNode upper, void *lower_page, VdbNode lower,
                              const VdbHnswGeometry *g);

/* Edits two nodes of which one is the other's child in the tree. */
static VdbStatus edit_tree(HnswVacuum *v, TreeEdit edit, VdbNode upper, VdbNode lower)
{
    TwoPages pages = lock_two(v, upper, lower);
    GenericXLogState *wal = GenericXLogStart(v->index);
    Page upper_page = GenericXLogRegisterBuffer(wal, pages.a, 0);
    Page lower_page = hnsw_register_once(wal, pages.b, pages.a, upper_page);
    VdbStatus status = edit(upper_page, upper, lower_page, lower, &v->hi.geometry);

    end_record(wal, pages, status == VDB_OK || status == VDB_FULL);
    return status;
}

/* --- orphans that find a parent near them --- */

/* An orphan on its way from a tombstone to another parent. */
typedef struct Move {
    VdbNode from;
    VdbNode orphan;
    VdbLinks seen; /* the list of the node that takes it, as read ... */
    VdbLinks now;  /* ... and with the orphan */
} Move;

/* Reads the list of a node that the orphan may be hung under.  False: it takes none. */
static bool read_taker(HnswVacuum *v, VdbNode node, Move *move)
{
    hnsw_read_links(v->index, &v->hi, node, 0, &move->seen);
    move->now = move->seen;
    return move->seen.found && move->seen.live &&
           move->seen.pinned < vdb_hnsw_max_taken(&v->hi.geometry);
}

/* Makes the planned edge a tree edge, and the tombstone's to the orphan an ordinary one.  False:
 * one of the two has changed. */
static bool write_move(HnswVacuum *v, Move *move)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    TwoPages pages = lock_two(v, move->from, move->seen.node);
    GenericXLogState *wal = GenericXLogStart(v->index);
    Page from = GenericXLogRegisterBuffer(wal, pages.a, 0);
    Page to = hnsw_register_once(wal, pages.b, pages.a, from);
    VdbStatus status = vdb_hnsw_let_go(from, move->from, move->orphan, g);

    vdb_hnsw_links_remove(&move->now, vdb_hnsw_links_find(&move->now, move->orphan));
    vdb_hnsw_links_add(&move->now, move->orphan, true);
    if (status == VDB_OK)
        status = vdb_hnsw_links_write(to, g, &move->seen, &move->now, v->codes);
    end_record(wal, pages, status == VDB_OK);
    return status == VDB_OK;
}

/* To a node that has an edge to the orphan anyway. */
static bool go_to_neighbor(HnswVacuum *v, VdbNode node, Move *move)
{
    if (!read_taker(v, node, move) ||
        vdb_hnsw_links_find(&move->seen, move->orphan) == move->seen.count)
        return false;
    if (v->codes)
        vdb_hnsw_codes_clear(v->codes); /* the edge keeps its own */
    return write_move(v, move);
}

/* To a node whose list is chosen anew for it. */
static bool go_to_other(HnswVacuum *v, VdbNode node, Move *move)
{
    if (!read_taker(v, node, move))
        return false;
    vdb_hnsw_gather_clear(v->gather);
    vdb_hnsw_gather_add(v->gather, node);
    vdb_hnsw_gather_add(v->gather, move->orphan);
    for (uint32 i = 0; i < move->seen.count; i++)
        vdb_hnsw_gather_add(v->gather, move->seen.ids[i]);
    hnsw_run_gather(v->index, &v->hi, v->gather);
    vdb_hnsw_gather_choose(v->gather, &move->now, vdb_hnsw_max_links(&v->hi.geometry, 0),
                           move->orphan);
    if (vdb_hnsw_links_find(&move->now, move->orphan) == move->now.count)
        return false;
    if (v->codes)
        vdb_hnsw_gather_codes(v->gather, &move->now, v->codes, NULL);
    return write_move(v, move);
}

/* Of the orphan's neighbours those that it may be hung under, nearest first. */
static void find_takers(HnswVacuum *v, VdbNode orphan, VdbLinks *takers)
{
    hnsw_read_links(v->index, &v->hi, orphan, 0, takers);
    vdb_hnsw_gather_clear(v->gather);
    vdb_hnsw_gather_add(v->gather, orphan);
    for (uint32 i = 0; i < takers->count; i++)
        if (vdb_hnsw_order_before(v->order, takers->ids[i], orphan))
            vdb_hnsw_gather_add(v->gather, takers->ids[i]);
    hnsw_run_gather(v->index, &v->hi, v->gather);
    takers->count = takers->pinned = 0;
    vdb_hnsw_gather_choose(v->gather, takers, vdb_hnsw_max_links(&v->hi.geometry, 0), VDB_NO_NODE);
}

/* Hangs the orphan under a node near it, if one takes it. */
static void hang_near(HnswVacuum *v, Move *move)
{
    VdbLinks *takers = palloc(sizeof(VdbLinks));
    bool done = false;

    find_takers(v, move->orphan, takers);
    for (uint32 i = 0; i < takers->count && !done; i++)
        done = go_to_neighbor(v, takers->ids[i], move);
    for (uint32 i = 0; i < takers->count && !done; i++)
        done = go_to_other(v, takers->ids[i], move);
    pfree(takers);
}

/* Hangs the children of a dead node under nodes near them, but for those that are dead
 * themselves. */
static void hang_children_near(HnswVacuum *v, VdbNode node)
{
    VdbLinks *links = palloc(sizeof(VdbLinks));
    Move *move = palloc(sizeof(Move));

    hnsw_read_links(v->index, &v->hi, node, 0, links);
    move->from = node;
    for (uint32 i = 0; i < links->pinned; i++) {
        move->orphan = links->ids[i];
        if (!vdb_hnsw_set_has(v->dead, move->orphan))
            hang_near(v, move);
    }
    pfree(move);
    pfree(links);
}

/* --- the others --- */

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

/* Takes a dead child out of the tree: those of its children that no near node takes become its
 * parent's, as far as that has room, or one of them takes the others.  False: it stays. */
static bool adopt(HnswVacuum *v, VdbNode parent, VdbNode child)
{
    VdbStatus status;

    if (v->order)
        hang_children_near(v, child);
    status = edit_tree(v, vdb_hnsw_adopt, parent, child);
    if (status == VDB_FULL && v->order)
        v->crowded = true;
    else if (status == VDB_FULL && hand_down_all(v, child))
        status = edit_tree(v, vdb_hnsw_adopt, parent, child);
    return status == VDB_OK;
}

/* Detaches every dead child of a node. */
void hnsw_clear_tree(HnswVacuum *v, VdbNode node)
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

/* --- the order --- */

void hnsw_read_order(HnswVacuum *v, Size memory)
{
    const VdbHnswGeometry *g = &v->hi.geometry;

    v->order = NULL;
    if (vdb_hnsw_order_size(g, v->nblocks) > memory)
        return;
    if (v->order_memory == NULL)
        v->order_memory = MemoryContextAllocHuge(v->scratch, vdb_hnsw_order_size(g, v->nblocks));
    v->order = vdb_hnsw_order_begin(v->order_memory, g, v->nblocks);
    for (BlockNumber blkno = VDB_HNSW_FIRST_NODE_BLOCK; blkno < v->nblocks; blkno++) {
        Buffer buf;

        VDB_VACUUM_DELAY_POINT();
        buf = vdb_read_page_in_order(v->index, blkno, v->strategy, BUFFER_LOCK_SHARE);
        if (!BufferIsValid(buf))
            continue;
        vdb_hnsw_order_feed(v->order, g, blkno, BufferGetPage(buf));
        UnlockReleaseBuffer(buf);
    }
    vdb_hnsw_order_finish(v->order, v->meta.root);
}
