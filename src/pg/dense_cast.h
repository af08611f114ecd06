/*
 * Template (dense_functions.h): casts of a dense vector type, to its own type modifier, from and to
 * arrays.
 */
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(DENSE_FN(to_typmod));
PG_FUNCTION_INFO_V1(DENSE_PASTE(array_to_, DENSE_NAME));
PG_FUNCTION_INFO_V1(DENSE_FN(to_float4));

/* Changes nothing; there to check the type modifier. */
Datum DENSE_FN(to_typmod)(PG_FUNCTION_ARGS)
{
    DENSE *vector = DENSE_GETARG(0);

    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    PG_RETURN_POINTER(vector);
}

static void read_numeric(float *values, ArrayType *source)
{
    Datum *elements;
    int count;

    deconstruct_array(source, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
    for (int i = 0; i < count; i++)
        values[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
    pfree(elements);
}

/* The elements of an array without NULLs, where those of fixed size lie one behind the other. */
static void read_elements(float *values, ArrayType *source, int count)
{
    const void *data = ARR_DATA_PTR(source);

    switch (ARR_ELEMTYPE(source)) {
    case INT4OID:
        for (int i = 0; i < count; i++)
            values[i] = (float) ((const int32 *) data)[i];
        break;
    case FLOAT4OID:
        memcpy(values, data, sizeof(float) * (Size) count);
        break;
    case FLOAT8OID:
        for (int i = 0; i < count; i++)
            values[i] = (float) ((const float8 *) data)[i];
        break;
    case NUMERICOID:
        read_numeric(values, source);
        break;
    default:
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type"));
    }
}

Datum DENSE_PASTE(array_to_, DENSE_NAME)(PG_FUNCTION_ARGS)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    int32 typmod = PG_GETARG_INT32(1);
    int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    float *values;
    DENSE *result;

    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("array must not contain nulls"));
    DENSE_VDB(check_dim)(count);
    vdb_check_typmod(typmod, count);
    values = palloc(sizeof(float) * (Size) count);
    read_elements(values, array, count);
    result = DENSE_VDB(from_floats)(values, count);
    pfree(values);
    PG_RETURN_POINTER(result);
}

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
