/*
 * What the files of the ivf shim share (ivf_*.c).  The lists themselves are ivf/ivf_api.h, and
 * which locks and WAL records go with which step is in src/ivf/README.md.
 */
#ifndef VDB_PG_IVF_H
#define VDB_PG_IVF_H

#include "access/amapi.h"
#include "access/reloptions.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "ivf/ivf_api.h"
#include "ivf/page_api.h"
#include "pg/index_value.h"
#include "pg/page.h"
#include "pg/quantizer.h"

/* Support functions of an operator class: VDB_DISTANCE_PROC, VDB_NORM_PROC, and pgvector's for
 * k-means and type info, which are accepted and not called. */
#define IVF_SUPPORT_PROCS 5

#define VDB_IVF_MIN_LISTS 1

/* Reloptions as parsed; 0 = not given. */
typedef struct IvfOptions {
    int32 vl_len_; /* varlena header, do not touch directly */
    int lists;
    int probes;
    VdbQuantizerOptions codes; /* of the lists' entries */
} IvfOptions;

typedef enum IvfIterativeScan {
    IVF_ITERATIVE_SCAN_OFF,
    IVF_ITERATIVE_SCAN_RELAXED,
    IVF_ITERATIVE_SCAN_STRICT
} IvfIterativeScan;

/* What never changes about an index after CREATE INDEX, and its size as last seen. */
typedef struct IvfIndex {
    VdbIvfGeometry geometry;
    uint32 lists; /* the option as it was then, 0 = automatic */
    uint64 seed;
    BlockNumber nblocks; /* at least so many blocks exist */
} IvfIndex;

/* What a session knows of a live list; none of it changes while the list lives. */
typedef struct IvfListRef {
    uint32 ordinal;
    uint32 id;
    BlockNumber first; /* InvalidBlockNumber: it had no page when this was read */
    uint32 run;        /* pages from the first on that lie one after the other */
} IvfListRef;

/*
 * The live lists and their centroids as of one epoch, in the order of their ordinals, and the
 * blocks of the directory.  One chunk of memory in the relcache entry, which may vanish at any
 * invalidation: nobody keeps a pointer to it while locks are taken or pages are read.
 */
typedef struct IvfCache {
    IvfIndex ii;
    uint64 epoch; /* 0: only `ii` is there */
    uint32 count; /* live lists */
    uint32 directory_blocks;
    IvfListRef *lists;
    BlockNumber *directory;
    VdbIvfCentroids centroids;
    const VdbIvfCentroidCodes *codes; /* of the centroids, NULL = none */
} IvfCache;

/* ivf_options.c */
extern void ivf_init(void); /* settings and reloptions; called once by _PG_init */
extern bytea *ivfoptions(Datum reloptions, bool validate);
extern int ivf_lists(Relation index); /* as asked for by WITH, 0 = automatic */
/* How an index over such values is to keep them: VDB_KEPT_PLAIN = without codes, or as
 * vdb_ivf_coded_geometry() has it; ereports where it cannot as asked. */
extern uint32 ivf_kept(Relation index, const VdbSpace *space);
extern IvfIterativeScan ivf_iterative_scan(void);
extern double ivf_epsilon; /* standard errors of an estimate that a scan reckons with */
/* How many of so many lists a scan looks at to begin with, and at most. */
typedef struct IvfProbes {
    uint32 first;
    uint32 most;
} IvfProbes;
extern IvfProbes ivf_probes(Relation index, const IvfIndex *ii, uint32 lists);

/* ivf_page.c: the only file that reads, locks and initialises pages of this access method */
/* Pinned and locked; ereports INDEX_CORRUPTED where the page is not of that kind. */
extern Buffer ivf_read_page(Relation index, IvfIndex *ii, BlockNumber blkno, VdbIvfPageKind kind,
                            int lockmode);
/* The same, locked exclusively, or InvalidBuffer where that would mean to wait. */
extern Buffer ivf_try_read_page(Relation index, IvfIndex *ii, BlockNumber blkno,
                                VdbIvfPageKind kind);
