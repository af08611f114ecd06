/*
 * Parallel CREATE INDEX, the part that is the same for all our access methods: the leader and its
 * workers share one scan of the table and one block of memory of the access method.
 */
#ifndef VDB_PG_PARALLEL_BUILD_H
#define VDB_PG_PARALLEL_BUILD_H

#include "access/parallel.h"
#include "access/tableam.h"
#include "nodes/execnodes.h"

/* What a process that takes part in a build works on. */
typedef struct VdbBuildShare {
    Relation heap;
    Relation index;
    IndexInfo *info;
    TableScanDesc scan; /* its share of the table; NULL: all of it */
    void *shared;       /* the access method's block of memory */
    dsm_segment *segment;
} VdbBuildShare;

typedef struct VdbParallel VdbParallel;

/* Whether there seems to be room for so much dynamic shared memory: on some systems running out of
 * it is a failure and cannot be tried. */
extern bool vdb_has_shared_memory(Size size);

/*
 * Prepares up to so many workers, which will run the function of that name in this library, and
 * allocates the shared block for the access method to fill in: leader->shared.  NULL: there is no
 * shared memory to be had.
 */
extern VdbParallel *vdb_parallel_prepare(VdbBuildShare *leader, const char *entry, int nworkers,
                                         Size shared_size);
/* Starts the workers and gives the leader its share of the scan.  Answers how many there are. */
extern int vdb_parallel_launch(VdbParallel *parallel, VdbBuildShare *leader);
/* Waits until all workers are done. */
extern void vdb_parallel_wait(VdbParallel *parallel);
/* The shared block goes. */
extern void vdb_parallel_end(VdbParallel *parallel);

/* The body of a worker's entry point: opens what it works on, does the work, closes. */
extern void vdb_parallel_work(dsm_segment *segment, shm_toc *toc,
                              void (*work)(VdbBuildShare *share));

#endif
