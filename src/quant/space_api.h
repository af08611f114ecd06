/*
 * A space: values of one storage form and size, and the metric they are compared by.  Also what
 * happens to a value on its way into an index, for every access method.
 *
 * A value is a row of *units*, the pieces that it may be cut into: a float32, a half, a byte of
 * bits, or an element of a sparse vector (VdbSparseElement).  A sparse value begins with a unit
 * whose index is the number of elements that follow, and whose value is 0.
 */
#ifndef VDB_QUANT_SPACE_API_H
#define VDB_QUANT_SPACE_API_H

#include "core/sparse_api.h"
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

#define VDB_MAX_SPARSE_ELEMENTS 16000

/* Units of a value; of a sparse vector, the most there can be. */
uint32_t vdb_value_units(const VdbSpace *space) VDB_NOEXCEPT;

/* The same in bytes. */
size_t vdb_value_bytes(const VdbSpace *space) VDB_NOEXCEPT;

/* Units of this value, which needs to have its first one; 0 if it counts more than there can be. */
uint32_t vdb_units_of(const VdbSpace *space, const void *value) VDB_NOEXCEPT;

/*
 * Brings a value into the form that an index keeps: -0 becomes 0, so that equal values have equal
 * bytes, and under cosine float32 is scaled to unit length (the zero vector stays), and a sparse
 * vector too short for its norm to be exact by a power of two.  Returns its norm, which a distance
 * may need beside the value: the squared Euclidean norm, or the number of bits set.
 */
float vdb_value_prepare(const VdbSpace *space, void *value) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
