/*
 * What the vector types share that names no type.
 */
#include "postgres.h"

#include "pg/vec.h"

void vdb_check_typmod(int32 typmod, int dim)
{
    if (typmod != -1 && typmod != dim)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected %d dimensions, not %d", typmod, dim));
}
