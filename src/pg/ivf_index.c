/*
 * The fixed facts of an ivf index, its metapage, and the lists and centroids as a session keeps
 * them in its relcache entry.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf.h"
#include "quant/rotation_api.h"

/* A centroid on a cache-line boundary is compared in half the time. */
#define CENTROID_ALIGNMENT 64

#define INDEX_SEED 0x1F5EED /* of all indexes: the same rows make the same index */

/* --- the fixed facts --- */

IvfIndex ivf_new_index(Relation index)
{
    IvfIndex ii = {.lists = ivf_lists(index), .seed = INDEX_SEED};
    VdbSpace space = vdb_index_space(index);
    uint32 most = vdb_ivf_max_dims(space.storage);
    VdbStatus status;
    uint32 kept;

    if (space.dims == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column does not have dimensions")));
    if (space.dims > most)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("column cannot have more than %u dimensions for %s index", most,
                               get_am_name(index->rd_rel->relam))));
    kept = ivf_kept(index, &space);
    status = kept == VDB_KEPT_PLAIN ? vdb_ivf_geometry(BLCKSZ, &space, &ii.geometry)
                                    : vdb_ivf_coded_geometry(BLCKSZ, &space, kept, &ii.geometry);
    if (status != VDB_OK)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("type not supported for %s index", get_am_name(index->rd_rel->relam))));
    return ii;
}

/* Reads the frozen part of the metapage. */
static IvfIndex load_index(Relation index)
{
    IvfIndex ii = {.nblocks = 0};
    VdbSpace column;
    Buffer buf =
        ivf_read_page(index, &ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META, BUFFER_LOCK_SHARE);
    VdbStatus status =
        vdb_ivf_meta_geometry(BufferGetPage(buf), BLCKSZ, &ii.geometry, &ii.lists, &ii.seed);

    UnlockReleaseBuffer(buf);
    if (status == VDB_STALE)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("index \"%s\" has a format that this version of vectordb cannot read",
                        RelationGetRelationName(index)),
                 errhint("Please REINDEX it.")));
    vdb_check(status, index, VDB_IVF_META_BLOCK);
    column = vdb_ivf_column(&ii.geometry);
    if (!vdb_space_fits(index, &column))
        vdb_corrupted(index, VDB_IVF_META_BLOCK,
                      "metapage has other dimensions or another metric than the column");
    return ii;
}

/* Makes a chunk the relcache entry's cache; the old one goes. */
static IvfCache *keep(Relation index, const IvfCache *chunk, Size size)
{
    IvfCache *cache = MemoryContextAllocExtended(index->rd_indexcxt, size, MCXT_ALLOC_HUGE);

    if (index->rd_amcache)
        pfree(index->rd_amcache);
    memcpy(cache, chunk, sizeof(IvfCache));
    index->rd_amcache = cache;
    return cache;
}

IvfIndex ivf_index(Relation index)
{
    if (index->rd_amcache == NULL) {
        IvfCache cache = {.ii = load_index(index)};

        keep(index, &cache, sizeof(cache));
    }
    return ((IvfCache *) index->rd_amcache)->ii;
}

static VdbIndexValue rotated(const IvfIndex *ii, VdbIndexValue value)
{
    vdb_rotate((float *) value.data, ii->geometry.space.dims);
    return value;
}

VdbIndexValue ivf_form_value(const IvfIndex *ii, Datum value)
{
    VdbSpace column = vdb_ivf_column(&ii->geometry);

    if (!vdb_ivf_coded(&ii->geometry))
        return vdb_form_value(&column, value);
    return rotated(ii, vdb_form_float_value(&column, value));
}

VdbIndexValue ivf_form_query(const IvfIndex *ii, Datum value, bool isnull)
{
    VdbSpace column = vdb_ivf_column(&ii->geometry);

    if (!vdb_ivf_coded(&ii->geometry))
        return vdb_form_query(&column, value, isnull);
    return rotated(ii, vdb_form_float_query(&column, value, isnull));
}

VdbIvfMeta ivf_read_meta(Relation index, IvfIndex *ii)
{
    Buffer buf = ivf_read_page(index, ii, VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META, BUFFER_LOCK_SHARE);
    VdbIvfMeta meta;

    vdb_ivf_meta_read(BufferGetPage(buf), &meta);
    UnlockReleaseBuffer(buf);
    return meta;
}

/* --- the lists --- */

/* Lists as they are read; arrays of the current memory context. */
typedef struct Loading {
    uint32 room; /* for lists */
    uint32 count;
    IvfListRef *lists;
    uint32 directory_room;
    uint32 directory_blocks;
    BlockNumber *directory;
    char *values; /* of lists[0], lists[1], ... */
    Size stride;
} Loading;

