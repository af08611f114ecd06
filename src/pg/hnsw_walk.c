/*
 * Drives the core's machines over index pages: each names a page, is fed it under a share lock, and
 * goes on.  At most one page is pinned and locked at any time.
 */
#include "postgres.h"

#include "executor/instrument.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/spccache.h"

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

/* With codes, what stands before the vector is read as well: up to a memory page of it. */
#define PREFETCH_CODE_BYTES 4096

static void prefetch(Relation index, HnswIndex *hi, VdbHnswSearch *search)
{
    const VdbHnswGeometry *g = &hi->geometry;
    uint32 head_bytes =
        vdb_hnsw_coded(g) ? Min(g->vector_offset, PREFETCH_CODE_BYTES) : PREFETCH_HEADER_BYTES;
    uint32 vector_bytes = Min(g->inline_units * g->unit_size, PREFETCH_VECTOR_BYTES);
    BlockNumber blkno;
    uint32 offset;

    while ((blkno = vdb_hnsw_search_upcoming(search, PREFETCH_WINDOW, &offset)) !=
           InvalidBlockNumber) {
        vdb_prefetch_page(index, blkno, offset, head_bytes);
        vdb_prefetch_page(index, blkno, offset + g->vector_offset, vector_bytes);
    }
}

/* Pages to ask of the operating system at a time; README, Search. */
#define READ_AHEAD 8

/* What was asked for last, so that a page is asked for once. */
#define ASKED_ROOM 32

typedef struct ReadAhead {
    int64 reads;                   /* of this session, when this was looked at last */
    uint32 count;                  /* asked for so far */
    BlockNumber asked[ASKED_ROOM]; /* the last of them */
} ReadAhead;

static bool was_asked(const ReadAhead *ahead, BlockNumber blkno)
{
    for (uint32 i = 0; i < Min(ahead->count, ASKED_ROOM); i++)
        if (ahead->asked[i] == blkno)
            return true;
    return false;
}

/*
 * Once a page was not in the shared buffers, those that will follow are asked for together.  While
 * all are, this costs a comparison.
 */
static void read_ahead(Relation index, HnswIndex *hi, VdbHnswSearch *search, ReadAhead *ahead)
{
    BlockNumber blocks[READ_AHEAD];
    uint32 n;

    if (likely(ahead->reads == pgBufferUsage.shared_blks_read))
        return;
    ahead->reads = pgBufferUsage.shared_blks_read;
    n = Min(get_tablespace_io_concurrency(index->rd_rel->reltablespace), READ_AHEAD);
    n = vdb_hnsw_search_ahead(search, n, blocks);
    for (uint32 i = 0; i < n; i++) {
        if (blocks[i] >= hi->nblocks || was_asked(ahead, blocks[i]))
            continue;
        (void) PrefetchBuffer(index, MAIN_FORKNUM, blocks[i]);
        ahead->asked[ahead->count++ % ASKED_ROOM] = blocks[i];
    }
}

void hnsw_run_search(Relation index, HnswIndex *hi, VdbHnswSearch *search)
{
    ReadAhead ahead = {.reads = pgBufferUsage.shared_blks_read};
    BlockNumber blkno;

    while ((blkno = vdb_hnsw_search_next(search)) != InvalidBlockNumber) {
        Buffer buf;
        VdbStatus status;

        CHECK_FOR_INTERRUPTS();
        hnsw_reserve(search);
        read_ahead(index, hi, search, &ahead);
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
