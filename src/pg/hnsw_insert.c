/*
 * Insertion of one row: find the vector's neighbourhood, put its node where there is room together
 * with the tree edge that makes it reachable (one WAL record), then add the other edges back to it
 * one page at a time.
 *
 * Nothing is locked between reading and writing.  Every write checks that what it builds on is
 * still there and is planned again otherwise, so concurrent insertions and vacuum only cost a
 * retry.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw.h"

typedef struct HnswInsert {
    Relation index;
    HnswIndex *hi;
    VdbHnswMeta meta;
    HnswVector vector;
    VdbTid heap_tid;
    VdbNode node; /* VDB_HNSW_NEW_NODE until placed */
    uint32 level;
    VdbLinks *links; /* one list for each level up to `level` */
    VdbGather *gather;
    uint32 gather_capacity;
    VdbBlock *vector_blocks;
    uint32 back_from;     /* links[0].ids from here on still want an edge back */
    bool cells_elsewhere; /* the upper lists do not fit the node's page */
} HnswInsert;

/* --- planning an edge from a neighbour back to the new node --- */

/* The neighbour's list as read, and as it is to be. */
typedef struct LinkPlan {
    VdbLinks seen;
    VdbLinks now;
} LinkPlan;

/*
 * Plans to add the new node to that neighbour's list, pruning it when it is full; with `must` the
 * new node stays whatever the others say.  False: no change, as the neighbour is gone or prefers
 * others.
 */
static bool plan_link(HnswInsert *in, VdbNode neighbor, uint32 level, bool must, LinkPlan *plan)
{
    uint32 limit = vdb_hnsw_max_links(&in->hi->geometry, level);

    hnsw_read_links(in->index, in->hi, neighbor, level, &plan->seen);
    plan->now = plan->seen;
    if (!plan->seen.found || vdb_hnsw_links_find(&plan->seen, in->node) < plan->seen.count)
        return false;
    if (plan->seen.count < limit) {
        vdb_hnsw_links_add(&plan->now, in->node, false);
        return true;
    }
    if (plan->seen.pinned == limit)
        return false;
    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_add(in->gather, neighbor);
    for (uint32 i = 0; i < plan->seen.count; i++)
        vdb_hnsw_gather_add(in->gather, plan->seen.ids[i]);
    hnsw_run_gather(in->index, in->hi, in->gather);
    vdb_hnsw_gather_put(in->gather, in->node, in->vector.values, in->vector.norm_sq);
    vdb_hnsw_gather_choose(in->gather, &plan->now, limit, must ? in->node : VDB_NO_NODE);
    return vdb_hnsw_links_find(&plan->now, in->node) < plan->now.count;
}

/* --- the parent: the neighbour whose edge to the new node is pinned --- */

/* Pins the planned edge to the new node. */
static void pin_new_node(LinkPlan *plan, VdbNode node)
{
    vdb_hnsw_links_remove(&plan->now, vdb_hnsw_links_find(&plan->now, node));
    vdb_hnsw_links_add(&plan->now, node, true);
}

/* All edges of the parent are pinned: the new node takes one of its children over. */
static void splice_child(HnswInsert *in, LinkPlan *plan)
{
    uint32 last = plan->now.pinned - 1;
    VdbNode child = plan->now.ids[last];
    uint32 own = vdb_hnsw_links_find(&in->links[0], child);

    if (own == in->links[0].count && own == vdb_hnsw_max_links(&in->hi->geometry, 0))
        own--; /* full: the farthest makes room */
    if (own < in->links[0].count)
        vdb_hnsw_links_remove(&in->links[0], own);
    vdb_hnsw_links_add(&in->links[0], child, true);
    plan->now.ids[last] = in->node;
}

static bool may_be_parent(HnswInsert *in, const LinkPlan *plan)
{
    return plan->seen.found && (plan->seen.live || plan->seen.node == in->meta.root);
}

/* Forgets what an earlier attempt to splice did. */
static void unsplice(VdbLinks *own)
{
    own->count -= own->pinned;
    memmove(own->ids, own->ids + own->pinned, sizeof(VdbNode) * own->count);
    own->pinned = 0;
}

/*
 * Chooses the parent and plans its list: the nearest neighbour that would take the new node anyway;
 * failing that, the nearest that can be made to.  The root serves when there is no live neighbour.
 */
