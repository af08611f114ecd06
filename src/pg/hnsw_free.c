/*
 * Vacuum, pass 4: the slots, cells and vector pages of tombstones that have left the tree are given
 * back.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw_vacuum.h"

void hnsw_list_cell_page(HnswVacuum *v, BlockNumber blkno)
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

/* Searches must not start at a node that is about to go. */
void hnsw_replace_entry(HnswVacuum *v)
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
            status = vdb_hnsw_page_free_upper(page, g, node,
                                              hnsw_register_once(wal, cellbuf, buf, page));
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
            hnsw_list_cell_page(v, cell_block);
        }
    } while (cell_block != InvalidBlockNumber);
}

static void free_node(HnswVacuum *v, VdbNode node)
{
    const VdbHnswGeometry *g = &v->hi.geometry;
    BlockNumber blkno = vdb_hnsw_node_block(g, node);
    GenericXLogState *wal;
    Buffer buf;
    bool freed;

    free_slices(v, node);
    free_upper(v, node);
    buf = vdb_read_page_of(v->index, &v->hi, blkno, VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    wal = GenericXLogStart(v->index);
    freed = vdb_hnsw_page_free_node(GenericXLogRegisterBuffer(wal, buf, 0), g, node) == VDB_OK;
    if (freed)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    UnlockReleaseBuffer(buf);
    /* not under the page's lock: the free space map may have to grow, under a lock of its own */
    if (freed)
        hnsw_record_node_page(v->index, blkno, true);
}

void hnsw_free_page(HnswVacuum *v, BlockNumber blkno)
{
    const VdbHnswGeometry *g = &v->hi.geometry;

    for (uint32 slot = 0; slot < g->slots_per_page; slot++) {
        VdbNode node = blkno * g->slots_per_page + slot;

        if (vdb_hnsw_set_has(v->dead, node))
            free_node(v, node);
    }
}
