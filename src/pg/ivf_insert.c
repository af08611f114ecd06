/*
 * Insertion of one row: its value joins the list with the nearest centroid.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf.h"

static IvfListRef nearest_list(Relation index, IvfIndex *ii, const void *value)
{
    const IvfCache *cache = ivf_cache(index, ii);

    return cache->lists[vdb_ivf_nearest(&ii->geometry, &cache->centroids, value)];
}

static void insert_entry(Relation index, IvfIndex *ii, IvfEntry entry)
{
    bool appended = false;
    bool added = false;
    IvfListRef ref;

    /* until the list chosen was not split or emptied before we got its lock */
    while (!added) {
        ref = nearest_list(index, ii, entry.value);
        LockPage(index, ref.ordinal, RowExclusiveLock);
        added = ivf_add_entry(index, ii, ref, entry, &appended);
        UnlockPage(index, ref.ordinal, RowExclusiveLock);
        CHECK_FOR_INTERRUPTS();
    }
    if (appended)
        ivf_consider_split(index, ii, ref);
}

bool ivfinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid, Relation heap,
               IndexUniqueCheck check_unique, bool index_unchanged, IndexInfo *info)
{
    MemoryContext context, old;
    IvfIndex ii;
    IvfEntry entry;

    if (isnull[0])
        return false;
    context = AllocSetContextCreate(CurrentMemoryContext, "ivf insert", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(context);
    ii = ivf_index(index);
    memcpy(&entry.tid, heap_tid, sizeof(entry.tid));
    entry.value = vdb_form_value(&ii.geometry.space, values[0]).data;
    insert_entry(index, &ii, entry);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return false;
}
