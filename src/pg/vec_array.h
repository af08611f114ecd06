/*
 * Template (vec.h): the cast from arrays to a vector type, which has a function
 *     VEC *vdb_..._from_floats(const float *values, int dim)
 */
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(VEC_PASTE(array_to_, VEC_NAME));

static void read_numeric(float *values, ArrayType *source)
{
    Datum *elements;
    int count;

    deconstruct_array(source, NUMERICOID, -1, false, TYPALIGN_INT, &elements, NULL, &count);
    for (int i = 0; i < count; i++) {
        CHECK_FOR_INTERRUPTS();
        values[i] = DatumGetFloat4(DirectFunctionCall1(numeric_float4, elements[i]));
    }
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

Datum VEC_PASTE(array_to_, VEC_NAME)(PG_FUNCTION_ARGS)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(0);
    int32 typmod = PG_GETARG_INT32(1);
    int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    float *values;
    VEC *result;

    if (ARR_NDIM(array) > 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION), errmsg("array must be 1-D"));
    if (ARR_HASNULL(array) && array_contains_nulls(array))
        ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                errmsg("array must not contain nulls"));
    VEC_VDB(check_dim)(count);
    vdb_check_typmod(typmod, count);
    values = palloc(sizeof(float) * (Size) count);
    read_elements(values, array, count);
    result = VEC_VDB(from_floats)(values, count);
    pfree(values);
    PG_RETURN_POINTER(result);
}
