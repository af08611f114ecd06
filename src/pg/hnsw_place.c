/*
 * A new node onto its page: node, upper-level lists and the parent's edge to it are one WAL record,
 * so that no node is ever out of reach.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "pg/hnsw_insert.h"

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

/* Replaces the stand-in by the id that the node got.  An edge to the slot's former node, which
 * vacuum has freed meanwhile, would be a second one or lead from the node to itself: it goes. */
static void name_new_node(VdbLinks *links, VdbNode node)
{
    uint32 stale = vdb_hnsw_links_find(links, node);
    uint32 i;

    if (stale < links->count)
        vdb_hnsw_links_remove(links, stale);
    i = vdb_hnsw_links_find(links, VDB_HNSW_NEW_NODE);
    if (i < links->count)
        links->ids[i] = node;
}

/* Fills the node's slot on its page image. */
static void put_node(HnswInsert *in, Page page, uint32 slot, VdbCellRef upper)
{
    VdbNewNode node = {.heap_tid = in->heap_tid,
                       .level = in->level,
                       .vector = in->stored,
                       .norm = in->vector.norm,
                       .links = &in->links[0],
                       .codes = in->codes,
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
    for (uint32 level = 0; level <= in->level; level++)
        name_new_node(&in->links[level], in->node);
    wal = GenericXLogStart(in->index);
    page = GenericXLogRegisterBuffer(wal, pages.node, 0);
    cells = BufferIsValid(pages.cells) ? GenericXLogRegisterBuffer(wal, pages.cells, 0) : page;
    parent = pages.parent == pages.node ? page : GenericXLogRegisterBuffer(wal, pages.parent, 0);
    put_node(in, page, slot, put_upper(in, cells, BufferGetBlockNumber(cellbuf)));
    /* current: looked above */
    (void) vdb_hnsw_links_write(parent, g, &plan->seen, &plan->now, hnsw_edge_codes(in, plan));
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
void hnsw_place_node(HnswInsert *in)
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
        hnsw_plan_parent(in, plan);
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
bool hnsw_place_root(HnswInsert *in)
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
