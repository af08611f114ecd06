/*
 * Vacuum of an hnsw index: (1) heap tids of dead rows go, (2) nodes left without any become
 * tombstones, (3) lists that lead to tombstones are mended around them, (4) tombstones that nothing
 * needs any more give their slots back.
 *
 * Each pass visits the pages in file order and leaves a valid index after every WAL record, so a
 * vacuum that is cancelled or crashes loses nothing: the next one finds the tombstones again.
 * Memory is bounded by maintenance_work_mem: tombstones that do not fit are left to the next
 * vacuum.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/freespace.h"
#include "storage/indexfsm.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/hnsw_vacuum.h"

#define INITIAL_DEAD_SLOTS 1024
#define MEND_ROUNDS        16 /* 3 or 4 do nearly always */

/* --- pass 1: heap tids --- */

static bool tid_is_dead(VdbTid tid, void *state)
{
    HnswVacuum *v = state;
    ItemPointerData pointer;

    memcpy(&pointer, &tid, sizeof(pointer));
    /* a damaged page's may be no row's */
    return ItemPointerIsValid(&pointer) && v->callback(&pointer, v->callback_state);
}

static void remove_tids(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    Buffer buf = vdb_read_page_in_order(v->index, blkno, v->strategy, BUFFER_LOCK_EXCLUSIVE);
    uint32 kind;

    if (!BufferIsValid(buf))
        return;
    kind = vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ);
    if (kind == VDB_HNSW_PAGE_NODE || kind == VDB_HNSW_PAGE_CELL) {
        VdbTidCount count = vdb_hnsw_page_count_tids(BufferGetPage(buf), g, tid_is_dead, v);

        if (count.dead > 0) {
            GenericXLogState *wal = GenericXLogStart(v->index);

            vdb_hnsw_page_remove_tids(GenericXLogRegisterBuffer(wal, buf, 0), g, tid_is_dead, v);
            GenericXLogFinish(wal);
        }
        v->stats->tuples_removed += count.dead;
        v->stats->num_index_tuples += count.left;
    }
    UnlockReleaseBuffer(buf);
}

/* --- pass 2: tombstones --- */

/* Reads a cell of a chain.  VDB_STALE: it belongs to another node by now. */
static VdbStatus read_cell(HnswVacuum *v, VdbCellRef cell, VdbNode owner, uint32 *count,
                           VdbCellRef *next)
{
    Buffer buf = vdb_read_page(v->index, &v->hi, vdb_cell_block(cell), BUFFER_LOCK_SHARE);
    VdbStatus status =
        vdb_hnsw_cell_state(BufferGetPage(buf), &v->hi.geometry, cell, owner, count, next);

    UnlockReleaseBuffer(buf);
    if (status == VDB_CORRUPT)
        vdb_check(status, v->index, vdb_cell_block(cell));
    return status;
}

/*
 * Takes an empty cell out of a node's chain; `previous` is the cell before it, or none when it is
 * the first.  The node stays locked meanwhile, so that nothing is put before or into the cell.
 */
static void unlink_cell(HnswVacuum *v, VdbNode node, VdbCellRef previous, VdbCellRef cell)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber node_block = vdb_hnsw_node_block(g, node);
    BlockNumber cell_block = vdb_cell_block(cell);
    BlockNumber before_block = previous.offset != 0 ? vdb_cell_block(previous) : node_block;
    Buffer nodebuf =
        vdb_read_page_of(v->index, &v->hi, node_block, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    Buffer cellbuf = cell_block == node_block
                         ? nodebuf
                         : vdb_read_page(v->index, &v->hi, cell_block, BUFFER_LOCK_EXCLUSIVE);
    Buffer beforebuf = before_block == node_block ? nodebuf
                       : before_block == cell_block
                           ? cellbuf
                           : vdb_read_page(v->index, &v->hi, before_block, BUFFER_LOCK_EXCLUSIVE);
    uint32 count = 0;
    VdbCellRef next;
    VdbNodeTids tids = vdb_hnsw_page_node(BufferGetPage(nodebuf), g, vdb_hnsw_node_slot(g, node));

    if (vdb_hnsw_cell_state(BufferGetPage(cellbuf), g, cell, node, &count, &next) == VDB_OK &&
        count == 0 && (previous.offset != 0 || memcmp(&tids.chain, &cell, sizeof(cell)) == 0))
    {
        GenericXLogState *wal = GenericXLogStart(v->index);
        Page cellpage = GenericXLogRegisterBuffer(wal, cellbuf, 0);
        Page before = hnsw_register_once(wal, beforebuf, cellbuf, cellpage);

        if (previous.offset != 0)
            vdb_hnsw_cell_set_next(before, g, previous, next);
        else
            vdb_hnsw_page_set_chain(before, g, node, next);
        vdb_hnsw_cell_free(cellpage, g, cell);
        GenericXLogFinish(wal);
    }
    if (beforebuf != nodebuf && beforebuf != cellbuf)
        UnlockReleaseBuffer(beforebuf);
    if (cellbuf != nodebuf)
        UnlockReleaseBuffer(cellbuf);
    UnlockReleaseBuffer(nodebuf);
    hnsw_list_cell_page(v, cell_block);
}

