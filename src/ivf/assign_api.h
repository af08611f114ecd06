/*
 * Finding the lists that values belong to, many values at a time, which takes an eighth of the time
 * that one after the other does.
 */
#ifndef VDB_IVF_ASSIGN_API_H
#define VDB_IVF_ASSIGN_API_H

#include "ivf/ivf_api.h"

VDB_BEGIN_DECLS

typedef struct VdbIvfAssigner VdbIvfAssigner;

#define VDB_IVF_ASSIGN_ROWS 48 /* values at a time */

/* Bytes for choosing among so many centroids. */
size_t vdb_ivf_assigner_size(const VdbSpace *space, uint32_t centroids) VDB_NOEXCEPT;

/* Memory: aligned to 64 bytes.  The centroids must outlive the assigner.  REQUIRES: there are some.
 */
VdbIvfAssigner *vdb_ivf_assigner_init(void *memory, const VdbSpace *space,
                                      const VdbIvfCentroids *centroids) VDB_NOEXCEPT;

/* Fills out[0 .. n) with the index of the centroid that each value belongs to.  REQUIRES: n <=
 * VDB_IVF_ASSIGN_ROWS. */
void vdb_ivf_assign(VdbIvfAssigner *assigner, const void *const *values, uint32_t n,
                    uint32_t *out) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
