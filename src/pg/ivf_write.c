/*
 * Writing a whole index, from block 0 to its end: metapage, directory, centroids, then the lists
 * one after the other.
 *
 * A list without value pages is a run of data pages.  With them it is a series of parts, each of
 * which is the value pages of some entries and then the data pages of the same ones: data pages say
 * where the values are, and wait in memory until those are written.
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

#define PART_PAGES 128 /* data pages of a part; 1 MB */

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
    BlockNumber nblocks; /* handed out for writing */
    uint64 done;         /* entries written */
    TupleTableSlot *slot;
    void *row;    /* the entry being written */
    char *images; /* data pages of a part; NULL: there are no value pages */
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

static uint64 value_pages(const VdbIvfGeometry *g, uint64 entries)
{
    return g->slots_per_page > 0 ? divide_up(entries * g->slots_per_value, g->slots_per_page) : 0;
}

/* Entries of all parts of a list but the last. */
static uint64 entries_of_part(const VdbIvfGeometry *g)
{
    return g->slots_per_page > 0 ? (uint64) PART_PAGES * g->capacity : PG_UINT64_MAX;
}

/* A list of so many entries whose first block is `from`; its id is left open. */
static VdbIvfList plan_list(const VdbIvfGeometry *g, uint64 entries, uint64 from, uint64 *end)
{
    VdbIvfList list = {.state = VDB_IVF_LIST_LIVE,
                       .first = InvalidBlockNumber,
                       .last = InvalidBlockNumber,
                       .room = InvalidBlockNumber,
                       .values = InvalidBlockNumber};
    uint64 part = entries_of_part(g);
    uint64 whole = entries > 0 ? (entries - 1) / part : 0; /* parts before the last */
    uint64 left = entries - whole * part;
    uint64 last_part = from;

    *end = from;
    if (entries == 0)
        return list;
    if (whole > 0)
        last_part += whole * (PART_PAGES + value_pages(g, part));
    *end = last_part + value_pages(g, left) + divide_up(left, g->capacity);
    list.first = (BlockNumber) (from + value_pages(g, Min(entries, part)));
    list.last = (BlockNumber) (*end - 1);
    list.pages = (uint32) divide_up(entries, g->capacity);
    list.run = (uint32) divide_up(Min(entries, part), g->capacity);
    if (g->slots_per_page > 0) {
        list.values = (BlockNumber) (last_part + value_pages(g, left) - 1);
        list.value_pages = (uint32) (whole * value_pages(g, part) + value_pages(g, left));
    }
    return list;
}

static Layout plan_layout(Relation index, const IvfContents *contents)
{
    const VdbIvfGeometry *g = &contents->ii->geometry;
    Layout l = {.contents = contents, .geometry = g, .lists = contents->centroids.count};
    uint64 end;

    l.first_directory = VDB_IVF_META_BLOCK + 1;
    l.first_centroids = l.first_directory + divide_up(l.lists, g->lists_per_page);
    l.first_data = l.first_centroids + divide_up(l.lists, g->centroids_per_page);
    end = l.first_data;
    for (uint32 i = 0; i < l.lists; i++) {
        VdbIvfList list = plan_list(g, contents->counts[i], end, &end);

        l.data_pages += list.pages;
        if (end > MaxBlockNumber)
            ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                            errmsg("index \"%s\" would exceed the maximum size of a relation",
                                   RelationGetRelationName(index))));
    }
    return l;
}

