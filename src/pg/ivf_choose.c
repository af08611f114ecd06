/*
 * Which lists a scan looks at, and in which order: the nearest ones.  Where centroids have codes
 * these rank the lists, and distances are computed of those that come first, as a list is read only
 * with its own centroid's distance.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf_scan.h"

/* Distances are computed of twice as many lists as are wanted, and of so many more at least. */
#define FEWEST_MORE 16

/* Centroids loaded into the CPU's cache before they are compared. */
#define CENTROIDS_AHEAD 2

/* A list's distance, and its norm if the scan needs norms. */
static void measure(IvfScan *so, VdbIvfRanked *list, const void *centroid)
{
    VdbIvfCentroids one = {centroid, so->ii.geometry.value_bytes, 1};
    VdbIvfRanked seen;

    vdb_ivf_rank_lists(&so->ii.geometry, &one, so->query, &seen);
    list->distance = seen.distance;
    if (so->norms)
        vdb_ivf_centroid_norms(&so->ii.geometry, &one, &so->norms[list->index]);
}

/* NULL: the list is not one of the cache's.  It is mostly where it was when lists were ranked. */
static const void *cached_centroid(const IvfCache *cache, const IvfListRef *list, uint32 place)
{
    uint32 low = 0, high = cache->count;

    if (place < cache->count && cache->lists[place].id == list->id)
        return (const char *) cache->centroids.values + place * cache->centroids.stride;
    while (low < high) {
        uint32 middle = low + (high - low) / 2;

        if (cache->lists[middle].ordinal < list->ordinal)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == cache->count || cache->lists[low].id != list->id)
        return NULL;
    return (const char *) cache->centroids.values + low * cache->centroids.stride;
}

/* Of one that was retired since: it keeps its ordinal for as long as our snapshot lasts. */
static void measure_retired(IndexScanDesc scan, IvfScan *so, VdbIvfRanked *list)
{
    IvfListRef *ref = &so->lists[list->index];
    void *centroid = palloc(so->ii.geometry.value_bytes);

    ivf_read_centroid(scan->indexRelation, &so->ii, ref->ordinal, centroid);
    (void) ivf_read_chosen(scan->indexRelation, &so->ii, ref);
    measure(so, list, centroid);
    pfree(centroid);
}

/* Loads a list's centroid into the CPU's cache, if it is where it is likely to be. */
static void load_centroid(const IvfScan *so, const IvfCache *cache, uint32 place)
{
    const char *at = (const char *) cache->centroids.values + place * cache->centroids.stride;

    for (Size i = 0; place < cache->count && i < so->ii.geometry.value_bytes; i += CPU_CACHE_LINE)
        __builtin_prefetch(at + i);
}

/* Ranks the next ones, up to `to` or some more, by their distances. */
static void measure_lists(IndexScanDesc scan, IvfScan *so, const IvfCache *cache, uint32 to)
{
    uint32 retired = so->exact;

    to = vdb_ivf_pick_lists(so->ranked, so->count, so->exact, to);
    for (uint32 i = so->exact; i < to; i++) {
        VdbIvfRanked list = so->ranked[i];
        const void *centroid = cached_centroid(cache, &so->lists[list.index], list.index);

        if (i + CENTROIDS_AHEAD < to)
            load_centroid(so, cache, so->ranked[i + CENTROIDS_AHEAD].index);
        if (centroid)
            measure(so, &so->ranked[i], centroid);
        else {
            so->ranked[i] = so->ranked[retired];
            so->ranked[retired++] = list;
        }
    }
    /* the cache may vanish from here on */
    for (uint32 i = so->exact; i < retired; i++)
        measure_retired(scan, so, &so->ranked[i]);
    so->exact = to;
}

void ivf_order_lists(IndexScanDesc scan, IvfScan *so, uint32 first)
{
    if (so->to > so->exact) {
        uint64 some = (uint64) so->to + Max(so->to, FEWEST_MORE);

        measure_lists(scan, so, ivf_cache(scan->indexRelation, &so->ii), Min(some, so->count));
    }
    vdb_ivf_order_lists(so->ranked, so->exact, first, so->to);
}

void ivf_choose_lists(IndexScanDesc scan, IvfScan *so, const void *query)
{
    const IvfCache *cache = ivf_cache(scan->indexRelation, &so->ii);
    IvfProbes probes;

    so->query = query;
    so->count = cache->count;
    so->ranked = palloc_extended(sizeof(VdbIvfRanked) * so->count, MCXT_ALLOC_HUGE);
    so->lists = palloc_extended(sizeof(IvfListRef) * so->count, MCXT_ALLOC_HUGE);
    memcpy(so->lists, cache->lists, sizeof(IvfListRef) * so->count);
    so->norms = NULL;
    if (so->coded && so->ii.geometry.space.metric == VDB_METRIC_IP)
        so->norms = palloc_extended(sizeof(float) * so->count, MCXT_ALLOC_HUGE);
    so->exact = 0;
    if (!so->coded || !vdb_ivf_coded_estimate_lists(so->coded, cache->codes, so->ranked)) {
        vdb_ivf_rank_lists(&so->ii.geometry, &cache->centroids, query, so->ranked);
        if (so->norms)
            vdb_ivf_centroid_norms(&so->ii.geometry, &cache->centroids, so->norms);
        so->exact = so->count;
    }

    probes = ivf_probes(scan->indexRelation, &so->ii, so->count);
    so->most = probes.most;
    so->from = 0;
    so->to = so->late = probes.first;
    ivf_order_lists(scan, so, 0);
}