/* Takes the empty cells out of a node's chain. */
static void shorten_chain(HnswVacuum *v, VdbNode node, VdbCellRef chain)
{
    uint64 most = (uint64) RelationGetNumberOfBlocks(v->index) * v->hi.geometry.cells_per_cell_page;
    VdbCellRef previous = {0, 0, 0};
    VdbCellRef next;
    uint32 count;

    while (chain.offset != 0 && read_cell(v, chain, node, &count, &next) == VDB_OK) {
        CHECK_FOR_INTERRUPTS();
        if (most-- == 0)
            vdb_corrupted(v->index, vdb_cell_block(chain), "endless list of heap tids");
        if (count == 0)
            unlink_cell(v, node, previous, chain);
        else
            previous = chain;
        chain = next;
    }
}

/* Makes a node without heap tids a tombstone. */
static void bury(HnswVacuum *v, VdbNode node)
{
    Buffer buf = vdb_read_page_of(v->index, &v->hi, vdb_hnsw_node_block(&v->hi.geometry, node),
                                  VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(v->index);

    if (vdb_hnsw_page_bury(GenericXLogRegisterBuffer(wal, buf, 0), &v->hi.geometry, node) == VDB_OK)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    UnlockReleaseBuffer(buf);
}

/* What maintenance_work_mem leaves. */
static Size memory_left(HnswVacuum *v)
{
    Size all = (Size) maintenance_work_mem * 1024, used = vdb_hnsw_set_size(v->dead_slots);

    return all > used ? all - used : 0;
}

/* Remembers a tombstone that is to be freed; the root never is. */
static void remember_dead(HnswVacuum *v, VdbNode node)
{
    if (node == v->meta.root)
        return;
    if (vdb_hnsw_set_full(v->dead)) {
        uint32 slots = v->dead_slots * 2;
        VdbNodeSet *full = v->dead;

        if (vdb_hnsw_set_size(slots) > memory_left(v))
            return;
        v->dead = vdb_hnsw_set_move(
            full, MemoryContextAllocHuge(CurrentMemoryContext, vdb_hnsw_set_size(slots)), slots);
        v->dead_slots = slots;
        pfree(full);
    }
    vdb_hnsw_set_add(v->dead, node);
}

static VdbNodeTids read_node(HnswVacuum *v, VdbNode node)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    Buffer buf = vdb_read_page_in_order(v->index, vdb_hnsw_node_block(g, node), v->strategy,
                                        BUFFER_LOCK_SHARE);
    VdbNodeTids tids = vdb_hnsw_page_node(BufferGetPage(buf), g, vdb_hnsw_node_slot(g, node));

    UnlockReleaseBuffer(buf);
    return tids;
}

static void settle_node(HnswVacuum *v, VdbNode node, VdbNodeTids tids)
{
    if (tids.live && tids.chain.offset != 0) {
        shorten_chain(v, node, tids.chain);
        tids = read_node(v, node);
    }
    if (tids.live && !tids.has_tid && tids.chain.offset == 0) {
        bury(v, node);
        tids = read_node(v, node);
    }
    if (tids.dead)
        remember_dead(v, node);
    if (tids.live && (v->best == VDB_NO_NODE || tids.level > v->best_level)) {
        v->best = node;
        v->best_level = tids.level;
    }
}

