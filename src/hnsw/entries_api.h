/*
 * Where searches of an index with codes may begin: a sample of its nodes, spread over its pages,
 * whose distances to a query are estimated at once.  A session makes it as it goes, some pages at a
 * time.  Nodes may have gone since: they are hints.
 *
 *     while ((blkno = vdb_hnsw_entries_next(e)) != VDB_NO_BLOCK)
 *         vdb_hnsw_entries_feed(e, page);           in any number of steps
 *     if (vdb_hnsw_entries_count(e) > 0)
 *         vdb_hnsw_search_start_near(s, &query, e, root, ef);
 */
#ifndef VDB_HNSW_ENTRIES_API_H
#define VDB_HNSW_ENTRIES_API_H

#include "hnsw/search_api.h"

VDB_BEGIN_DECLS

typedef struct VdbHnswEntries VdbHnswEntries;

/* Whether nodes of such an index can be sampled: they must not lie on several pages. */
static inline bool vdb_hnsw_can_sample(const VdbHnswGeometry *g)
{
    return vdb_hnsw_coded(g) && g->vector_pages == 0;
}

/* REQUIRES: vdb_hnsw_can_sample(g). */
size_t vdb_hnsw_entries_size(const VdbHnswGeometry *g) VDB_NOEXCEPT;

/* memory: aligned to 64 bytes.  `blocks`: of the index. */
VdbHnswEntries *vdb_hnsw_entries_init(void *memory, const VdbHnswGeometry *g,
                                      VdbBlock blocks) VDB_NOEXCEPT;

/* The block to look at next, VDB_NO_BLOCK when there are enough.  Idempotent until fed. */
VdbBlock vdb_hnsw_entries_next(const VdbHnswEntries *e) VDB_NOEXCEPT;
void vdb_hnsw_entries_feed(VdbHnswEntries *e, const void *page) VDB_NOEXCEPT;

/* Nodes to begin at that are known. */
uint32_t vdb_hnsw_entries_count(const VdbHnswEntries *e) VDB_NOEXCEPT;

/* Begins a scan on layer 0 from the nearest of them.  REQUIRES: there are some; the search is of
 * the same index. */
void vdb_hnsw_search_start_near(VdbHnswSearch *s, const VdbHnswQuery *query, VdbHnswEntries *e,
                                VdbNode root, uint32_t ef) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
