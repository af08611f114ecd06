/*
 * Distances between sparse vectors of equal dimensions: the plain-C face.
 *
 * Elements that only one of the two lists has count against zero.  Sums are in double precision,
 * rounded to float at the end; a sum too large for that is infinity.  Swapping the arguments
 * changes no bit, and neither does the way the lists lie in memory.
 */
#ifndef VDB_SIMD_SPARSE_API_H
#define VDB_SIMD_SPARSE_API_H

#include "core/sparse_api.h"
#include "simd/simd_api.h"

VDB_BEGIN_DECLS

float vdb_sparse_l2_squared(VdbSparse a, VdbSparse b) VDB_NOEXCEPT;
float vdb_sparse_inner_product(VdbSparse a, VdbSparse b) VDB_NOEXCEPT;
float vdb_sparse_l1(VdbSparse a, VdbSparse b) VDB_NOEXCEPT;
VdbCosineParts vdb_sparse_cosine_parts(VdbSparse a, VdbSparse b) VDB_NOEXCEPT;

/* A list whose indices and values lie side by side, as an index keeps them. */
typedef struct VdbSparseRow {
    const VdbSparseElement *elements;
    int32_t count;
} VdbSparseRow;

float vdb_sparse_row_l2_squared(VdbSparseRow a, VdbSparseRow b) VDB_NOEXCEPT;
float vdb_sparse_row_inner_product(VdbSparseRow a, VdbSparseRow b) VDB_NOEXCEPT;
float vdb_sparse_row_l1(VdbSparseRow a, VdbSparseRow b) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