/* Settles the nodes of one page. */
static void settle_page(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    Buffer buf = vdb_read_page_in_order(v->index, blkno, v->strategy, BUFFER_LOCK_SHARE);
    VdbNodeTids *nodes;
    bool has_room;

    if (!BufferIsValid(buf))
        return;
    if (vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) != VDB_HNSW_PAGE_NODE) {
        UnlockReleaseBuffer(buf);
        return;
    }
    nodes = palloc(sizeof(VdbNodeTids) * g->slots_per_page);
    for (uint32 slot = 0; slot < g->slots_per_page; slot++)
        nodes[slot] = vdb_hnsw_page_node(BufferGetPage(buf), g, slot);
    has_room = vdb_hnsw_page_free_slot(BufferGetPage(buf), g) < g->slots_per_page;
    UnlockReleaseBuffer(buf);
    /* the map may have lost what it knew in a crash, and a standby never knew it */
    if (has_room)
        hnsw_record_node_page(v->index, blkno, true);
    for (uint32 slot = 0; slot < g->slots_per_page; slot++)
        settle_node(v, blkno * g->slots_per_page + slot, nodes[slot]);
    pfree(nodes);
}

/* --- the whole --- */

/* Does one thing to every page but the metapage. */
static void for_each_page(HnswVacuum *v, void (*visit)(HnswVacuum *v, BlockNumber blkno))
{
    MemoryContext old = CurrentMemoryContext;

    for (BlockNumber blkno = VDB_HNSW_FIRST_NODE_BLOCK; blkno < v->nblocks; blkno++) {
        VDB_VACUUM_DELAY_POINT();
        visit(v, blkno);
    }
    MemoryContextSwitchTo(old);
}

/*
 * Rounds of mending.  Where lists are crowded with tree edges, the next round hands children down.
 * An heir may stand on a page that was mended already, so that another round is needed for what it
 * got; each has less to do.
 */
static void mend_pages(HnswVacuum *v)
{
    v->handed_down = true;
    for (int round = 0; (v->handed_down || v->crowded) && round < MEND_ROUNDS; round++) {
        hnsw_read_order(v, v->crowded ? 0 : memory_left(v));
        v->crowded = v->handed_down = false;
        for_each_page(v, hnsw_mend_page);
    }
}

IndexBulkDeleteResult *hnswbulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                      IndexBulkDeleteCallback callback, void *callback_state)
{
    HnswVacuum v = {.index = info->index,
                    .stats = stats ? stats : palloc0(sizeof(IndexBulkDeleteResult)),
                    .callback = callback,
                    .callback_state = callback_state,
                    .strategy = info->strategy,
                    .best = VDB_NO_NODE,
                    .dead_slots = INITIAL_DEAD_SLOTS};
    MemoryContext old;

    v.scratch = AllocSetContextCreate(CurrentMemoryContext, "hnsw vacuum", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(v.scratch);
    v.hi = hnsw_index(v.index);
    v.meta = hnsw_read_meta(v.index, &v.hi);
    v.nblocks = RelationGetNumberOfBlocks(v.index);
    v.stats->num_index_tuples = 0;
    v.dead = vdb_hnsw_set_init(palloc(vdb_hnsw_set_size(v.dead_slots)), v.dead_slots);

    for_each_page(&v, remove_tids);
    for_each_page(&v, settle_page);
    if (vdb_hnsw_set_count(v.dead) > 0) {
        hnsw_prepare_mending(&v);
        mend_pages(&v);
        hnsw_replace_entry(&v);
        for_each_page(&v, hnsw_free_page);
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(v.scratch);
    return v.stats;
}

IndexBulkDeleteResult *hnswvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
    if (info->analyze_only)
        return stats;
    if (stats == NULL) {
        /* nothing was deleted: every heap row with a vector is still in the index */
        stats = palloc0(sizeof(IndexBulkDeleteResult));
        stats->num_index_tuples = info->num_heap_tuples;
        stats->estimated_count = true;
    }
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    IndexFreeSpaceMapVacuum(info->index);
    return stats;
}