static void plan_parent(HnswInsert *in, LinkPlan *plan)
{
    VdbLinks *own = &in->links[0];

    unsplice(own);
    for (uint32 i = 0; i < own->count; i++) {
        if (plan_link(in, own->ids[i], 0, false, plan) && may_be_parent(in, plan)) {
            pin_new_node(plan, in->node);
            in->back_from = i + 1;
            return;
        }
    }
    in->back_from = own->count; /* none of them wants it */
    for (uint32 i = 0; i <= own->count; i++) {
        bool planned = plan_link(in, i < own->count ? own->ids[i] : in->meta.root, 0, true, plan);

        if (!may_be_parent(in, plan))
            continue;
        if (planned)
            pin_new_node(plan, in->node);
        else
            splice_child(in, plan);
        return;
    }
    vdb_corrupted(in->index, VDB_HNSW_META_BLOCK, "the root is gone");
}

/* --- placing the node --- */

/* Pages that the record of a new node changes: all locked, in the order of their locks. */
typedef struct PlacePages {
    Buffer node;
    Buffer parent; /* may be the same buffer */
    Buffer cells;  /* InvalidBuffer when there are no cells, or they fit the node's page */
} PlacePages;

static PlacePages lock_pages(HnswInsert *in, BlockNumber node, BlockNumber parent,
                             BlockNumber cells)
{
    PlacePages pages = {InvalidBuffer, InvalidBuffer, InvalidBuffer};
    BlockNumber first = Min(node, parent), second = Max(node, parent);
    Buffer a =
        vdb_read_page_of(in->index, in->hi, first, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    Buffer b = first == second ? a
                               : vdb_read_page_of(in->index, in->hi, second, VDB_HNSW_PAGE_NODE,
                                                  BUFFER_LOCK_EXCLUSIVE);

    pages.node = node == first ? a : b;
    pages.parent = node == first ? b : a;
    if (cells != InvalidBlockNumber)
        pages.cells =
            vdb_read_page_of(in->index, in->hi, cells, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_EXCLUSIVE);
    return pages;
}

static void unlock_pages(PlacePages pages)
{
    if (BufferIsValid(pages.cells))
        UnlockReleaseBuffer(pages.cells);
    if (pages.parent != pages.node)
        UnlockReleaseBuffer(pages.parent);
    UnlockReleaseBuffer(pages.node);
}

/* Writes the lists of the upper levels, from the top down; answers the cell of level 1. */
static VdbCellRef put_upper(HnswInsert *in, Page page, BlockNumber blkno)
{
    VdbCellRef next = {0, 0, 0};

    for (uint32 level = in->level; level > 0; level--) {
        in->links[level].node = in->node;
        in->links[level].level = level;
        next = vdb_hnsw_page_put_upper(page, &in->hi->geometry, blkno, &in->links[level], next);
    }
    return next;
}

/* Replaces the stand-in by the id that the node got. */
static void name_new_node(VdbLinks *links, VdbNode node)
{
    uint32 i = vdb_hnsw_links_find(links, VDB_HNSW_NEW_NODE);

    if (i < links->count)
        links->ids[i] = node;
}

/* Fills the node's slot on its page image. */
static void put_node(HnswInsert *in, Page page, uint32 slot, VdbCellRef upper)
{
    VdbNewNode node = {.heap_tid = in->heap_tid,
                       .level = in->level,
                       .vector = in->vector.values,
                       .norm_sq = in->vector.norm_sq,
                       .links = &in->links[0],
                       .upper = upper,
                       .vector_blocks = in->vector_blocks};

    vdb_hnsw_page_put_node(page, &in->hi->geometry, slot, &node);
}

/*
 * Writes node, tree edge and upper lists as one WAL record.  False: the pages are no longer as
 * planned, and nothing was changed.
 */
static bool write_node(HnswInsert *in, PlacePages pages, LinkPlan *plan)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    uint32 slot = vdb_hnsw_page_free_slot(BufferGetPage(pages.node), g);
    BlockNumber blkno = BufferGetBlockNumber(pages.node);
    Buffer cellbuf = BufferIsValid(pages.cells) ? pages.cells : pages.node;
    GenericXLogState *wal;
    Page page, parent, cells;

    if (vdb_hnsw_page_free_cells(BufferGetPage(cellbuf), g) < in->level) {
        in->cells_elsewhere = true;
        return false;
    }
    if (slot == g->slots_per_page ||
        !vdb_hnsw_links_current(BufferGetPage(pages.parent), g, &plan->seen))
        return false;

    in->node = blkno * g->slots_per_page + slot;
    name_new_node(&plan->now, in->node);
    wal = GenericXLogStart(in->index);
    page = GenericXLogRegisterBuffer(wal, pages.node, 0);
    cells = BufferIsValid(pages.cells) ? GenericXLogRegisterBuffer(wal, pages.cells, 0) : page;
    parent = pages.parent == pages.node ? page : GenericXLogRegisterBuffer(wal, pages.parent, 0);
    put_node(in, page, slot, put_upper(in, cells, BufferGetBlockNumber(cellbuf)));
    (void) vdb_hnsw_links_write(parent, g, &plan->seen, &plan->now); /* current: looked above */
    GenericXLogFinish(wal);
    return true;
}

