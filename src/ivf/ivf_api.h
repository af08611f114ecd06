/*
 * The inverted-file index as plain C: what src/pg calls.  Nothing here raises, locks or does I/O
 * (style R5), and whatever reads a page is safe on any bytes.
 *
 * Words used throughout: a *list* is a centroid and the rows nearest to it, kept in a chain of
 * data pages; its *ordinal* is its place in the directory and among the centroids; its *id* is
 * never used again, while an ordinal is.  An *entry* is one row of a list: heap tid and value.  A
 * *value* is what the index stores of a column (quant/space_api.h); a centroid has the same form.
 *
 * A *coded* index keeps one-bit codes of its values, relative to their lists' centroids
 * (quant/code_api.h), on the data pages, and apart from them the values in a *kept form*
 * (quant/kept_api.h), or leaves those to the table.  Its values are rotated float32 vectors
 * (quant/rotation_api.h), under cosine of unit length, whatever the column's type.
 */
#ifndef VDB_IVF_API_H
#define VDB_IVF_API_H

#include <string.h>

#include "core/types.h"
#include "quant/code_api.h"
#include "quant/kept_api.h"
#include "quant/space_api.h"

VDB_BEGIN_DECLS

#define VDB_IVF_META_BLOCK      0
#define VDB_IVF_MAX_DIMS        2000
#define VDB_IVF_MAX_HALF_DIMS   4000
#define VDB_IVF_MAX_BIT_DIMS    64000
#define VDB_IVF_MAX_LISTS       32768 /* that the option, and so a target, may ask for */
#define VDB_IVF_MAX_PROBES      32768
#define VDB_IVF_MAX_PIECES      64 /* of one split */
#define VDB_IVF_MIN_SAMPLE_ROWS 10000
#define VDB_IVF_ROWS_PER_SAMPLE 50 /* sampled rows a list */
#define VDB_IVF_MIN_CODED_DIMS  64 /* below, codes say too little */

/* Instead of a VdbKept: a coded index that keeps no values, so that they are read from the table.
 */
#define VDB_IVF_KEPT_HEAP 15

/* The last ids are never given out; 0 is no list. */
#define VDB_IVF_NO_LIST 0

typedef enum VdbIvfPageKind {
    VDB_IVF_PAGE_META = 1,
    VDB_IVF_PAGE_DIRECTORY = 2, /* entries of lists, by ordinal */
    VDB_IVF_PAGE_CENTROIDS = 3, /* by the same ordinals */
    VDB_IVF_PAGE_DATA = 4,      /* entries of one list; of a coded index, their codes */
    VDB_IVF_PAGE_FREE = 5,
    VDB_IVF_PAGE_VALUES = 6, /* kept values of one list of a coded index */
    VDB_IVF_PAGE_LAST = VDB_IVF_PAGE_VALUES
} VdbIvfPageKind;

/* Last two bytes of every page of this access method; the kind stands before them. */
#define VDB_IVF_PAGE_ID 0xFD49

/* A page's kind, 0 if it is none of ours (an all-zero page, say). */
static inline uint32_t vdb_ivf_page_kind(const void *page, uint32_t page_size)
{
    uint16_t tail[2];

    memcpy(tail, (const char *) page + page_size - sizeof(tail), sizeof(tail));
    return tail[1] == VDB_IVF_PAGE_ID ? tail[0] : 0;
}

/* Where everything lies; a pure function of (page_size, column's space, kept form).  Offsets and
 * sizes in bytes. */
typedef struct VdbIvfGeometry {
    uint32_t page_size;
    VdbSpace space;         /* of the values that are compared; with codes: rotated float32 */
    uint32_t source;        /* VdbStorage of the column */
    uint32_t kept;          /* VdbKept or VDB_IVF_KEPT_HEAP; VDB_KEPT_PLAIN = no codes */
    uint32_t code_dims;     /* dims rounded up to a multiple of 8; 0 = no codes */
    uint32_t value_bytes;   /* of a value as compared, and of a centroid */
    uint32_t row_bytes;     /* of what is added to a list: vdb_ivf_row_make() */
    uint32_t stride;        /* from one value of a data or centroid page to the next */
    uint32_t capacity;      /* entries of a data page; with codes: even */
    uint32_t tids_offset;   /* on a data page */
    uint32_t values_offset; /* of the first value on a data page; 0 with codes */
    uint32_t norms_offset;  /* of the values' norms there; 0 = the space needs none */
    uint32_t codes_offset;  /* on a data page; this and the next three: 0 without codes */
    uint32_t factors_offset;
    uint32_t spreads_offset;
    uint32_t places_offset;   /* 0 too where values are left to the table */
    uint32_t kept_bytes;      /* of a kept form; 0 = there are no value pages, nor slots */
    uint32_t slot_bytes;      /* of a slot of a value page */
    uint32_t slots_per_value; /* that whose it is, norm and kept form take together */
    uint32_t slots_offset;    /* of the first slot on a value page */
    uint32_t slots_per_page;  /* of a value page */
    uint32_t value_room;      /* 1: value pages with room again are on a chain */
    uint32_t centroids_offset;
    uint32_t centroids_per_page;
    uint32_t lists_per_page; /* entries of a directory page */
} VdbIvfGeometry;

static inline bool vdb_ivf_coded(const VdbIvfGeometry *g)
{
    return g->code_dims > 0;
}

/* The space of the column's own values. */
static inline VdbSpace vdb_ivf_column(const VdbIvfGeometry *g)
{
    VdbSpace space = g->space;

    space.storage = g->source;
    return space;
}

