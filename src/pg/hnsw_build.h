/*
 * What the files of CREATE INDEX share: hnsw_build.c fills the graph, hnsw_write.c writes it,
 * hnsw_parallel.c brings in workers.
 *
 * A build starts in memory: rows are collected, then linked by all processes together.  When it is
 * full, one process moves what is there to temporary files while the others wait; later rows go
 * there too, and are linked from there (hnsw_external.c).  Where that cannot be, it writes what is
 * there to the index, and every later row goes through ordinary insertion.
 */
#ifndef VDB_PG_HNSW_BUILD_H
#define VDB_PG_HNSW_BUILD_H

#include "access/tableam.h"
#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/spin.h"

#include "hnsw/build_api.h"
#include "pg/hnsw.h"
#include "pg/hnsw_store.h"

typedef enum HnswBuildPhase {
    HNSW_BUILD_IN_MEMORY,
    HNSW_BUILD_FLUSHING, /* one process empties the memory, nobody adds */
    HNSW_BUILD_IN_FILES,
    HNSW_BUILD_ON_DISK
} HnswBuildPhase;

/* What all processes of one build see.  In dynamic shared memory if there are several. */
typedef struct HnswBuildShared {
    HnswIndex hi;
    dsm_handle region;
    Size region_size;
    uint32 processes; /* at most */
    SharedFileSet files;

    pg_atomic_uint64 index_tuples;

    slock_t mutex; /* of what follows */
    HnswBuildPhase phase;
    int adders; /* processes within vdb_hnsw_build_add() */
    double heap_tuples;
    bool broken_hot_chain;     /* a row was left out that an older snapshot still sees */
    ConditionVariable changed; /* of phase and adders */

    Barrier barrier; /* between the phases of linking */
    VdbHnswBuildPhase linking;
} HnswBuildShared;

/* Pages between the processes that render them and the one that writes them. */
typedef struct HnswPages HnswPages;

/* One process's view of a build. */
typedef struct HnswBuild {
    Relation heap;
    Relation index;
    IndexInfo *info;
    HnswIndex hi;
    HnswBuildShared *shared;
    HnswPages *pages; /* NULL: the build is one process's */
    void *region;
    Size region_size;
    void *scratch;
    uint32 process; /* 0: the leader */
    HnswStore *store;
    void *rendering;           /* memory for pages from files */
    MemoryContext row_context; /* reset after each row */
    bool reports_progress;
    double sparse_bytes; /* of a sampled sparse vector, on average */
} HnswBuild;

/* hnsw_build.c */
extern void hnsw_build_init_shared(HnswBuildShared *shared, HnswBuild *build, uint32 processes);
/* Scans the table (its share of it, if `scan` is parallel), adds its rows, and helps to link. */
extern void hnsw_build_scan(HnswBuild *build, TableScanDesc scan);
/* Bytes of memory to build in. */
extern Size hnsw_build_memory(HnswBuild *build);
extern void hnsw_build_init_region(HnswBuild *build, void *region, Size size);
/* To the view of progress, where this process reports it. */
extern void hnsw_build_report(HnswBuild *build, int index, int64 value);
extern void hnsw_report_share(HnswBuild *build, VdbHnswBuildProgress progress, int64 nodes);
/* Says that rows are going to be inserted one by one. */
extern void hnsw_notice_full(HnswBuild *build);
extern void *hnsw_alloc_aligned(Size size);

/* hnsw_external.c: the build's steps where rows are in files */
extern bool hnsw_in_files(const HnswBuild *build);
/* False, and nothing is changed, where memory does not do for so many rows.  Nobody may add. */
extern bool hnsw_move_to_files(HnswBuild *build, double rows);
extern void hnsw_add_to_files(HnswBuild *build, VdbIndexValue vector, VdbTid tid);
extern VdbHnswBuildPhase hnsw_begin_phase_in_files(HnswBuild *build);
extern void hnsw_work_in_files(HnswBuild *build);
extern void hnsw_finish_in_files(HnswBuild *build);
extern void hnsw_begin_rendering_files(HnswBuild *build);

/* hnsw_write.c */
extern Size hnsw_pages_size(void);
extern void hnsw_pages_init(HnswPages *pages);
/* Writes the graph as the whole index.  Nobody may be adding to it. */
extern void hnsw_write_graph(HnswBuild *build);
/* A worker's part of that: returns when there is nothing left to render. */
extern void hnsw_help_to_write(HnswBuild *build);

/* hnsw_parallel.c */
typedef struct HnswParallel HnswParallel;

/* Starts workers on a region in shared memory; NULL if there cannot be any. */
extern HnswParallel *hnsw_parallel_begin(HnswBuild *build, int nworkers);
/* The leader's own share of the scan. */
extern void hnsw_parallel_scan(HnswParallel *parallel, HnswBuild *build);
/* Returns when all workers have gone. */
extern void hnsw_parallel_end(HnswParallel *parallel);

/* hnsw_sample.c: nothing for an index over vectors that all have one size */
extern HnswSizes hnsw_sample_sizes(Relation heap, Relation index, IndexInfo *info);

#endif
