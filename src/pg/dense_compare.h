/*
 * Template (dense_functions.h): order of dense vectors, element by element, then by the number of
 * dimensions, as PostgreSQL orders arrays. Vectors of different dimensions are comparable, and -0
 * equals 0.
 */

static int compare(const DENSE *a, const DENSE *b)
{
    int common = Min(a->dim, b->dim);

    /* what a hash or an index finds is mostly the very same bytes */
    if (a->dim == b->dim && memcmp(a->x, b->x, sizeof(DENSE_ELEMENT) * (Size) common) == 0)
        return 0;
    for (int i = 0; i < common; i++) {
        float x = DENSE_TO_FLOAT(a->x[i]);
        float y = DENSE_TO_FLOAT(b->x[i]);

        if (x < y)
            return -1;
        if (x > y)
            return 1;
    }
    return (a->dim > b->dim) - (a->dim < b->dim);
}

#include "pg/vec_compare.h"
