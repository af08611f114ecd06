/*
 * Changes of lists: an entry onto a page, a page onto a chain, pages from and to the free ones.
 * Every step is one WAL record that leaves a valid index; page locks are taken in the order
 * metapage, directory, data pages along a chain.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/bufpage.h"
#include "storage/lock.h"
#include "utils/rel.h"

#include "pg/ivf.h"
#include "pg/wal_edit.h"

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
    IvfListPages p = {.tailbuf = InvalidBuffer};

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
    if (BufferIsValid(p->tailbuf))
        UnlockReleaseBuffer(p->tailbuf);
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
        VdbEdit *edit = vdb_edit_begin(index);
        Page metapage = vdb_edit_page(edit, metabuf);
        Page page = vdb_edit_new_page(edit, spare);

        vdb_ivf_meta_read(metapage, &meta);
        ivf_init_page(page, &ii->geometry, VDB_IVF_PAGE_FREE);
        vdb_ivf_page_set_next(page, &ii->geometry, meta.free_page);
        meta.free_page = BufferGetBlockNumber(spare);
        vdb_ivf_meta_write(metapage, &meta);
        vdb_edit_finish(edit);
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

void ivf_begin_values_image(Page image, const IvfIndex *ii, uint32 list_id)
{
    ivf_init_page(image, &ii->geometry, VDB_IVF_PAGE_VALUES);
    vdb_ivf_values_begin(image, list_id);
}

/* A page to be added to a list's chain of data pages, at its end, or of value pages, before the
 * others. */
typedef struct NewPage {
    Relation index;
    IvfIndex *ii;
    uint32 ordinal;
    VdbIvfList *list; /* as last read */
    VdbIvfPageKind kind;
    const char *image; /* of the page */
    Buffer spare;      /* a new block for it, or InvalidBuffer */
} NewPage;

/* What lies beyond is not logged. */
static void set_end(Page page, const VdbIvfGeometry *g, VdbIvfPageKind kind)
{
    ((PageHeader) page)->pd_lower = vdb_ivf_page_end(page, g, kind);
}

static Page register_new_page(VdbEdit *edit, const NewPage *a, Buffer newbuf)
{
    Page page = vdb_edit_new_page(edit, newbuf);

    ivf_init_page(page, &a->ii->geometry, a->kind);
    memcpy((char *) page + SizeOfPageHeaderData, a->image + SizeOfPageHeaderData,
           BLCKSZ - SizeOfPageHeaderData);
    set_end(page, &a->ii->geometry, a->kind);
    return page;
}

/* Writes the record: the page comes after the list's last. */
static void link_data(NewPage *a, IvfListPages *p, Buffer newbuf)
{
    VdbEdit *edit = vdb_edit_begin(a->index);
    Page metapage = vdb_edit_page(edit, p->metabuf);
    Page directory = vdb_edit_page(edit, p->dirbuf);
    BlockNumber blkno = BufferGetBlockNumber(newbuf);

    if (BufferIsValid(p->tailbuf))
        vdb_ivf_page_set_next(vdb_edit_page(edit, p->tailbuf), &a->ii->geometry, blkno);
    (void) register_new_page(edit, a, newbuf);

    if (p->list.pages == 0)
        p->list.first = blkno;
    if (p->list.run == p->list.pages && blkno == p->list.first + p->list.run)
        p->list.run++;
    p->list.last = blkno;
    p->list.pages++;
    ivf_write_list(directory, a->ii, a->ordinal, &p->list);
    p->meta.data_pages++;
    vdb_ivf_meta_write(metapage, &p->meta);
    vdb_edit_finish(edit);
}

/* Writes the record: the page comes before the list's other value pages. */
static void link_values(NewPage *a, IvfListPages *p, Buffer newbuf)
{
    VdbEdit *edit = vdb_edit_begin(a->index);
    Page metapage = vdb_edit_page(edit, p->metabuf);
    Page directory = vdb_edit_page(edit, p->dirbuf);
    Page page = register_new_page(edit, a, newbuf);

    vdb_ivf_page_set_next(page, &a->ii->geometry, p->list.values);
    if (BufferIsValid(p->tailbuf))
        vdb_ivf_values_pass_room(vdb_edit_page(edit, p->tailbuf), page);
    p->list.values = BufferGetBlockNumber(newbuf);
    p->list.value_pages++;
    ivf_write_list(directory, a->ii, a->ordinal, &p->list);
    vdb_ivf_meta_write(metapage, &p->meta);
    vdb_edit_finish(edit);
}