static void load_directory_page(Relation index, Loading *l, BlockNumber blkno, Page page,
                                const IvfIndex *ii, const VdbIvfMeta *meta)
{
    uint32 first, count;

    vdb_check(vdb_ivf_directory_span(page, &ii->geometry, &first, &count), index, blkno);
    for (uint32 ordinal = first; ordinal < Min(first + count, meta->ordinals); ordinal++) {
        VdbIvfList list;

        vdb_check(vdb_ivf_directory_read(page, &ii->geometry, ordinal, &list), index, blkno);
        if (!vdb_ivf_list_live(meta, &list))
            continue;
        if (l->count == l->room) {
            l->room *= 2;
            l->lists = repalloc_huge(l->lists, sizeof(IvfListRef) * l->room);
        }
        l->lists[l->count++] = (IvfListRef){ordinal, list.id, list.first, list.run};
    }
}

static void load_directory(Relation index, Loading *l, IvfIndex *ii, const VdbIvfMeta *meta)
{
    BlockNumber blkno = meta->first_directory;
    BlockNumber steps = 0;

    while (blkno != InvalidBlockNumber) {
        Buffer buf = ivf_read_page(index, ii, blkno, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);

        if (l->directory_blocks == l->directory_room) {
            l->directory_room *= 2;
            l->directory = repalloc_huge(l->directory, sizeof(BlockNumber) * l->directory_room);
        }
        l->directory[l->directory_blocks++] = blkno;
        load_directory_page(index, l, blkno, BufferGetPage(buf), ii, meta);
        blkno = vdb_ivf_page_next(BufferGetPage(buf), &ii->geometry);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, ii, blkno, &steps);
        CHECK_FOR_INTERRUPTS();
    }
}

/* Copies the centroids of the lists loaded. */
static void load_centroids(Relation index, Loading *l, IvfIndex *ii, const VdbIvfMeta *meta)
{
    const VdbIvfGeometry *g = &ii->geometry;
    BlockNumber blkno = meta->first_centroids;
    BlockNumber steps = 0;
    uint32 done = 0;

    l->values = MemoryContextAllocHuge(CurrentMemoryContext, l->stride * l->count + 1);
    while (done < l->count) {
        Buffer buf;
        uint32 first, count;

        if (blkno == InvalidBlockNumber)
            vdb_corrupted(index, VDB_IVF_META_BLOCK, "a list has no centroid");
        buf = ivf_read_page(index, ii, blkno, VDB_IVF_PAGE_CENTROIDS, BUFFER_LOCK_SHARE);
        vdb_check(vdb_ivf_centroids_span(BufferGetPage(buf), g, &first, &count), index, blkno);
        for (; done < l->count && l->lists[done].ordinal < first + count; done++) {
            const void *centroid =
                vdb_ivf_centroid_at(BufferGetPage(buf), g, l->lists[done].ordinal);

            if (centroid == NULL)
                vdb_corrupted(index, blkno, "centroids are missing");
            memcpy(l->values + l->stride * done, centroid, g->value_bytes);
        }
        blkno = vdb_ivf_page_next(BufferGetPage(buf), g);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, ii, blkno, &steps);
        CHECK_FOR_INTERRUPTS();
    }
}

/* Puts what was loaded into one chunk. */
static const IvfCache *keep_lists(Relation index, const IvfIndex *ii, uint64 epoch,
                                  const Loading *l)
{
    IvfCache header = {
        .ii = *ii, .epoch = epoch, .count = l->count, .directory_blocks = l->directory_blocks};
    Size lists_at = MAXALIGN(sizeof(IvfCache));
    Size directory_at = lists_at + sizeof(IvfListRef) * l->count;
    Size values_at = directory_at + sizeof(BlockNumber) * l->directory_blocks;
    Size values_size = TYPEALIGN(CENTROID_ALIGNMENT, l->stride * l->count);
    Size codes_size = vdb_ivf_centroid_codes_size(&ii->geometry, l->count);
    IvfCache *cache =
        keep(index, &header, values_at + CENTROID_ALIGNMENT + values_size + codes_size);
    char *chunk = (char *) cache;
    char *values = (char *) TYPEALIGN(CENTROID_ALIGNMENT, chunk + values_at);

    cache->lists = (IvfListRef *) (chunk + lists_at);
    cache->directory = (BlockNumber *) (chunk + directory_at);
    memcpy(cache->lists, l->lists, sizeof(IvfListRef) * l->count);
    memcpy(cache->directory, l->directory, sizeof(BlockNumber) * l->directory_blocks);
    memcpy(values, l->values, l->stride * l->count);
    cache->centroids = (VdbIvfCentroids){values, l->stride, l->count};
    if (codes_size > 0)
        cache->codes =
            vdb_ivf_centroid_codes_make(&ii->geometry, &cache->centroids, values + values_size);
    return cache;
}