/* The node's block must number its slots below the ids that mean something else. */
static void check_node_limit(HnswInsert *in, BlockNumber blkno)
{
    if (((uint64) blkno + 1) * in->hi->geometry.slots_per_page >= VDB_HNSW_NEW_NODE)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" cannot hold more vectors",
                               RelationGetRelationName(in->index))));
}

/* Puts the node into the index, reachable. */
static void place_node(HnswInsert *in)
{
    LinkPlan *plan = palloc(sizeof(LinkPlan));
    bool done = false;

    while (!done) {
        BlockNumber blkno = hnsw_find_node_page(in->index, in->hi);
        BlockNumber cells = InvalidBlockNumber;
        PlacePages pages;

        CHECK_FOR_INTERRUPTS();
        check_node_limit(in, blkno);
        in->node = VDB_HNSW_NEW_NODE;
        plan_parent(in, plan);
        if (in->cells_elsewhere)
            cells = hnsw_find_cell_page(in->index, in->hi, in->level);
        pages = lock_pages(in, blkno, plan->seen.block, cells);
        done = write_node(in, pages, plan);
        unlock_pages(pages);
    }
    pfree(plan);
}

/* Makes the node the root of an empty index.  False: it is empty no longer, or the page found has
 * been filled. */
static bool place_root(HnswInsert *in)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    BlockNumber blkno = hnsw_find_node_page(in->index, in->hi);
    Buffer metabuf = vdb_read_page_of(in->index, in->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                      BUFFER_LOCK_EXCLUSIVE);
    Buffer buf =
        vdb_read_page_of(in->index, in->hi, blkno, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    uint32 slot = vdb_hnsw_page_free_slot(BufferGetPage(buf), g);
    bool possible;

    vdb_hnsw_meta_read(BufferGetPage(metabuf), &in->meta);
    possible = in->meta.root == VDB_NO_NODE && slot < g->slots_per_page;
    if (possible) {
        GenericXLogState *wal = GenericXLogStart(in->index);
        Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);

        in->level = 0; /* nothing to route to yet */
        in->meta.root = in->meta.entry = blkno * g->slots_per_page + slot;
        in->meta.entry_level = 0;
        vdb_hnsw_meta_write(metapage, &in->meta);
        put_node(in, GenericXLogRegisterBuffer(wal, buf, 0), slot, (VdbCellRef){0, 0, 0});
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(metabuf);
    return possible;
}

/* --- the other edges --- */

/* Gives the new node an edge from a neighbour, if the neighbour wants it. */
static void link_back(HnswInsert *in, VdbNode neighbor, uint32 level, LinkPlan *plan)
{
    VdbStatus status = VDB_STALE;

    while (status == VDB_STALE && plan_link(in, neighbor, level, false, plan)) {
        Buffer buf = vdb_read_page(in->index, in->hi, plan->seen.block, BUFFER_LOCK_EXCLUSIVE);
        GenericXLogState *wal = GenericXLogStart(in->index);

        status = vdb_hnsw_links_write(GenericXLogRegisterBuffer(wal, buf, 0), &in->hi->geometry,
                                      &plan->seen, &plan->now);
        if (status == VDB_OK)
            GenericXLogFinish(wal);
        else
            GenericXLogAbort(wal);
        UnlockReleaseBuffer(buf);
        CHECK_FOR_INTERRUPTS();
    }
}

