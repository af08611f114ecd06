/*
 * The sparsevec type as C code sees it: the positions and values of the elements that are not zero.
 * On disk it is pgvector's form, byte for byte.
 */
#ifndef VDB_PG_SPARSEVEC_H
#define VDB_PG_SPARSEVEC_H

#include "fmgr.h"

#include "core/sparse_api.h"
#include "pg/compat.h"

#define VDB_SPARSE_MAX_DIM 1000000000
#define VDB_SPARSE_MAX_NNZ 16000

typedef struct SparseVector {
    int32 vl_len_; /* varlena header, never touched directly */
    int32 dim;     /* number of dimensions, 1 to VDB_SPARSE_MAX_DIM */
    int32 nnz;     /* number of elements that are not zero, 0 to VDB_SPARSE_MAX_NNZ */
    int32 unused;  /* always zero */
    int32 indices[FLEXIBLE_ARRAY_MEMBER]; /* nnz of them from 0 on, ascending; then nnz values */
} SparseVector;

/* REQUIRES: 0 <= nnz <= VDB_SPARSE_MAX_NNZ, so that nothing overflows. */
static inline Size vdb_sparsevec_size(int nnz)
{
    return offsetof(SparseVector, indices) + (sizeof(int32) + sizeof(float)) * (Size) nnz;
}

static inline float *vdb_sparsevec_values(SparseVector *vector)
{
    return (float *) (vector->indices + vector->nnz);
}

/* The elements where they lie. */
static inline VdbSparse vdb_sparsevec_elements(const SparseVector *vector)
{
    VdbSparse elements = {vector->indices, (const float *) (vector->indices + vector->nnz),
                          vector->nnz};

    return elements;
}

/* A new vector whose elements are not set.  REQUIRES: dim and nnz within their limits. */
extern SparseVector *vdb_sparsevec_create(int dim, int nnz);

/* A new vector of those of dim values that are not 0; raises if there are too many, or one is
 * infinite or NaN.  REQUIRES: dim within its limit. */
extern SparseVector *vdb_sparsevec_from_floats(const float *values, int dim);

/* A new vector of those of count values that are not 0, at the positions in indices, or from 0 on
 * where that is NULL; raises if there are too many.  REQUIRES: as above; indices as they must be.
 */
extern SparseVector *vdb_sparsevec_gather(int dim, const int32 *indices, const float *values,
                                          int count);

extern void vdb_sparsevec_check_dim(int64 dim);
extern void vdb_sparsevec_check_same_dim(const SparseVector *a, const SparseVector *b);
extern void vdb_sparsevec_check_nnz(int64 nnz, int dim);
/* No NaN, no infinity among count values. */
extern void vdb_sparsevec_check_elements(const float *values, int count);
/* Raises DATA_CORRUPTED where indices do not ascend or lie outside of dim. */
extern void vdb_sparsevec_check_indices(const SparseVector *vector);

/* Raises DATA_CORRUPTED: the value's size does not fit its number of elements. */
extern _Noreturn void vdb_sparsevec_corrupt(void);

/* The vector in a Datum, detoasted; a copy only where the Datum's own bytes cannot be used.  Sizes
 * are checked; that indices ascend and lie within dim is not. */
static inline SparseVector *vdb_sparsevec_from_datum(Datum datum)
{
    SparseVector *vector = (SparseVector *) PG_DETOAST_DATUM(datum);

    if (unlikely(VARSIZE(vector) < offsetof(SparseVector, indices) || vector->dim < 1 ||
                 vector->dim > VDB_SPARSE_MAX_DIM || vector->nnz < 0 ||
                 vector->nnz > VDB_SPARSE_MAX_NNZ ||
                 VARSIZE(vector) != vdb_sparsevec_size(vector->nnz)))
        vdb_sparsevec_corrupt();
    return vector;
}

#endif
