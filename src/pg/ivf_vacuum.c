/*
 * Vacuum of an ivf index: dead rows leave their pages, which are compacted and offered to new rows;
 * a list that has lost all its rows is retired, one that is mostly holes is rewritten, one that has
 * outgrown the others is split, one whose rows have moved away from its centroid gets another, and
 * pages of retired lists are recycled.
 *
 * The split lock is held all the time, so that no list with dead rows comes into being behind the
 * cursor; inserters never wait for that lock.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/generic_xlog.h"
#include "commands/vacuum.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/ivf.h"

/* A list is rewritten when its rows would do with so small a part of its data pages, or of its
 * value pages. */
#define SPARSE_PART        3
#define SPARSE_VALUES_PART 2

/* Where so small a part of a list's rows was replaced, its centroid is looked at. */
#define REPLACED_PART 16

typedef struct IvfVacuum {
    Relation index;
    IvfIndex ii;
    IndexBulkDeleteResult *stats;
    IndexBulkDeleteCallback callback;
    void *callback_state;
    BufferAccessStrategy strategy;
    VdbIvfPlace
        *places;    /* of the values of a page's dead entries; NULL: there are no value pages */
    uint32 ordinal; /* the list being vacuumed */
} IvfVacuum;

/* --- dead rows --- */

static bool tid_is_dead(VdbTid tid, void *state)
{
    IvfVacuum *v = state;
    ItemPointerData pointer;

    memcpy(&pointer, &tid, sizeof(pointer));
    /* a damaged page's may be no row's */
    return ItemPointerIsValid(&pointer) && v->callback(&pointer, v->callback_state);
}

/* Removes the dead entries of a page. */
static void remove_from_page(IvfVacuum *v, Buffer buf)
{
    GenericXLogState *wal = GenericXLogStart(v->index);

    vdb_ivf_data_remove(GenericXLogRegisterBuffer(wal, buf, 0), &v->ii.geometry, tid_is_dead, v);
    GenericXLogFinish(wal);
}

static int compare_places(const void *a, const void *b)
{
    BlockNumber x = vdb_ivf_place_block(*(const VdbIvfPlace *) a);
    BlockNumber y = vdb_ivf_place_block(*(const VdbIvfPlace *) b);

    return x < y ? -1 : x > y;
}

/* Gives back the slots that a value has borrowed which is gone. */
static void return_slots(IvfVacuum *v, const VdbIvfList *list, BlockNumber older)
{
    VdbIvfValues values;
    Buffer buf = ivf_read_values(v->index, &v->ii, list->id, older, &values);
    GenericXLogState *wal = GenericXLogStart(v->index);

    vdb_ivf_values_return(GenericXLogRegisterBuffer(wal, buf, 0));
    GenericXLogFinish(wal);
    UnlockReleaseBuffer(buf);
}

/* Frees slots of a value page, and those of the older one that the first had borrowed.  One page at
 * a time: who reads a value holds the page where it begins until he has all of it. */
static void free_slots(IvfVacuum *v, const VdbIvfList *list, const VdbIvfPlace *places, uint32 n)
{
    const VdbIvfGeometry *g = &v->ii.geometry;
    BlockNumber blkno = vdb_ivf_place_block(places[0]);
    VdbIvfValues values;
    Buffer buf = ivf_read_values(v->index, &v->ii, list->id, blkno, &values);
    uint16 *slots = palloc(sizeof(uint16) * n);
    BlockNumber older = InvalidBlockNumber;
    GenericXLogState *wal;
    bool roomy;

    for (uint32 i = 0; i < n; i++) {
        slots[i] = places[i].slot;
        if (slots[i] == 0)
            older = vdb_ivf_value_rest(BufferGetPage(buf), g, 0);
    }
    wal = GenericXLogStart(v->index);
    vdb_ivf_values_remove(GenericXLogRegisterBuffer(wal, buf, 0), g, slots, n);
    GenericXLogFinish(wal);
    roomy = vdb_ivf_values_roomy(BufferGetPage(buf), g);
    UnlockReleaseBuffer(buf);
    pfree(slots);
    if (roomy)
        ivf_offer_values(v->index, &v->ii, (IvfListRef){.ordinal = v->ordinal, .id = list->id},
                         blkno);
    if (older != InvalidBlockNumber)
        return_slots(v, list, older);
}

/* Frees the slots of values whose entries are gone. */
static void free_values(IvfVacuum *v, const VdbIvfList *list, uint32 n)
{
    VdbIvfPlace *places = v->places;

    if (n > 1)
        qsort(places, n, sizeof(VdbIvfPlace), compare_places);
    while (n > 0) {
        uint32 same = 1;

        while (same < n && compare_places(places, places + same) == 0)
            same++;
        free_slots(v, list, places, same);
        places += same;
        n -= same;
        VDB_VACUUM_DELAY_POINT();
    }
}

