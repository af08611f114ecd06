/*
 * The gate through which pages of an ivf index are read: nothing looks at a page's content before
 * it has been here.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

#include "pg/ivf.h"

StaticAssertDecl(SizeOfPageHeaderData == 24, "the core leaves 24 bytes to PageHeaderData");

/* Pinned and locked, of whatever content. */
static Buffer lock_block(Relation index, IvfIndex *ii, BlockNumber blkno,
                         BufferAccessStrategy strategy, int lockmode)
{
    Buffer buf;

    if (unlikely(blkno >= ii->nblocks)) {
        ii->nblocks = RelationGetNumberOfBlocks(index);
        if (blkno >= ii->nblocks)
            vdb_corrupted(index, blkno, "a link leads beyond the end of the index");
    }
    buf = ReadBufferExtended(index, MAIN_FORKNUM, blkno, RBM_NORMAL, strategy);
    LockBuffer(buf, lockmode);
    return buf;
}

Buffer ivf_read_page(Relation index, IvfIndex *ii, BlockNumber blkno, VdbIvfPageKind kind,
                     int lockmode)
{
    Buffer buf = lock_block(index, ii, blkno, NULL, lockmode);
    uint32 found = vdb_ivf_page_kind(BufferGetPage(buf), BLCKSZ);

    if (unlikely(found == 0))
        vdb_corrupted(index, blkno, "not a page of an ivf index");
    if (unlikely(found != kind))
        vdb_corrupted(index, blkno, "unexpected kind of page");
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
