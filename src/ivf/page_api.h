/*
 * Pure edits and readings of single ivf page images.  The shim locks the page, registers it with
 * generic WAL, calls one of these on the image and finishes the record.  Which pages make one
 * record: README.md, "WAL".
 *
 * Readings are safe on any bytes and answer VDB_CORRUPT, or VDB_STALE where recycling may have
 * given the page another use meanwhile (on a standby only).  Edits rely on a reading's check of the
 * same image.
 */
#ifndef VDB_IVF_PAGE_API_H
#define VDB_IVF_PAGE_API_H

#include "ivf/ivf_api.h"

VDB_BEGIN_DECLS

/* Clears the page after its header, stamps it (next: VDB_NO_BLOCK), and returns the end of the used
 * part (pd_lower). */
uint32_t vdb_ivf_page_init(void *page, const VdbIvfGeometry *g, VdbIvfPageKind kind) VDB_NOEXCEPT;

/* The page after this one in its chain: of a list, its value pages, the directory, the centroids or
 * the free pages.  VDB_NO_BLOCK at the end. */
VdbBlock vdb_ivf_page_next(const void *page, const VdbIvfGeometry *g) VDB_NOEXCEPT;
void vdb_ivf_page_set_next(void *page, const VdbIvfGeometry *g, VdbBlock next) VDB_NOEXCEPT;

/* Where the used part of a page of that kind ends: pd_lower may not lie before it.  That is all
 * there is room for, but on a page that has no entry, or no value, where it is next to nothing:
 * such a page is logged whole when it is new. */
uint32_t vdb_ivf_page_end(const void *page, const VdbIvfGeometry *g,
                          VdbIvfPageKind kind) VDB_NOEXCEPT;

/* Makes any page a free one that leads to `next` (the free list's head until then).  pd_lower as
 * vdb_ivf_page_init() returns it. */
uint32_t vdb_ivf_page_free(void *page, const VdbIvfGeometry *g, VdbBlock next) VDB_NOEXCEPT;

/* --- metapage --- */

/* The changing part of the metapage. */
typedef struct VdbIvfMeta {
    uint32_t ordinals; /* entries in the directory and centroids, of whatever state */
    uint32_t lists;    /* live ones */
    uint32_t next_id;  /* of the next list */
    /* Lists with ids in [pending_from, pending_to) are being made by a split and are not there yet
     * for anybody else.  Empty when no split goes on, or was cut short. */
    uint32_t pending_from;
    uint32_t pending_to;
    uint32_t data_pages; /* of lists that are not retired */
    uint64_t epoch;      /* grows with every change of which lists are live */
    VdbBlock first_directory;
    VdbBlock last_directory;
    VdbBlock first_centroids;
    VdbBlock last_centroids;
    VdbBlock free_page; /* head of the list of free pages */
} VdbIvfMeta;

/* An index without a list: every chain empty, next_id 1, epoch 1.  `lists` is the reloption. */
void vdb_ivf_meta_init(void *page, const VdbIvfGeometry *g, uint32_t lists,
                       uint64_t seed) VDB_NOEXCEPT;
/* The frozen part.  VDB_CORRUPT: not our magic or impossible values; VDB_STALE: a version or
 * feature unknown here.  `lists` and `seed` may be NULL. */
VdbStatus vdb_ivf_meta_geometry(const void *page, uint32_t page_size, VdbIvfGeometry *g,
                                uint32_t *lists, uint64_t *seed) VDB_NOEXCEPT;
void vdb_ivf_meta_read(const void *page, VdbIvfMeta *meta) VDB_NOEXCEPT;
void vdb_ivf_meta_write(void *page, const VdbIvfMeta *meta) VDB_NOEXCEPT;

/* --- directory --- */

typedef enum VdbIvfListState {
    VDB_IVF_LIST_LIVE = 0xD1,    /* or pending, if its id says so */
    VDB_IVF_LIST_RETIRED = 0xD2, /* split or emptied: only scans that chose it before read it */
    VDB_IVF_LIST_FREE = 0xD3     /* its pages were recycled: the ordinal may be used again */
} VdbIvfListState;

