/*
 * What the functions of the vector type share: making a vector and raising the type's errors.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "pg/vector.h"

Vector *vdb_vector_create(int dim)
{
    Size size = VECTOR_SIZE(dim);
    Vector *vector = palloc(size);

    SET_VARSIZE(vector, size);
    vector->dim = (int16) dim;
    vector->unused = 0;
    return vector;
}

void vdb_vector_corrupt(void)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("vector has an invalid size"));
}

void vdb_vector_check_dim(int64 dim)
{
    if (dim < 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("vector must have at least 1 dimension"));
    if (dim > VECTOR_MAX_DIM)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("vector cannot have more than %d dimensions", VECTOR_MAX_DIM));
}

void vdb_vector_check_typmod(int32 typmod, int dim)
{
    if (typmod != -1 && typmod != dim)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected %d dimensions, not %d", typmod, dim));
}

void vdb_vector_check_same_dim(const Vector *a, const Vector *b)
{
    if (a->dim != b->dim)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different vector dimensions %d and %d", a->dim, b->dim));
}

void vdb_vector_check_elements(const float *x, int count)
{
    int bad = 0;

    for (int i = 0; i < count; i++)
        bad |= !(fabsf(x[i]) <= FLT_MAX);
    if (!bad)
        return;
    for (int i = 0; i < count; i++) {
        if (isnan(x[i]))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in vector"));
        if (isinf(x[i]))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("infinite value not allowed in vector"));
    }
}
