/*
 * Writing a new fork past the shared buffers.  From PostgreSQL 17 on the server has a facility for
 * it; for 15 and 16 this file does what nbtsort.c does there.
 */
#include "postgres.h"

#include "access/xloginsert.h"
#include "storage/smgr.h"
#include "utils/rel.h"

#include "pg/bulk_write.h"
#include "pg/compat.h"

#ifdef VDB_HAVE_BULK_WRITE

#include "storage/bulk_write.h"

struct VdbBulkWriter {
    BulkWriteState *state;
    BulkWriteBuffer current; /* handed out, not written yet */
    BlockNumber nblocks;     /* written */
};

VdbBulkWriter *vdb_bulk_start(Relation rel, ForkNumber fork)
{
    VdbBulkWriter *w = palloc0(sizeof(VdbBulkWriter));

    w->state = smgr_bulk_start_rel(rel, fork);
    return w;
}

static void write_current(VdbBulkWriter *w)
{
    if (w->current != NULL)
        smgr_bulk_write(w->state, w->nblocks++, w->current, true);
}

Page vdb_bulk_next_page(VdbBulkWriter *w)
{
    write_current(w);
    w->current = smgr_bulk_get_buf(w->state);
    return (Page) w->current;
}

void vdb_bulk_finish(VdbBulkWriter *w)
{
    write_current(w);
    smgr_bulk_finish(w->state);
    pfree(w);
}

#else

#define BATCH     32   /* pages; as many as one WAL record takes */
#define ALIGNMENT 4096 /* of page images, for direct I/O */

struct VdbBulkWriter {
    Relation rel;
    ForkNumber fork;
    bool wal;
    BlockNumber nblocks; /* written */
    int npages;          /* handed out since */
    char *memory;
    char *pages[BATCH];
};

VdbBulkWriter *vdb_bulk_start(Relation rel, ForkNumber fork)
{
    VdbBulkWriter *w = palloc0(sizeof(VdbBulkWriter));
    char *aligned;

    w->rel = rel;
    w->fork = fork;
    /* an unlogged relation's init fork is what a crash leaves of it */
    w->wal = RelationNeedsWAL(rel) || fork == INIT_FORKNUM;
    w->memory = palloc(BATCH * BLCKSZ + ALIGNMENT);
    aligned = (char *) TYPEALIGN(ALIGNMENT, w->memory);
    for (int i = 0; i < BATCH; i++)
        w->pages[i] = aligned + i * BLCKSZ;
    return w;
}

static void write_batch(VdbBulkWriter *w)
{
    SMgrRelation smgr = RelationGetSmgr(w->rel);
    BlockNumber blknos[BATCH];

    for (int i = 0; i < w->npages; i++)
        blknos[i] = w->nblocks + i;
    if (w->wal && w->npages > 0)
        log_newpages(VDB_SMGR_LOCATOR(smgr), w->fork, w->npages, blknos, w->pages, true);
    for (int i = 0; i < w->npages; i++) {
        PageSetChecksumInplace((Page) w->pages[i], blknos[i]);
        smgrextend(smgr, w->fork, blknos[i], w->pages[i], true);
    }
    w->nblocks += w->npages;
    w->npages = 0;
}

Page vdb_bulk_next_page(VdbBulkWriter *w)
{
    if (w->npages == BATCH)
        write_batch(w);
    return (Page) w->pages[w->npages++];
}

void vdb_bulk_finish(VdbBulkWriter *w)
{
    write_batch(w);
    /*
     * A checkpoint that began after our WAL records does not know of these writes, so they have to
     * be synced here; so have those of an unlogged relation, which has to survive a clean
     * shutdown.
     */
    if (w->wal || w->rel->rd_rel->relpersistence == RELPERSISTENCE_UNLOGGED)
        smgrimmedsync(RelationGetSmgr(w->rel), w->fork);
    pfree(w->memory);
    pfree(w);
}

#endif