typedef struct VdbIvfList {
    uint32_t id;
    uint32_t state;   /* VdbIvfListState */
    VdbBlock first;   /* data page; VDB_NO_BLOCK = the list has no page yet */
    VdbBlock last;    /* where an entry is added when no page has a hole */
    VdbBlock room;    /* first of the pages with holes, VDB_NO_BLOCK = none */
    uint32_t pages;   /* in the chain */
    uint32_t run;     /* leading pages of the chain that lie one after the other: for prefetching */
    uint64_t retired; /* a FullTransactionId: who has a snapshot from before it may be reading */
    VdbBlock values; /* the newest value page, which leads to the older ones; VDB_NO_BLOCK = none */
    uint32_t value_pages; /* in that chain; kept up to VDB_IVF_MOST_VALUE_PAGES */
} VdbIvfList;

#define VDB_IVF_MOST_VALUE_PAGES 65535

/* Whether scans and insertions may choose it.  A list that is younger than the metapage as it was
 * read belongs to a split that began meanwhile. */
static inline bool vdb_ivf_list_live(const VdbIvfMeta *meta, const VdbIvfList *list)
{
    return list->state == VDB_IVF_LIST_LIVE && list->id < meta->next_id &&
           (list->id < meta->pending_from || list->id >= meta->pending_to);
}

/* Whether a split that is going on, or was cut short, made it. */
static inline bool vdb_ivf_list_pending(const VdbIvfMeta *meta, const VdbIvfList *list)
{
    return list->state == VDB_IVF_LIST_LIVE && list->id >= meta->pending_from &&
           list->id < meta->pending_to;
}

/*
 * Ordinal o stands on the (o / lists_per_page)-th page of the directory's chain, its centroid on
 * the (o / centroids_per_page)-th of the centroids'.  Either kind of page knows its first ordinal
 * and fills up in order.
 */
void vdb_ivf_directory_begin(void *page, uint32_t first_ordinal) VDB_NOEXCEPT;
/* First ordinal and number of entries.  VDB_CORRUPT: no directory page, or a damaged one. */
VdbStatus vdb_ivf_directory_span(const void *page, const VdbIvfGeometry *g, uint32_t *first_ordinal,
                                 uint32_t *count) VDB_NOEXCEPT;
/* VDB_CORRUPT: that ordinal is not on this page. */
VdbStatus vdb_ivf_directory_read(const void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                 VdbIvfList *list) VDB_NOEXCEPT;
/* Writes an entry that is there, or the one after the last.  VDB_FULL: it belongs on a later page.
 * VDB_CORRUPT: on an earlier one, or there would be a gap. */
VdbStatus vdb_ivf_directory_write(void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                  const VdbIvfList *list) VDB_NOEXCEPT;

/* --- centroids --- */

void vdb_ivf_centroids_begin(void *page, uint32_t first_ordinal) VDB_NOEXCEPT;
VdbStatus vdb_ivf_centroids_span(const void *page, const VdbIvfGeometry *g, uint32_t *first_ordinal,
                                 uint32_t *count) VDB_NOEXCEPT;
/* Where the centroid lies on the page, value_bytes of it; NULL: not on this page. */
const void *vdb_ivf_centroid_at(const void *page, const VdbIvfGeometry *g,
                                uint32_t ordinal) VDB_NOEXCEPT;
/* As vdb_ivf_directory_write(). */
VdbStatus vdb_ivf_centroid_write(void *page, const VdbIvfGeometry *g, uint32_t ordinal,
                                 const void *centroid) VDB_NOEXCEPT;

/* --- data --- */

/* A page's link of the chain of pages with room while it is not on that chain. */
#define VDB_IVF_NOT_LISTED (UINT32_MAX - 1)

/* Names the list of a data page that was just initialised: no entries, not on the room chain. */
void vdb_ivf_data_begin(void *page, const VdbIvfGeometry *g, uint32_t list_id) VDB_NOEXCEPT;

typedef struct VdbIvfData {
    uint32_t list_id;
    uint32_t count;     /* entries */
    VdbBlock next;      /* in the list's chain */
    VdbBlock next_room; /* in the chain of pages with room; VDB_IVF_NOT_LISTED = not on it */
} VdbIvfData;

/* Checks the page and says what it is.  VDB_STALE: it is not a data page of that list (any list:
 * VDB_IVF_NO_LIST).  VDB_CORRUPT: it is, and damaged. */
