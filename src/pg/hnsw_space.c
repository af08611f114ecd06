/*
 * Space for new nodes, cells and vector slices.
 *
 * Node pages with free slots are found through the relation's free space map; cell and vector pages
 * are on lists that start on the metapage, as the map cannot tell kinds of pages apart.  Lock
 * order: metapage, node pages by block number, cell page, vector page; README.md of src/hnsw has
 * the table.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "storage/freespace.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/hnsw.h"

/* What the free space map is told of a node page with a free slot, and asked for.  Slots all have
 * one size, so that one value will do. */
#define NODE_PAGE_SPACE (BLCKSZ / 2)

void hnsw_record_node_page(Relation index, BlockNumber blkno, bool has_room)
{
    RecordPageWithFreeSpace(index, blkno, has_room ? NODE_PAGE_SPACE : 0);
}

/* Appends an initialised page of a kind, in one WAL record. */
static BlockNumber append_page(Relation index, HnswIndex *hi, VdbHnswPageKind kind)
{
    Buffer buf = vdb_extend(index);
    BlockNumber blkno = BufferGetBlockNumber(buf);
    GenericXLogState *wal = GenericXLogStart(index);

    vdb_init_page(GenericXLogRegisterBuffer(wal, buf, GENERIC_XLOG_FULL_IMAGE), &hi->geometry,
                  kind);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(buf);
    return blkno;
}

/* The free space map survives a crash as it happens to be: the page may be another kind's, all zero
 * or beyond the end. */
static bool has_free_slot(Relation index, HnswIndex *hi, BlockNumber blkno)
{
    Buffer buf;
    Page page;
    bool has;

    if (blkno >= hi->nblocks && blkno >= RelationGetNumberOfBlocks(index))
        return false;
    buf = ReadBuffer(index, blkno);
    LockBuffer(buf, BUFFER_LOCK_SHARE);
    page = BufferGetPage(buf);
    has = vdb_hnsw_page_kind(page, BLCKSZ) == VDB_HNSW_PAGE_NODE &&
          vdb_hnsw_page_free_slot(page, &hi->geometry) < hi->geometry.slots_per_page;
    UnlockReleaseBuffer(buf);
    return has;
}

/* The last page, when it is a node page: several sessions that insert a row each then share it. */
static BlockNumber last_node_page(Relation index, HnswIndex *hi)
{
    BlockNumber last = RelationGetNumberOfBlocks(index) - 1;
    Buffer buf;
    Page page;
    bool usable;

    if (last < VDB_HNSW_FIRST_NODE_BLOCK)
        return InvalidBlockNumber;
    buf = ReadBuffer(index, last);
    LockBuffer(buf, BUFFER_LOCK_SHARE);
    page = BufferGetPage(buf); /* may be all zero: another session is about to initialise it */
    usable = vdb_hnsw_page_kind(page, BLCKSZ) == VDB_HNSW_PAGE_NODE;
    UnlockReleaseBuffer(buf);
    return usable ? last : InvalidBlockNumber;
}

BlockNumber hnsw_find_node_page(Relation index, HnswIndex *hi)
{
    BlockNumber blkno = RelationGetTargetBlock(index);
    bool asked_last = false;

    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (blkno == InvalidBlockNumber)
            blkno = GetPageWithFreeSpace(index, NODE_PAGE_SPACE);
        if (blkno == InvalidBlockNumber && !asked_last) {
            asked_last = true;
            blkno = last_node_page(index, hi);
        }
        if (blkno == InvalidBlockNumber)
            blkno = append_page(index, hi, VDB_HNSW_PAGE_NODE);
        if (has_free_slot(index, hi, blkno)) {
            RelationSetTargetBlock(index, blkno);
            return blkno;
        }
        hnsw_record_node_page(index, blkno, false);
        blkno = InvalidBlockNumber;
    }
}

/*
 * Makes another page the head of the list of cell pages: takes `full`, if it still is the head, off
 * the list, and appends a new page when the list is empty.
 */
