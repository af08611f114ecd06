/*
 * What a dense vector type is to C code: its on-disk form, how to take it from a Datum, and the
 * checks that its functions share.  The forms are those of pgvector, byte for byte.
 *
 * A template, included once for each type by the header of that type, which first defines
 *     DENSE          name of the C struct
 *     DENSE_NAME     name of the type in SQL, a token
 *     DENSE_ELEMENT  C type of an element
 * and undefined again at the end.
 */
#define DENSE_VDB(function) DENSE_PASTE(DENSE_PASTE(vdb_, DENSE_NAME), _##function)

typedef struct DENSE {
    int32 vl_len_; /* varlena header, never touched directly */
    int16 dim;     /* number of elements, 1 to VDB_DENSE_MAX_DIM */
    int16 unused;  /* always zero */
    DENSE_ELEMENT x[FLEXIBLE_ARRAY_MEMBER];
} DENSE;

/* An int16 dim cannot make this overflow. */
static inline Size DENSE_VDB(size)(int dim)
{
    return offsetof(DENSE, x) + sizeof(DENSE_ELEMENT) * (Size) dim;
}

/* A new vector whose elements are not set.  REQUIRES: 1 <= dim <= VDB_DENSE_MAX_DIM. */
extern DENSE *DENSE_VDB(create)(int dim);

/* A new vector of these elements, rounded to those of the type; raises if one is none of its.  The
 * same REQUIRES. */
extern DENSE *DENSE_VDB(from_floats)(const float *values, int dim);

/* Sets the vector's dim elements of values. */
extern void DENSE_VDB(to_floats)(float *values, const DENSE *vector);

/* Raises DATA_CORRUPTED: the value's size does not fit its number of dimensions. */
extern _Noreturn void DENSE_VDB(corrupt)(void);

extern void DENSE_VDB(check_dim)(int64 dim);
extern void DENSE_VDB(check_same_dim)(const DENSE *a, const DENSE *b);
/* No NaN, no infinity among count values. */
extern void DENSE_VDB(check_elements)(const DENSE_ELEMENT *x, int count);

/* The vector in a Datum, detoasted; a copy only where the Datum's own bytes cannot be used. */
static inline DENSE *DENSE_VDB(from_datum)(Datum datum)
{
    DENSE *vector = (DENSE *) PG_DETOAST_DATUM(datum);

    if (unlikely(VARSIZE(vector) < offsetof(DENSE, x) || vector->dim < 1 ||
                 VARSIZE(vector) != DENSE_VDB(size)(vector->dim)))
        DENSE_VDB(corrupt)();
    return vector;
}

#undef DENSE_VDB
#undef DENSE_ELEMENT
#undef DENSE_NAME
#undef DENSE