/* A page that was or is a list's, pinned and locked; the core judges what it is now. */
extern Buffer ivf_read_data(Relation index, IvfIndex *ii, BlockNumber blkno,
                            BufferAccessStrategy strategy, int lockmode);
/* Starts loading a part of a page into the CPU's cache, if it is known where it is.  Only a hint.
 */
extern void ivf_prefetch_cpu(Relation index, BlockNumber blkno, uint32 offset, uint32 size);
/* The block is read the ordinary way next, which tells the buffer manager that it is in use. */
extern void ivf_forget_place(Relation index, BlockNumber blkno);
/* Where a page is, if it is known; not pinned: only to be loaded into the CPU's cache.  NULL: not
 * known. */
extern const char *ivf_seen_at(Relation index, BlockNumber blkno);
/* ereports unless a reading of a data page was VDB_OK.  A page that serves another list by now is a
 * conflict with recovery on a standby. */
extern void ivf_check_data(VdbStatus status, Relation index, BlockNumber blkno);
/* Counts a step along a chain, which may lead through every block once. */
extern void ivf_count_step(Relation index, IvfIndex *ii, BlockNumber blkno, BlockNumber *steps);
/* Initialises a page image (PageInit, core content, pd_lower). */
extern void ivf_init_page(Page page, const VdbIvfGeometry *g, VdbIvfPageKind kind);

/* ivf_index.c: the index's fixed facts, its metapage, and the cache of its lists */
/* Facts of an index about to be built, from its column and reloptions; ereports where it cannot
 * be. */
extern IvfIndex ivf_new_index(Relation index);
/* A value in the index's space, prepared and, for a coded index, rotated; a query's likewise.  In
 * the current memory context. */
extern VdbIndexValue ivf_form_value(const IvfIndex *ii, Datum value);
extern VdbIndexValue ivf_form_query(const IvfIndex *ii, Datum value, bool isnull);
/* The facts of an existing index, from its metapage once and from the relcache later. */
extern IvfIndex ivf_index(Relation index);
extern VdbIvfMeta ivf_read_meta(Relation index, IvfIndex *ii);
/* The live lists as of now.  To be used at once: see IvfCache. */
extern const IvfCache *ivf_cache(Relation index, IvfIndex *ii);
/* The directory page that holds an ordinal. */
extern BlockNumber ivf_directory_block(Relation index, IvfIndex *ii, uint32 ordinal);
/* Pages of the directory's or the centroids' chain. */
extern uint32 ivf_chain_length(Relation index, IvfIndex *ii, BlockNumber first,
                               VdbIvfPageKind kind);
extern VdbIvfList ivf_read_list(Relation index, IvfIndex *ii, uint32 ordinal);
/* The same of a list that a scan chose; ereports where it has been recycled. */
extern VdbIvfList ivf_read_chosen(Relation index, IvfIndex *ii, const IvfListRef *ref);
/* Copies the centroid of a list, by its pages. */
extern void ivf_read_centroid(Relation index, IvfIndex *ii, uint32 ordinal, void *centroid);

/*
 * ivf_list.c: changes of lists.  Who adds to a list holds PostgreSQL's RowExclusiveLock on the page
 * number that is its ordinal, who takes its entries elsewhere the ExclusiveLock.  Before that comes
 * the split lock, for splits, of which there is one at a time, and vacuum.
 */
extern void ivf_lock_splits(Relation index);
extern bool ivf_try_lock_splits(Relation index); /* false: somebody has it */
extern void ivf_unlock_splits(Relation index);

/* An image of a data page of that list, empty, to be filled and appended; of a value page. */
extern void ivf_begin_image(Page image, const IvfIndex *ii, uint32 list_id);
extern void ivf_begin_values_image(Page image, const IvfIndex *ii, uint32 list_id);
/* Adds a page with the image's entries to the end of a list, and brings *list up to date.  False,
 * and nothing was appended: the list had grown since *list was read. */
