/*
 * The entries of a list, read for those who make other lists of them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/rel.h"

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
    float *decoded; /* a value */
} Reading;

/* The value of an entry of a coded list, on a copy of its page. */
static VdbIvfValue read_value(Reading *r, VdbIvfPlace place, VdbTid tid)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    BlockNumber blkno = vdb_ivf_place_block(place);
    VdbIvfValue value;

    if (blkno != r->values_block) {
        Buffer buf = ivf_read_page(r->index, r->ii, blkno, VDB_IVF_PAGE_VALUES, BUFFER_LOCK_SHARE);
        VdbIvfValues values;

        memcpy(r->values_page.data, BufferGetPage(buf), BLCKSZ);
        UnlockReleaseBuffer(buf);
        ivf_check_data(vdb_ivf_values_read(r->values_page.data, g, r->list->id, &values), r->index,
                       blkno);
        r->values_block = blkno;
    }
    if (vdb_ivf_value_read(r->values_page.data, g, place.slot, tid, &value) != VDB_OK)
        vdb_corrupted(r->index, blkno, "a value is missing or damaged");
    return value;
}

static void visit_coded_page(Reading *r, const char *page)
{
    const VdbIvfGeometry *g = &r->ii->geometry;
    VdbIvfCodes codes;

    ivf_check_data(vdb_ivf_codes_read(page, g, r->list->id, &codes), r->index, r->list->first);
    for (uint32 i = 0; i < codes.count; i++) {
        VdbIvfValue value = read_value(r, codes.places[i], codes.tids[i]);
        IvfListEntry entry = {
            .tid = value.tid, .value = r->decoded, .norm = value.norm, .kept = value.kept};

        vdb_kept_decode((VdbKept) g->kept, g->space.dims, value.kept, r->decoded);
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

void ivf_for_each_entry(Relation index, IvfIndex *ii, const VdbIvfList *list, IvfVisitEntry visit,
                        void *state)
{
    Reading r = {.index = index, .ii = ii, .list = list, .visit = visit, .state = state};
    BlockNumber blkno = list->first;
    BlockNumber steps = 0;
    PGAlignedBlock page;
    VdbIvfData data;

    r.values_block = InvalidBlockNumber;
    r.decoded = ivf_alloc_aligned(ii->geometry.value_bytes);
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
}