static void link_back_all(HnswInsert *in)
{
    LinkPlan *plan = palloc(sizeof(LinkPlan));

    for (uint32 i = in->back_from; i < in->links[0].count; i++)
        link_back(in, in->links[0].ids[i], 0, plan);
    for (uint32 level = 1; level <= in->level; level++) {
        for (uint32 i = 0; i < in->links[level].count; i++)
            link_back(in, in->links[level].ids[i], level, plan);
    }
    pfree(plan);
}

/* --- the metapage --- */

/* Changes the metapage under its lock: the search's entry, if the node's level is higher, and the
 * largest norm. */
static void update_meta(HnswInsert *in, bool placed)
{
    Buffer buf = vdb_read_page_of(in->index, in->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                  BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(in->index);
    Page page = GenericXLogRegisterBuffer(wal, buf, 0);

    vdb_hnsw_meta_read(page, &in->meta);
    if (placed && in->level > in->meta.entry_level) {
        in->meta.entry = in->node;
        in->meta.entry_level = in->level;
    }
    in->meta.max_norm_sq = Max(in->meta.max_norm_sq, in->vector.norm_sq);
    vdb_hnsw_meta_write(page, &in->meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(buf);
}

/* --- another row with a vector that the index has --- */

/* Adds the heap tid to a node through a cell of a cell page: its chain's first, or a new one on
 * page `fresh`. */
static VdbStatus add_tid_elsewhere(HnswInsert *in, VdbNode node, uint16 generation,
                                   BlockNumber fresh)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    VdbCellRef chain = {0, 0, 0};
    Buffer buf = vdb_read_page_of(in->index, in->hi, vdb_hnsw_node_block(g, node),
                                  VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(in->index);
    Page page = GenericXLogRegisterBuffer(wal, buf, 0);
    VdbStatus status = vdb_hnsw_page_add_tid(page, g, node, generation, in->heap_tid, &chain);
    Buffer cellbuf = InvalidBuffer;

    if (status == VDB_FULL && fresh != InvalidBlockNumber) {
        Page cells;

        cellbuf =
            vdb_read_page_of(in->index, in->hi, fresh, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_EXCLUSIVE);
        cells = GenericXLogRegisterBuffer(wal, cellbuf, 0);
        if (vdb_hnsw_page_free_cells(cells, g) > 0) {
            vdb_hnsw_page_set_chain(
                page, g, node, vdb_hnsw_page_put_tid(cells, g, fresh, node, in->heap_tid, chain));
            status = VDB_OK;
        }
    } else if (status == VDB_FULL && chain.offset != 0 &&
               vdb_cell_block(chain) != vdb_hnsw_node_block(g, node))
    {
        cellbuf = vdb_read_page_of(in->index, in->hi, vdb_cell_block(chain), VDB_HNSW_PAGE_CELL,
                                   BUFFER_LOCK_EXCLUSIVE);
        status = vdb_hnsw_cell_add_tid(GenericXLogRegisterBuffer(wal, cellbuf, 0), g, chain, node,
                                       in->heap_tid);
    }
    if (status == VDB_OK)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    if (BufferIsValid(cellbuf))
        UnlockReleaseBuffer(cellbuf);
    UnlockReleaseBuffer(buf);
    return status;
}

/* Adds the heap tid to a node with the same vector.  False: the node has gone meanwhile. */
static bool add_tid(HnswInsert *in, VdbNode node, uint16 generation)
{
    VdbStatus status = add_tid_elsewhere(in, node, generation, InvalidBlockNumber);

    while (status == VDB_FULL) {
        CHECK_FOR_INTERRUPTS();
        status = add_tid_elsewhere(in, node, generation, hnsw_find_cell_page(in->index, in->hi, 1));
    }
    return status == VDB_OK;
}

/* --- the neighbourhood --- */

/* Chooses the new node's neighbours on a layer among those found.  True: *same is a node with the
 * same vector. */
static bool choose_neighbors(HnswInsert *in, VdbHnswSearch *search, uint32 level, VdbNode *same,
                             uint16 *generation)
{
    VdbNode *found = palloc(sizeof(VdbNode) * in->gather_capacity);
    uint32 n = vdb_hnsw_search_found(search, found, in->gather_capacity - 1);
    VdbLinks *links = &in->links[level];

    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_put(in->gather, VDB_HNSW_NEW_NODE, in->vector.values, in->vector.norm_sq);
    for (uint32 i = 0; i < n; i++)
        vdb_hnsw_gather_add(in->gather, found[i]);
    pfree(found);
    hnsw_run_gather(in->index, in->hi, in->gather);
    if (level == 0 && vdb_hnsw_gather_find_equal(in->gather, in->vector.values, same, generation))
        return true;
    links->count = links->pinned = 0;
    vdb_hnsw_gather_choose(in->gather, links, vdb_hnsw_max_links(&in->hi->geometry, level),
                           VDB_NO_NODE);
    return false;
}

/* Searches all layers and chooses neighbours on the node's own.  True: *same is a node with the
 * same vector. */
static bool find_neighborhood(HnswInsert *in, VdbNode *same, uint16 *generation)
{
    uint32 ef = hnsw_ef_construction(in->index);
    const VdbHnswGeometry *g = &in->hi->geometry;
    VdbHnswQuery query = {in->vector.values, in->vector.norm_sq, in->meta.max_norm_sq,
                          VDB_HNSW_FOR_INSERT};
    VdbHnswSearch *search = vdb_hnsw_search_init(palloc(vdb_hnsw_search_size(g, ef)), g, ef);
    uint32 level = in->meta.entry_level;

    vdb_hnsw_search_start(search, &query, in->meta.entry, in->meta.root, level,
                          level > in->level ? 1 : ef);
    for (;;) {
        hnsw_run_search(in->index, in->hi, search);
        if (level <= in->level && choose_neighbors(in, search, level, same, generation))
            return true;
        if (level == 0)
            return false;
        level--;
        vdb_hnsw_search_descend(search, level > in->level ? 1 : ef);
    }
}

/* Room for the vectors of a choice: what ef_construction finds, less where that exceeds work_mem.
 */
static uint32 gather_capacity(HnswInsert *in)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    uint64 budget = (uint64) work_mem * 1024 / (sizeof(float) * g->dims);

    return Max(2 * g->m + 2, Min(budget, (uint64) hnsw_ef_construction(in->index) + 1));
}

void hnsw_insert_vector(Relation index, HnswIndex *hi, HnswVector vector, ItemPointer heap_tid)
{
    HnswInsert in = {.index = index, .hi = hi, .vector = vector, .node = VDB_HNSW_NEW_NODE};
    VdbNode same;
    uint16 generation;

    memcpy(&in.heap_tid, heap_tid, sizeof(VdbTid));
    in.level = Min(vdb_hnsw_level(hi->seed, in.heap_tid, hi->geometry.m),
                   hi->geometry.cells_per_cell_page);
    in.links = palloc0(sizeof(VdbLinks) * (in.level + 1));
    in.vector_blocks = palloc(sizeof(VdbBlock) * (hi->geometry.vector_pages + 1));
    in.meta = hnsw_read_meta(index, hi);
    if (hi->geometry.metric == VDB_METRIC_IP && vector.norm_sq > in.meta.max_norm_sq)
        update_meta(&in, false);

    if (in.meta.root == VDB_NO_NODE) {
        hnsw_put_slices(index, hi, vector.values, in.vector_blocks);
        while (in.meta.root == VDB_NO_NODE) {
            if (place_root(&in))
                return;
        }
    } else {
        in.vector_blocks[0] = InvalidBlockNumber;
    }

    in.gather_capacity = gather_capacity(&in);
    in.gather = vdb_hnsw_gather_init(
        MemoryContextAllocHuge(CurrentMemoryContext,
                               vdb_hnsw_gather_size(&hi->geometry, in.gather_capacity)),
        &hi->geometry, in.meta.max_norm_sq, in.gather_capacity);
    while (find_neighborhood(&in, &same, &generation)) {
        if (add_tid(&in, same, generation))
            return;
    }
    if (in.vector_blocks[0] == InvalidBlockNumber)
        hnsw_put_slices(index, hi, vector.values, in.vector_blocks);
    place_node(&in);
    link_back_all(&in);
    if (in.level > in.meta.entry_level)
        update_meta(&in, true);
}

bool hnswinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid, Relation heap,
                IndexUniqueCheck check_unique, bool index_unchanged, IndexInfo *info)
{
    MemoryContext context, old;
    HnswIndex hi;

    if (isnull[0])
        return false;
    context = AllocSetContextCreate(CurrentMemoryContext, "hnsw insert", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(context);
    hi = hnsw_index(index);
    hnsw_insert_vector(index, &hi, hnsw_form_vector(&hi, values[0]), heap_tid);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return false;
}