/* The page that the new one comes next to, locked: the list's last; its newest value page only
 * where there are pages with room again, which are left to the new one. */
static Buffer lock_neighbour(const NewPage *a, const VdbIvfList *list)
{
    BlockNumber blkno = a->kind == VDB_IVF_PAGE_DATA ? list->last : list->values;

    if (blkno == InvalidBlockNumber ||
        (a->kind == VDB_IVF_PAGE_VALUES && !a->ii->geometry.value_room))
        return InvalidBuffer;
    return ivf_read_page(a->index, a->ii, blkno, a->kind, BUFFER_LOCK_EXCLUSIVE);
}

/* Whether the list is still as it was when its end, or its newest value page, was read. */
static bool is_current(const NewPage *a, const VdbIvfList *now)
{
    return now->id == a->list->id && now->state == VDB_IVF_LIST_LIVE &&
           (a->kind == VDB_IVF_PAGE_DATA ? now->last == a->list->last
                                         : now->values == a->list->values);
}

static AppendResult try_append(NewPage *a)
{
    IvfListPages p = ivf_lock_list(a->index, a->ii, a->ordinal);
    AppendResult result = APPENDED;
    Buffer newbuf;

    if (!is_current(a, &p.list))
        result = APPEND_TOO_LATE;
    else if (p.meta.free_page == InvalidBlockNumber && !BufferIsValid(a->spare))
        result = APPEND_NEEDS_BLOCK;
    if (result == APPENDED) {
        p.tailbuf = lock_neighbour(a, &p.list);
        if (BufferIsValid(p.tailbuf) && BufferGetBlockNumber(p.tailbuf) == p.meta.free_page)
            vdb_corrupted(a->index, p.meta.free_page, "a page in use is among the free ones");
        newbuf = take_block(a->index, a->ii, &p.meta, a->spare);
        if (a->kind == VDB_IVF_PAGE_DATA)
            link_data(a, &p, newbuf);
        else
            link_values(a, &p, newbuf);
        UnlockReleaseBuffer(newbuf);
        if (newbuf == a->spare)
            a->spare = InvalidBuffer;
        *a->list = p.list;
    }
    ivf_unlock_list(&p);
    return result;
}

static bool append(NewPage a)
{
    AppendResult result;

    while ((result = try_append(&a)) == APPEND_NEEDS_BLOCK) {
        a.spare = vdb_extend(a.index);
        LockBuffer(a.spare, BUFFER_LOCK_UNLOCK);
    }
    if (BufferIsValid(a.spare))
        ivf_give_back(a.index, a.ii, a.spare);
    return result == APPENDED;
}

bool ivf_append_page(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                     const char *image)
{
    return append((NewPage){index, ii, ordinal, list, VDB_IVF_PAGE_DATA, image, InvalidBuffer});
}

bool ivf_prepend_values(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                        const char *image)
{
    return append((NewPage){index, ii, ordinal, list, VDB_IVF_PAGE_VALUES, image, InvalidBuffer});
}

/* --- an entry onto a page --- */

typedef enum AddResult {
    ADDED,
    ADD_DATA_FULL,
    ADD_VALUES_FULL
} AddResult;

/* Puts the row's value onto its pages; answers where it begins. */
static VdbIvfPlace add_value(Relation index, const VdbIvfGeometry *g, VdbEdit *edit,
                             const IvfValuePages *v, IvfEntry entry)
{
    VdbIvfNewValue value = {entry.tid, entry.row, v->borrowed};
    BlockNumber blkno = BufferGetBlockNumber(v->buf);
    VdbSpans parts = vdb_ivf_values_add_parts(BufferGetPage(v->buf), g, v->borrowed);
    Page page = vdb_edit_parts(edit, v->buf, &parts);
    uint32 slot;

    vdb_check(vdb_ivf_values_add(page, g, &value, &slot), index, blkno);
    set_end(page, g, VDB_IVF_PAGE_VALUES);
    if (BufferIsValid(v->older)) {
        parts = vdb_ivf_values_lend_parts(g, v->borrowed);
        page = vdb_edit_parts(edit, v->older, &parts);
        vdb_ivf_values_lend(page, g, &value);
        set_end(page, g, VDB_IVF_PAGE_VALUES);
    }
    return vdb_ivf_place(blkno, slot);
}

/* What an addition reads and writes of a data page. */
static Page edit_to_add(VdbEdit *edit, const VdbIvfGeometry *g, Buffer buf)
{
    VdbSpans parts;

    if (!vdb_ivf_coded(g))
        return vdb_edit_page(edit, buf);
    parts = vdb_ivf_codes_add_parts(BufferGetPage(buf), g);
    return vdb_edit_parts(edit, buf, &parts);
}

