/*
 * Scanning the lists of a coded index: estimates from codes say which entries may be near, and only
 * those are ranked by their kept values, as late as possible.  So a scan need not know how many
 * rows are wanted.
 *
 *     vdb_ivf_coded_start(s, &query);
 *     for (;;) {                                            a window of lists
 *         do {
 *             for each of the window's lists {
 *                 vdb_ivf_coded_list(s, &list);
 *                 for each of its data pages
 *                     vdb_ivf_coded_feed(s, page);
 *             }
 *             while ((next = vdb_ivf_coded_next(s, &row)) != VDB_IVF_CODED_DRY)
 *                 if (next == VDB_IVF_CODED_RANK)
 *                     rank what vdb_ivf_coded_batch() names
 *                 else
 *                     row is the next in order
 *         } while (vdb_ivf_coded_again(s));                 some did not fit: the same lists again
 *         vdb_ivf_coded_window(s);                          the next lists, if more is wanted
 *     }
 *
 * Before each feed, and before each batch is ranked, memory is to be given for as long as
 * vdb_ivf_coded_need() asks for some.
 */
#ifndef VDB_IVF_SCAN_CODED_API_H
#define VDB_IVF_SCAN_CODED_API_H

#include "ivf/page_api.h"
#include "ivf/scan_api.h"

VDB_BEGIN_DECLS

typedef struct VdbIvfCodedScan VdbIvfCodedScan;

/* What a scan looks for. */
typedef struct VdbIvfCodedQuery {
    const float *vector; /* rotated, must outlive the scan; NULL: every row is as near as any */
    float norm;          /* as vdb_value_prepare() gave it */
    float epsilon;       /* standard errors by which an estimate is taken to be off at most */
    VdbIvfOrder order;
    uint32_t expected; /* entries that are likely to be ranked; a hint */
} VdbIvfCodedQuery;

/* Bytes of a scan's state. */
size_t vdb_ivf_coded_scan_size(const VdbIvfGeometry *g) VDB_NOEXCEPT;

/* Makes a scan in `memory` (64-byte aligned, vdb_ivf_coded_scan_size() bytes), which may ask for
 * about `budget` bytes more (it takes what a page needs in any case).  REQUIRES: vdb_ivf_coded(g).
 */
VdbIvfCodedScan *vdb_ivf_coded_init(void *memory, const VdbIvfGeometry *g,
                                    size_t budget) VDB_NOEXCEPT;

/* Begins anew, keeping the memory. */
void vdb_ivf_coded_start(VdbIvfCodedScan *s, const VdbIvfCodedQuery *query) VDB_NOEXCEPT;

/* Bytes to give next, mostly 0.  Answers what was given earlier and is not used any longer. */
size_t vdb_ivf_coded_need(const VdbIvfCodedScan *s) VDB_NOEXCEPT;
void *vdb_ivf_coded_give(VdbIvfCodedScan *s, void *memory, size_t size) VDB_NOEXCEPT;

/* --- collecting --- */

/* A list whose pages follow. */
typedef struct VdbIvfCodedList {
    uint32_t id;
    float distance; /* of its centroid: vdb_ivf_rank_lists() */
    float norm;     /* of its centroid, squared; not looked at for L2 */
} VdbIvfCodedList;

void vdb_ivf_coded_list(VdbIvfCodedScan *s, const VdbIvfCodedList *list) VDB_NOEXCEPT;

/* The page that is likely to be fed after the next one, in memory, or NULL: it is loaded into the
 * CPU's cache meanwhile.  Only a hint, and not read otherwise. */
void vdb_ivf_coded_ahead(VdbIvfCodedScan *s, const void *page) VDB_NOEXCEPT;

/* Collects the entries of a page that may be near enough.  VDB_STALE, VDB_CORRUPT: as
 * vdb_ivf_codes_read(); VDB_FULL: need() was not heeded.  Then nothing was collected. */
