/*
 * The sparsevec type: making values.
 */
#include "postgres.h"

#include "pg/sparsevec.h"

SparseVector *vdb_sparsevec_create(int dim, int nnz)
{
    Size size = vdb_sparsevec_size(nnz);
    SparseVector *vector = palloc(size);

    SET_VARSIZE(vector, size);
    vector->dim = dim;
    vector->nnz = nnz;
    vector->unused = 0;
    return vector;
}

void vdb_sparsevec_corrupt(void)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("sparsevec has an invalid size"));
}