/* Writes the record: the entry goes to a data page with room and, where there are value pages, its
 * value to those, which is answered. */
static VdbIvfPlace write_entry(Relation index, const IvfIndex *ii, Buffer buf,
                               const IvfValuePages *v, IvfEntry entry)
{
    const VdbIvfGeometry *g = &ii->geometry;
    VdbEdit *edit = vdb_edit_begin(index);
    Page page = edit_to_add(edit, g, buf);
    VdbIvfEntry coded = {.tid = entry.tid};

    if (BufferIsValid(v->buf))
        coded.place = add_value(index, g, edit, v, entry);
    vdb_check(vdb_ivf_coded(g) ? vdb_ivf_codes_add(page, g, coded, entry.row)
                               : vdb_ivf_data_add(page, g, entry.tid, entry.row),
              index, BufferGetBlockNumber(buf));
    set_end(page, g, VDB_IVF_PAGE_DATA);
    vdb_edit_finish(edit);
    return coded.place;
}

/* Adds to the pages that are the list's as long as the list's lock is held. */
static AddResult add_to_pages(Relation index, IvfIndex *ii, const VdbIvfList *list, IvfEntry entry)
{
    BlockNumber blkno = list->room != InvalidBlockNumber ? list->room : list->last;
    AddResult result = ADDED;
    IvfValuePages values = {InvalidBuffer, InvalidBuffer, 0};
    Buffer buf;
    VdbIvfData data;

    if (blkno == InvalidBlockNumber)
        return ADD_DATA_FULL;
    buf = ivf_read_data(index, ii, blkno, NULL, BUFFER_LOCK_EXCLUSIVE);
    ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), &ii->geometry, list->id, &data), index,
                   blkno);
    if (data.count == ii->geometry.capacity)
        result = ADD_DATA_FULL;
    else if (ii->geometry.slots_per_page > 0) {
        values = ivf_lock_values(index, ii, list, blkno);
        if (!BufferIsValid(values.buf))
            result = ADD_VALUES_FULL;
    }
    if (result == ADDED) {
        VdbIvfPlace place = write_entry(index, ii, buf, &values, entry);

        ivf_remember_end(index, list->id, blkno, data.count + 1, place);
    }
    ivf_unlock_values(&values);
    UnlockReleaseBuffer(buf);
    return result;
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
        VdbEdit *edit = vdb_edit_begin(index);
        Page directory = vdb_edit_page(edit, dirbuf);

        vdb_ivf_data_set_next_room(vdb_edit_page(edit, buf), VDB_IVF_NOT_LISTED);
        list.room = data.next_room;
        ivf_write_list(directory, ii, ordinal, &list);
        vdb_edit_finish(edit);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(dirbuf);
}

/* Appends a data page: with the entry, but for one with a code, which needs a place for its value
 * first. */
static bool append_data(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                        IvfEntry entry)
{
    PGAlignedBlock image;

    ivf_begin_image(image.data, ii, list->id);
    if (!vdb_ivf_coded(&ii->geometry)) /* an empty page has room */
        (void) vdb_ivf_data_add(image.data, &ii->geometry, entry.tid, entry.row);
    return ivf_append_page(index, ii, ordinal, list, image.data);
}

static bool prepend_values(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list)
{
    PGAlignedBlock image;

    ivf_begin_values_image(image.data, ii, list->id);
    return ivf_prepend_values(index, ii, ordinal, list, image.data);
}

bool ivf_add_entry(Relation index, IvfIndex *ii, IvfListRef ref, IvfEntry entry, bool *appended)
{
    *appended = false;
    for (;;) {
        VdbIvfList list = ivf_read_list(index, ii, ref.ordinal);

        CHECK_FOR_INTERRUPTS();
        if (list.id != ref.id || list.state != VDB_IVF_LIST_LIVE)
            return false;
        switch (add_to_pages(index, ii, &list, entry)) {
        case ADDED:
            return true;
        case ADD_VALUES_FULL:
            (void) prepend_values(index, ii, ref.ordinal, &list);
            break;
        case ADD_DATA_FULL:
            if (list.room != InvalidBlockNumber)
                pop_room(index, ii, ref.ordinal, list.room);
            else if (append_data(index, ii, ref.ordinal, &list, entry))
                *appended = true;
            if (*appended && !vdb_ivf_coded(&ii->geometry))
                return true;
            break;
        }
    }
}
