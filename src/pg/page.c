/*
 * The only file that reads, locks, extends and initialises index pages.  Every page passes the gate
 * here before anything looks at its content.
 */
#include "postgres.h"

#include "storage/bufpage.h"
#include "utils/rel.h"

#include "pg/compat.h"
#include "pg/hnsw.h"

StaticAssertDecl(sizeof(VdbTid) == sizeof(ItemPointerData),
                 "VdbTid is the twin of ItemPointerData");
StaticAssertDecl(offsetof(VdbTid, offset) == offsetof(ItemPointerData, ip_posid), "tid layout");
StaticAssertDecl(SizeOfPageHeaderData == 24, "the core leaves 24 bytes to PageHeaderData");
StaticAssertDecl(VDB_NO_BLOCK == InvalidBlockNumber, "no block");

void vdb_corrupted(Relation index, BlockNumber blkno, const char *what)
{
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

/* Learns the index's size anew; ereports if the block still lies beyond it. */
static void check_block(Relation index, HnswIndex *hi, BlockNumber blkno)
{
    hi->nblocks = RelationGetNumberOfBlocks(index);
    if (blkno >= hi->nblocks)
        vdb_corrupted(index, blkno, "a link leads beyond the end of the index");
    if (index->rd_amcache != NULL)
        ((HnswIndex *) index->rd_amcache)->nblocks = hi->nblocks;
}

Buffer vdb_read_page(Relation index, HnswIndex *hi, BlockNumber blkno, int lockmode)
{
    Buffer buf;

    if (unlikely(blkno >= hi->nblocks))
        check_block(index, hi, blkno);
    buf = ReadBuffer(index, blkno);
    LockBuffer(buf, lockmode);
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

Buffer vdb_extend(Relation index)
{
    return VDB_EXTEND_RELATION(index);
}

void vdb_init_page(Page page, const VdbHnswGeometry *g, VdbHnswPageKind kind)
{
    PageInit(page, BLCKSZ, 8);
    ((PageHeader) page)->pd_lower = vdb_hnsw_page_init(page, g, kind);
}
