/*
 * Template (dense_functions.h): hashes that agree with dense_compare.h, in which -0 equals 0.
 */
#include "common/hashfn.h"

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

static uint64 hash(const DENSE *vector, uint64 seed)
{
    DENSE *same;
    uint64 result;

    if (!has_negative_zero(vector))
        return hash_elements(vector, seed);
    same = DENSE_VDB(create)(vector->dim);
    for (int i = 0; i < vector->dim; i++)
        same->x[i] = DENSE_TO_FLOAT(vector->x[i]) == 0 ? 0 : vector->x[i];
    result = hash_elements(same, seed);
    pfree(same);
    return result;
}

#include "pg/vec_hash.h"
