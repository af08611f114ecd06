/*
 * Template (dense_functions.h): making a dense vector and raising its type's errors.
 */
#include <float.h>
#include <math.h>

DENSE *DENSE_VDB(create)(int dim)
{
    Size size = DENSE_VDB(size)(dim);
    DENSE *vector = palloc(size);

    SET_VARSIZE(vector, size);
    vector->dim = (int16) dim;
    vector->unused = 0;
    return vector;
}

void DENSE_VDB(corrupt)(void)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg(DENSE_TYPE_NAME " has an invalid size"));
}

void DENSE_VDB(check_dim)(int64 dim)
{
    if (dim < 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg(DENSE_TYPE_NAME " must have at least 1 dimension"));
    if (dim > VDB_DENSE_MAX_DIM)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg(DENSE_TYPE_NAME " cannot have more than %d dimensions", VDB_DENSE_MAX_DIM));
}

void DENSE_VDB(check_same_dim)(const DENSE *a, const DENSE *b)
{
    if (a->dim != b->dim)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different " DENSE_TYPE_NAME " dimensions %d and %d", a->dim, b->dim));
}

void DENSE_VDB(check_elements)(const DENSE_ELEMENT *x, int count)
{
    int bad = 0;

    for (int i = 0; i < count; i++)
        bad |= !(fabsf(DENSE_TO_FLOAT(x[i])) <= FLT_MAX);
    if (!bad)
        return;
    for (int i = 0; i < count; i++) {
        if (isnan(DENSE_TO_FLOAT(x[i])))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("NaN not allowed in " DENSE_TYPE_NAME));
        if (isinf(DENSE_TO_FLOAT(x[i])))
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("infinite value not allowed in " DENSE_TYPE_NAME));
    }
}
