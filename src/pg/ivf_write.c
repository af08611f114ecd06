/*
 * Writing a whole index, from block 0 to its end: metapage, directory, centroids, then the data
 * pages of each list one after the other.
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type_d.h"
#include "commands/progress.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/backend_progress.h"
#include "utils/rel.h"

#include "pg/bulk_write.h"
#include "pg/compat.h"
#include "pg/ivf_write.h"

/* What goes where. */
typedef struct Layout {
    const IvfContents *contents;
    const VdbIvfGeometry *geometry;
    VdbBulkWriter *writer;
    uint32 lists;
    BlockNumber first_directory;
    BlockNumber first_centroids;
    BlockNumber first_data;
    BlockNumber data_pages;
} Layout;

TupleDesc ivf_sorted_row_desc(void)
{
    TupleDesc desc = CreateTemplateTupleDesc(3);

    TupleDescInitEntry(desc, 1, "list", INT4OID, -1, 0);
    TupleDescInitEntry(desc, 2, "tid", TIDOID, -1, 0);
    TupleDescInitEntry(desc, 3, "value", BYTEAOID, -1, 0);
    return desc;
}

static uint64 divide_up(uint64 n, uint64 by)
{
    return (n + by - 1) / by;
}

static Layout plan_layout(Relation index, const IvfContents *contents)
{
    const VdbIvfGeometry *g = &contents->ii->geometry;
    Layout l = {.contents = contents, .geometry = g, .lists = contents->centroids.count};
    uint64 data_pages = 0;

    l.first_directory = VDB_IVF_META_BLOCK + 1;
    l.first_centroids = l.first_directory + divide_up(l.lists, g->lists_per_page);
    l.first_data = l.first_centroids + divide_up(l.lists, g->centroids_per_page);
    for (uint32 i = 0; i < l.lists; i++)
        data_pages += divide_up(contents->counts[i], g->capacity);
    if (data_pages > MaxBlockNumber - l.first_data)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("index \"%s\" would exceed the maximum size of a relation",
                               RelationGetRelationName(index))));
    l.data_pages = (BlockNumber) data_pages;
    return l;
}

static Page next_page(Layout *l, VdbIvfPageKind kind)
{
    Page page = vdb_bulk_next_page(l->writer);

    CHECK_FOR_INTERRUPTS();
    ivf_init_page(page, l->geometry, kind);
    return page;
}

static void write_meta(Layout *l)
{
    const IvfIndex *ii = l->contents->ii;
    Page page = next_page(l, VDB_IVF_PAGE_META);
    VdbIvfMeta meta;

    vdb_ivf_meta_init(page, l->geometry, ii->lists, ii->seed);
    vdb_ivf_meta_read(page, &meta);
    meta.ordinals = meta.lists = l->lists;
    meta.next_id = l->lists + 1;
    meta.data_pages = l->data_pages;
    meta.first_directory = l->first_directory;
    meta.last_directory = l->first_centroids - 1;
    meta.first_centroids = l->first_centroids;
    meta.last_centroids = l->first_data - 1;
    vdb_ivf_meta_write(page, &meta);
}

static void write_directory(Layout *l)
{
    BlockNumber data = l->first_data;
    BlockNumber block = l->first_directory;
    Page page = NULL;

    for (uint32 i = 0; i < l->lists; i++) {
        uint32 pages = divide_up(l->contents->counts[i], l->geometry->capacity);
        VdbIvfList list = {.id = i + 1,
                           .state = VDB_IVF_LIST_LIVE,
                           .first = pages > 0 ? data : InvalidBlockNumber,
                           .last = pages > 0 ? data + pages - 1 : InvalidBlockNumber,
                           .room = InvalidBlockNumber,
                           .pages = pages,
                           .run = pages,
                           .values = InvalidBlockNumber};

        if (i % l->geometry->lists_per_page == 0) {
            page = next_page(l, VDB_IVF_PAGE_DIRECTORY);
            vdb_ivf_directory_begin(page, i);
            if (++block < l->first_centroids)
                vdb_ivf_page_set_next(page, l->geometry, block);
        }
        (void) vdb_ivf_directory_write(page, l->geometry, i, &list);
        data += pages;
    }
}

static void write_centroids(Layout *l)
{
    const VdbIvfCentroids *centroids = &l->contents->centroids;
    BlockNumber block = l->first_centroids;
    Page page = NULL;

    for (uint32 i = 0; i < l->lists; i++) {
        if (i % l->geometry->centroids_per_page == 0) {
            page = next_page(l, VDB_IVF_PAGE_CENTROIDS);
            vdb_ivf_centroids_begin(page, i);
            if (++block < l->first_data)
                vdb_ivf_page_set_next(page, l->geometry, block);
        }
        (void) vdb_ivf_centroid_write(page, l->geometry, i,
                                      (const char *) centroids->values + centroids->stride * i);
    }
}

/* The next row of the sort, which has to be one of that list. */
static void read_row(Layout *l, TupleTableSlot *slot, uint32 list, VdbTid *tid, const char **value)
{
    bool isnull;

    if (!tuplesort_gettupleslot(l->contents->sort, true, false, slot, NULL) ||
        DatumGetInt32(slot_getattr(slot, 1, &isnull)) != (int32) list)
        elog(ERROR, "rows of list %u are missing", list);
    memcpy(tid, DatumGetPointer(slot_getattr(slot, 2, &isnull)), sizeof(*tid));
    *value = VARDATA_ANY(DatumGetPointer(slot_getattr(slot, 3, &isnull)));
}

static void write_data(Layout *l)
{
    TupleTableSlot *slot = MakeSingleTupleTableSlot(ivf_sorted_row_desc(), &TTSOpsMinimalTuple);
    BlockNumber block = l->first_data;
    uint64 done = 0;

    for (uint32 i = 0; i < l->lists; i++) {
        uint64 left = l->contents->counts[i];

        while (left > 0) {
            Page page = next_page(l, VDB_IVF_PAGE_DATA);
            uint32 n = (uint32) Min(left, l->geometry->capacity);

            vdb_ivf_data_begin(page, l->geometry, i + 1);
            for (uint32 j = 0; j < n; j++) {
                VdbTid tid;
                const char *value;

                read_row(l, slot, i, &tid, &value);
                (void) vdb_ivf_data_add(page, l->geometry, tid, value);
            }
            block++;
            left -= n;
            done += n;
            if (left > 0)
                vdb_ivf_page_set_next(page, l->geometry, block);
            pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) done);
        }
    }
    ExecDropSingleTupleTableSlot(slot);
}

void ivf_write_index(Relation index, ForkNumber fork, const IvfContents *contents)
{
    Layout l = plan_layout(index, contents);

    l.writer = vdb_bulk_start(index, fork);
    write_meta(&l);
    write_directory(&l);
    write_centroids(&l);
    write_data(&l);
    vdb_bulk_finish(l.writer);
}
