/*
 * Template (vec.h): the number of dimensions of a vector and the type modifier that demands one.
 */
#include "utils/array.h"

PG_FUNCTION_INFO_V1(VEC_FN(typmod_in));
PG_FUNCTION_INFO_V1(VEC_FN(to_typmod));

void VEC_VDB(check_dim)(int64 dim)
{
    if (dim < 1)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg(VEC_TYPE_NAME " must have at least 1 dimension"));
    if (dim > VEC_MAX_DIM)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg(VEC_TYPE_NAME " cannot have more than %d dimensions", VEC_MAX_DIM));
}

void VEC_VDB(check_same_dim)(const VEC *a, const VEC *b)
{
    if (a->dim != b->dim)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different " VEC_TYPE_NAME " dimensions %d and %d", a->dim, b->dim));
}

Datum VEC_FN(typmod_in)(PG_FUNCTION_ARGS)
{
    ArrayType *modifiers = PG_GETARG_ARRAYTYPE_P(0);
    int count;
    int32 *values = ArrayGetIntegerTypmods(modifiers, &count);

    if (count != 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier"));
    if (values[0] < 1)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type " VEC_TYPE_NAME " must be at least 1"));
    if (values[0] > VEC_MAX_DIM)
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("dimensions for type " VEC_TYPE_NAME " cannot exceed %d", VEC_MAX_DIM));
    PG_RETURN_INT32(values[0]);
}

/* A cast that changes nothing; there to check the type modifier. */
Datum VEC_FN(to_typmod)(PG_FUNCTION_ARGS)
{
    VEC *vector = VEC_GETARG(0);

    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    PG_RETURN_POINTER(vector);
}
