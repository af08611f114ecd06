/*
 * State of an ivf index scan, and what ranks the entries of a coded index (ivf_rank.c).
 */
#ifndef VDB_PG_IVF_SCAN_H
#define VDB_PG_IVF_SCAN_H

#include "access/genam.h"

#include "ivf/scan_api.h"
#include "ivf/scan_coded_api.h"
#include "pg/heap_ahead.h"
#include "pg/ivf.h"

typedef struct IvfScan {
    IvfIndex ii;
    MemoryContext context; /* of one rescan */
    bool begun;            /* the first tuple was asked for */
    bool done;
    bool cold; /* a page was not in shared buffers */

    /* what collects entries: one of the two */
    VdbIvfScan *plain;
    void *given; /* what it works in */
    VdbIvfCodedScan *coded;
    IvfRows *rows; /* lives as long as the scan; NULL: not needed so far */

    /* the lists in the order in which they are looked at */
    VdbIvfRanked *ranked;
    IvfListRef *lists; /* by VdbIvfRanked.index, as the next */
    float *norms;      /* of their centroids; NULL: those are of unit length, or not needed */
    const void *query;
    uint32 count;
    uint32 exact; /* so many, nearest first, are ranked by their distances, the others about */
    uint32 most;  /* of them may be looked at */
    uint32 from;  /* the window: ranked[from .. to) */
    uint32 to;
    uint32 late;   /* the first of those that were added to it last, `to` if none were */
    uint32 enough; /* as soon as no more entries are left to take, the window grows */

    /* pages that the disk was asked for: all before page `asked_page` of ranked[asked_list] */
    uint32 asked_list;
    uint32 asked_page;
    uint32 asked; /* and were not read yet */

    /* so many more pages are asked for before it is looked whether they come from the disk */
    uint32 list_credit;
    uint32 value_credit;

    /* of a coded index */
    VdbHeapAhead ahead; /* rows that come next */
    bool recheck;       /* their order is a bound, the executor computes the rest */
    double order;       /* of the row returned last */
} IvfScan;

/* ivf_choose.c: which lists are looked at */
/* Ranks all lists; the nearest of them are the first window.  REQUIRES: the collector has begun. */
extern void ivf_choose_lists(IndexScanDesc scan, IvfScan *so, const void *query);
/* Brings the lists of the window, from `first` on, into order. */
extern void ivf_order_lists(IndexScanDesc scan, IvfScan *so, uint32 first);

/* Gives the collector what it asks for. */
extern void ivf_provide_memory(IvfScan *so);

/* ivf_disk.c: reading pages that may have to come from the disk */
/* Reads a page; `credit` grows if that took as long as the disk takes. */
extern Buffer ivf_read_scanned(IndexScanDesc scan, IvfScan *so, BlockNumber blkno, uint32 *credit);
/* The page that is read next is one of those that most scans read. */
extern void ivf_mark_in_use(Relation index, BlockNumber blkno);
/* Of a scan, which may begin anew. */
extern void ivf_end_reading(IvfScan *so);
/* A part of the window is about to be read, and page `at` of its i-th list was. */
extern void ivf_ask_anew(IvfScan *so);
extern void ivf_note_read(IvfScan *so, uint32 i, uint32 at);
/* Asks for the pages that are read after the last one asked for, of this list and of those that
 * follow up to `end`, as far as their pages lie one after the other. */
extern void ivf_ask_ahead(Relation index, IvfScan *so, uint32 end);

/* Ranks the batch that the coded scan asks for. */
extern void ivf_rank_batch(IndexScanDesc scan, IvfScan *so);

#endif
