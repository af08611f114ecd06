/*
 * The gate through which pages of an ivf index are read: nothing looks at a page's content before
 * it has been here.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "storage/buf_internals.h"
#include "storage/bufpage.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/ivf.h"

StaticAssertDecl(SizeOfPageHeaderData == 24, "the core leaves 24 bytes to PageHeaderData");

/*
 * Where this session found blocks last.  A place may be shared by several blocks, of several
 * indexes: a guess that is wrong costs little, as a buffer knows which block it holds.
 */
static Buffer *recent;
static uint32 recent_size; /* a power of two */

#define MOST_RECENT (1 << 20) /* places, of 4 bytes each */

static Buffer *recent_place(Relation index, BlockNumber blkno)
{
    if (recent == NULL) {
        recent_size = Min(pg_nextpower2_32(Max(NBuffers, 1)), MOST_RECENT);
        recent = MemoryContextAllocZero(TopMemoryContext, sizeof(Buffer) * recent_size);
    }
    return &recent[(blkno + RelationGetRelid(index) * 40503U) & (recent_size - 1)];
}

static Buffer pin_block(Relation index, BlockNumber blkno, BufferAccessStrategy strategy)
{
    Buffer *place;
    Buffer buf;

    /* a temporary index's file number may be that of an ordinary one */
    if (RelationUsesLocalBuffers(index))
        return ReadBufferExtended(index, MAIN_FORKNUM, blkno, RBM_NORMAL, strategy);
    place = recent_place(index, blkno);
    buf = vdb_pin_recent(index, blkno, *place);
    if (buf == InvalidBuffer)
        buf = *place = ReadBufferExtended(index, MAIN_FORKNUM, blkno, RBM_NORMAL, strategy);
    return buf;
}

void ivf_forget_place(Relation index, BlockNumber blkno)
{
    *recent_place(index, blkno) = InvalidBuffer;
}

const char *ivf_seen_at(Relation index, BlockNumber blkno)
{
    Buffer buf = *recent_place(index, blkno);

    if (buf == InvalidBuffer)
        return NULL;
    __builtin_prefetch(GetBufferDescriptor(buf - 1));
    return BufferGetBlock(buf);
}

void ivf_prefetch_cpu(Relation index, BlockNumber blkno, uint32 offset, uint32 size)
{
    const char *at = ivf_seen_at(index, blkno);

    for (uint32 i = 0; at && i < size; i += CPU_CACHE_LINE)
        __builtin_prefetch(at + offset + i);
}

static void check_block(Relation index, IvfIndex *ii, BlockNumber blkno)
{
    if (unlikely(blkno >= ii->nblocks)) {
        ii->nblocks = RelationGetNumberOfBlocks(index);
        if (blkno >= ii->nblocks)
            vdb_corrupted(index, blkno, "a link leads beyond the end of the index");
        if (index->rd_amcache != NULL)
            ((IvfCache *) index->rd_amcache)->ii.nblocks = ii->nblocks;
    }
}

/* Pinned and locked, of whatever content. */
static Buffer lock_block(Relation index, IvfIndex *ii, BlockNumber blkno,
                         BufferAccessStrategy strategy, int lockmode)
{
    Buffer buf;

    check_block(index, ii, blkno);
    buf = pin_block(index, blkno, strategy);
    LockBuffer(buf, lockmode);
    return buf;
}

static void check_kind(Relation index, Buffer buf, VdbIvfPageKind kind)
{
    uint32 found = vdb_ivf_page_kind(BufferGetPage(buf), BLCKSZ);

    if (unlikely(found == 0))
        vdb_corrupted(index, BufferGetBlockNumber(buf), "not a page of an ivf index");
    if (unlikely(found != kind))
        vdb_corrupted(index, BufferGetBlockNumber(buf), "unexpected kind of page");
}

Buffer ivf_read_page(Relation index, IvfIndex *ii, BlockNumber blkno, VdbIvfPageKind kind,
                     int lockmode)
{
    Buffer buf = lock_block(index, ii, blkno, NULL, lockmode);

    check_kind(index, buf, kind);
    return buf;
}

Buffer ivf_try_read_page(Relation index, IvfIndex *ii, BlockNumber blkno, VdbIvfPageKind kind)
{
    Buffer buf;

    check_block(index, ii, blkno);
    buf = pin_block(index, blkno, NULL);
    if (!ConditionalLockBuffer(buf)) {
        ReleaseBuffer(buf);
        return InvalidBuffer;
    }
    check_kind(index, buf, kind);
    return buf;
}

Buffer ivf_read_data(Relation index, IvfIndex *ii, BlockNumber blkno, BufferAccessStrategy strategy,
                     int lockmode)
{
    Buffer buf = lock_block(index, ii, blkno, strategy, lockmode);

    if (unlikely(vdb_ivf_page_kind(BufferGetPage(buf), BLCKSZ) == 0))
        vdb_corrupted(index, blkno, "not a page of an ivf index");
    return buf;
}

void ivf_check_data(VdbStatus status, Relation index, BlockNumber blkno)
{
    /* vacuum on the primary waits for scans there, but not for those here */
    if (unlikely(status == VDB_STALE && RecoveryInProgress()))
        ereport(ERROR,
                (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                 errmsg("canceling statement due to conflict with recovery"),
                 errdetail("A list of index \"%s\" that the query was reading has been recycled.",
                           RelationGetRelationName(index))));
    if (unlikely(status == VDB_STALE))
        vdb_corrupted(index, blkno, "a chain leads to a page that is not its list's");
    vdb_check(status, index, blkno);
}

void ivf_count_step(Relation index, IvfIndex *ii, BlockNumber blkno, BlockNumber *steps)
{
    if (unlikely(++*steps > ii->nblocks)) {
        ii->nblocks = RelationGetNumberOfBlocks(index);
        if (*steps > ii->nblocks)
            vdb_corrupted(index, blkno, "endless chain of pages");
    }
}

void ivf_init_page(Page page, const VdbIvfGeometry *g, VdbIvfPageKind kind)
{
    PageInit(page, BLCKSZ, 8);
    ((PageHeader) page)->pd_lower = vdb_ivf_page_init(page, g, kind);
}
