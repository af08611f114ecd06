/*
 * Collecting the entries of the lists that a scan looks at, and handing them out nearest first.
 *
 *     vdb_ivf_scan_start(s, query, query_norm, order);
 *     for (;;) {                                            a window of lists
 *         do {
 *             for each data page of the window's lists {
 *                 while ((n = vdb_ivf_scan_need(s)) > 0)
 *                     vdb_ivf_scan_give(s, palloc(n), n);   so that feed() never allocates
 *                 vdb_ivf_scan_feed(s, page, list_id);
 *             }
 *             while (vdb_ivf_scan_take(s, &tid, &distance)) ...
 *         } while (vdb_ivf_scan_again(s));                  some did not fit: the same lists again
 *         vdb_ivf_scan_window(s);                           the next lists, if more is wanted
 *     }
 *
 * Order is by (distance, tid) and so the same for the same entries, whichever pages they lie on.
 */
#ifndef VDB_IVF_SCAN_API_H
#define VDB_IVF_SCAN_API_H

#include "ivf/page_api.h"

VDB_BEGIN_DECLS

typedef struct VdbIvfScan VdbIvfScan;

typedef enum VdbIvfOrder {
    VDB_IVF_STRICT, /* a later window leaves out what is nearer than an entry already taken */
    VDB_IVF_RELAXED /* every entry comes, in order within its window only */
} VdbIvfOrder;

/* Bytes of a scan's state. */
size_t vdb_ivf_scan_size(void) VDB_NOEXCEPT;

/* Makes a scan in `memory` (8-byte aligned, vdb_ivf_scan_size() bytes), which may ask for up to
 * `budget` bytes more at a time (it takes what a page needs in any case). */
VdbIvfScan *vdb_ivf_scan_init(void *memory, const VdbIvfGeometry *g, size_t budget) VDB_NOEXCEPT;

/* Begins anew, keeping the memory.  `query` is in the form of stored values, with the norm that
 * vdb_value_prepare() gave, and must outlive the scan; NULL: every entry is at distance 0. */
void vdb_ivf_scan_start(VdbIvfScan *s, const void *query, float query_norm,
                        VdbIvfOrder order) VDB_NOEXCEPT;

/* Bytes to give before the next feed, mostly 0.  What was given before is not used any longer once
 * the next block is given and may be freed. */
size_t vdb_ivf_scan_need(const VdbIvfScan *s) VDB_NOEXCEPT;
void vdb_ivf_scan_give(VdbIvfScan *s, void *memory, size_t size) VDB_NOEXCEPT;

/* Collects a page's entries.  VDB_STALE, VDB_CORRUPT: as vdb_ivf_data_read(); VDB_FULL: need() was
 * not heeded. Then nothing was collected. */
VdbStatus vdb_ivf_scan_feed(VdbIvfScan *s, const void *page, uint32_t list_id) VDB_NOEXCEPT;

/* Takes the nearest entry collected that was not taken yet.  The distance is as
 * vdb::Space::rank(). */
bool vdb_ivf_scan_take(VdbIvfScan *s, VdbTid *tid, float *distance) VDB_NOEXCEPT;

/* When all collected were taken: whether some entries of this window found no room.  Then the
 * window's pages are to be fed again, and those taken already are left out. */
bool vdb_ivf_scan_again(VdbIvfScan *s) VDB_NOEXCEPT;

/* Goes on to other lists.  REQUIRES: nothing is left to take. */
void vdb_ivf_scan_window(VdbIvfScan *s) VDB_NOEXCEPT;

/* Entries collected and not taken yet. */
uint32_t vdb_ivf_scan_left(const VdbIvfScan *s) VDB_NOEXCEPT;

/*
 * Adds other lists to the window before it is drained, so that in strict order less is left out:
 * what is left to take stays, and from now on only what is nearer than the entry taken last is left
 * out.  False, and nothing done, where that has no use (relaxed order, no query), not yet (some of
 * what the last widening added goes before an entry taken earlier) or not any more (some entries
 * found no room: then the window is to be drained).  If vdb_ivf_scan_again() asks for it, the whole
 * window is to be fed again, and vdb_ivf_scan_late() called before the first list that the last
 * widening added.
 */
bool vdb_ivf_scan_widen(VdbIvfScan *s) VDB_NOEXCEPT;
void vdb_ivf_scan_late(VdbIvfScan *s) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
