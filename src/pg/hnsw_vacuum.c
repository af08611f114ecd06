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
#include "pg/hnsw.h"

#define INITIAL_DEAD_SLOTS 1024

/* Candidates for a mended list: its own nodes and those of the dead nodes' lists, as multiples of
 * its limit. */
#define MEND_POOL 4

typedef struct HnswVacuum {
    Relation index;
    HnswIndex hi;
    VdbHnswMeta meta;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback callback;
    void *callback_state;
    BufferAccessStrategy strategy;
    BlockNumber nblocks; /* when the vacuum began; later pages hold no dead row of ours */

    VdbNodeSet *dead; /* tombstones to free */
    uint32 dead_slots;
    VdbNode best; /* a live node of the highest level */
    uint32 best_level;
    MemoryContext scratch;
    VdbGather *gather;
} HnswVacuum;

/* --- pass 1: heap tids --- */

static bool tid_is_dead(VdbTid tid, void *state)
{
    HnswVacuum *v = state;
    ItemPointerData pointer;

    memcpy(&pointer, &tid, sizeof(pointer));
    return v->callback(&pointer, v->callback_state);
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

/* Puts a cell page that has got room again on the list of such pages. */
static void list_cell_page(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    Buffer metabuf = vdb_read_page_of(v->index, &v->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                      BUFFER_LOCK_EXCLUSIVE);
    Buffer buf = vdb_read_page(v->index, &v->hi, blkno, BUFFER_LOCK_EXCLUSIVE);

    if (vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) == VDB_HNSW_PAGE_CELL &&
        vdb_hnsw_page_next_free(BufferGetPage(buf), g) == VDB_HNSW_NOT_LISTED)
    {
        GenericXLogState *wal = GenericXLogStart(v->index);
        Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
        VdbHnswMeta meta;

        vdb_hnsw_meta_read(metapage, &meta);
        vdb_hnsw_page_set_next_free(GenericXLogRegisterBuffer(wal, buf, 0), g, meta.free_cell_page);
        meta.free_cell_page = blkno;
        vdb_hnsw_meta_write(metapage, &meta);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(metabuf);
}

/* Registers a buffer once, however often it is asked for. */
static Page register_once(GenericXLogState *wal, Buffer buf, Buffer other, Page other_page)
{
    return buf == other ? other_page : GenericXLogRegisterBuffer(wal, buf, 0);
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
        Page before = register_once(wal, beforebuf, cellbuf, cellpage);

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
    list_cell_page(v, cell_block);
}

/* Takes the empty cells out of a node's chain. */
static void shorten_chain(HnswVacuum *v, VdbNode node, VdbCellRef chain)
{
    VdbCellRef previous = {0, 0, 0};
    VdbCellRef next;
    uint32 count;

    while (chain.offset != 0 && read_cell(v, chain, node, &count, &next) == VDB_OK) {
        CHECK_FOR_INTERRUPTS();
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

/* Remembers a tombstone that is to be freed; the root never is. */
static void remember_dead(HnswVacuum *v, VdbNode node)
{
    if (node == v->meta.root)
        return;
    if (vdb_hnsw_set_full(v->dead)) {
        uint32 slots = v->dead_slots * 2;

        if (vdb_hnsw_set_size(slots) > (Size) maintenance_work_mem * 1024)
            return;
        v->dead = vdb_hnsw_set_move(
            v->dead, MemoryContextAllocHuge(CurrentMemoryContext, vdb_hnsw_set_size(slots)), slots);
        v->dead_slots = slots;
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

    if (!BufferIsValid(buf))
        return;
    if (vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) != VDB_HNSW_PAGE_NODE) {
        UnlockReleaseBuffer(buf);
        return;
    }
    nodes = palloc(sizeof(VdbNodeTids) * g->slots_per_page);
    for (uint32 slot = 0; slot < g->slots_per_page; slot++)
        nodes[slot] = vdb_hnsw_page_node(BufferGetPage(buf), g, slot);
    UnlockReleaseBuffer(buf);
    for (uint32 slot = 0; slot < g->slots_per_page; slot++)
        settle_node(v, blkno * g->slots_per_page + slot, nodes[slot]);
    pfree(nodes);
}

/* --- pass 3: mending lists --- */

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
    Page lower_page = register_once(wal, lowerbuf, upperbuf, upper_page);
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
        Buffer buf;
        GenericXLogState *wal;

        CHECK_FOR_INTERRUPTS();
        hnsw_read_links(v->index, &v->hi, name.node, name.level, seen);
        if (!seen->found)
            break;
        gather_pool(v, seen);
        *now = *seen;
        vdb_hnsw_gather_choose(v->gather, now, vdb_hnsw_max_links(g, name.level), VDB_NO_NODE);
        buf = vdb_read_page(v->index, &v->hi, seen->block, BUFFER_LOCK_EXCLUSIVE);
        wal = GenericXLogStart(v->index);
        status = vdb_hnsw_links_write(GenericXLogRegisterBuffer(wal, buf, 0), g, seen, now);
        if (status == VDB_OK)
            GenericXLogFinish(wal);
        else
            GenericXLogAbort(wal);
        UnlockReleaseBuffer(buf);
    }
    pfree(seen);
}

static void mend_page(HnswVacuum *v, BlockNumber blkno)
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

/* --- pass 4: giving slots back --- */

/* Searches must not start at a node that is about to go. */
static void replace_entry(HnswVacuum *v)
{
    Buffer buf = vdb_read_page_of(v->index, &v->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                  BUFFER_LOCK_EXCLUSIVE);

    vdb_hnsw_meta_read(BufferGetPage(buf), &v->meta);
    if (v->meta.entry != VDB_NO_NODE && vdb_hnsw_set_has(v->dead, v->meta.entry)) {
        GenericXLogState *wal = GenericXLogStart(v->index);

        v->meta.entry = v->best != VDB_NO_NODE ? v->best : v->meta.root;
        v->meta.entry_level = v->best != VDB_NO_NODE ? v->best_level : 0;
        vdb_hnsw_meta_write(GenericXLogRegisterBuffer(wal, buf, 0), &v->meta);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
}

/* Gives a detached node's vector pages back, one record each. */
static void free_slices(HnswVacuum *v, VdbNode node)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber slice = v->hi.geometry.vector_pages > 0 ? 0 : VDB_NO_BLOCK;

    while (slice != VDB_NO_BLOCK) {
        Buffer metabuf = vdb_read_page_of(v->index, &v->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                          BUFFER_LOCK_EXCLUSIVE);
        Buffer buf = vdb_read_page_of(v->index, &v->hi, vdb_hnsw_node_block(g, node),
                                      VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
        GenericXLogState *wal = GenericXLogStart(v->index);
        Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);

        slice = vdb_hnsw_page_take_slice(GenericXLogRegisterBuffer(wal, buf, 0), g, node);
        if (slice != VDB_NO_BLOCK) {
            Buffer slicebuf = vdb_read_page_of(v->index, &v->hi, slice, VDB_HNSW_PAGE_VECTOR,
                                               BUFFER_LOCK_EXCLUSIVE);
            VdbHnswMeta meta;

            vdb_hnsw_meta_read(metapage, &meta);
            vdb_hnsw_page_set_next_free(GenericXLogRegisterBuffer(wal, slicebuf, 0), g,
                                        meta.free_vector_page);
            meta.free_vector_page = slice;
            vdb_hnsw_meta_write(metapage, &meta);
            GenericXLogFinish(wal);
            UnlockReleaseBuffer(slicebuf);
        } else
            GenericXLogAbort(wal);
        UnlockReleaseBuffer(buf);
        UnlockReleaseBuffer(metabuf);
    }
}

/* Gives a detached node's upper-level cells back, one record for each page that they lie on. */
static void free_upper(HnswVacuum *v, VdbNode node)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber blkno = vdb_hnsw_node_block(g, node), cell_block;
    VdbStatus status = VDB_OK;

    do {
        Buffer buf =
            vdb_read_page_of(v->index, &v->hi, blkno, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
        Buffer cellbuf = buf;
        VdbCellRef upper;

        CHECK_FOR_INTERRUPTS();
        cell_block = InvalidBlockNumber;
        if (vdb_hnsw_page_detached(BufferGetPage(buf), g, node, &upper) && upper.offset != 0) {
            GenericXLogState *wal = GenericXLogStart(v->index);
            Page page = GenericXLogRegisterBuffer(wal, buf, 0);

            cell_block = vdb_cell_block(upper);
            if (cell_block != blkno)
                cellbuf = vdb_read_page(v->index, &v->hi, cell_block, BUFFER_LOCK_EXCLUSIVE);
            status =
                vdb_hnsw_page_free_upper(page, g, node, register_once(wal, cellbuf, buf, page));
            if (status == VDB_OK)
                GenericXLogFinish(wal);
            else
                GenericXLogAbort(wal);
        }
        if (cellbuf != buf)
            UnlockReleaseBuffer(cellbuf);
        UnlockReleaseBuffer(buf);
        if (cell_block != InvalidBlockNumber) {
            vdb_check(status, v->index, cell_block);
            list_cell_page(v, cell_block);
        }
    } while (cell_block != InvalidBlockNumber);
}

static void free_node(HnswVacuum *v, VdbNode node)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber blkno = vdb_hnsw_node_block(g, node);
    GenericXLogState *wal;
    Buffer buf;

    free_slices(v, node);
    free_upper(v, node);
    buf = vdb_read_page_of(v->index, &v->hi, blkno, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    wal = GenericXLogStart(v->index);
    if (vdb_hnsw_page_free_node(GenericXLogRegisterBuffer(wal, buf, 0), g, node) == VDB_OK) {
        GenericXLogFinish(wal);
        hnsw_record_node_page(v->index, blkno, true);
    } else
        GenericXLogAbort(wal);
    UnlockReleaseBuffer(buf);
}

static void free_page(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;

    for (uint32 slot = 0; slot < g->slots_per_page; slot++) {
        VdbNode node = blkno * g->slots_per_page + slot;

        if (vdb_hnsw_set_has(v->dead, node))
            free_node(v, node);
    }
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

static void prepare_mending(HnswVacuum *v)
{
    uint32 capacity = MEND_POOL * 2 * v->hi.geometry.m + 1;

    v->gather = vdb_hnsw_gather_init(
        MemoryContextAllocHuge(CurrentMemoryContext,
                               vdb_hnsw_gather_size(&v->hi.geometry, capacity)),
        &v->hi.geometry, v->meta.max_norm_sq, capacity);
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
        prepare_mending(&v);
        for_each_page(&v, mend_page);
        replace_entry(&v);
        for_each_page(&v, free_page);
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
