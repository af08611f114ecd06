/*
 * Value pages of a list that have room: the newest, and older ones that vacuum has put on a chain
 * that begins there.  Of the pages of a list locks are taken in the order data page, newest value
 * page, another value page, and the one older than that.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"

#include "pg/ivf.h"
#include "pg/wal_edit.h"

Buffer ivf_read_values(Relation index, IvfIndex *ii, uint32 list_id, BlockNumber blkno,
                       VdbIvfValues *values)
{
    Buffer buf = ivf_read_page(index, ii, blkno, VDB_IVF_PAGE_VALUES, BUFFER_LOCK_EXCLUSIVE);

    ivf_check_data(vdb_ivf_values_read(BufferGetPage(buf), &ii->geometry, list_id, values), index,
                   blkno);
    return buf;
}

void ivf_unlock_values(IvfValuePages *v)
{
    if (BufferIsValid(v->older))
        UnlockReleaseBuffer(v->older);
    if (BufferIsValid(v->buf))
        UnlockReleaseBuffer(v->buf);
    *v = (IvfValuePages){InvalidBuffer, InvalidBuffer, 0};
}

/*
 * Locks the page that comes next if it has slots to lend and the value then finds room.  Only if
 * nobody else has it: who holds a page and waits for one that a damaged chain leads to might wait
 * for himself.
 */
static void lock_older(Relation index, IvfIndex *ii, const VdbIvfList *list, IvfValuePages *v,
                       BlockNumber blkno)
{
    VdbIvfValues values;

    if (blkno == InvalidBlockNumber || blkno == list->values)
        return;
    v->older = ivf_try_read_page(index, ii, blkno, VDB_IVF_PAGE_VALUES);
    if (!BufferIsValid(v->older))
        return;
    ivf_check_data(vdb_ivf_values_read(BufferGetPage(v->older), &ii->geometry, list->id, &values),
                   index, blkno);
    v->borrowed = vdb_ivf_values_spare(BufferGetPage(v->older), &ii->geometry);
    if (v->borrowed > 0 && vdb_ivf_values_room(BufferGetPage(v->buf), &ii->geometry, v->borrowed))
        return;
    UnlockReleaseBuffer(v->older);
    v->older = InvalidBuffer;
    v->borrowed = 0;
}

/* Locks a value page, and the next one where that is of use; none, if there is no room for a value.
 * *room is the first page with room again, if the page is the newest. */
static IvfValuePages lock_values_at(Relation index, IvfIndex *ii, const VdbIvfList *list,
                                    BlockNumber blkno, BlockNumber *room)
{
    const VdbIvfGeometry *g = &ii->geometry;
    IvfValuePages v = {InvalidBuffer, InvalidBuffer, 0};
    VdbIvfValues values;

    v.buf = ivf_read_values(index, ii, list->id, blkno, &values);
    *room = values.room;
    if (vdb_ivf_values_borrow(BufferGetPage(v.buf), g))
        lock_older(index, ii, list, &v, values.next);
    if (!vdb_ivf_values_room(BufferGetPage(v.buf), g, v.borrowed))
        ivf_unlock_values(&v);
    return v;
}

/* Takes a page without room for a value off the chain that begins at the list's newest, if it is
 * still its first. */
static void pop_value_room(Relation index, IvfIndex *ii, const VdbIvfList *list, BlockNumber blkno)
{
    const VdbIvfGeometry *g = &ii->geometry;
    VdbIvfValues values, of_page;
    Buffer newest = ivf_read_values(index, ii, list->id, list->values, &values);
    Buffer buf = ivf_read_values(index, ii, list->id, blkno, &of_page);

    if (values.room == blkno && !vdb_ivf_values_room(BufferGetPage(buf), g, 0)) {
        VdbEdit *edit = vdb_edit_begin(index);
        Page page = vdb_edit_page(edit, newest);

        vdb_ivf_values_pop_room(page, vdb_edit_page(edit, buf));
        vdb_edit_finish(edit);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(newest);
}

IvfValuePages ivf_lock_values(Relation index, IvfIndex *ii, const VdbIvfList *list,
                              BlockNumber held)
{
    IvfValuePages v = {InvalidBuffer, InvalidBuffer, 0};
    BlockNumber next, room;
    BlockNumber steps = 0;

    if (list->values == InvalidBlockNumber)
        return v;
    if (list->values == held)
        vdb_corrupted(index, held, "a data page is among the value pages");
    v = lock_values_at(index, ii, list, list->values, &room);
    /* where the chain leads back, a new page is due: it is damaged, or the newest is not any more
     */
    while (!BufferIsValid(v.buf) && room != InvalidBlockNumber && room != held &&
           room != list->values) {
        v = lock_values_at(index, ii, list, room, &next);
        if (BufferIsValid(v.buf))
            break;
        pop_value_room(index, ii, list, room);
        ivf_count_step(index, ii, room, &steps);
        room = next;
    }
    return v;
}

void ivf_offer_values(Relation index, IvfIndex *ii, IvfListRef ref, BlockNumber blkno)
{
    BlockNumber dirblk = ivf_directory_block(index, ii, ref.ordinal);
    Buffer dirbuf = ivf_read_page(index, ii, dirblk, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);
    VdbIvfList list;
    VdbIvfValues values;

    /* this lock keeps the newest page the newest */
    vdb_check(vdb_ivf_directory_read(BufferGetPage(dirbuf), &ii->geometry, ref.ordinal, &list),
              index, dirblk);
    if (list.values == dirblk)
        vdb_corrupted(index, dirblk, "a directory page is among the value pages");
    if (list.id == ref.id && list.values != InvalidBlockNumber && list.values != blkno) {
        Buffer newest = ivf_read_values(index, ii, ref.id, list.values, &values);
        Buffer buf = ivf_read_values(index, ii, ref.id, blkno, &values);

        if (vdb_ivf_values_roomy(BufferGetPage(buf), &ii->geometry)) {
            VdbEdit *edit = vdb_edit_begin(index);
            Page page = vdb_edit_page(edit, newest);

            vdb_ivf_values_push_room(page, vdb_edit_page(edit, buf), blkno);
            vdb_edit_finish(edit);
        }
        UnlockReleaseBuffer(buf);
        UnlockReleaseBuffer(newest);
    }
    UnlockReleaseBuffer(dirbuf);
}
