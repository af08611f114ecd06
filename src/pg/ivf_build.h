/*
 * What building an index and splitting a list share: a sample of values and the centroids found
 * from it.
 */
#ifndef VDB_PG_IVF_BUILD_H
#define VDB_PG_IVF_BUILD_H

#include "ivf/kmeans_api.h"
#include "pg/ivf.h"

#define IVF_ALIGNMENT 64 /* bytes; a cache line */

/* In the current memory context, aligned so. */
extern void *ivf_alloc_aligned(Size size);

typedef struct IvfSample IvfSample;

/*
 * A sample from up to `rows` values for so many centroids, within maintenance_work_mem: ereports
 * where not even the centroids fit.  It lives in the current memory context.
 */
extern IvfSample *ivf_sample_begin(const IvfIndex *ii, uint32 lists, uint64 rows);
/* Whether maintenance_work_mem is enough for that. */
extern bool ivf_sample_fits(const IvfIndex *ii, uint32 lists, uint64 rows);
/* Where to put the next value's bytes; NULL if it is not to be part of the sample. */
extern void *ivf_sample_next(IvfSample *sample);
/* Finds up to so many centroids; they live as long as the sample. */
extern VdbIvfCentroids ivf_sample_centroids(IvfSample *sample, uint64 seed);
/* vdb_ivf_drift() of the sample. */
extern double ivf_sample_drift(const IvfSample *sample, const void *from, const void *to);

#endif
