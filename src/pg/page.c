/*
 * The only file that reads, locks, extends and initialises index pages.  Every page passes the gate
 * here before anything looks at its content.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "pgstat.h"
#include "storage/buf_internals.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/hnsw.h"

StaticAssertDecl(sizeof(VdbTid) == sizeof(ItemPointerData),
                 "VdbTid is the twin of ItemPointerData");
StaticAssertDecl(offsetof(VdbTid, offset) == offsetof(ItemPointerData, ip_posid), "tid layout");
StaticAssertDecl(SizeOfPageHeaderData == 24, "the core leaves 24 bytes to PageHeaderData");
StaticAssertDecl(VDB_NO_BLOCK == InvalidBlockNumber, "no block");

/* Ids of pgvector's pages, which stand in the last two bytes as ours do. */
#define PGVECTOR_HNSW_PAGE    0xFF90
#define PGVECTOR_IVFFLAT_PAGE 0xFF84

/* Whether the index is one that pgvector left behind.  Looks without a lock, which the caller may
 * hold: a wrong answer would only choose the wrong words for an error. */
static bool written_by_pgvector(Relation index)
{
    Buffer buf;
    uint16 id;

    if (RelationGetNumberOfBlocks(index) == 0)
        return false;
    buf = ReadBuffer(index, 0);
    memcpy(&id, (char *) BufferGetPage(buf) + BLCKSZ - sizeof(id), sizeof(id));
    ReleaseBuffer(buf);
    return id == PGVECTOR_HNSW_PAGE || id == PGVECTOR_IVFFLAT_PAGE;
}

void vdb_corrupted(Relation index, BlockNumber blkno, const char *what)
{
    if (written_by_pgvector(index))
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("index \"%s\" has pgvector's format, which vectordb cannot read",
                               RelationGetRelationName(index)),
                        errhint("Please REINDEX it.")));
    ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                    errmsg("index \"%s\" is corrupted at block %u: %s",
                           RelationGetRelationName(index), blkno, what),
                    errhint("Please REINDEX it.")));
}

void vdb_check(VdbStatus status, Relation index, BlockNumber blkno)
{
    if (unlikely(status != VDB_OK))
        vdb_corrupted(index, blkno, "a page breaks its format");
}

void vdb_heap_tid_beyond(IndexScanDesc scan, BlockNumber blkno)
{
    BlockNumber nblocks = RelationGetNumberOfBlocks(scan->heapRelation);

    /* other access methods may number rows as they like */
    if (blkno >= nblocks && scan->heapRelation->rd_tableam == GetHeapamTableAmRoutine())
        ereport(ERROR, (errcode(ERRCODE_INDEX_CORRUPTED),
                        errmsg("index \"%s\" is corrupted: it names a row in block %u of its "
                               "table, which has %u",
                               RelationGetRelationName(scan->indexRelation), blkno, nblocks),
                        errhint("Please REINDEX it.")));
}

/* Learns the index's size anew; ereports if the block still lies beyond it. */
static void check_block(Relation index, HnswIndex *hi, BlockNumber blkno)
{
    hi->nblocks = RelationGetNumberOfBlocks(index);
    if (blkno >= hi->nblocks)
        vdb_corrupted(index, blkno, "a link leads beyond the end of the index");
    hnsw_cache_blocks(index, hi->nblocks);
}

/* Of so many reads of a page that is found where it was last, one goes the long way, which tells
 * the buffer manager that the page is in use. */
#define READS_PER_USAGE 64

Buffer vdb_pin_recent(Relation index, BlockNumber blkno, Buffer hint)
{
    static uint32 reads;

    if (hint == InvalidBuffer || ++reads % READS_PER_USAGE == 0 ||
        !VDB_READ_RECENT(index, blkno, hint))
        return InvalidBuffer;
    pgstat_count_buffer_read(index);
    pgstat_count_buffer_hit(index);
    return hint;
}

/* Pins a block.  Where this session found it last time it usually still is, which saves the look-up
 * in the shared buffer table. */
static Buffer pin_block(Relation index, BlockNumber blkno)
{
    HnswCache *cache = index->rd_amcache;
    Buffer buf;

    if (cache == NULL || blkno >= cache->room)
        return ReadBuffer(index, blkno);
    buf = vdb_pin_recent(index, blkno, cache->buffers[blkno]);
    if (buf != InvalidBuffer)
        return buf;
    buf = ReadBuffer(index, blkno);
    if (!BufferIsLocal(buf))
        cache->buffers[blkno] = buf;
    return buf;
}

