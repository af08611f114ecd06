/*
 * The end of a list: it is retired when others have taken its place or it has become empty, and its
 * pages are recycled when no snapshot is left that could be reading them.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "storage/bufpage.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/ivf.h"

/* Writes the record that retires a list, with whatever else is to change in the metapage. */
static void write_retired(Relation index, const IvfIndex *ii, uint32 ordinal, IvfListPages *p)
{
    GenericXLogState *wal = GenericXLogStart(index);
    Page metapage = GenericXLogRegisterBuffer(wal, p->metabuf, 0);
    Page directory = GenericXLogRegisterBuffer(wal, p->dirbuf, 0);

    p->list.state = VDB_IVF_LIST_RETIRED;
    p->list.retired = U64FromFullTransactionId(ReadNextFullTransactionId());
    p->meta.data_pages -= p->list.pages;
    ivf_write_list(directory, ii, ordinal, &p->list);
    vdb_ivf_meta_write(metapage, &p->meta);
    GenericXLogFinish(wal);
}

void ivf_retire_list(Relation index, IvfIndex *ii, IvfListRef ref, uint32 replacements)
{
    IvfListPages p = ivf_lock_list(index, ii, ref.ordinal);

    p.meta.lists += replacements - 1;
    p.meta.epoch++;
    p.meta.pending_from = p.meta.pending_to = 0;
    write_retired(index, ii, ref.ordinal, &p);
    ivf_unlock_list(&p);
}

/* Ends the pending range, when none of its lists is left. */
static void clear_pending(Relation index, IvfIndex *ii)
{
    Buffer buf =
        ivf_read_page(index, ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(index);
    Page metapage = GenericXLogRegisterBuffer(wal, buf, 0);
    VdbIvfMeta meta;

    vdb_ivf_meta_read(metapage, &meta);
    meta.pending_from = meta.pending_to = 0;
    vdb_ivf_meta_write(metapage, &meta);
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(buf);
}

void ivf_drop_pending(Relation index, IvfIndex *ii)
{
    VdbIvfMeta meta = ivf_read_meta(index, ii);

    if (meta.pending_from == meta.pending_to)
        return;
    for (uint32 ordinal = 0; ordinal < meta.ordinals; ordinal++) {
        VdbIvfList list = ivf_read_list(index, ii, ordinal);

        CHECK_FOR_INTERRUPTS();
        if (vdb_ivf_list_pending(&meta, &list)) {
            IvfListPages p = ivf_lock_list(index, ii, ordinal);

            write_retired(index, ii, ordinal, &p);
            ivf_unlock_list(&p);
        }
    }
    clear_pending(index, ii);
}

/* Takes the first data page of a retired list off its chain, or its newest value page if it has no
 * other any more.  Locked; InvalidBuffer: there is none of either. */
static Buffer unlink_page(Relation index, IvfIndex *ii, VdbIvfList *list)
{
    const VdbIvfGeometry *g = &ii->geometry;
    Buffer buf = InvalidBuffer;

    if (list->first != InvalidBlockNumber) {
        BlockNumber blkno = list->first;
        VdbIvfData data;

        buf = ivf_read_data(index, ii, blkno, NULL, BUFFER_LOCK_EXCLUSIVE);
        ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), g, list->id, &data), index, blkno);
        list->first = data.next;
        list->pages--;
        list->run = 0;
        list->room = InvalidBlockNumber;
        if (data.next == InvalidBlockNumber)
            list->last = InvalidBlockNumber;
    } else if (list->values != InvalidBlockNumber) {
        VdbIvfValues values;

        buf = ivf_read_values(index, ii, list->id, list->values, &values);
        list->values = values.next;
    }
    return buf;
}

/* Moves a page of a retired list to the free pages.  False: there is none left. */
static bool recycle_page(Relation index, IvfIndex *ii, uint32 ordinal)
{
    IvfListPages p = ivf_lock_list(index, ii, ordinal);
    Buffer buf = unlink_page(index, ii, &p.list);
    GenericXLogState *wal = GenericXLogStart(index);
    Page metapage = GenericXLogRegisterBuffer(wal, p.metabuf, 0);
    Page directory = GenericXLogRegisterBuffer(wal, p.dirbuf, 0);

    if (BufferIsValid(buf)) {
        Page page = GenericXLogRegisterBuffer(wal, buf, 0);

        ((PageHeader) page)->pd_lower = vdb_ivf_page_free(page, &ii->geometry, p.meta.free_page);
        p.meta.free_page = BufferGetBlockNumber(buf);
    }
    if (p.list.first == InvalidBlockNumber && p.list.values == InvalidBlockNumber)
        p.list.state = VDB_IVF_LIST_FREE;
    ivf_write_list(directory, ii, ordinal, &p.list);
    vdb_ivf_meta_write(metapage, &p.meta);
    GenericXLogFinish(wal);
    if (BufferIsValid(buf))
        UnlockReleaseBuffer(buf);
    ivf_unlock_list(&p);
    return p.list.state == VDB_IVF_LIST_RETIRED;
}

/* Whether it is so many transactions ago that a list was retired, and nobody can be reading it. */
static bool is_recyclable(const VdbIvfList *list, uint32 age)
{
    uint64 now = U64FromFullTransactionId(ReadNextFullTransactionId());

    return list->state == VDB_IVF_LIST_RETIRED && now >= list->retired + age &&
           GlobalVisCheckRemovableFullXid(NULL, FullTransactionIdFromU64(list->retired));
}

void ivf_recycle_lists(Relation index, IvfIndex *ii, uint32 age)
{
    VdbIvfMeta meta = ivf_read_meta(index, ii);

    for (uint32 ordinal = 0; ordinal < meta.ordinals; ordinal++) {
        VdbIvfList list = ivf_read_list(index, ii, ordinal);

        CHECK_FOR_INTERRUPTS();
        if (is_recyclable(&list, age)) {
            while (recycle_page(index, ii, ordinal))
                CHECK_FOR_INTERRUPTS();
        }
    }
}