/* Puts a page with room at the head of its list's chain of such pages.  The last page is not for
 * that chain: entries go there anyway. */
static void list_room(IvfVacuum *v, uint32 ordinal, BlockNumber blkno)
{
    const VdbIvfGeometry *g = &v->ii.geometry;
    BlockNumber dirblk = ivf_directory_block(v->index, &v->ii, ordinal);
    Buffer dirbuf =
        ivf_read_page(v->index, &v->ii, dirblk, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_EXCLUSIVE);
    Buffer buf = ivf_read_data(v->index, &v->ii, blkno, v->strategy, BUFFER_LOCK_EXCLUSIVE);
    VdbIvfList list;
    VdbIvfData data;

    vdb_check(vdb_ivf_directory_read(BufferGetPage(dirbuf), g, ordinal, &list), v->index, dirblk);
    ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), g, list.id, &data), v->index, blkno);
    if (data.next_room == VDB_IVF_NOT_LISTED && vdb_ivf_data_roomy(g, data.count) &&
        list.last != blkno) {
        GenericXLogState *wal = GenericXLogStart(v->index);
        Page directory = GenericXLogRegisterBuffer(wal, dirbuf, 0);

        vdb_ivf_data_set_next_room(GenericXLogRegisterBuffer(wal, buf, 0), list.room);
        list.room = blkno;
        ivf_write_list(directory, &v->ii, ordinal, &list);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
    UnlockReleaseBuffer(dirbuf);
}

/* One page of a list; answers the next. */
static BlockNumber vacuum_page(IvfVacuum *v, uint32 ordinal, const VdbIvfList *list,
                               BlockNumber blkno)
{
    const VdbIvfGeometry *g = &v->ii.geometry;
    Buffer buf = ivf_read_data(v->index, &v->ii, blkno, v->strategy, BUFFER_LOCK_EXCLUSIVE);
    VdbTidCount count;
    VdbIvfData data;
    uint32 places = 0;
    bool roomy;

    ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), g, list->id, &data), v->index, blkno);
    ivf_check_data(vdb_ivf_data_count(BufferGetPage(buf), g, tid_is_dead, v, &count), v->index,
                   blkno);
    if (count.dead > 0) {
        if (v->places != NULL)
            places = vdb_ivf_codes_dead(BufferGetPage(buf), g, tid_is_dead, v, v->places);
        remove_from_page(v, buf);
    }
    UnlockReleaseBuffer(buf);
    free_values(v, list, places);
    v->stats->tuples_removed += count.dead;
    v->stats->num_index_tuples += count.left;
    roomy = vdb_ivf_data_roomy(g, count.left);
    if (roomy && data.next_room == VDB_IVF_NOT_LISTED && data.next != InvalidBlockNumber)
        list_room(v, ordinal, blkno);
    return data.next;
}

static VdbTidCount vacuum_list(IvfVacuum *v, uint32 ordinal, const VdbIvfList *list)
{
    BlockNumber blkno = list->first;
    BlockNumber steps = 0;
    IndexBulkDeleteResult before = *v->stats;

    v->ordinal = ordinal;
    while (blkno != InvalidBlockNumber) {
        VDB_VACUUM_DELAY_POINT();
        ivf_count_step(v->index, &v->ii, blkno, &steps);
        blkno = vacuum_page(v, ordinal, list, blkno);
    }
    return (VdbTidCount){.left = v->stats->num_index_tuples - before.num_index_tuples,
                         .dead = v->stats->tuples_removed - before.tuples_removed};
}

/* --- lists --- */

static bool is_empty(IvfVacuum *v, const VdbIvfList *list)
{
    BlockNumber blkno = list->first;
    BlockNumber steps = 0;
    VdbIvfData data = {.count = 0};

    while (blkno != InvalidBlockNumber && data.count == 0) {
        Buffer buf = ivf_read_data(v->index, &v->ii, blkno, v->strategy, BUFFER_LOCK_SHARE);

        ivf_check_data(vdb_ivf_data_read(BufferGetPage(buf), &v->ii.geometry, list->id, &data),
                       v->index, blkno);
        UnlockReleaseBuffer(buf);
        ivf_count_step(v->index, &v->ii, blkno, &steps);
        blkno = data.next;
        CHECK_FOR_INTERRUPTS();
    }
    return data.count == 0;
}