/*
 * Loads the lists of an epoch.  Those that are live do not change, and an ordinal is taken by
 * another list only after an epoch in which it was not live: so what was read belongs together if
 * the epoch is the same afterwards.
 */
static const IvfCache *load_lists(Relation index, IvfIndex *ii)
{
    MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "ivf lists", ALLOCSET_DEFAULT_SIZES);
    MemoryContext old = MemoryContextSwitchTo(context);
    const IvfCache *cache;
    VdbIvfMeta meta = ivf_read_meta(index, ii);

    for (;;) {
        /* grows if need be: a damaged metapage may count any number */
        Loading l = {.room = Min(Max(meta.lists, 16), 4096),
                     .directory_room = 16,
                     .stride = TYPEALIGN(CENTROID_ALIGNMENT, ii->geometry.value_bytes)};
        uint64 epoch = meta.epoch;

        l.lists = MemoryContextAllocHuge(context, sizeof(IvfListRef) * l.room);
        l.directory = palloc(sizeof(BlockNumber) * l.directory_room);
        load_directory(index, &l, ii, &meta);
        load_centroids(index, &l, ii, &meta);
        if (l.count == 0)
            vdb_corrupted(index, VDB_IVF_META_BLOCK, "there is no list");
        meta = ivf_read_meta(index, ii);
        if (meta.epoch == epoch) {
            cache = keep_lists(index, ii, epoch, &l);
            break;
        }
        MemoryContextReset(context);
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return cache;
}

const IvfCache *ivf_cache(Relation index, IvfIndex *ii)
{
    VdbIvfMeta meta = ivf_read_meta(index, ii);
    IvfCache *cache = index->rd_amcache;

    if (cache != NULL && cache->epoch == meta.epoch)
        return cache;
    return load_lists(index, ii);
}

/* --- the directory --- */

BlockNumber ivf_directory_block(Relation index, IvfIndex *ii, uint32 ordinal)
{
    uint32 page = ordinal / ii->geometry.lists_per_page;
    const IvfCache *cache = index->rd_amcache;

    /* the chain only grows, so that what an older epoch knows of it holds */
    if (cache == NULL || page >= cache->directory_blocks)
        cache = load_lists(index, ii);
    if (page >= cache->directory_blocks)
        vdb_corrupted(index, VDB_IVF_META_BLOCK, "the directory is too short");
    return cache->directory[page];
}

uint32 ivf_chain_length(Relation index, IvfIndex *ii, BlockNumber first, VdbIvfPageKind kind)
{
    BlockNumber steps = 0;

    for (BlockNumber blkno = first; blkno != InvalidBlockNumber;) {
        Buffer buf = ivf_read_page(index, ii, blkno, kind, BUFFER_LOCK_SHARE);

        blkno = vdb_ivf_page_next(BufferGetPage(buf), &ii->geometry);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, ii, first, &steps);
        CHECK_FOR_INTERRUPTS();
    }
    return steps;
}

VdbIvfList ivf_read_list(Relation index, IvfIndex *ii, uint32 ordinal)
{
    BlockNumber blkno = ivf_directory_block(index, ii, ordinal);
    Buffer buf = ivf_read_page(index, ii, blkno, VDB_IVF_PAGE_DIRECTORY, BUFFER_LOCK_SHARE);
    VdbIvfList list;

    vdb_check(vdb_ivf_directory_read(BufferGetPage(buf), &ii->geometry, ordinal, &list), index,
              blkno);
    UnlockReleaseBuffer(buf);
    return list;
}

VdbIvfList ivf_read_chosen(Relation index, IvfIndex *ii, const IvfListRef *ref)
{
    VdbIvfList list = ivf_read_list(index, ii, ref->ordinal);

    if (list.id != ref->id || list.state == VDB_IVF_LIST_FREE)
        ivf_check_data(VDB_STALE, index, VDB_IVF_META_BLOCK);
    return list;
}

void ivf_read_centroid(Relation index, IvfIndex *ii, uint32 ordinal, void *centroid)
{
    BlockNumber blkno = ivf_read_meta(index, ii).first_centroids;
    BlockNumber steps = 0;
    const void *found = NULL;

    while (!found) {
        Buffer buf;

        CHECK_FOR_INTERRUPTS();
        if (blkno == InvalidBlockNumber)
            vdb_corrupted(index, VDB_IVF_META_BLOCK, "a list has no centroid");
        buf = ivf_read_page(index, ii, blkno, VDB_IVF_PAGE_CENTROIDS, BUFFER_LOCK_SHARE);
        found = vdb_ivf_centroid_at(BufferGetPage(buf), &ii->geometry, ordinal);
        if (found)
            memcpy(centroid, found, ii->geometry.value_bytes);
        blkno = vdb_ivf_page_next(BufferGetPage(buf), &ii->geometry);
        UnlockReleaseBuffer(buf);
        ivf_count_step(index, ii, blkno, &steps);
    }
}