static void advance_cell_pages(Relation index, HnswIndex *hi, BlockNumber full)
{
    BlockNumber fresh = InvalidBlockNumber;
    VdbHnswMeta meta = hnsw_read_meta(index, hi);
    Buffer metabuf, buf = InvalidBuffer;
    GenericXLogState *wal;
    Page metapage, page;

    if (meta.free_cell_page == InvalidBlockNumber)
        fresh = append_page(index, hi, VDB_HNSW_PAGE_CELL);

    metabuf =
        vdb_read_page_of(index, hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
    wal = GenericXLogStart(index);
    metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
    vdb_hnsw_meta_read(metapage, &meta);
    if (fresh != InvalidBlockNumber) {
        buf = vdb_read_page_of(index, hi, fresh, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_EXCLUSIVE);
        page = GenericXLogRegisterBuffer(wal, buf, 0);
        vdb_hnsw_page_set_next_free(page, &hi->geometry, meta.free_cell_page);
        meta.free_cell_page = fresh;
    } else if (meta.free_cell_page == full && full != InvalidBlockNumber) {
        buf = vdb_read_page_of(index, hi, full, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_EXCLUSIVE);
        page = GenericXLogRegisterBuffer(wal, buf, 0);
        meta.free_cell_page = vdb_hnsw_page_next_free(page, &hi->geometry);
        vdb_hnsw_page_set_next_free(page, &hi->geometry, VDB_HNSW_NOT_LISTED);
    }
    vdb_hnsw_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    if (BufferIsValid(buf))
        UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(metabuf);
}

BlockNumber hnsw_find_cell_page(Relation index, HnswIndex *hi, uint32 cells)
{
    for (;;) {
        BlockNumber blkno = hnsw_read_meta(index, hi).free_cell_page;

        CHECK_FOR_INTERRUPTS();
        if (blkno != InvalidBlockNumber) {
            Buffer buf = vdb_read_page_of(index, hi, blkno, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_SHARE);
            bool enough = vdb_hnsw_page_free_cells(BufferGetPage(buf), &hi->geometry) >= cells;

            UnlockReleaseBuffer(buf);
            if (enough)
                return blkno;
        }
        advance_cell_pages(index, hi, blkno);
    }
}

/* Takes a page off the list of unused vector pages, InvalidBlockNumber when it is empty. */
static BlockNumber pop_vector_page(Relation index, HnswIndex *hi)
{
    BlockNumber blkno = hnsw_read_meta(index, hi).free_vector_page;
    VdbHnswMeta meta;
    Buffer metabuf, buf;
    GenericXLogState *wal;
    Page metapage, page;

    if (blkno == InvalidBlockNumber)
        return blkno;
    metabuf =
        vdb_read_page_of(index, hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
    vdb_hnsw_meta_read(BufferGetPage(metabuf), &meta);
    blkno = meta.free_vector_page;
    if (blkno == InvalidBlockNumber) {
        UnlockReleaseBuffer(metabuf);
        return blkno;
    }
    buf = vdb_read_page_of(index, hi, blkno, VDB_HNSW_PAGE_VECTOR, BUFFER_LOCK_EXCLUSIVE);
    wal = GenericXLogStart(index);
    metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
    page = GenericXLogRegisterBuffer(wal, buf, 0);
    meta.free_vector_page = vdb_hnsw_page_next_free(page, &hi->geometry);
    vdb_hnsw_page_set_next_free(page, &hi->geometry, VDB_HNSW_NOT_LISTED);
    vdb_hnsw_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(metabuf);
    return blkno;
}

void hnsw_put_slices(Relation index, HnswIndex *hi, const void *stored, VdbBlock *blocks)
{
    uint32 slices = vdb_hnsw_slices(&hi->geometry, vdb_hnsw_stored_units(&hi->geometry, stored));

    for (uint32 i = 0; i < slices; i++) {
        Buffer buf;
        GenericXLogState *wal;

        CHECK_FOR_INTERRUPTS();
        blocks[i] = pop_vector_page(index, hi);
        if (blocks[i] == InvalidBlockNumber)
            blocks[i] = append_page(index, hi, VDB_HNSW_PAGE_VECTOR);
        buf = vdb_read_page_of(index, hi, blocks[i], VDB_HNSW_PAGE_VECTOR, BUFFER_LOCK_EXCLUSIVE);
        wal = GenericXLogStart(index);
        vdb_hnsw_page_put_slice(GenericXLogRegisterBuffer(wal, buf, 0), &hi->geometry, stored, i);
        GenericXLogFinish(wal);
        UnlockReleaseBuffer(buf);
    }
}
