/*
 * The vector type as C code sees it: its on-disk form, how to take it from a Datum, and the checks
 * that its functions share.  The form is that of pgvector, byte for byte.
 */
#ifndef VDB_PG_VECTOR_H
#define VDB_PG_VECTOR_H

#include "fmgr.h"

#include "pg/compat.h"

#define VECTOR_MAX_DIM 16000

typedef struct Vector {
    int32 vl_len_; /* varlena header, never touched directly */
    int16 dim;     /* number of elements, 1 to VECTOR_MAX_DIM */
    int16 unused;  /* always zero */
    float x[FLEXIBLE_ARRAY_MEMBER];
} Vector;

/* An int16 dim cannot make this overflow. */
#define VECTOR_SIZE(dim) (offsetof(Vector, x) + sizeof(float) * (Size) (dim))

/* A new vector whose elements are not set.  REQUIRES: 1 <= dim <= VECTOR_MAX_DIM. */
extern Vector *vdb_vector_create(int dim);

/* Raises DATA_CORRUPTED: the value's size does not fit its number of dimensions. */
extern _Noreturn void vdb_vector_corrupt(void);

extern void vdb_vector_check_dim(int64 dim);
extern void vdb_vector_check_typmod(int32 typmod, int dim);
extern void vdb_vector_check_same_dim(const Vector *a, const Vector *b);
/* No NaN, no infinity among count values. */
extern void vdb_vector_check_elements(const float *x, int count);

/* The vector in a Datum, detoasted; a copy only where the Datum's own bytes cannot be used. */
static inline Vector *vdb_datum_get_vector(Datum datum)
{
    Vector *vector = (Vector *) PG_DETOAST_DATUM(datum);

    if (unlikely(VARSIZE(vector) < offsetof(Vector, x) || vector->dim < 1 ||
                 VARSIZE(vector) != VECTOR_SIZE(vector->dim)))
        vdb_vector_corrupt();
    return vector;
}

#define PG_GETARG_VECTOR_P(n) vdb_datum_get_vector(PG_GETARG_DATUM(n))

#endif
