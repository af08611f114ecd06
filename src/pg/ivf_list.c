/*
 * Changes of lists: an entry onto a page, a page onto a chain, pages from and to the free ones.
 * Every step is one WAL record that leaves a valid index; page locks are taken in the order
 * metapage, directory, data pages along a chain.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "storage/bufpage.h"
#include "storage/lock.h"
#include "utils/rel.h"

#include "pg/ivf.h"

/* --- the split lock --- */

/*
 * A lock on a tuple, which an index has none of: while a lock on a page is held the server wants no
 * other taken but that for extending the relation, and those on lists are taken under this one.
 */
static LOCKTAG split_lock(Relation index)
{
    LockRelId id = index->rd_lockInfo.lockRelId;
    LOCKTAG tag;

    SET_LOCKTAG_TUPLE(tag, id.dbId, id.relId, VDB_IVF_META_BLOCK, FirstOffsetNumber);
    return tag;
}

void ivf_lock_splits(Relation index)
{
    LOCKTAG tag = split_lock(index);

    (void) LockAcquire(&tag, ExclusiveLock, false, false);
}

bool ivf_try_lock_splits(Relation index)
{
    LOCKTAG tag = split_lock(index);

    return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void ivf_unlock_splits(Relation index)
{
    LOCKTAG tag = split_lock(index);

    (void) LockRelease(&tag, ExclusiveLock, false);
}

/* --- a list's metapage and directory page --- */

IvfListPages ivf_lock_list(Relation index, IvfIndex *ii, uint32 ordinal)
{
    BlockNumber dirblk = ivf_directory_block(index, ii, ordinal);
    IvfListPages p;

    p.metabuf =
        ivf_read_page(index, ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
    vdb_ivf_meta_read(BufferGetPage(p.metabuf), &p.meta);
    p.dirbuf = ivf_read_page(index, ii, dirblk, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
    vdb_check(vdb_ivf_directory_read(BufferGetPage(p.dirbuf), &ii->geometry, ordinal, &p.list),
              index, dirblk);
    return p;
}

void ivf_unlock_list(IvfListPages *p)
{
    UnlockReleaseBuffer(p->dirbuf);
    UnlockReleaseBuffer(p->metabuf);
}

void ivf_write_list(Page directory, const IvfIndex *ii, uint32 ordinal, const VdbIvfList *list)
{
    VdbStatus status PG_USED_FOR_ASSERTS_ONLY =
        vdb_ivf_directory_write(directory, &ii->geometry, ordinal, list);

    Assert(status == VDB_OK);
}

/* --- free pages --- */

void ivf_give_back(Relation index, IvfIndex *ii, Buffer spare)
{
    Buffer metabuf =
        ivf_read_page(index, ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META, BUFFER_LOCK_EXCLUSIVE);
    VdbIvfMeta meta;

    LockBuffer(spare, BUFFER_LOCK_EXCLUSIVE);
    if (PageIsNew(BufferGetPage(spare))) {
        GenericXLogState *wal = GenericXLogStart(index);
        Page metapage = GenericXLogRegisterBuffer(wal, metabuf, 0);
        Page page = GenericXLogRegisterBuffer(wal, spare, GENERIC_XLOG_FULL_IMAGE);

        vdb_ivf_meta_read(metapage, &meta);
        ivf_init_page(page, &ii->geometry, VDB_IVF_PAGE_FREE);
        vdb_ivf_page_set_next(page, &ii->geometry, meta.free_page);
        meta.free_page = BufferGetBlockNumber(spare);
        vdb_ivf_meta_write(metapage, &meta);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(spare);
    UnlockReleaseBuffer(metabuf);
}

/*
 * The block that a new page may take, locked: the first free one, which *meta then no longer names,
 * else `spare`, else InvalidBuffer.
 */
static Buffer take_block(Relation index, IvfIndex *ii, VdbIvfMeta *meta, Buffer spare)
{
    Buffer buf = spare;

    if (meta->free_page != InvalidBlockNumber) {
        buf = ivf_read_page(index, ii, meta->free_page, VDB_IVF_PAGE_FREE, BUFFER_LOCK_EXCLUSIVE);
        meta->free_page = vdb_ivf_page_next(BufferGetPage(buf), &ii->geometry);
    } else if (BufferIsValid(spare)) {
        LockBuffer(spare, BUFFER_LOCK_EXCLUSIVE);
        if (!PageIsNew(BufferGetPage(spare)))
            vdb_corrupted(index, BufferGetBlockNumber(spare), "a new page is in use");
    }
    return buf;
}

/* --- a page onto a list's chain --- */

typedef enum AppendResult {
    APPENDED,
    APPEND_NEEDS_BLOCK,
    APPEND_TOO_LATE
} AppendResult;

void ivf_begin_image(Page image, const IvfIndex *ii, uint32 list_id)
{
    ivf_init_page(image, &ii->geometry, VDB_IVF_PAGE_DATA);
    vdb_ivf_data_begin(image, &ii->geometry, list_id);
}

/* A page to be appended. */
typedef struct NewPage {
    Relation index;
    IvfIndex *ii;
    uint32 ordinal;
    VdbIvfList *list;  /* as last read */
    const char *image; /* of the page */
    Buffer spare;      /* a new block for it, or InvalidBuffer */
} NewPage;

/* Writes the record: the page comes after the list's last. */
static void link_page(NewPage *a, IvfListPages *p, Buffer tailbuf, Buffer newbuf)
{
    GenericXLogState *wal = GenericXLogStart(a->index);
    Page metapage = GenericXLogRegisterBuffer(wal, p->metabuf, 0);
    Page directory = GenericXLogRegisterBuffer(wal, p->dirbuf, 0);
    BlockNumber blkno = BufferGetBlockNumber(newbuf);
    Page page;

    if (BufferIsValid(tailbuf))
        vdb_ivf_page_set_next(GenericXLogRegisterBuffer(wal, tailbuf, 0), &a->ii->geometry, blkno);
    page = GenericXLogRegisterBuffer(wal, newbuf, GENERIC_XLOG_FULL_IMAGE);
    ivf_init_page(page, &a->ii->geometry, VDB_IVF_PAGE_DATA);
    memcpy((char *) page + SizeOfPageHeaderData, a->image + SizeOfPageHeaderData,
           BLCKSZ - SizeOfPageHeaderData);

    if (p->list.pages == 0)
        p->list.first = blkno;
    if (p->list.run == p->list.pages && blkno == p->list.first + p->list.run)
        p->list.run++;
    p->list.last = blkno;
    p->list.pages++;
    ivf_write_list(directory, a->ii, a->ordinal, &p->list);
    p->meta.data_pages++;
    vdb_ivf_meta_write(metapage, &p->meta);
    GenericXLogFinish(wal);
}

static AppendResult try_append(NewPage *a)
{
    IvfListPages p = ivf_lock_list(a->index, a->ii, a->ordinal);
    AppendResult result = APPENDED;
    Buffer tailbuf = InvalidBuffer;
    Buffer newbuf;

    if (p.list.id != a->list->id || p.list.state != VDB_IVF_LIST_LIVE ||
        p.list.last != a->list->last)
        result = APPEND_TOO_LATE;
    else if (p.meta.free_page == InvalidBlockNumber && !BufferIsValid(a->spare))
        result = APPEND_NEEDS_BLOCK;
    if (result == APPENDED) {
        if (p.list.pages > 0)
            tailbuf = ivf_read_page(a->index, a->ii, p.list.last, VDB_IVF_PAGE_DATA,
                                    BUFFER_LOCK_EXCLUSIVE);
        newbuf = take_block(a->index, a->ii, &p.meta, a->spare);
        link_page(a, &p, tailbuf, newbuf);
        UnlockReleaseBuffer(newbuf);
        if (newbuf == a->spare)
            a->spare = InvalidBuffer;
        if (BufferIsValid(tailbuf))
            UnlockReleaseBuffer(tailbuf);
        *a->list = p.list;
    }
    ivf_unlock_list(&p);
    return result;
}

bool ivf_append_page(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                     const char *image)
{
    NewPage a = {index, ii, ordinal, list, image, InvalidBuffer};
    AppendResult result;

    while ((result = try_append(&a)) == APPEND_NEEDS_BLOCK) {
        a.spare = vdb_extend(index);
        LockBuffer(a.spare, BUFFER_LOCK_UNLOCK);
    }
    if (BufferIsValid(a.spare))
        ivf_give_back(index, ii, a.spare);
    return result == APPENDED;
}

/* --- an entry onto a page --- */

/* Adds to one page, which is the list's as long as the list's lock is held. */
static VdbStatus add_to_page(Relation index, IvfIndex *ii, BlockNumber blkno, uint32 list_id,
                             IvfEntry entry)
{
    Buffer buf = ivf_read_data(index, ii, blkno, NULL, BUFFER_LOCK_EXCLUSIVE);
    VdbStatus status = VDB_FULL;
    VdbIvfData data;

    ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), &ii->geometry, list_id, &data), index,
                   blkno);
    if (data.count < ii->geometry.capacity) {
        GenericXLogState *wal = GenericXLogStart(index);

        status = vdb_ivf_data_add(GenericXLogRegisterBuffer(wal, buf, 0), &ii->geometry, entry.tid,
                                  entry.row);
        if (status == VDB_OK)
            GenericXLogFinish(wal);
        else
            GenericXLogAbort(wal);
    }
    UnlockReleaseBuffer(buf);
    return status;
}

/* Takes a page that has filled up off the chain of pages with room. */
static void pop_room(Relation index, IvfIndex *ii, uint32 ordinal, BlockNumber blkno)
{
    BlockNumber dirblk = ivf_directory_block(index, ii, ordinal);
    Buffer dirbuf = ivf_read_page(index, ii, dirblk, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
    Buffer buf = ivf_read_data(index, ii, blkno, NULL, BUFFER_LOCK_EXCLUSIVE);
    VdbIvfList list;
    VdbIvfData data;

    vdb_check(vdb_ivf_directory_read(BufferGetPage(dirbuf), &ii->geometry, ordinal, &list), index,
              dirblk);
    ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), &ii->geometry, list.id, &data), index,
                   blkno);
    if (list.room == blkno && data.count == ii->geometry.capacity) {
        GenericXLogState *wal = GenericXLogStart(index);
        Page directory = GenericXLogRegisterBuffer(wal, dirbuf, 0);

        vdb_ivf_data_set_next_room(GenericXLogRegisterBuffer(wal, buf, 0), VDB_IVF_NOT_LISTED);
        list.room = data.next_room;
        ivf_write_list(directory, ii, ordinal, &list);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(dirbuf);
}

/* Appends a page that holds one entry. */
static bool append_entry(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                         IvfEntry entry)
{
    PGAlignedBlock image;

    ivf_begin_image(image.data, ii, list->id);
    /* an empty page has room */
    (void) vdb_ivf_data_add(image.data, &ii->geometry, entry.tid, entry.row);
    return ivf_append_page(index, ii, ordinal, list, image.data);
}

bool ivf_add_entry(Relation index, IvfIndex *ii, IvfListRef ref, IvfEntry entry, bool *appended)
{
    *appended = false;
    for (;;) {
        VdbIvfList list = ivf_read_list(index, ii, ref.ordinal);
        BlockNumber target = list.room != InvalidBlockNumber ? list.room : list.last;

        CHECK_FOR_INTERRUPTS();
        if (list.id != ref.id || list.state != VDB_IVF_LIST_LIVE)
            return false;
        if (target != InvalidBlockNumber && add_to_page(index, ii, target, ref.id, entry) == VDB_OK)
            return true;
        if (list.room != InvalidBlockNumber)
            pop_room(index, ii, ref.ordinal, list.room);
        else if ((*appended = append_entry(index, ii, ref.ordinal, &list, entry)))
            return true;
    }
}