void vdb_prefetch_page(Relation index, BlockNumber blkno, uint32 offset, uint32 length)
{
    HnswCache *cache = index->rd_amcache;
    Buffer buf;
    char *at;

    if (cache == NULL || blkno >= cache->room || cache->buffers[blkno] == InvalidBuffer)
        return;
    buf = cache->buffers[blkno];
    at = (char *) BufferGetBlock(buf) + offset; /* not pinned, and not read either */
    __builtin_prefetch(GetBufferDescriptor(buf - 1));
    for (uint32 i = 0; i < length; i += CPU_CACHE_LINE)
        __builtin_prefetch(at + i);
}

/* A session that searches so rarely gains nothing. */
#define SEARCHES_BEFORE 4

/* Buffers that one search looks at for those that follow: about 60 us while there are any left. */
#define BUFFERS_PER_SEARCH 8192

/* An index of fewer blocks than one in so many buffers is known sooner by looking its pages up. */
#define WORTH_LEARNING 64

void hnsw_learn_buffers(Relation index)
{
    HnswCache *cache = index->rd_amcache;
    Buffer end;

    if (cache == NULL || cache->learned >= NBuffers ||
        cache->room < (uint32) NBuffers / WORTH_LEARNING || RelationUsesLocalBuffers(index) ||
        cache->searches++ < SEARCHES_BEFORE)
        return;
    end = cache->learned + Min(NBuffers - cache->learned, BUFFERS_PER_SEARCH);
    for (Buffer buf = cache->learned + 1; buf <= end; buf++) {
        volatile BufferTag *tag = &GetBufferDescriptor(buf - 1)->tag;
        BlockNumber blkno = tag->blockNum; /* read once, as another may come to be there */

        if (VDB_BUFFER_IS_OF(buf, index) && tag->forkNum == MAIN_FORKNUM && blkno < cache->room)
            cache->buffers[blkno] = buf;
    }
    cache->learned = end;
}

/* Pinned and locked, not looked at. */
static Buffer lock_block(Relation index, HnswIndex *hi, BlockNumber blkno, int lockmode)
{
    Buffer buf;

    if (unlikely(blkno >= hi->nblocks))
        check_block(index, hi, blkno);
    buf = pin_block(index, blkno);
    LockBuffer(buf, lockmode);
    return buf;
}

Buffer vdb_read_unchecked(Relation index, HnswIndex *hi, BlockNumber blkno)
{
    return lock_block(index, hi, blkno, BUFFER_LOCK_SHARE);
}

Buffer vdb_read_page(Relation index, HnswIndex *hi, BlockNumber blkno, int lockmode)
{
    Buffer buf = lock_block(index, hi, blkno, lockmode);

    if (unlikely(vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) == 0))
        vdb_corrupted(index, blkno, "not a page of an hnsw index");
    return buf;
}

Buffer vdb_read_page_of(Relation index, HnswIndex *hi, BlockNumber blkno, VdbHnswPageKind kind,
                        int lockmode)
{
    Buffer buf = vdb_read_page(index, hi, blkno, lockmode);

    if (unlikely(vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) != kind))
        vdb_corrupted(index, blkno, "unexpected kind of page");
    return buf;
}

Buffer vdb_read_page_in_order(Relation index, BlockNumber blkno, BufferAccessStrategy strategy,
                              int lockmode)
{
    Buffer buf = ReadBufferExtended(index, MAIN_FORKNUM, blkno, RBM_NORMAL, strategy);

    LockBuffer(buf, lockmode);
    if (PageIsNew(BufferGetPage(buf))) {
        UnlockReleaseBuffer(buf);
        return InvalidBuffer;
    }
    if (vdb_hnsw_page_kind(BufferGetPage(buf), BLCKSZ) == 0)
        vdb_corrupted(index, blkno, "not a page of an hnsw index");
    return buf;
}

void vdb_copy_page(Relation index, BlockNumber blkno, BufferAccessStrategy strategy, char *copy)
{
    Buffer buf = ReadBufferExtended(index, MAIN_FORKNUM, blkno, RBM_NORMAL, strategy);

    LockBuffer(buf, BUFFER_LOCK_SHARE);
    memcpy(copy, BufferGetPage(buf), BLCKSZ);
    UnlockReleaseBuffer(buf);
}

Buffer vdb_extend(Relation index)
{
    return VDB_EXTEND_RELATION(index);
}

void vdb_init_page(Page page, const VdbHnswGeometry *g, VdbHnswPageKind kind)
{
    PageInit(page, BLCKSZ, 8);
    ((PageHeader) page)->pd_lower = vdb_hnsw_page_init(page, g, kind);
}
