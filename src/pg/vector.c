/*
 * The SQL functions of the vector type: the templates of the dense types over float4 elements.
 */
#include "postgres.h"

#include <float.h>

#include "pg/vector.h"

#define DENSE              Vector
#define DENSE_NAME         vector
#define DENSE_ELEMENT      float
#define DENSE_WORD         uint32
#define DENSE_TO_FLOAT(x)  (x)
#define DENSE_LARGEST      FLT_MAX
#define DENSE_VANISHING    0.0F
#define DENSE_NTOH(word)   pg_ntoh32(word)
#define DENSE_KERNEL(name) name
#include "pg/dense_functions.h"

Vector *vdb_vector_from_floats(const float *values, int dim)
{
    Vector *result = vdb_vector_create(dim);

    memcpy(result->x, values, sizeof(float) * (Size) dim);
    vdb_vector_check_elements(result->x, dim);
    return result;
}

void vdb_vector_to_floats(float *values, const Vector *vector)
{
    memcpy(values, vector->x, sizeof(float) * (Size) vector->dim);
}
