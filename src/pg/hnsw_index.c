/*
 * The fixed facts of an hnsw index, from its column or from its metapage, and what a session
 * remembers of them.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw.h"
#include "quant/rotation_api.h"

HnswIndex hnsw_new_index(Relation index, HnswSizes sizes)
{
    HnswIndex hi = {.seed = 0};
    VdbHnswShape shape = {.space = vdb_index_space(index), .m = hnsw_m(index)};

    if (shape.space.dims == 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column does not have dimensions")));
    if (hnsw_ef_construction(index) < 2 * hnsw_m(index))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("ef_construction must be greater than or equal to 2 * m")));
    shape.kept = hnsw_kept(index, &shape.space);
    shape.slot_units =
        vdb_hnsw_choose_slot_units(BLCKSZ, &shape.space, shape.m, sizes.units, sizes.count);
    if (vdb_hnsw_geometry(BLCKSZ, &shape, &hi.geometry) != VDB_OK)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("column cannot have more than %u dimensions for hnsw index",
                               vdb_hnsw_max_dims(shape.space.storage))));
    return hi;
}

/* Reads the frozen part of the metapage. */
static HnswIndex load_index(Relation index)
{
    HnswIndex hi = {.nblocks = 0};
    Buffer buf =
        vdb_read_page_of(index, &hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META, BUFFER_LOCK_SHARE);
    VdbStatus status = vdb_hnsw_meta_geometry(BufferGetPage(buf), BLCKSZ, &hi.geometry, &hi.seed);
    VdbSpace space = vdb_hnsw_source_space(&hi.geometry);

    UnlockReleaseBuffer(buf);
    if (status == VDB_STALE)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("index \"%s\" has a format that this version of vectordb cannot read",
                        RelationGetRelationName(index)),
                 errhint("Please REINDEX it.")));
    vdb_check(status, index, VDB_HNSW_META_BLOCK);
    if (!vdb_space_fits(index, &space))
        vdb_corrupted(
            index, VDB_HNSW_META_BLOCK,
            "metapage has another type, other dimensions or another metric than the column");
    return hi;
}

/* Puts a cache with room for so many blocks in the place of the old one. */
static void new_cache(Relation index, const HnswIndex *hi, BlockNumber room)
{
    HnswCache *old = index->rd_amcache;
    HnswCache *cache = MemoryContextAllocExtended(
        index->rd_indexcxt, offsetof(HnswCache, buffers) + sizeof(Buffer) * (Size) room,
        MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

    cache->hi = *hi;
    cache->room = room;
    if (old) {
        cache->searches = old->searches;
        cache->learned = old->learned;
        memcpy(cache->buffers, old->buffers, sizeof(Buffer) * Min(old->room, room));
        pfree(old);
    }
    index->rd_amcache = cache;
}

HnswIndex hnsw_index(Relation index)
{
    if (index->rd_amcache == NULL) {
        HnswIndex hi = load_index(index);

        hnsw_forget_entries(index);
        new_cache(index, &hi, hi.nblocks);
    }
    return ((HnswCache *) index->rd_amcache)->hi;
}

void hnsw_cache_blocks(Relation index, BlockNumber nblocks)
{
    HnswCache *cache = index->rd_amcache;

    if (cache == NULL)
        return;
    cache->hi.nblocks = nblocks;
    if (nblocks > cache->room)
        new_cache(index, &cache->hi, nblocks + nblocks / 4);
}

static VdbIndexValue rotated(const HnswIndex *hi, VdbIndexValue value)
{
    vdb_rotate((float *) value.data, hi->geometry.space.dims);
    return value;
}

VdbIndexValue hnsw_form_value(const HnswIndex *hi, Datum value)
{
    VdbSpace column = vdb_hnsw_source_space(&hi->geometry);

    if (!vdb_hnsw_coded(&hi->geometry))
        return vdb_form_value(&column, value);
    return rotated(hi, vdb_form_float_value(&column, value));
}

VdbIndexValue hnsw_form_query(const HnswIndex *hi, Datum value, bool isnull)
{
    VdbSpace column = vdb_hnsw_source_space(&hi->geometry);

    if (!vdb_hnsw_coded(&hi->geometry))
        return vdb_form_query(&column, value, isnull);
    return rotated(hi, vdb_form_float_query(&column, value, isnull));
}
