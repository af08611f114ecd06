/*
 * Pages of an ivf scan that may have to come from the disk are asked for before they are read.  To
 * ask for a page that the kernel has in memory costs half as much as to read it, so a scan asks
 * only after it has waited for one, for some pages on, and then looks again.
 */
#include "postgres.h"

#include "executor/instrument.h"
#include "portability/instr_time.h"

#include "pg/ivf_scan.h"

#define PAGES_AHEAD     32  /* of the one being read are asked for */
#define PAGES_PER_WAIT  256 /* are asked for after one was waited for */
#define READS_PER_USAGE 4   /* see below */
#define DISK_MICROS     25  /* that a page takes which the kernel does not have, at least */

/* This session's last scan, or the one that goes on, did not find all pages in shared buffers. */
static bool recently_cold;

Buffer ivf_read_scanned(IndexScanDesc scan, IvfScan *so, BlockNumber blkno, uint32 *credit)
{
    int64 misses = pgBufferUsage.shared_blks_read;
    instr_time start, end;
    Buffer buf;

    INSTR_TIME_SET_ZERO(start);
    if (recently_cold)
        INSTR_TIME_SET_CURRENT(start);
    buf = ivf_read_data(scan->indexRelation, &so->ii, blkno, NULL, BUFFER_LOCK_SHARE);
    if (pgBufferUsage.shared_blks_read == misses)
        return buf;
    so->cold = recently_cold = true;
    if (!INSTR_TIME_IS_ZERO(start)) {
        INSTR_TIME_SET_CURRENT(end);
        INSTR_TIME_SUBTRACT(end, start);
        if (INSTR_TIME_GET_MICROSEC(end) < DISK_MICROS)
            return buf;
    }
    *credit = PAGES_PER_WAIT;
    return buf;
}

/*
 * Pages of codes are read again and again, those of values hardly ever.  Where not all fit into
 * shared buffers these should know: a page found where it was last looks unused to them.
 */
void ivf_mark_in_use(Relation index, BlockNumber blkno)
{
    static uint32 reads;

    if (recently_cold && ++reads % READS_PER_USAGE == 0)
        ivf_forget_place(index, blkno);
}

void ivf_end_reading(IvfScan *so)
{
    recently_cold = so->cold;
    so->list_credit = so->value_credit = 0;
}

void ivf_ask_anew(IvfScan *so)
{
    so->asked_list = so->asked_page = so->asked = 0;
}

void ivf_note_read(IvfScan *so, uint32 i, uint32 at)
{
    if (so->asked_list > i || (so->asked_list == i && so->asked_page > at)) {
        if (so->asked > 0)
            so->asked--;
    } else {
        so->asked_list = i;
        so->asked_page = at + 1;
        so->asked = 0;
    }
}

void ivf_ask_ahead(Relation index, IvfScan *so, uint32 end)
{
    while (so->asked < PAGES_AHEAD && so->asked_list < end && so->list_credit > 0) {
        const IvfListRef *list = &so->lists[so->ranked[so->asked_list].index];
        BlockNumber blkno = list->first + so->asked_page;

        if (list->first == InvalidBlockNumber || so->asked_page >= list->run ||
            blkno >= so->ii.nblocks) {
            so->asked_list++;
            so->asked_page = 0;
            continue;
        }
        PrefetchBuffer(index, MAIN_FORKNUM, blkno);
        so->asked_page++;
        so->asked++;
        so->list_credit--;
    }
}
