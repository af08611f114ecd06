/*
 * A space: values of one storage form and size, and the metric they are compared by.  Also what
 * happens to a value on its way into an index, for every access method.
 *
 * A value is a row of *units*, the pieces that it may be cut into: a float32, a half, a byte of
 * bits, or a non-zero of a sparse vector (VdbSparseUnit; the first unit of a sparse value counts
 * the others).
 */
#ifndef VDB_QUANT_SPACE_API_H
#define VDB_QUANT_SPACE_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

typedef struct VdbSpace {
    uint32_t metric;  /* VdbMetric */
    uint32_t storage; /* VdbStorage */
    uint32_t dims;
} VdbSpace;

/* Whether values of that form can be compared by that metric. */
bool vdb_space_valid(const VdbSpace *space) VDB_NOEXCEPT;

/* Bytes of a unit. */
uint32_t vdb_unit_size(const VdbSpace *space) VDB_NOEXCEPT;

/* Units of a value.  REQUIRES: the storage is not sparse. */
uint32_t vdb_value_units(const VdbSpace *space) VDB_NOEXCEPT;

/* Bytes of a value.  REQUIRES: the storage is not sparse. */
size_t vdb_value_bytes(const VdbSpace *space) VDB_NOEXCEPT;

/*
 * Brings a value into the form that an index keeps: -0 becomes 0, so that equal values have equal
 * bytes, and under cosine float32 is scaled to unit length (the zero vector stays).  Returns its
 * norm, which a distance may need beside the value: the squared Euclidean norm, or the number of
 * bits set.
 */
float vdb_value_prepare(const VdbSpace *space, void *value) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
