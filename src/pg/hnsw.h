/*
 * What the files of the hnsw shim share (hnsw_*.c).  The graph itself is hnsw/hnsw_api.h.
 */
#ifndef VDB_PG_HNSW_H
#define VDB_PG_HNSW_H

#include "access/amapi.h"
#include "access/generic_xlog.h"
#include "access/reloptions.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "storage/itemptr.h"
#include "utils/relcache.h"

#include "hnsw/codes_api.h"
#include "hnsw/entries_api.h"
#include "hnsw/hnsw_api.h"
#include "hnsw/links_api.h"
#include "hnsw/page_edit_api.h"
#include "hnsw/search_api.h"
#include "hnsw/vacuum_api.h"
#include "pg/index_value.h"
#include "pg/page.h"
#include "pg/quantizer.h"

/* Support functions of an operator class: VDB_DISTANCE_PROC, VDB_NORM_PROC, and pgvector's type
 * info, which is accepted and not called. */
#define HNSW_SUPPORT_PROCS 3

/* Reloptions as parsed; every field's default stands in hnsw_options.c. */
typedef struct HnswOptions {
    int32 vl_len_; /* varlena header, do not touch directly */
    int m;
    int ef_construction;
    VdbQuantizerOptions codes; /* of neighbours, in their nodes' slots */
} HnswOptions;

typedef enum HnswIterativeScan {
    HNSW_ITERATIVE_SCAN_OFF,
    HNSW_ITERATIVE_SCAN_RELAXED,
    HNSW_ITERATIVE_SCAN_STRICT
} HnswIterativeScan;

extern int hnsw_ef_search;
extern int hnsw_iterative_scan;
extern int hnsw_max_scan_tuples;
extern double hnsw_scan_mem_multiplier;

/* What never changes about an index after CREATE INDEX, and its size as last seen. */
typedef struct HnswIndex {
    VdbHnswGeometry geometry;
    uint64 seed;         /* of the nodes' levels */
    BlockNumber nblocks; /* at least so many blocks exist */
} HnswIndex;

/* Sizes, in units, of some of the sparse vectors that an index is about to hold. */
typedef struct HnswSizes {
    uint32 *units;
    uint32 count;
} HnswSizes;

/* What a session remembers of an index in its relcache entry, which may vanish at any invalidation.
 */
typedef struct HnswCache {
    HnswIndex hi;
    uint32 room;     /* blocks that `buffers` has room for */
    uint32 searches; /* since this was made, as far as hnsw_learn_buffers() counts */
    Buffer learned;  /* it has looked at the shared buffers up to this one */
    Buffer
        buffers[FLEXIBLE_ARRAY_MEMBER]; /* where each block was found last, InvalidBuffer = never */
} HnswCache;

/* hnsw_options.c */
extern void hnsw_init(void); /* GUCs and reloptions; called once by _PG_init */
extern bytea *hnswoptions(Datum reloptions, bool validate);
extern int hnsw_m(Relation index); /* as asked for by WITH; an index's own stands in geometry */
extern int hnsw_ef_construction(Relation index); /* >= 2 m is checked at CREATE INDEX */
/* How an index over such vectors is to keep them; ereports where it cannot as asked. */
extern VdbKept hnsw_kept(Relation index, const VdbSpace *space);

/* hnsw_index.c: the index's fixed facts */
/* Geometry for an index about to be built, from its column and reloptions; ereports where it cannot
 * be. */
extern HnswIndex hnsw_new_index(Relation index, HnswSizes sizes);
/* The facts of an existing index, from its metapage once and from the relcache later.  A copy, as
 * the relcache may drop its own whenever it likes. */
extern HnswIndex hnsw_index(Relation index);
/* A value as the index compares it; with codes: of unit length under cosine, and rotated. */
extern VdbIndexValue hnsw_form_value(const HnswIndex *hi, Datum value);
/* The same for what a scan searches for. */
extern VdbIndexValue hnsw_form_query(const HnswIndex *hi, Datum value, bool isnull);
/* Makes room in the cache for an index that has grown. */
extern void hnsw_cache_blocks(Relation index, BlockNumber nblocks);

/* page.c: the only file that reads, locks and initialises pages */
/* Pinned and locked; ereports INDEX_CORRUPTED where the page is not one of ours. */
extern Buffer vdb_read_page(Relation index, HnswIndex *hi, BlockNumber blkno, int lockmode);
/* The same for a page that must be of one kind. */
extern Buffer vdb_read_page_of(Relation index, HnswIndex *hi, BlockNumber blkno,
                               VdbHnswPageKind kind, int lockmode);
/* Share-locked and unchecked, for the core's search, which trusts no byte. */
extern Buffer vdb_read_unchecked(Relation index, HnswIndex *hi, BlockNumber blkno);
/* Starts loading part of a page into the CPU's cache, if it is known where it is.  Only a hint. */
extern void vdb_prefetch_page(Relation index, BlockNumber blkno, uint32 offset, uint32 length);
/* Finds out where pages of the index are in the shared buffers, some buffers at each call, so that
 * a session's first look at a page needs no look-up, and is prefetched. */
