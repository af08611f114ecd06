/*
 * The ivf checker as plain C: proves the invariants of a whole index from its pages.
 *
 *     vdb_ivf_check_geometry(metapage, ...);  vdb_ivf_check_size(...);
 *     check = vdb_ivf_check_begin(palloc(size), ...);
 *     while ((blkno = vdb_ivf_check_directory_next(check)) != VDB_NO_BLOCK)   which lists are live
 *         vdb_ivf_check_directory(check, page);
 *     for every block: vdb_ivf_check_feed(check, blkno, page), vdb_ivf_check_page_tids(...);
 *     while (vdb_ivf_check_finish(check)) ;
 *
 * Problems and counts may be read at any time.  The checker owns no memory but the block it is
 * given, raises nothing and survives any page content.  The pages must not change meanwhile, or it
 * may report problems that are none.
 */
#ifndef VDB_IVF_CHECK_API_H
#define VDB_IVF_CHECK_API_H

#include "core/problem_api.h"
#include "ivf/page_api.h"

VDB_BEGIN_DECLS

typedef struct VdbIvfCheck VdbIvfCheck;

/* What there is in the index. */
typedef struct VdbIvfCheckCounts {
    uint64_t lists;          /* live */
    uint64_t retired_lists;  /* waiting for vacuum to recycle their pages */
    uint64_t pending_lists;  /* of a split that was cut short: allowed */
    uint64_t free_ordinals;  /* of lists that were recycled */
    uint64_t empty_lists;    /* live, without entries: allowed */
    uint64_t largest_list;   /* entries of the longest live list */
    uint64_t heap_tids;      /* entries of live lists */
    uint64_t hidden_entries; /* of retired and pending lists */
    uint64_t free_entries;   /* room for so many on the pages of live lists */
    uint64_t values;         /* kept ones of live lists */
    uint64_t lost_values;    /* of them, those of no entry (a crash may leave some): allowed */
    uint64_t lost_pages;     /* of no list and not free (a crash may leave some): allowed */
    uint64_t pages[VDB_IVF_PAGE_LAST + 1]; /* by VdbIvfPageKind; [0] = all-zero pages */
    uint64_t problems;                     /* may exceed VDB_MAX_PROBLEMS */
    VdbIvfMeta meta;
    uint32_t option; /* the reloption `lists` that the index was made with */
} VdbIvfCheckCounts;

/*
 * Geometry of an index from its block 0.  VDB_CORRUPT when the metapage is damaged or of another
 * format; *problem then says how.
 */
VdbStatus vdb_ivf_check_geometry(const void *metapage, uint32_t page_size, VdbIvfGeometry *out,
                                 const char **problem) VDB_NOEXCEPT;

/* Bytes that checking an index of so many blocks needs.  REQUIRES: geometry accepted the metapage.
 */
size_t vdb_ivf_check_size(const VdbIvfGeometry *g, const void *metapage,
                          VdbBlock blocks) VDB_NOEXCEPT;

/*
 * Starts a check in `memory` (8-byte aligned, of the size above for the same metapage). heap_blocks
 * bounds the heap tids; VDB_NO_BLOCK = do not.
 */
VdbIvfCheck *vdb_ivf_check_begin(void *memory, const VdbIvfGeometry *g, const void *metapage,
                                 VdbBlock blocks, VdbBlock heap_blocks) VDB_NOEXCEPT;

/* The directory page to read next, VDB_NO_BLOCK when all were read. */
VdbBlock vdb_ivf_check_directory_next(const VdbIvfCheck *check) VDB_NOEXCEPT;
/* REQUIRES: page is the one that directory_next names, 8-byte aligned. */
void vdb_ivf_check_directory(VdbIvfCheck *check, const void *page) VDB_NOEXCEPT;

/* REQUIRES: the directory was read; called for blocks 0, 1, ... in order; page is 8-byte aligned.
 */
void vdb_ivf_check_feed(VdbIvfCheck *check, VdbBlock block, const void *page) VDB_NOEXCEPT;

/* Where a value of the value page fed last goes on, VDB_NO_BLOCK: nowhere.  That page is then to be
 * given, too; `page` is the one fed last. */
VdbBlock vdb_ivf_check_rest(const VdbIvfCheck *check) VDB_NOEXCEPT;
void vdb_ivf_check_feed_rest(VdbIvfCheck *check, const void *page, const void *rest) VDB_NOEXCEPT;

/*
 * The heap tids on the page fed last, as far as they are well-formed and of a live list.  `out` has
 * room for page_size / sizeof(VdbTid) of them.
 */
uint32_t vdb_ivf_check_page_tids(const VdbIvfCheck *check, const void *page,
                                 VdbTid *out) VDB_NOEXCEPT;

/* Does a bounded part of the work that needs all pages; true = call again.  REQUIRES: all pages
 * were fed. */
bool vdb_ivf_check_finish(VdbIvfCheck *check) VDB_NOEXCEPT;

const VdbIvfCheckCounts *vdb_ivf_check_counts(const VdbIvfCheck *check) VDB_NOEXCEPT;

/* REQUIRES: i < counts->problems and i < VDB_MAX_PROBLEMS. */
const VdbProblem *vdb_ivf_check_problem(const VdbIvfCheck *check, uint32_t i) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
