/*
 * Insertion of one row: its value joins the list with the nearest centroid.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf.h"

/* The list that a value belongs to; makes its row for that list. */
static IvfListRef nearest_list(Relation index, IvfIndex *ii, VdbIndexValue value, void *row)
{
    const VdbIvfGeometry *g = &ii->geometry;
    const IvfCache *cache = ivf_cache(index, ii);
    uint32 nearest = vdb_ivf_nearest_by_codes(g, &cache->centroids, cache->codes, value.data);
    VdbIvfRow source = {.value = value.data, .norm = value.norm};

    ivf_prefetch_end(index, ii, cache->lists[nearest].id);
    source.centroid = (const char *) cache->centroids.values + cache->centroids.stride * nearest;
    vdb_ivf_row_make(g, &source, row);
    return cache->lists[nearest];
}

static void insert_value(Relation index, IvfIndex *ii, VdbTid tid, VdbIndexValue value)
{
    void *row = palloc(ii->geometry.row_bytes);
    IvfEntry entry = {tid, row};
    bool appended = false;
    bool added = false;
    IvfListRef ref;

    /* until the list chosen was not split or emptied before we got its lock */
    while (!added) {
        ref = nearest_list(index, ii, value, row);
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
    VdbTid tid;

    if (isnull[0])
        return false;
    context = AllocSetContextCreate(CurrentMemoryContext, "ivf insert", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(context);
    ii = ivf_index(index);
    memcpy(&tid, heap_tid, sizeof(tid));
    insert_value(index, &ii, tid, ivf_form_value(&ii, values[0]));
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return false;
}
