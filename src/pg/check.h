/*
 * What vectordb_index_check() and vectordb_index_info() need of an access method: its core's
 * checker behind functions of one kind.
 */
#ifndef VDB_PG_CHECK_H
#define VDB_PG_CHECK_H

#include "access/amapi.h"
#include "access/tupdesc.h"
#include "storage/block.h"
#include "utils/relcache.h"

#include "core/problem_api.h"

/* Sizes in blocks. */
typedef struct VdbCheckBlocks {
    BlockNumber index;
    BlockNumber heap; /* InvalidBlockNumber: not known, as replay may go on */
} VdbCheckBlocks;

/* The row of vectordb_index_info().  What an access method does not have is NULL. */
typedef struct VdbIndexInfo {
    TupleDesc desc;
    Datum *values;
    bool *nulls;
} VdbIndexInfo;

typedef struct VdbChecker {
    ambuild_function build; /* of the access method: tells its indexes from others */
    /* Starts a check from the metapage.  NULL: there is no telling the index's format, and *problem
     * says why. */
    void *(*begin)(Relation index, const char *metapage, VdbCheckBlocks blocks,
                   const char **problem);
    /* Where the used part of a page ends; 0: it is no page of this access method. */
    uint32 (*page_end)(const void *check, const char *page);
    void (*feed)(void *check, BlockNumber blkno, const char *page);
    /* The heap tids on the page fed last; `out` has room for a page of them. */
    uint32 (*page_tids)(const void *check, const char *page, VdbTid *out);
    bool (*finish)(void *check); /* true: call again */
    uint64 (*problems)(const void *check);
    const VdbProblem *(*problem)(const void *check, uint32 i);
    void (*info)(const void *check, VdbIndexInfo *info);
} VdbChecker;

extern const VdbChecker vdb_hnsw_checker;
extern const VdbChecker vdb_ivf_checker;

/* Memory for a core's checker; ereports for an index too large. */
extern void *vdb_check_memory(Relation index, Size size);
/* Sets one column, by its name. */
extern void vdb_info_put(VdbIndexInfo *info, const char *column, Datum value);
extern void vdb_info_put_count(VdbIndexInfo *info, const char *column, uint64 value);
extern void vdb_info_put_space(VdbIndexInfo *info, uint32 metric, uint32 dims);

#endif