static Page next_page(Layout *l, VdbIvfPageKind kind)
{
    Page page = vdb_bulk_next_page(l->writer);

    CHECK_FOR_INTERRUPTS();
    l->nblocks++;
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
    uint64 end = l->first_data;
    BlockNumber block = l->first_directory;
    Page page = NULL;

    for (uint32 i = 0; i < l->lists; i++) {
        VdbIvfList list = plan_list(l->geometry, l->contents->counts[i], end, &end);

        list.id = i + 1;
        if (i % l->geometry->lists_per_page == 0) {
            page = next_page(l, VDB_IVF_PAGE_DIRECTORY);
            vdb_ivf_directory_begin(page, i);
            if (++block < l->first_centroids)
                vdb_ivf_page_set_next(page, l->geometry, block);
        }
        (void) vdb_ivf_directory_write(page, l->geometry, i, &list);
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

/* Copies the next row of the sort, which has to be one of that list, to l->row. */
static VdbTid read_row(Layout *l, uint32 list)
{
    bool isnull;
    VdbTid tid;

    if (!tuplesort_gettupleslot(l->contents->sort, true, false, l->slot, NULL) ||
        DatumGetInt32(slot_getattr(l->slot, 1, &isnull)) != (int32) list)
        elog(ERROR, "rows of list %u are missing", list);
    memcpy(&tid, DatumGetPointer(slot_getattr(l->slot, 2, &isnull)), sizeof(tid));
    memcpy(l->row, VARDATA_ANY(DatumGetPointer(slot_getattr(l->slot, 3, &isnull))),
           l->geometry->row_bytes);
    return tid;
}

static void report_done(Layout *l, uint32 entries)
{
    l->done += entries;
    pgstat_progress_update_param(PROGRESS_CREATEIDX_TUPLES_DONE, (int64) l->done);
}

static void write_plain_list(Layout *l, uint32 list)
{
    uint64 left = l->contents->counts[list];

    while (left > 0) {
        Page page = next_page(l, VDB_IVF_PAGE_DATA);
        uint32 n = (uint32) Min(left, l->geometry->capacity);

        vdb_ivf_data_begin(page, l->geometry, list + 1);
        for (uint32 i = 0; i < n; i++) {
            VdbTid tid = read_row(l, list);

            if (vdb_ivf_coded(l->geometry))
                (void) vdb_ivf_codes_add(page, l->geometry, (VdbIvfEntry){.tid = tid}, l->row);
            else
                (void) vdb_ivf_data_add(page, l->geometry, tid, l->row);
        }
        left -= n;
        if (left > 0)
            vdb_ivf_page_set_next(page, l->geometry, l->nblocks);
        report_done(l, n);
    }
}

/* The value pages of a part of a list, as they are written. */
typedef struct ValueWriting {
    uint32 list;
    Page page;          /* NULL: none was begun */
    BlockNumber newest; /* of the list's, before and after */
} ValueWriting;

/* Writes the value of l->row; answers where it begins. */
static VdbIvfPlace write_value(Layout *l, ValueWriting *w, VdbTid tid)
{
    const VdbIvfGeometry *g = l->geometry;
    VdbIvfNewValue value = {.tid = tid, .row = l->row};
    uint32 slot;

    if (w->page == NULL || vdb_ivf_values_full(w->page, g, &value)) {
        w->page = next_page(l, VDB_IVF_PAGE_VALUES);
        vdb_ivf_values_begin(w->page, w->list + 1);
        vdb_ivf_page_set_next(w->page, g, w->newest);
        w->newest = l->nblocks - 1;
    }
    (void) vdb_ivf_values_add(w->page, g, &value, &slot);
    return vdb_ivf_place(w->newest, slot);
}

/* Writes the values of a part of a list, and makes the images of its data pages.  Answers the
 * newest value page. */
static BlockNumber write_values(Layout *l, uint32 list, uint32 entries, BlockNumber newest)
{
    const VdbIvfGeometry *g = l->geometry;
    ValueWriting w = {.list = list, .newest = newest};
    char *image = l->images;

    for (uint32 i = 0; i < entries; i++) {
        VdbIvfEntry entry = {.tid = read_row(l, list)};

        entry.place = write_value(l, &w, entry.tid);
        if (i % g->capacity == 0) {
            image = l->images + (Size) i / g->capacity * BLCKSZ;
            ivf_begin_image((Page) image, l->contents->ii, list + 1);
        }
        (void) vdb_ivf_codes_add(image, g, entry, l->row);
    }
    return w.newest;
}

static void write_list_with_values(Layout *l, uint32 list)
{
    const VdbIvfGeometry *g = l->geometry;
    BlockNumber values = InvalidBlockNumber;
    uint64 left = l->contents->counts[list];

    while (left > 0) {
        uint32 n = (uint32) Min(left, entries_of_part(g));
        uint32 pages = divide_up(n, g->capacity);

        values = write_values(l, list, n, values);
        left -= n;
        for (uint32 i = 0; i < pages; i++) {
            Page page = next_page(l, VDB_IVF_PAGE_DATA);
            BlockNumber next = l->nblocks;

            memcpy(page, l->images + (Size) i * BLCKSZ, BLCKSZ);
            if (i == pages - 1)
                next += value_pages(g, Min(left, entries_of_part(g)));
            if (left > 0 || i < pages - 1)
                vdb_ivf_page_set_next(page, g, next);
        }
        report_done(l, n);
    }
}

static void write_lists(Layout *l)
{
    const VdbIvfGeometry *g = l->geometry;

    l->slot = MakeSingleTupleTableSlot(ivf_sorted_row_desc(), &TTSOpsMinimalTuple);
    l->row = palloc(g->row_bytes);
    if (g->slots_per_page > 0)
        l->images = palloc((Size) PART_PAGES * BLCKSZ);
    for (uint32 i = 0; i < l->lists; i++) {
        if (g->slots_per_page > 0)
            write_list_with_values(l, i);
        else
            write_plain_list(l, i);
    }
    ExecDropSingleTupleTableSlot(l->slot);
}

void ivf_write_index(Relation index, ForkNumber fork, const IvfContents *contents)
{
    Layout l = plan_layout(index, contents);

    l.writer = vdb_bulk_start(index, fork);
    write_meta(&l);
    write_directory(&l);
    write_centroids(&l);
    write_lists(&l);
    vdb_bulk_finish(l.writer);
}