extern bool ivf_append_page(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                            const char *image);
/* The same for a value page, which comes before the others; its block is list->values then. */
extern bool ivf_prepend_values(Relation index, IvfIndex *ii, uint32 ordinal, VdbIvfList *list,
                               const char *image);
/* A row for a list: heap tid, and what vdb_ivf_row_make() made of its value. */
typedef struct IvfEntry {
    VdbTid tid;
    const void *row;
} IvfEntry;

/* The metapage and the directory page of a list, locked exclusively, as read; a caller may add the
 * list's last page. */
typedef struct IvfListPages {
    Buffer metabuf;
    Buffer dirbuf;
    Buffer tailbuf; /* or InvalidBuffer */
    VdbIvfMeta meta;
    VdbIvfList list;
} IvfListPages;

extern IvfListPages ivf_lock_list(Relation index, IvfIndex *ii, uint32 ordinal);
extern void ivf_unlock_list(IvfListPages *pages);
/* Writes an entry that is on the page already. */
extern void ivf_write_list(Page directory, const IvfIndex *ii, uint32 ordinal,
                           const VdbIvfList *list);

/* ivf_values.c.  Where a value goes: a value page and, if its last slots are to be on the older
 * one, that.  Locked, or InvalidBuffer. */
typedef struct IvfValuePages {
    Buffer buf;
    Buffer older;
    uint32 borrowed; /* slots on it */
} IvfValuePages;

/* A value page of that list, locked exclusively; ereports INDEX_CORRUPTED where it is none. */
extern Buffer ivf_read_values(Relation index, IvfIndex *ii, uint32 list_id, BlockNumber blkno,
                              VdbIvfValues *values);

/* Locks the value page that takes the next value, or none: there is no room.  That is the newest,
 * or when it is full an older one with room again.  `held` is the data page that is locked. */
extern IvfValuePages ivf_lock_values(Relation index, IvfIndex *ii, const VdbIvfList *list,
                                     BlockNumber held);
extern void ivf_unlock_values(IvfValuePages *pages);
/* Vacuum: puts an older value page on its list's chain of those with room again, if it has. */
extern void ivf_offer_values(Relation index, IvfIndex *ii, IvfListRef ref, BlockNumber blkno);

/* Adds an entry where there is room.  False: that list is no longer live.  REQUIRES: the list's
 * lock is held. */
extern bool ivf_add_entry(Relation index, IvfIndex *ii, IvfListRef ref, IvfEntry entry,
                          bool *appended);
/* Puts a block at the head of the free pages; one that is in use by now is left alone. */
extern void ivf_give_back(Relation index, IvfIndex *ii, Buffer spare);

/* ivf_ahead.c: the bytes that an insertion is likely to change, loaded into the CPU's cache */
/* Says where an entry was added to a list: its data page, which of the entries the next one there
 * will be, and the place of its value. */
extern void ivf_remember_end(Relation index, uint32 list_id, BlockNumber data, uint32 entry,
                             VdbIvfPlace place);
/* Starts loading what an addition to the list would change. */
extern void ivf_prefetch_end(Relation index, const IvfIndex *ii, uint32 list_id);

/* ivf_retire.c: the end of lists.  REQUIRES: the split lock is held. */
/* Makes a list one that only older snapshots read; so many new ones, all that are pending, take its
 * place.  REQUIRES: the list's ExclusiveLock is held too. */
extern void ivf_retire_list(Relation index, IvfIndex *ii, IvfListRef ref, uint32 replacements);
/* Retires what a split that was cut short left. */
extern void ivf_drop_pending(Relation index, IvfIndex *ii);
/* Frees the pages of retired lists that nobody can be reading any more, if they were retired at
 * least so many transactions ago. */
extern void ivf_recycle_lists(Relation index, IvfIndex *ii, uint32 age);