VdbStatus vdb_ivf_data_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                            VdbIvfData *data) VDB_NOEXCEPT;
void vdb_ivf_data_set_next_room(void *page, VdbBlock next_room) VDB_NOEXCEPT;

/* Adds an entry to a page without codes.  VDB_FULL: no room, nothing was changed. */
VdbStatus vdb_ivf_data_add(void *page, const VdbIvfGeometry *g, VdbTid tid,
                           const void *value) VDB_NOEXCEPT;

/* Entry i of a page that vdb_ivf_data_read() accepted, i < count. */
VdbTid vdb_ivf_data_tid(const void *page, const VdbIvfGeometry *g, uint32_t i) VDB_NOEXCEPT;
/* REQUIRES: a page without codes. */
const void *vdb_ivf_data_value(const void *page, const VdbIvfGeometry *g, uint32_t i) VDB_NOEXCEPT;

/* Whether a page with so many entries should be on the room chain: at least a fifth is free. */
static inline bool vdb_ivf_data_roomy(const VdbIvfGeometry *g, uint32_t count)
{
    return (g->capacity - count) * 5 >= g->capacity && count < g->capacity;
}

/* --- rows of a coded index --- */

/* Where an entry's kept value is: a value page and a slot of it. */
typedef struct VdbIvfPlace {
    uint16_t block_hi;
    uint16_t block_lo;
    uint16_t slot;
} VdbIvfPlace;

static inline VdbIvfPlace vdb_ivf_place(VdbBlock block, uint32_t slot)
{
    VdbIvfPlace place = {(uint16_t) (block >> 16), (uint16_t) block, (uint16_t) slot};

    return place;
}

static inline VdbBlock vdb_ivf_place_block(VdbIvfPlace place)
{
    return (VdbBlock) place.block_hi << 16 | place.block_lo;
}

/* What a row is made of. */
typedef struct VdbIvfRow {
    const void *centroid; /* of its list */
    const void *value;    /* in the index's space: with codes, prepared and rotated */
    float norm;           /* as vdb_value_prepare() gave it */
    const void *kept;     /* NULL: to be made of the value, which else was decoded from it */
} VdbIvfRow;

/*
 * Makes of a value what pages take, g->row_bytes of it: code, factors, spread, norm and kept form
 * in one piece, to be carried, sorted and copied as any bytes; it needs an alignment of 4.  Without
 * codes it is the value.  Another centroid needs another row.
 */
void vdb_ivf_row_make(const VdbIvfGeometry *g, const VdbIvfRow *row, void *out) VDB_NOEXCEPT;

/* --- codes: data pages of a coded index --- */

/* The entries of a page; pointers into it. */
typedef struct VdbIvfCodes {
    uint32_t count;
    uint32_t packed; /* so many lie as vdb_codes_*() have them, the other codes one by one */
    VdbBlock next;   /* in the list's chain */
    const VdbTid *tids;
    const VdbIvfPlace *places; /* NULL: values are in the table */
    const VdbCodeFactors *factors;
    const uint16_t *spreads; /* see vdb_code_make_bounded() */
    const uint8_t *codes;    /* degree: g->capacity */
    const uint8_t *open;     /* codes of entries `packed`, `packed` + 1, ..., < 32 of them */
    const void *ahead;       /* a page that is likely to be estimated next, or NULL */
} VdbIvfCodes;

/* As vdb_ivf_data_read(); places are not checked. */
VdbStatus vdb_ivf_codes_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                             VdbIvfCodes *codes) VDB_NOEXCEPT;

/* What a list's codes are relative to, for one query: see VdbCodeList.  The error of an estimate is
 * about its spread times |q - a u| (L2, where a is 1: twice that), which is least for a = <q,u> /
 * |u|^2. */
typedef struct VdbIvfBase {
    float rank;
    float a;
} VdbIvfBase;

/* Estimated ranks of all entries.  Writes up to the next multiple of 32 of ranks. */
void vdb_ivf_codes_estimate(const VdbIvfGeometry *g, const VdbIvfCodes *codes,
                            const VdbCodeQuery *query, VdbIvfBase base, float *ranks) VDB_NOEXCEPT;

/* One code, as vdb_code_make() makes them; code: g->code_dims / 8 bytes. */
void vdb_ivf_code_get(const VdbIvfGeometry *g, const VdbIvfCodes *codes, uint32_t i,
                      uint8_t *code) VDB_NOEXCEPT;