VdbStatus vdb_ivf_coded_feed(VdbIvfCodedScan *s, const void *page) VDB_NOEXCEPT;

/* --- taking --- */

typedef struct VdbIvfCodedRow {
    VdbTid tid;
    /* What the operator's result is not below (vdb_kept_bound()), or that result where values are
     * in the table; infinity for NaN.  0 where there is no query. */
    double bound;
} VdbIvfCodedRow;

/* A row found late has a bound below that of the one before it; its distance is not below that,
 * unless order is relaxed. */
typedef enum VdbIvfCodedNext {
    VDB_IVF_CODED_ROW,  /* a row in order of distance, as far as bounds tell */
    VDB_IVF_CODED_RANK, /* a batch of entries is to be ranked first */
    VDB_IVF_CODED_DRY   /* nothing is left of what was collected */
} VdbIvfCodedNext;

VdbIvfCodedNext vdb_ivf_coded_next(VdbIvfCodedScan *s, VdbIvfCodedRow *row) VDB_NOEXCEPT;

/* Whether that would be a row. */
bool vdb_ivf_coded_ready(VdbIvfCodedScan *s) VDB_NOEXCEPT;

/* An entry, as collected. */
typedef struct VdbIvfCandidate {
    float lower; /* bound of its rank, if the estimate was not off by more */
    uint32_t list_id;
    VdbTid tid;
    VdbIvfPlace place; /* of its value; means nothing where that is in the table */
} VdbIvfCandidate;

/* What is to be ranked, entries of one value page one after the other. */
const VdbIvfCandidate *vdb_ivf_coded_batch(const VdbIvfCodedScan *s, uint32_t *n) VDB_NOEXCEPT;

/*
 * Ranks entry *i of the batch and those after it that are on the same value page, which this is,
 * with the one where its first value goes on if that is one of theirs; sets *i to the first that is
 * not.  An entry whose value is gone is dropped: vacuum took it, so no row that the snapshot sees
 * was there.  VDB_STALE: not a value page of that list.  VDB_CORRUPT: the value of entry *i is not
 * as it was written.
 */
VdbStatus vdb_ivf_coded_rank(VdbIvfCodedScan *s, const VdbIvfValuePages *at,
                             uint32_t *i) VDB_NOEXCEPT;
/* The same where values are in the table: what the operator says of entry i, infinity for NaN. */
void vdb_ivf_coded_ranked(VdbIvfCodedScan *s, uint32_t i, double distance) VDB_NOEXCEPT;

/* As vdb_ivf_scan_again(), vdb_ivf_scan_window(), vdb_ivf_scan_widen() and vdb_ivf_scan_late().  In
 * strict order a row is left out that is found nearer than one already taken. */
bool vdb_ivf_coded_again(VdbIvfCodedScan *s) VDB_NOEXCEPT;
void vdb_ivf_coded_window(VdbIvfCodedScan *s) VDB_NOEXCEPT;
bool vdb_ivf_coded_widen(VdbIvfCodedScan *s) VDB_NOEXCEPT;
void vdb_ivf_coded_late(VdbIvfCodedScan *s) VDB_NOEXCEPT;

/* Entries collected and rows ranked that were not taken yet. */
uint32_t vdb_ivf_coded_left(const VdbIvfCodedScan *s) VDB_NOEXCEPT;

/* Entries ranked since the start: what a scan like this one may expect. */
uint32_t vdb_ivf_coded_ranked_total(const VdbIvfCodedScan *s) VDB_NOEXCEPT;

/*
 * Puts the lists in about the order of their distances, which are not in out[].distance then: that
 * is for vdb_ivf_rank_lists() to say of the first of them.  False, and nothing was done: there are
 * no codes, or nothing to go by.
 */
bool vdb_ivf_coded_estimate_lists(const VdbIvfCodedScan *s, const VdbIvfCentroidCodes *codes,
                                  VdbIvfRanked *out) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