extern void hnsw_learn_buffers(Relation index);
/* Block blkno for one pass over all pages; InvalidBuffer, and no lock, for an all-zero page. */
extern Buffer vdb_read_page_in_order(Relation index, BlockNumber blkno,
                                     BufferAccessStrategy strategy, int lockmode);
/* Initialises a page image (PageInit, core content, pd_lower). */
extern void vdb_init_page(Page page, const VdbHnswGeometry *g, VdbHnswPageKind kind);

/* hnsw_walk.c: drives the core's machines over pages, under share locks held one page at a time */
extern VdbHnswMeta hnsw_read_meta(Relation index, HnswIndex *hi);
/* Grows a search's containers before they are full; memory of the current context. */
extern void hnsw_reserve(VdbHnswSearch *search);
extern void hnsw_run_search(Relation index, HnswIndex *hi, VdbHnswSearch *search);
extern void hnsw_read_links(Relation index, HnswIndex *hi, VdbNode node, uint32 level,
                            VdbLinks *links);
extern void hnsw_run_gather(Relation index, HnswIndex *hi, VdbGather *gather);

/* hnsw_entries.c */
/* What this session knows of where a search may begin, and the root; NULL: not enough yet, or
 * nothing can be known. */
extern VdbHnswEntries *hnsw_entries(Relation index, HnswIndex *hi, VdbNode *root);

/* What was sampled before may be of other pages than the index has now. */
extern void hnsw_forget_entries(Relation index);

/* hnsw_build.c */
extern IndexBuildResult *hnswbuild(Relation heap, Relation index, IndexInfo *info);
extern void hnswbuildempty(Relation index);

/* hnsw_insert.c */
extern bool hnswinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid,
                       Relation heap, IndexUniqueCheck check_unique, bool index_unchanged,
                       IndexInfo *info);
/* Adds one vector to the index's pages, WAL-logged; memory of the current context is left to the
 * caller. */
extern void hnsw_insert_vector(Relation index, HnswIndex *hi, VdbIndexValue vector,
                               ItemPointer heap_tid);

/* hnsw_link.c: replaces a list as it was seen, in one record; VDB_STALE, and no change, if it has
 * changed since.  `codes`: of its edges, NULL if there is no new one (hnsw/links_api.h). */
extern VdbStatus hnsw_write_links(Relation index, HnswIndex *hi, const VdbLinks *seen,
                                  const VdbLinks *now, const VdbEdgeCodes *codes);

/* hnsw_space.c: where new nodes, cells and vector slices go.  A block answered is only likely to
 * have room: check again under its lock and ask anew when it has none. */
extern BlockNumber hnsw_find_node_page(Relation index, HnswIndex *hi);
extern BlockNumber hnsw_find_cell_page(Relation index, HnswIndex *hi, uint32 cells);
extern void hnsw_put_slices(Relation index, HnswIndex *hi, const void *stored, VdbBlock *blocks);
/* Publishes that a node page has free slots, or that it has none. */
extern void hnsw_record_node_page(Relation index, BlockNumber blkno, bool has_room);

/* hnsw_vacuum.c */
extern IndexBulkDeleteResult *hnswbulkdelete(IndexVacuumInfo *info, IndexBulkDeleteResult *stats,
                                             IndexBulkDeleteCallback callback,
                                             void *callback_state);
extern IndexBulkDeleteResult *hnswvacuumcleanup(IndexVacuumInfo *info,
                                                IndexBulkDeleteResult *stats);

/* hnsw_scan.c */
extern IndexScanDesc hnswbeginscan(Relation index, int nkeys, int norderbys);
extern void hnswrescan(IndexScanDesc scan, ScanKey keys, int nkeys, ScanKey orderbys,
                       int norderbys);
extern bool hnswgettuple(IndexScanDesc scan, ScanDirection dir);
extern void hnswendscan(IndexScanDesc scan);

/* hnsw_cost.c */
extern void hnswcostestimate(struct PlannerInfo *root, struct IndexPath *path, double loop_count,
                             Cost *startup_cost, Cost *total_cost, Selectivity *selectivity,
                             double *correlation, double *pages);

/* Progress phases of CREATE INDEX; the first is PROGRESS_CREATEIDX_SUBPHASE_INITIALIZE. */
#define HNSW_PROGRESS_LOAD      2 /* loading tuples */
#define HNSW_PROGRESS_PARTITION 3 /* partitioning vectors */
#define HNSW_PROGRESS_COMPARE   4 /* comparing vectors */
#define HNSW_PROGRESS_CHOOSE    5 /* choosing neighbors */
#define HNSW_PROGRESS_RETURN    6 /* returning edges */
#define HNSW_PROGRESS_LINK      7 /* linking neighbors */
#define HNSW_PROGRESS_REACH     8 /* checking reachability */
#define HNSW_PROGRESS_WRITE     9 /* writing index pages */

#endif
