/*
 * Finding centroids: k-means as a machine that runs in slices, so that its caller can look for
 * interrupts.  The same values in the same order and the same seed give the same centroids,
 * whatever the slices.
 */
#ifndef VDB_IVF_KMEANS_API_H
#define VDB_IVF_KMEANS_API_H

#include "ivf/ivf_api.h"

VDB_BEGIN_DECLS

typedef struct VdbIvfKmeans VdbIvfKmeans;

/* Values in memory, in the form that the index stores.  Best aligned to 64 bytes with such a
 * stride. */
typedef struct VdbIvfSample {
    const void *values;
    size_t stride;
    uint32_t count;
} VdbIvfSample;

/* Bytes that the machine needs beside the sample. */
size_t vdb_ivf_kmeans_size(const VdbIvfGeometry *g, uint32_t lists, uint32_t count) VDB_NOEXCEPT;

/* Prepares a machine in `memory` (64-byte aligned) that will find up to `lists` centroids.  The
 * sample must outlive it.  REQUIRES: lists > 0. */
VdbIvfKmeans *vdb_ivf_kmeans_init(void *memory, const VdbIvfGeometry *g, uint32_t lists,
                                  const VdbIvfSample *sample, uint64_t seed) VDB_NOEXCEPT;

/* Does a bounded part of the work, some milliseconds of it; true = call again. */
bool vdb_ivf_kmeans_step(VdbIvfKmeans *km) VDB_NOEXCEPT;

/*
 * The centroids found, in the form of stored values; they go with the machine's memory.  REQUIRES:
 * step has answered false.  Fewer than asked for where the sample has not as many different values;
 * without any sample one, zero in all dimensions.
 */
VdbIvfCentroids vdb_ivf_kmeans_result(const VdbIvfKmeans *km) VDB_NOEXCEPT;

/*
 * By what part of all their distances (L2: squared) the values are nearer to one centroid than to
 * another: 0 = not at all, 1 = they coincide with it; less than 0 where they are farther.
 */
double vdb_ivf_drift(const VdbIvfGeometry *g, const VdbIvfSample *values, const void *from,
                     const void *to) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
