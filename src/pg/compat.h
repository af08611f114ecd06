/*
 * Every difference between the PostgreSQL versions we support (15 to 18) that our code would see.
 * No other file tests PG_VERSION_NUM.
 */
#ifndef VDB_PG_COMPAT_H
#define VDB_PG_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "vectordb needs PostgreSQL 15 or later"
#endif

#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

/* varlena macros left postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Input functions report bad input softly from 16 on (pg_input_is_valid, COPY ... ON_ERROR). */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy_value, ...) ereport(ERROR, __VA_ARGS__)
#endif

/* Extending a relation has a function of its own from 16 on.  Answers a new page: all zero, pinned,
 * locked exclusively. */
#if PG_VERSION_NUM >= 160000
#define VDB_EXTEND_RELATION(rel) ExtendBufferedRel(BMR_REL(rel), MAIN_FORKNUM, NULL, EB_LOCK_FIRST)
#else
static inline Buffer vdb_extend_relation_15(Relation rel)
{
    Buffer buf;

    LockRelationForExtension(rel, ExclusiveLock);
    buf = ReadBufferExtended(rel, MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, NULL);
    UnlockRelationForExtension(rel, ExclusiveLock);
    return buf;
}
#define VDB_EXTEND_RELATION(rel) vdb_extend_relation_15(rel)
#endif

/* Pins a buffer that held the block a moment ago, if it still does. */
#if PG_VERSION_NUM >= 160000
#define VDB_READ_RECENT(rel, blkno, buf)                                                           \
    ReadRecentBuffer((rel)->rd_locator, MAIN_FORKNUM, blkno, buf)
#else
#define VDB_READ_RECENT(rel, blkno, buf) ReadRecentBuffer((rel)->rd_node, MAIN_FORKNUM, blkno, buf)
#endif

/* Whether a buffer holds a block of the relation, and whether it is that one; seen without a lock:
 * only hints.  For files that include storage/buf_internals.h. */
#if PG_VERSION_NUM >= 160000
#define VDB_BUFFER_IS_OF(buf, rel)                                                                 \
    BufTagMatchesRelFileLocator(&GetBufferDescriptor((buf) -1)->tag, &(rel)->rd_locator)
#else
#define VDB_BUFFER_IS_OF(buf, rel)                                                                 \
    RelFileNodeEquals(GetBufferDescriptor((buf) -1)->tag.rnode, (rel)->rd_node)
#endif
#define VDB_BUFFER_HOLDS(buf, rel, blkno)                                                          \
    (VDB_BUFFER_IS_OF(buf, rel) && GetBufferDescriptor((buf) -1)->tag.blockNum == (blkno))

/* Index scans count their searches for EXPLAIN from 18 on. */
#if PG_VERSION_NUM >= 180000
#define VDB_COUNT_SEARCH(scan)                                                                     \
    do {                                                                                           \
        if ((scan)->instrument)                                                                    \
            (scan)->instrument->nsearches++;                                                       \
    } while (0)
#else
#define VDB_COUNT_SEARCH(scan) ((void) 0)
#endif

/* Vacuum's delay point is told from 18 on whether it is ANALYZE that waits. */
#if PG_VERSION_NUM >= 180000
#define VDB_VACUUM_DELAY_POINT() vacuum_delay_point(false)
#else
#define VDB_VACUUM_DELAY_POINT() vacuum_delay_point()
#endif

/* Access methods say from 17 on whether they build in parallel. */
#if PG_VERSION_NUM >= 170000
#define VDB_AM_CAN_BUILD_PARALLEL(am) ((am)->amcanbuildparallel = true)
#else
#define VDB_AM_CAN_BUILD_PARALLEL(am) ((void) 0)
#endif

/* Ownership checks are one function from 16 on. */
#if PG_VERSION_NUM >= 160000
#define VDB_OWNS_RELATION(relid, roleid) object_ownercheck(RelationRelationId, relid, roleid)
#else
#define VDB_OWNS_RELATION(relid, roleid) pg_class_ownercheck(relid, roleid)
#endif

/* From 17 on, what an index calls sees a search_path of pg_catalog and pg_temp only. */
#if PG_VERSION_NUM >= 170000
#define VDB_RESTRICT_SEARCH_PATH() RestrictSearchPath()
#else
#define VDB_RESTRICT_SEARCH_PATH() ((void) 0)
#endif

/* A sort tells from 16 on whether what it hands out is a copy; for pass-by-value data it is all
 * one. */
#if PG_VERSION_NUM >= 160000
#define VDB_TUPLESORT_GETDATUM(sort, value, isnull)                                                \
    tuplesort_getdatum(sort, true, false, value, isnull, NULL)
#else
#define VDB_TUPLESORT_GETDATUM(sort, value, isnull)                                                \
    tuplesort_getdatum(sort, true, value, isnull, NULL)
#endif

/* Modules have a name and a version from 18 on. */
#if PG_VERSION_NUM >= 180000
#define VDB_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "vectordb", .version = "1.0")
#else
#define VDB_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* Workers for a build: from 17 on the server asks the planner, before only for btree. */
#if PG_VERSION_NUM >= 170000
#define VDB_BUILD_WORKERS(heap, index, info) ((info)->ii_ParallelWorkers)
#else
#define VDB_BUILD_WORKERS(heap, index, info)                                                       \
    plan_create_index_workers(RelationGetRelid(heap), RelationGetRelid(index))
#endif

/* storage/bulk_write.h exists from 17 on; what it replaces names files differently in 15 and 16. */
#if PG_VERSION_NUM >= 170000
#define VDB_HAVE_BULK_WRITE
#elif PG_VERSION_NUM >= 160000
#define VDB_SMGR_LOCATOR(smgr) (&(smgr)->smgr_rlocator.locator)
#else
#define VDB_SMGR_LOCATOR(smgr) (&(smgr)->smgr_rnode.node)
#endif

#endif