/* About the value that a code was made of, as far as the code tells: for an entry whose value is
 * gone.  centroid: of its list; value: g->space.dims numbers, all finite if the centroid's are. */
void vdb_ivf_code_value(const VdbIvfGeometry *g, const VdbIvfCodes *codes, uint32_t i,
                        const void *centroid, float *value) VDB_NOEXCEPT;

typedef struct VdbIvfEntry {
    VdbTid tid;
    VdbIvfPlace place; /* means nothing where values are in the table */
} VdbIvfEntry;

/* All that an addition reads and writes of a page to become its entry i, but for PostgreSQL's
 * header.  REQUIRES: i < g->capacity. */
VdbSpans vdb_ivf_codes_parts(const VdbIvfGeometry *g, uint32_t i) VDB_NOEXCEPT;
/* All that vdb_ivf_codes_add() would read and write of a page that vdb_ivf_codes_read() accepted
 * and that has room, but for PostgreSQL's header. */
VdbSpans vdb_ivf_codes_add_parts(const void *page, const VdbIvfGeometry *g) VDB_NOEXCEPT;
/* Adds an entry.  VDB_FULL: no room, nothing was changed. */
VdbStatus vdb_ivf_codes_add(void *page, const VdbIvfGeometry *g, VdbIvfEntry entry,
                            const void *row) VDB_NOEXCEPT;

/* --- value pages of a coded index --- */

/* Names the list of a value page that was just initialised. */
void vdb_ivf_values_begin(void *page, uint32_t list_id) VDB_NOEXCEPT;

typedef struct VdbIvfValues {
    uint32_t list_id;
    uint32_t count; /* values that begin here, of g->slots_per_page at most */
    VdbBlock next;  /* older pages of the list */
    VdbBlock room;  /* of the newest page: the first older one with room again, VDB_NO_BLOCK: none;
                     * of one of those: the next */
} VdbIvfValues;

/* Checks the page and says what it is; answers as vdb_ivf_data_read(). */
VdbStatus vdb_ivf_values_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                              VdbIvfValues *values) VDB_NOEXCEPT;

/*
 * The chain of a list's older value pages that have room again, which begins at its newest.
 * Whether a page should be put on it (it is not on it; a fifth of it is free); puts the page at
 * its head; takes the first page off it; and leaves it to a new newest page.
 */
bool vdb_ivf_values_roomy(const void *page, const VdbIvfGeometry *g) VDB_NOEXCEPT;
void vdb_ivf_values_push_room(void *newest, void *page, VdbBlock block) VDB_NOEXCEPT;
void vdb_ivf_values_pop_room(void *newest, void *page) VDB_NOEXCEPT;
void vdb_ivf_values_pass_room(void *newest, void *newer) VDB_NOEXCEPT;

/* A value on its way to a page. */
typedef struct VdbIvfNewValue {
    VdbTid tid;
    const void *row;   /* its norm and kept form are what is put there */
    uint32_t borrowed; /* of its slots, so many are on the older page; mostly 0 */
} VdbIvfNewValue;

/*
 * Where g->slots_per_value > 1, a value that begins in the first slot of a page may have its last
 * slots on the next page of the chain, the older one.  Whether that is of use to the next value:
 * page's first slot is free.  Then vdb_ivf_values_spare() says how many the older page can lend,
 * which may be 0; and both pages are changed in one step.
 */
bool vdb_ivf_values_borrow(const void *page, const VdbIvfGeometry *g) VDB_NOEXCEPT;
uint32_t vdb_ivf_values_spare(const void *older, const VdbIvfGeometry *g) VDB_NOEXCEPT;
/* Whether there is room for a value that has borrowed so many slots. */
bool vdb_ivf_values_room(const void *page, const VdbIvfGeometry *g, uint32_t borrowed) VDB_NOEXCEPT;
/* Puts the end of the value into the slots that it borrows.  REQUIRES: the page has them to spare.
 */
void vdb_ivf_values_lend(void *older, const VdbIvfGeometry *g,
                         const VdbIvfNewValue *value) VDB_NOEXCEPT;
/* Of who fills pages one after the other: whether this one has no room left for the value, which is
 * for the next page then.  What is left of the page was lent to it. */
