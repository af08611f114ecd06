/*
 * Template (dense_functions.h): hashes that agree with dense_compare.h, in which -0 equals 0.
 */
#include "common/hashfn.h"

PG_FUNCTION_INFO_V1(DENSE_FN(hash));
PG_FUNCTION_INFO_V1(DENSE_FN(hash_extended));

static bool has_negative_zero(const DENSE *vector)
{
    const DENSE_WORD negative_zero = (DENSE_WORD) ((DENSE_WORD) 1 << (8 * sizeof(DENSE_WORD) - 1));
    const DENSE_WORD *words = (const DENSE_WORD *) vector->x;
    int found = 0;

    for (int i = 0; i < vector->dim; i++)
        found |= words[i] == negative_zero;
    return found != 0;
}

static uint64 hash_elements(const DENSE *vector, uint64 seed)
{
    return hash_bytes_extended((const unsigned char *) vector->x,
                               (int) sizeof(DENSE_ELEMENT) * vector->dim, seed);
}

/* With seed 0 the lower half is the hash without a seed, as PostgreSQL wants it. */
static uint64 hash_vector(FunctionCallInfo fcinfo, uint64 seed)
{
    DENSE *vector = DENSE_GETARG(0);
    uint64 hash;

    if (has_negative_zero(vector)) {
        DENSE *same = DENSE_VDB(create)(vector->dim);

        for (int i = 0; i < vector->dim; i++)
            same->x[i] = DENSE_TO_FLOAT(vector->x[i]) == 0 ? 0 : vector->x[i];
        hash = hash_elements(same, seed);
        pfree(same);
    } else
        hash = hash_elements(vector, seed);
    PG_FREE_IF_COPY(vector, 0);
    return hash;
}

Datum DENSE_FN(hash)(PG_FUNCTION_ARGS)
{
    PG_RETURN_UINT32((uint32) hash_vector(fcinfo, 0));
}

Datum DENSE_FN(hash_extended)(PG_FUNCTION_ARGS)
{
    PG_RETURN_UINT64(hash_vector(fcinfo, (uint64) PG_GETARG_INT64(1)));
}
