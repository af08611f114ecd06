/*
 * The fixed facts of an hnsw index: its geometry, the metric of its operator class, and how a value
 * of its column is turned into the form that the index stores.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw.h"
#include "pg/vector.h"
#include "simd/simd_api.h"

extern Datum vector_l2_squared_distance(PG_FUNCTION_ARGS);
extern Datum vector_negative_inner_product(PG_FUNCTION_ARGS);
extern Datum vector_l1_distance(PG_FUNCTION_ARGS);

VdbMetric hnsw_metric(Relation index)
{
    PGFunction distance = index_getprocinfo(index, 1, HNSW_DISTANCE_PROC)->fn_addr;

    if (distance == vector_l2_squared_distance)
        return VDB_METRIC_L2;
    if (distance == vector_negative_inner_product)
        return OidIsValid(index_getprocid(index, 1, HNSW_NORM_PROC)) ? VDB_METRIC_COSINE
                                                                     : VDB_METRIC_IP;
    if (distance == vector_l1_distance)
        return VDB_METRIC_L1;
    ereport(ERROR,
            (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
             errmsg("distance function of the operator class not supported for hnsw index")));
}

HnswIndex hnsw_new_index(Relation index)
{
    HnswIndex hi = {.seed = 0};
    int dims = TupleDescAttr(index->rd_att, 0)->atttypmod;
    int m = hnsw_m(index);

    if (dims < 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("column does not have dimensions")));
    if (hnsw_ef_construction(index) < 2 * m)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("ef_construction must be greater than or equal to 2 * m")));
    if (vdb_hnsw_geometry(BLCKSZ, dims, m, hnsw_metric(index), &hi.geometry) != VDB_OK)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("column cannot have more than %d dimensions for hnsw index",
                               VDB_HNSW_MAX_DIMS)));
    return hi;
}

bool hnsw_fits_column(Relation index, const VdbHnswGeometry *g)
{
    int dims = TupleDescAttr(index->rd_att, 0)->atttypmod;

    /* ALTER COLUMN ... TYPE vector takes the dimensions away and leaves the index as it is */
    return (dims < 0 || dims == (int) g->dims) && g->metric == hnsw_metric(index);
}

/* Reads the frozen part of the metapage. */
static HnswIndex load_index(Relation index)
{
    HnswIndex hi = {.nblocks = 0};
    Buffer buf =
        vdb_read_page_of(index, &hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META, BUFFER_LOCK_SHARE);
    VdbStatus status = vdb_hnsw_meta_geometry(BufferGetPage(buf), BLCKSZ, &hi.geometry, &hi.seed);

    UnlockReleaseBuffer(buf);
    if (status == VDB_STALE)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("index \"%s\" has a format that this version of vectordb cannot read",
                        RelationGetRelationName(index)),
                 errhint("Please REINDEX it.")));
    vdb_check(status, index, VDB_HNSW_META_BLOCK);
    if (!hnsw_fits_column(index, &hi.geometry))
        vdb_corrupted(index, VDB_HNSW_META_BLOCK,
                      "metapage has other dimensions or another metric than the column");
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
        memcpy(cache->buffers, old->buffers, sizeof(Buffer) * Min(old->room, room));
        pfree(old);
    }
    index->rd_amcache = cache;
}

HnswIndex hnsw_index(Relation index)
{
    if (index->rd_amcache == NULL) {
        HnswIndex hi = load_index(index);

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

/* Scales to unit length; the zero vector stays. */
static void normalize(float *values, int dims)
{
    double norm = 0;

    for (int i = 0; i < dims; i++)
        norm += (double) values[i] * values[i];
    norm = sqrt(norm);
    if (norm > 0) {
        for (int i = 0; i < dims; i++)
            values[i] = (float) (values[i] / norm);
    }
}

/* A vector on a cache-line boundary is compared in half the time. */
#define VECTOR_ALIGNMENT 64

HnswVector hnsw_form_vector(const HnswIndex *hi, Datum value)
{
    const VdbHnswGeometry *g = &hi->geometry;
    Vector *vector = vdb_vector_from_datum(value);
    float *values;
    HnswVector result;

    if (vector->dim != (int) g->dims)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                        errmsg("expected %d dimensions, not %d", (int) g->dims, vector->dim)));
    values =
        (float *) TYPEALIGN(VECTOR_ALIGNMENT, palloc(sizeof(float) * g->dims + VECTOR_ALIGNMENT));
    for (uint32 i = 0; i < g->dims; i++)
        values[i] = vector->x[i] + 0.0f; /* -0 becomes 0: equal vectors have equal bytes */
    if ((Pointer) vector != DatumGetPointer(value))
        pfree(vector);
    if (g->metric == VDB_METRIC_COSINE)
        normalize(values, g->dims);
    result.values = values;
    result.norm_sq = vdb_simd_kernels()->inner_product(values, values, g->dims);
    return result;
}
