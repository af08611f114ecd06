/*
 * How near a row can be at best, from its kept vector: an index that keeps its vectors with less
 * precision than the column says so much of a row's distance, and the executor computes the rest.
 */
#ifndef VDB_QUANT_BOUND_API_H
#define VDB_QUANT_BOUND_API_H

#include "quant/space_api.h"

VDB_BEGIN_DECLS

/* What is known of a query and a kept vector. */
typedef struct VdbKeptDistance {
    float raw; /* vdb_kept_raw() */
    float query_norm;
    float norm;  /* of the stored vector */
    float error; /* vdb_kept_error() */
} VdbKeptDistance;

/*
 * A number that the operator's own result for the query and the row is never below (L2: the
 * distance, not its square), however the two were rounded; close to it if the error is small.
 * Negative infinity where nothing is known, positive infinity where the operator says NaN: for the
 * zero vector under cosine.
 */
float vdb_kept_bound(const VdbSpace *space, const VdbKeptDistance *seen) VDB_NOEXCEPT;

/* Whether a kept vector may be of a stored one with that norm: `square` is the squared length of
 * what it decodes to, in double precision, `error` its vdb_kept_error().  For checks of indexes. */
bool vdb_kept_norm_fits(uint32_t dims, double square, float norm, float error) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