/* ivf_rows.c: values from the table, which an index is without that keeps none */
typedef struct IvfRows IvfRows;
/* In the current memory context; all of it goes with ivf_end_rows(). */
extern IvfRows *ivf_begin_rows(Relation index, Relation heap);
/* The index's value of the row, to be read, detoasted and used in the context below until
 * ivf_done_with_row(); the row's page stays pinned until another's is read or ivf_unpin_rows().
 * False: the snapshot sees no row there, or its value is NULL.  May run the index's expressions. */
extern bool ivf_read_row(IvfRows *rows, VdbTid tid, Snapshot snapshot, Datum *value);
extern MemoryContext ivf_row_context(IvfRows *rows);
extern void ivf_done_with_row(IvfRows *rows);
extern void ivf_unpin_rows(IvfRows *rows);
extern void ivf_end_rows(IvfRows *rows);

/* ivf_entries.c: reading whole lists */
/* An entry of a list, whatever the form of the list. */
typedef struct IvfListEntry {
    VdbTid tid;
    const void *value; /* in the index's space */
    float norm;        /* of a coded index */
    const void *kept;  /* what the value was decoded from, NULL: it is the value itself */
} IvfListEntry;

typedef void (*IvfVisitEntry)(const IvfListEntry *entry, void *state);

/*
 * Calls visit() for every entry of the list, on copies of its pages; an entry is valid until it
 * returns.  Values that the index does not keep come from the table, or, where the row is gone for
 * everybody, from the entry's code.  REQUIRES: the list's ExclusiveLock is held, and a lock on the
 * table.
 */
extern void ivf_for_each_entry(Relation index, IvfIndex *ii, IvfListRef ref, const VdbIvfList *list,
                               IvfVisitEntry visit, void *state);

/* ivf_split.c */
/* Splits a list that has outgrown the others, if nobody else is splitting. */
extern void ivf_consider_split(Relation index, IvfIndex *ii, IvfListRef ref);
/* Into how many pieces a list of so many rows should be split, 0 = it should not. */
extern uint32 ivf_pieces_wanted(const IvfIndex *ii, const VdbIvfMeta *meta, uint64 list_rows);
/* Replaces a list by up to so many that share its entries.  False: it could not be split.
 * REQUIRES: the split lock is held, and ivf_drop_pending() was called since. */
extern bool ivf_split(Relation index, IvfIndex *ii, IvfListRef ref, uint32 pieces);
/* Replaces a list by one around the mean of its entries, if they have moved away from its centroid.
 * REQUIRES: the split lock is held. */
extern bool ivf_recentre(Relation index, IvfIndex *ii, IvfListRef ref);

/* ivf_build.c */
extern IndexBuildResult *ivfbuild(Relation heap, Relation index, IndexInfo *info);
extern void ivfbuildempty(Relation index);

/* ivf_insert.c */
extern bool ivfinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
                      Relation heap, IndexUniqueCheck check_unique, bool index_unchanged,
                      IndexInfo *info);

/* ivf_vacuum.c */
extern IndexBulkDeleteResult *ivfbulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                            IndexBulkDeleteCallback callback, void *callback_state);
extern IndexBulkDeleteResult *ivfvacuumcleanup(IndexVacuumInfo *info, IndexBulkDeleteResult *stats);

/* ivf_scan.c */
extern IndexScanDesc ivfbeginscan(Relation index, int nkeys, int norderbys);
extern void ivfrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys, int norderbys);
extern bool ivfgettuple(IndexScanDesc scan, ScanDirection dir);
extern void ivfendscan(IndexScanDesc scan);

/* ivf_cost.c */
extern void ivfcostestimate(struct PlannerInfo *root, struct IndexPath *path, double loop_count,
                            Cost *startup_cost, Cost *total_cost, Selectivity *selectivity,
                            double *correlation, double *pages);

/* Progress phases of CREATE INDEX; the first is PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE. */
#define IVF_PROGRESS_KMEANS 2 /* performing k-means */
#define IVF_PROGRESS_ASSIGN 3 /* assigning tuples */
#define IVF_PROGRESS_LOAD   4 /* loading tuples */

#endif