bool vdb_ivf_values_full(void *page, const VdbIvfGeometry *g, VdbIvfNewValue *value) VDB_NOEXCEPT;
/* All that an addition reads and writes of a page whose value begins in that slot, as far as the
 * page goes, but for PostgreSQL's header.  REQUIRES: slot < g->slots_per_page. */
VdbSpans vdb_ivf_values_parts(const VdbIvfGeometry *g, uint32_t slot) VDB_NOEXCEPT;
/* All that vdb_ivf_values_add() would read and write of the page, and vdb_ivf_values_lend() of the
 * older one, for a value that has borrowed so many slots, but for PostgreSQL's header. */
VdbSpans vdb_ivf_values_add_parts(const void *page, const VdbIvfGeometry *g,
                                  uint32_t borrowed) VDB_NOEXCEPT;
VdbSpans vdb_ivf_values_lend_parts(const VdbIvfGeometry *g, uint32_t borrowed) VDB_NOEXCEPT;
/* Puts the value, or its beginning, into the first slots that are free.  VDB_FULL: none are, and
 * nothing was changed. */
VdbStatus vdb_ivf_values_add(void *page, const VdbIvfGeometry *g, const VdbIvfNewValue *value,
                             uint32_t *slot) VDB_NOEXCEPT;

/* Where the value in that slot goes on, or VDB_NO_BLOCK.  Of any page. */
VdbBlock vdb_ivf_value_rest(const void *page, const VdbIvfGeometry *g, uint32_t slot) VDB_NOEXCEPT;

/* The page of a value, which vdb_ivf_values_read() accepted, and the one where the value in its
 * first slot goes on, if it does and that is the one to be read; `joined` has room for
 * g->slots_per_value * g->slot_bytes then, aligned to 4. */
typedef struct VdbIvfValuePages {
    const void *page;
    const void *older;
    void *joined;
} VdbIvfValuePages;

/* A value on such pages, or joined. */
typedef struct VdbIvfValue {
    const void *kept;
    float norm;
    VdbTid tid; /* of its entry */
} VdbIvfValue;

/*
 * The value in a slot, if it is the entry's with that tid.  VDB_STALE: it is another's or nobody's,
 * as vacuum leaves it that took the entry.  VDB_CORRUPT: not as it was written.  Only with VDB_OK
 * *out is set.
 */
VdbStatus vdb_ivf_value_read(const VdbIvfValuePages *at, const VdbIvfGeometry *g, uint32_t slot,
                             VdbTid tid, VdbIvfValue *out) VDB_NOEXCEPT;
/* The value in a slot, whosever it is and whatever its check says.  VDB_STALE: there is none;
 * VDB_CORRUPT: it is outside, or its rest is missing. */
VdbStatus vdb_ivf_value_at(const VdbIvfValuePages *at, const VdbIvfGeometry *g, uint32_t slot,
                           VdbIvfValue *out) VDB_NOEXCEPT;
/* Whether it is as it was written; one damage in 65,536 goes unnoticed. */
bool vdb_ivf_value_intact(const VdbIvfGeometry *g, const VdbIvfValue *value) VDB_NOEXCEPT;

/* Frees those slots that are in use.  What a value has borrowed is given back after that, by
 * vdb_ivf_values_return() of the older page. */
void vdb_ivf_values_remove(void *page, const VdbIvfGeometry *g, const uint16_t *slots,
                           uint32_t n) VDB_NOEXCEPT;
void vdb_ivf_values_return(void *older) VDB_NOEXCEPT;

/* --- vacuum --- */

/* Counts the entries whose heap tid is dead and those that stay.  VDB_CORRUPT, VDB_STALE: as
 * vdb_ivf_data_read(). */
VdbStatus vdb_ivf_data_count(const void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                             void *state, VdbTidCount *count) VDB_NOEXCEPT;
/* The places of the dead ones' values, in the order of the entries; `places` has room for
 * g->capacity.  How many: 0 where there are no value pages.  Their slots are freed after the
 * entries are gone. */
uint32_t vdb_ivf_codes_dead(const void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                            void *state, VdbIvfPlace *places) VDB_NOEXCEPT;
/* Takes the dead ones out and closes the gaps, with codes or without. */
void vdb_ivf_data_remove(void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                         void *state) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