/* Retires a list that is still empty when nobody can add to it; the last one stays. */
static void retire_if_empty(IvfVacuum *v, IvfListRef ref)
{
    VdbIvfList now;

    LockPage(v->index, ref.ordinal, ExclusiveLock);
    now = ivf_read_list(v->index, &v->ii, ref.ordinal);
    if (ivf_read_meta(v->index, &v->ii).lists > 1 && is_empty(v, &now))
        ivf_retire_list(v->index, &v->ii, ref, 0);
    UnlockPage(v->index, ref.ordinal, ExclusiveLock);
}

/* Whether a list of so many entries is mostly holes: in its data pages, where new entries may come,
 * or in its value pages, of which only the newest takes new values. */
static bool is_sparse(const VdbIvfGeometry *g, const VdbIvfList *list, uint64 entries)
{
    uint64 slots = (uint64) (list->value_pages / SPARSE_VALUES_PART) * g->slots_per_page;

    return entries <= (uint64) (list->pages / SPARSE_PART) * g->capacity ||
           (slots > 0 && entries * g->slots_per_value <= slots);
}

/* Does what a list needs that has so many entries, and lost so many. */
static void tend_list(IvfVacuum *v, IvfListRef ref, const VdbIvfList *list, VdbTidCount entries)
{
    VdbIvfMeta meta = ivf_read_meta(v->index, &v->ii);
    uint32 pieces = ivf_pieces_wanted(&v->ii, &meta, entries.left);

    if (pieces > 0)
        (void) ivf_split(v->index, &v->ii, ref, pieces);
    else if (is_sparse(&v->ii.geometry, list, entries.left))
        (void) ivf_split(v->index, &v->ii, ref, 1);
    else if (entries.dead > entries.left / REPLACED_PART)
        (void) ivf_recentre(v->index, &v->ii, ref);
}

/* --- the whole --- */

/*
 * Vacuums all lists and tends those that have rows.  The empty ones go only when others have rows:
 * a table whose rows were all deleted is likely to be filled with such rows again.
 */
static void vacuum_lists(IvfVacuum *v)
{
    VdbIvfMeta meta = ivf_read_meta(v->index, &v->ii);
    uint32 room = Min(meta.lists, 2 * VDB_IVF_MAX_LISTS); /* the others wait for the next vacuum */
    IvfListRef *empty = palloc(sizeof(IvfListRef) * room);
    uint32 n = 0;

    for (uint32 ordinal = 0; ordinal < meta.ordinals; ordinal++) {
        VdbIvfList list = ivf_read_list(v->index, &v->ii, ordinal);
        IvfListRef ref = {ordinal, list.id, list.first, list.run};
        VdbTidCount entries;

        VDB_VACUUM_DELAY_POINT();
        /* what is split meanwhile has no dead rows any more, wherever its pieces are */
        if (list.id >= meta.next_id || list.state != VDB_IVF_LIST_LIVE)
            continue;
        entries = vacuum_list(v, ordinal, &list);
        if (entries.left > 0)
            tend_list(v, ref, &list, entries);
        else if (n < room)
            empty[n++] = ref;
    }
    for (uint32 i = 0; i < n && v->stats->num_index_tuples > 0; i++)
        retire_if_empty(v, empty[i]);
    pfree(empty);
}

IndexBulkDeleteResult *ivfbulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                     IndexBulkDeleteCallback callback, void *callback_state)
{
    IvfVacuum v = {.index = info->index,
                   .ii = ivf_index(info->index),
                   .stats = stats ? stats : palloc0(sizeof(IndexBulkDeleteResult)),
                   .callback = callback,
                   .callback_state = callback_state,
                   .strategy = info->strategy};

    if (v.ii.geometry.slots_per_page > 0)
        v.places = palloc(sizeof(VdbIvfPlace) * v.ii.geometry.capacity);
    ivf_lock_splits(v.index);
    ivf_drop_pending(v.index, &v.ii);
    v.stats->num_index_tuples = 0;
    vacuum_lists(&v);
    ivf_unlock_splits(v.index);
    return v.stats;
}

IndexBulkDeleteResult *ivfvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats)
{
    IvfVacuum v = {.index = info->index, .strategy = info->strategy};

    if (info->analyze_only)
        return stats;
    if (stats == NULL) {
        /* nothing was deleted: every heap row with a value is still in the index */
        stats = palloc0(sizeof(IndexBulkDeleteResult));
        stats->num_index_tuples = info->num_heap_tuples;
        stats->estimated_count = true;
    }
    v.ii = ivf_index(info->index);
    ivf_lock_splits(v.index);
    ivf_drop_pending(v.index, &v.ii);
    ivf_recycle_lists(v.index, &v.ii, 0);
    ivf_unlock_splits(v.index);
    stats->num_pages = RelationGetNumberOfBlocks(info->index);
    return stats;
}
