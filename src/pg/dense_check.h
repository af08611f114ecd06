/*
 * Template (dense_functions.h): making a dense vector.
 */
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
