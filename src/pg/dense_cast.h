/*
 * Template (dense_functions.h): the cast of a dense vector type to an array.
 */
#include "catalog/pg_type.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(DENSE_FN(to_float4));

Datum DENSE_FN(to_float4)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);
    Size data_size = sizeof(float) * (Size) vector->dim;
    Size size = ARR_OVERHEAD_NONULLS(1) + data_size;
    ArrayType *result = palloc0(size);

    SET_VARSIZE(result, size);
    result->ndim = 1;
    result->dataoffset = 0;
    result->elemtype = FLOAT4OID;
    ARR_DIMS(result)[0] = vector->dim;
    ARR_LBOUND(result)[0] = 1;
    DENSE_VDB(to_floats)((float *) ARR_DATA_PTR(result), vector);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_ARRAYTYPE_P(result);
}
