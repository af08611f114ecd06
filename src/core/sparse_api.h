/*
 * Sparse lists of float32 elements in plain C: the elements of a vector that are not zero, as two
 * arrays, their positions and their values.
 */
#ifndef VDB_CORE_SPARSE_API_H
#define VDB_CORE_SPARSE_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

/* Neither array needs more alignment than its elements do.  Positions count from 0 and ascend
 * strictly; functions that only read may be given others, and then answer nonsense but touch
 * nothing outside of the arrays. */
typedef struct VdbSparse {
    const int32_t *indices;
    const float *values;
    int32_t count;
} VdbSparse;

VDB_END_DECLS

#endif
