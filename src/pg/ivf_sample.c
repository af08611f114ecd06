/*
 * A bounded sample of values, drawn as they come by (Vitter's algorithm R), and k-means on it.
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "pg/ivf_build.h"

struct IvfSample {
    const VdbIvfGeometry *geometry;
    uint32 lists;
    uint32 room;
    uint64 seen;
    Size stride;
    char *values;
    pg_prng_state random;
};

void *ivf_alloc_aligned(Size size)
{
    return (void *) TYPEALIGN(IVF_ALIGNMENT,
                              MemoryContextAllocHuge(CurrentMemoryContext, size + IVF_ALIGNMENT));
}

/* Bytes for a sample of so many values and for k-means on it. */
static Size memory_needed(const IvfSample *sample, uint32 rows)
{
    return add_size(mul_size(sample->stride, rows),
                    vdb_ivf_kmeans_size(sample->geometry, sample->lists, rows));
}

/* Rows of the smallest sample that makes sense. */
static uint32 least_rows(const IvfSample *sample)
{
    return Min(sample->room, sample->lists);
}

/* Cuts the sample down to what maintenance_work_mem holds. */
static void fit_memory(IvfSample *sample)
{
    Size limit = (Size) maintenance_work_mem * 1024;
    uint32 least = least_rows(sample);

    while (sample->room > least && memory_needed(sample, sample->room) > limit)
        sample->room -= Max((sample->room - least) / 16, 1);
    if (memory_needed(sample, sample->room) > limit)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("memory required is %zu MB, maintenance_work_mem is %d MB",
                               memory_needed(sample, sample->room) / (1024 * 1024) + 1,
                               maintenance_work_mem / 1024)));
}

static IvfSample plan_sample(const IvfIndex *ii, uint32 lists, uint64 rows)
{
    return (IvfSample){.geometry = &ii->geometry,
                       .lists = lists,
                       .room = (uint32) Min(Min(rows, vdb_ivf_sample_rows(lists)), PG_INT32_MAX),
                       .stride = TYPEALIGN(IVF_ALIGNMENT, ii->geometry.value_bytes)};
}

bool ivf_sample_fits(const IvfIndex *ii, uint32 lists, uint64 rows)
{
    IvfSample sample = plan_sample(ii, lists, rows);

    return memory_needed(&sample, least_rows(&sample)) <= (Size) maintenance_work_mem * 1024;
}

IvfSample *ivf_sample_begin(const IvfIndex *ii, uint32 lists, uint64 rows)
{
    IvfSample *sample = palloc(sizeof(IvfSample));

    *sample = plan_sample(ii, lists, rows);
    fit_memory(sample);
    sample->values = ivf_alloc_aligned(sample->stride * sample->room);
    pg_prng_seed(&sample->random, ii->seed);
    return sample;
}

void *ivf_sample_next(IvfSample *sample)
{
    uint64 at = sample->seen++;

    if (at >= sample->room)
        at = pg_prng_uint64_range(&sample->random, 0, at);
    return at < sample->room ? sample->values + sample->stride * at : NULL;
}

static VdbIvfSample values_of(const IvfSample *sample)
{
    return (VdbIvfSample){sample->values, sample->stride, Min(sample->seen, sample->room)};
}

VdbIvfCentroids ivf_sample_centroids(IvfSample *sample, uint64 seed)
{
    VdbIvfSample values = values_of(sample);
    void *memory =
        ivf_alloc_aligned(vdb_ivf_kmeans_size(sample->geometry, sample->lists, values.count));
    VdbIvfKmeans *km = vdb_ivf_kmeans_init(memory, sample->geometry, sample->lists, &values, seed);

    while (vdb_ivf_kmeans_step(km))
        CHECK_FOR_INTERRUPTS();
    return vdb_ivf_kmeans_result(km);
}

double ivf_sample_drift(const IvfSample *sample, const void *from, const void *to)
{
    VdbIvfSample values = values_of(sample);

    return vdb_ivf_drift(sample->geometry, &values, from, to);
}
