/*
 * Casts of the vector type: to its own type modifier, from and to arrays.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

#include "pg/vector.h"

PG_FUNCTION_INFO_V1(vector_to_typmod);
PG_FUNCTION_INFO_V1(array_to_vector);
PG_FUNCTION_INFO_V1(vector_to_float4);

/* Changes nothing; there to check the type modifier. */
Datum vector_to_typmod(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);

    vdb_vector_check_typmod(PG_GETARG_INT32(1), vector->dim);
    PG_RETURN_POINTER(vector);
}

static void copy_numeric(Vector *target, ArrayType *source)
{
    Datum *elements;
    int count;

    deconstruct_array(source, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
    for (int i = 0; i < target->dim; i++)
        target->x[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
    pfree(elements);
}

/* Elements of fixed size without NULLs lie in an array one behind the other. */
static void copy_elements(Vector *target, ArrayType *source)
{
    const void *data = ARR_DATA_PTR(source);

    switch (ARR_ELEMTYPE(source)) {
    case INT4OID:
        for (int i = 0; i < target->dim; i++)
            target->x[i] = (float) ((const int32 *) data)[i];
        break;
    case FLOAT4OID:
        memcpy(target->x, data, sizeof(float) * (Size) target->dim);
        break;
    case FLOAT8OID:
        for (int i = 0; i < target->dim; i++)
            target->x[i] = (float) ((const float8 *) data)[i];
        break;
    case NUMERICOID:
        copy_numeric(target, source);
        break;
    default:
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("unsupported array type"));
    }
}

Datum array_to_vector(PG_FUNCTION_ARGS)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    int32 typmod = PG_GETARG_INT32(1);
    int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    Vector *result;

    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("array must not contain nulls"));
    vdb_vector_check_dim(count);
    vdb_vector_check_typmod(typmod, count);
    result = vdb_vector_create(count);
    copy_elements(result, array);
    vdb_vector_check_elements(result->x, count);
    PG_RETURN_POINTER(result);
}

Datum vector_to_float4(PG_FUNCTION_ARGS)
{
    Vector *vector = PG_GETARG_VECTOR_P(0);
    Size data_size = sizeof(float) * (Size) vector->dim;
    Size size = ARR_OVERHEAD_NONULLS(1) + data_size;
    ArrayType *result = palloc0(size);

    SET_VARSIZE(result, size);
    result->ndim = 1;
    result->dataoffset = 0;
    result->elemtype = FLOAT4OID;
    ARR_DIMS(result)[0] = vector->dim;
    ARR_LBOUND(result)[0] = 1;
    memcpy(ARR_DATA_PTR(result), vector->x, data_size);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_ARRAYTYPE_P(result);
}
