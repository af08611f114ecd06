/*
 * The entries of a list, read for those who make other lists of them.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "pg/ivf.h"
#include "pg/ivf_build.h"
#include "quant/kept_api.h"

typedef struct Reading {
    Relation index;
    IvfIndex *ii;
    const VdbIvfList *list;
    IvfVisitEntry visit;
    void *state;
    /* of a coded index: */
    BlockNumber values_block; /* of the value page last read */
    PGAlignedBlock values_page;
    PGAlignedBlock older_page; /* on which its first value goes on */
    char *joined;              /* such a value */
    float *decoded;            /* a value */
    /* where values are left to the table: */
    Relation heap;
    BlockNumber heap_blocks;
    IvfRows *rows;
    float *centroid; /* of the list */
} Reading;

/* --- values that the index keeps --- */

static void copy_values(Reading *r, BlockNumber blkno, char *copy)
{
    Buffer buf = ivf_read_page(r->index, r->ii, blkno, VDB_IVF_PAGE_VALUES, BUFFER_LOCK_SHARE);
    VdbIvfValues values;

    memcpy(copy, BufferGetPage(buf), BLCKSZ);
    UnlockReleaseBuffer(buf);
    ivf_check_data(vdb_ivf_values_read(copy, &r->ii->geometry, r->list->id, &values), r->index,
                   blkno);
}

/* The value of an entry of a coded list, on copies of its pages, which nobody changes meanwhile. */
static VdbIvfValue read_value(Reading *r, VdbIvfPlace place, VdbTid tid)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    BlockNumber blkno = vdb_ivf_place_block(place);
    VdbIvfValuePages at = {.page = r->values_page.data, .joined = r->joined};
    BlockNumber rest;
    VdbIvfValue value;

    if (blkno != r->values_block)
        copy_values(r, blkno, r->values_page.data);
    r->values_block = blkno;
    rest = vdb_ivf_value_rest(at.page, g, place.slot);
    if (rest != InvalidBlockNumber) {
        copy_values(r, rest, r->older_page.data);
        at.older = r->older_page.data;
    }
    if (vdb_ivf_value_read(&at, g, place.slot, tid, &value) != VDB_OK)
        vdb_corrupted(r->index, blkno, "a value is missing or damaged");
    return value;
}

static IvfListEntry entry_with_kept(Reading *r, VdbTid tid, VdbIvfPlace place)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    VdbIvfValue value = read_value(r, place, tid);
    IvfListEntry entry = {.tid = tid, .value = r->decoded, .norm = value.norm, .kept = value.kept};

    vdb_kept_decode((VdbKept) g->kept, g->space.dims, value.kept, r->decoded);
    return entry;
}

/* --- values that the table has --- */

static void begin_table(Reading *r, IvfListRef ref)
{
    /* who inserts or vacuums has a lock on it */
    r->heap = table_open(IndexGetRelation(RelationGetRelid(r->index), false), NoLock);
    r->heap_blocks = RelationGetNumberOfBlocks(r->heap);
    r->rows = ivf_begin_rows(r->index, r->heap);
    r->centroid = ivf_alloc_aligned(r->ii->geometry.value_bytes);
    ivf_read_centroid(r->index, r->ii, ref.ordinal, r->centroid);
}

static void end_table(Reading *r)
{
    ivf_end_rows(r->rows);
    table_close(r->heap, NoLock);
}

static void check_tid(Reading *r, VdbTid tid)
{
    BlockNumber blkno = (BlockNumber) tid.block_hi << 16 | tid.block_lo;

    if (blkno >= r->heap_blocks)
        r->heap_blocks = RelationGetNumberOfBlocks(r->heap);
    if (blkno >= r->heap_blocks)
        vdb_corrupted(r->index, r->list->first, "a list names a row beyond the end of the table");
}

/*
 * Any version of the row will do that is not deleted, as all that one entry is for have the same
 * value.  The value of one that is deleted may have lost its TOAST chunks, even where an older
 * snapshot was seeing it a moment ago; it keeps its entry until vacuum takes it.
 */
static IvfListEntry entry_with_row(Reading *r, const VdbIvfCodes *codes, uint32 i)
{
    IvfListEntry entry = {.tid = codes->tids[i], .value = r->decoded};
    SnapshotData snapshot;
    MemoryContext old = MemoryContextSwitchTo(ivf_row_context(r->rows));
    Datum value;

    check_tid(r, entry.tid);
    InitDirtySnapshot(snapshot);
    if (ivf_read_row(r->rows, entry.tid, &snapshot, &value)) {
        VdbIndexValue formed = ivf_form_value(r->ii, value);

        entry.norm = formed.norm;
        memcpy(r->decoded, formed.data, r->ii->geometry.value_bytes);
    } else
        vdb_ivf_code_value(&r->ii->geometry, codes, i, r->centroid, r->decoded);
    MemoryContextSwitchTo(old);
    ivf_done_with_row(r->rows);
    CHECK_FOR_INTERRUPTS();
    return entry;
}

/* --- entries --- */

static void visit_coded_page(Reading *r, const char *page)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    VdbIvfCodes codes;

    ivf_check_data(vdb_ivf_codes_read(page, g, r->list->id, &codes), r->index, r->list->first);
    for (uint32 i = 0; i < codes.count; i++) {
        IvfListEntry entry = codes.places ? entry_with_kept(r, codes.tids[i], codes.places[i])
                                          : entry_with_row(r, &codes, i);

        r->visit(&entry, r->state);
    }
}

static void visit_plain_page(Reading *r, const char *page)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    VdbIvfData data;

    ivf_check_data(vdb_ivf_data_read(page, g, r->list->id, &data), r->index, r->list->first);
    for (uint32 i = 0; i < data.count; i++) {
        IvfListEntry entry = {.tid = vdb_ivf_data_tid(page, g, i),
                              .value = vdb_ivf_data_value(page, g, i)};

        r->visit(&entry, r->state);
    }
}

static void visit_page(Reading *r, const char *page)
{
    if (vdb_ivf_coded(&r->ii->geometry))
        visit_coded_page(r, page);
    else
        visit_plain_page(r, page);
}

void ivf_for_each_entry(Relation index, IvfIndex *ii, IvfListRef ref, const VdbIvfList *list,
                        IvfVisitEntry visit, void *state)
{
    Reading r = {.index = index, .ii = ii, .list = list, .visit = visit, .state = state};
    BlockNumber blkno = list->first;
    BlockNumber steps = 0;
    PGAlignedBlock page;
    VdbIvfData data;

    r.values_block = InvalidBlockNumber;
    r.decoded = ivf_alloc_aligned(ii->geometry.value_bytes);
    r.joined = palloc((Size) ii->geometry.slots_per_value * ii->geometry.slot_bytes);
    if (ii->geometry.kept == VDB_IVF_KEPT_HEAP)
        begin_table(&r, ref);
    while (blkno != InvalidBlockNumber) {
        Buffer buf = ivf_read_data(index, ii, blkno, NULL, BUFFER_LOCK_SHARE);

        memcpy(page.data, BufferGetPage(buf), BLCKSZ);
        UnlockReleaseBuffer(buf);
        ivf_check_data(vdb_ivf_data_read(page.data, &ii->geometry, list->id, &data), index, blkno);
        visit_page(&r, page.data);
        ivf_count_step(index, ii, blkno, &steps);
        blkno = data.next;
        CHECK_FOR_INTERRUPTS();
    }
    if (r.rows)
        end_table(&r);
}
