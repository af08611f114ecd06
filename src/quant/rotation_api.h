/*
 * A fixed random rotation of R^dims: lengths and inner products stay, and what a vector says is
 * spread evenly over its coordinates, which is what short codes of them need.
 */
#ifndef VDB_QUANT_ROTATION_API_H
#define VDB_QUANT_ROTATION_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

/* Rotates a vector in place.  The same bits on every CPU; linear up to float rounding.  Coordinates
 * of a vector too long for float32 become the largest float, never infinite or NaN. */
void vdb_rotate(float *x, uint32_t dims) VDB_NOEXCEPT;

/* At most this part of a vector's length is how far its rotation is from the exact one. */
float vdb_rotate_error(uint32_t dims) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