/* What the codes are made and read with.  REQUIRES: vdb_ivf_coded(g). */
static inline VdbCodec vdb_ivf_codec(const VdbIvfGeometry *g)
{
    VdbCodec codec = {g->space.metric, g->space.dims, g->code_dims};

    return codec;
}

/* The most dimensions for values of that storage; 0 = there is no such index. */
uint32_t vdb_ivf_max_dims(VdbStorage storage) VDB_NOEXCEPT;

/* Whether a column in that space can have a coded index: its centroids, which are float32, have to
 * fit a page. */
static inline bool vdb_ivf_codable(const VdbSpace *space)
{
    return (space->metric == VDB_METRIC_L2 || space->metric == VDB_METRIC_IP ||
            space->metric == VDB_METRIC_COSINE) &&
           (space->storage == VDB_STORAGE_FLOAT32 || space->storage == VDB_STORAGE_HALF) &&
           space->dims >= VDB_IVF_MIN_CODED_DIMS && space->dims <= VDB_IVF_MAX_DIMS;
}

/* An index without codes.  VDB_TOO_BIG: more than the dimensions above, none, or a metric that
 * lists have no use for. */
VdbStatus vdb_ivf_geometry(uint32_t page_size, const VdbSpace *space,
                           VdbIvfGeometry *out) VDB_NOEXCEPT;
/* A coded one, of a column in that space; `kept`: VdbKept but VDB_KEPT_PLAIN, or
 * VDB_IVF_KEPT_HEAP.  VDB_TOO_BIG: it cannot be. */
VdbStatus vdb_ivf_coded_geometry(uint32_t page_size, const VdbSpace *column, uint32_t kept,
                                 VdbIvfGeometry *out) VDB_NOEXCEPT;

/* --- how many lists there should be, and how many to look at --- */

/* Lists wanted for so many rows; `option` is the reloption, 0 = automatic.  At least 1. */
uint32_t vdb_ivf_target_lists(uint32_t option, uint64_t rows) VDB_NOEXCEPT;

/* Rows to sample for finding so many centroids. */
uint64_t vdb_ivf_sample_rows(uint32_t lists) VDB_NOEXCEPT;

typedef struct VdbIvfSize {
    uint32_t option;    /* the reloption, 0 = automatic */
    uint32_t lists;     /* live lists there are */
    uint64_t rows;      /* in all live lists, about */
    uint64_t list_rows; /* in the list in question */
} VdbIvfSize;

/* Into how many pieces that list should be split, at most VDB_IVF_MAX_PIECES; 0 = it should not. */
uint32_t vdb_ivf_split_pieces(const VdbIvfSize *size) VDB_NOEXCEPT;

/* Lists to look at when nobody has said how many, in an index with codes or without.  Between 1 and
 * `lists`. */
uint32_t vdb_ivf_auto_probes(uint32_t lists, bool coded) VDB_NOEXCEPT;

/* --- choosing lists by their centroids --- */

/* Centroids in memory, one after the other.  Best aligned to 64 bytes with such a stride. */
typedef struct VdbIvfCentroids {
    const void *values;
    size_t stride;
    uint32_t count;
} VdbIvfCentroids;

/* Index of the centroid that a value belongs to; of equally near ones the first.  REQUIRES: count
 * > 0. */
uint32_t vdb_ivf_nearest(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                         const void *value) VDB_NOEXCEPT;

/*
 * Codes of centroids, relative to their mean: with them the nearest of many is found without
 * comparing all.  They know the centroids by index only.
 */
typedef struct VdbIvfCentroidCodes VdbIvfCentroidCodes;

/* Bytes that they take; 0 = the index has no codes, or so few centroids that they are of no use. */
size_t vdb_ivf_centroid_codes_size(const VdbIvfGeometry *g, uint32_t count) VDB_NOEXCEPT;
/* memory: aligned to 64 bytes.  REQUIRES: the size above is not 0. */
VdbIvfCentroidCodes *vdb_ivf_centroid_codes_make(const VdbIvfGeometry *g,
                                                 const VdbIvfCentroids *centroids,
                                                 void *memory) VDB_NOEXCEPT;
/* As vdb_ivf_nearest(), but rarely, among the nearest, one that is not quite the nearest.  `codes`
 * may be NULL. */
uint32_t vdb_ivf_nearest_by_codes(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                                  const VdbIvfCentroidCodes *codes, const void *value) VDB_NOEXCEPT;

typedef struct VdbIvfRanked {
    float distance;
    uint32_t index; /* of the centroid */
} VdbIvfRanked;

/* Squared norms of centroids; of a coded index. */
void vdb_ivf_centroid_norms(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                            float *norms) VDB_NOEXCEPT;

/* Fills out[0 .. count) with every centroid's distance to the query, in no order yet. */
void vdb_ivf_rank_lists(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                        const void *query, VdbIvfRanked *out) VDB_NOEXCEPT;

/* Brings the nearest `to` to the front, in no order, or up to half as many more: answers how many.
 * REQUIRES: as vdb_ivf_order_lists(). */
uint32_t vdb_ivf_pick_lists(VdbIvfRanked *ranked, uint32_t count, uint32_t from,
                            uint32_t to) VDB_NOEXCEPT;

/* Brings the nearest `to` into order at the front.  REQUIRES: the first `from` are there already,
 * from <= to <= count. */
void vdb_ivf_order_lists(VdbIvfRanked *ranked, uint32_t count, uint32_t from,
                         uint32_t to) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
