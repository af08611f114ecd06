/*
 * Writing a whole index from rows in the order of their lists.
 */
#ifndef VDB_PG_IVF_WRITE_H
#define VDB_PG_IVF_WRITE_H

#include "common/relpath.h"
#include "utils/tuplesort.h"

#include "pg/ivf.h"

typedef struct IvfContents {
    const IvfIndex *ii;
    VdbIvfCentroids centroids; /* one a list, at least one */
    const uint64 *counts;      /* entries of each list */
    Tuplesortstate *sort;      /* all entries in the order of their lists; NULL: there are none */
} IvfContents;

/* The rows that are sorted: list, heap tid, value as bytea. */
extern TupleDesc ivf_sorted_row_desc(void);
extern void ivf_write_index(Relation index, ForkNumber fork, const IvfContents *contents);

#endif
