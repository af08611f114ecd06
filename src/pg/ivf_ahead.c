/*
 * Where this session added to lists last.  The next addition to a list is likely to touch the bytes
 * that follow, which nobody had in the CPU's cache since; they are loaded while its row is made.
 * All of it is guesses: a page that is elsewhere, full or another's by now is loaded in vain.
 */
#include "postgres.h"

#include "storage/bufpage.h"
#include "utils/rel.h"

#include "pg/ivf.h"

#define ENDS 2048 /* lists remembered, 24 bytes each; two may share a place */

typedef struct ListEnd {
    Oid index;
    uint32 list_id;
    BlockNumber data;
    uint32 entry; /* of the data page, the next */
    VdbIvfPlace place;
} ListEnd;

static ListEnd ends[ENDS];

static ListEnd *end_of(Relation index, uint32 list_id)
{
    return &ends[(list_id + RelationGetRelid(index) * 40503U) % ENDS];
}

void ivf_remember_end(Relation index, uint32 list_id, BlockNumber data, uint32 entry,
                      VdbIvfPlace place)
{
    *end_of(index, list_id) = (ListEnd){RelationGetRelid(index), list_id, data, entry, place};
}

/* The headers, the trailer, which says what kind of page it is, and the parts. */
static void prefetch_page(Relation index, BlockNumber blkno, const VdbSpans *parts)
{
    const char *page = ivf_seen_at(index, blkno);

    if (page == NULL)
        return;
    __builtin_prefetch(page, 1);
    __builtin_prefetch(page + BLCKSZ - 1, 1);
    for (uint32 i = 0; i < parts->count; i++)
        for (uint32 at = parts->spans[i].from; at < parts->spans[i].to; at += CPU_CACHE_LINE)
            __builtin_prefetch(page + at, 1);
}

void ivf_prefetch_end(Relation index, const IvfIndex *ii, uint32 list_id)
{
    const VdbIvfGeometry *g = &ii->geometry;
    const ListEnd *end = end_of(index, list_id);
    VdbSpans parts;

    if (end->index != RelationGetRelid(index) || end->list_id != list_id || !vdb_ivf_coded(g))
        return;
    parts = vdb_ivf_codes_parts(g, Min(end->entry, g->capacity - 1));
    prefetch_page(index, end->data, &parts);
    if (g->slots_per_page == 0)
        return;
    parts =
        vdb_ivf_values_parts(g, Min(end->place.slot + g->slots_per_value, g->slots_per_page - 1));
    prefetch_page(index, vdb_ivf_place_block(end->place), &parts);
}
