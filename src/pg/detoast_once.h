/*
 * Toasted vectors that distance functions look at more than once.  Where the executor rechecks the
 * order of an index scan, it computes the distance of every row twice, once for the order and once
 * for the target list, and to fetch a vector from its TOAST table costs more than all the rest of a
 * row.  While such a scan runs, the vectors fetched last are therefore kept.
 */
#ifndef VDB_PG_DETOAST_ONCE_H
#define VDB_PG_DETOAST_ONCE_H

#include "fmgr.h"

#include "pg/compat.h"

/* Scans that run. */
extern uint32 vdb_detoast_scans;

/* A scan has started, and ends when the context is reset or deleted.  Its snapshot must live as
 * long: it is what keeps vacuum from giving a vector's name in the TOAST table to another. */
extern void vdb_detoast_start(MemoryContext scan);

extern Datum vdb_detoast_kept(Datum toasted);

/* The same value; in plain form if it is kept, which is good until two others are asked for. */
static inline Datum vdb_detoast_once(Datum value)
{
    if (unlikely(vdb_detoast_scans > 0) && VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
        return vdb_detoast_kept(value);
    return value;
}

#endif
