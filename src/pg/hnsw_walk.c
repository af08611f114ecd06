/*
 * Drives the core's machines over index pages: each names a page, is fed it under a share lock, and
 * goes on.  At most one page is pinned and locked at any time.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/rel.h"

#include "pg/hnsw.h"
#include "pg/scratch.h"

VdbHnswMeta hnsw_read_meta(Relation index, HnswIndex *hi)
{
    VdbHnswMeta meta;
    Buffer buf =
        vdb_read_page_of(index, hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META, BUFFER_LOCK_SHARE);

    vdb_hnsw_meta_read(BufferGetPage(buf), &meta);
    UnlockReleaseBuffer(buf);
    return meta;
}

void hnsw_reserve(VdbHnswSearch *search)
{
    size_t size;

    while ((size = vdb_hnsw_search_need(search)) > 0)
        vdb_hnsw_search_give(search, vdb_scratch_alloc(size), size);
}

/* Visits whose pages are loaded into the CPU's cache ahead of time; measured flat from 2 to 6. */
#define PREFETCH_WINDOW 4

/* Bytes of a node to load ahead: its header, and its vector up to a memory page.  Measured at 384
 * dimensions: 414 us a query with the whole vector, 650 with its first two lines. */
#define PREFETCH_HEADER_BYTES 28
#define PREFETCH_VECTOR_BYTES 4096

static void prefetch(Relation index, HnswIndex *hi, VdbHnswSearch *search)
{
    uint32 vector_bytes =
        Min(hi->geometry.inline_units * hi->geometry.unit_size, PREFETCH_VECTOR_BYTES);
    BlockNumber blkno;
    uint32 offset;

    while ((blkno = vdb_hnsw_search_upcoming(search, PREFETCH_WINDOW, &offset)) !=
           InvalidBlockNumber) {
        vdb_prefetch_page(index, blkno, offset, PREFETCH_HEADER_BYTES);
        vdb_prefetch_page(index, blkno, offset + hi->geometry.vector_offset, vector_bytes);
    }
}

void hnsw_run_search(Relation index, HnswIndex *hi, VdbHnswSearch *search)
{
    BlockNumber blkno;

    while ((blkno = vdb_hnsw_search_next(search)) != InvalidBlockNumber) {
        Buffer buf;
        VdbStatus status;

        CHECK_FOR_INTERRUPTS();
        hnsw_reserve(search);
        prefetch(index, hi, search);
        buf = vdb_read_unchecked(index, hi, blkno);
        status = vdb_hnsw_search_feed(search, BufferGetPage(buf));
        UnlockReleaseBuffer(buf);
        vdb_check(status, index, blkno);
    }
}

void hnsw_read_links(Relation index, HnswIndex *hi, VdbNode node, uint32 level, VdbLinks *links)
{
    VdbStatus status = VDB_OK;
    bool more = true;

    vdb_hnsw_links_start(links, &hi->geometry, node, level);
    while (more) {
        BlockNumber blkno = links->block;
        Buffer buf = vdb_read_page(index, hi, blkno, BUFFER_LOCK_SHARE);

        more = vdb_hnsw_links_feed(links, &hi->geometry, BufferGetPage(buf), &status);
        UnlockReleaseBuffer(buf);
        vdb_check(status, index, blkno);
        CHECK_FOR_INTERRUPTS();
    }
}

void hnsw_run_gather(Relation index, HnswIndex *hi, VdbGather *gather)
{
    BlockNumber blkno;

    while ((blkno = vdb_hnsw_gather_next(gather)) != InvalidBlockNumber) {
        Buffer buf = vdb_read_page(index, hi, blkno, BUFFER_LOCK_SHARE);
        VdbStatus status = vdb_hnsw_gather_feed(gather, BufferGetPage(buf));

        UnlockReleaseBuffer(buf);
        vdb_check(status, index, blkno);
        CHECK_FOR_INTERRUPTS();
    }
}
