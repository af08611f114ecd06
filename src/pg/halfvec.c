/*
 * The SQL functions of the halfvec type: the templates of the dense types over elements of half
 * precision, and the casts between it and the vector type.
 */
#include "postgres.h"

#include "common/shortest_dec.h"

#include "core/half_api.h"
#include "pg/halfvec.h"
#include "pg/vector.h"

PG_FUNCTION_INFO_V1(halfvec_to_vector);
PG_FUNCTION_INFO_V1(vector_to_halfvec);

#define DENSE              HalfVector
#define DENSE_NAME         halfvec
#define DENSE_ELEMENT      uint16
#define DENSE_WORD         uint16
#define DENSE_TO_FLOAT(x)  vdb_half_to_float(x)
#define DENSE_LARGEST      0x1.ffdffep15F /* half of the way from 65504 to 65536 rounds up */
#define DENSE_VANISHING    0x1p-25F       /* half of the smallest one rounds down */
#define DENSE_NTOH(word)   pg_ntoh16(word)
#define DENSE_KERNEL(name) half_##name
#include "pg/dense_functions.h"

static void check_range(const float *values, int count)
{
    for (int i = 0; i < count; i++) {
        char text[FLOAT_SHORTEST_DECIMAL_LEN];

        if (fabsf(values[i]) <= DENSE_LARGEST || !isfinite(values[i]))
            continue;
        float_to_shortest_decimal_buf(values[i], text);
        ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                errmsg("\"%s\" is out of range for type halfvec", text));
    }
}

HalfVector *vdb_halfvec_from_floats(const float *values, int dim)
{
    HalfVector *result = vdb_halfvec_create(dim);
    int bad = 0;

    vdb_simd_kernels()->float_to_half(result->x, values, (size_t) dim);
    for (int i = 0; i < dim; i++)
        bad |= (result->x[i] & 0x7c00) == 0x7c00; /* infinite or NaN */
    if (bad) {
        check_range(values, dim);
        vdb_halfvec_check_elements(result->x, dim);
    }
    return result;
}

void vdb_halfvec_to_floats(float *values, const HalfVector *vector)
{
    vdb_simd_kernels()->half_to_float(values, vector->x, (size_t) vector->dim);
}

Datum halfvec_to_vector(PG_FUNCTION_ARGS)
{
    HalfVector *half = vdb_halfvec_from_datum(PG_GETARG_DATUM(0));
    Vector *result;

    vdb_check_typmod(PG_GETARG_INT32(1), half->dim);
    result = vdb_vector_create(half->dim);
    vdb_halfvec_to_floats(result->x, half);
    vdb_vector_check_elements(result->x, result->dim);
    PG_FREE_IF_COPY(half, 0);
    PG_RETURN_POINTER(result);
}

Datum vector_to_halfvec(PG_FUNCTION_ARGS)
{
    Vector *vector = vdb_vector_from_datum(PG_GETARG_DATUM(0));
    HalfVector *result;

    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    result = vdb_halfvec_from_floats(vector->x, vector->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}
