/*
 * The graph index as plain C: what src/pg calls.  Nothing here raises, locks or does I/O (style
 * R5).
 *
 * Words used throughout: a *node* is one distinct vector with all the heap tids that hold it; its
 * *slot* is its fixed-size place on a node page; a *cell* is a small fixed-size record (upper-level
 * neighbour list, or more heap tids); a *pinned* edge is part of the tree that makes every node
 * reachable from the root (README.md).
 */
#ifndef VDB_HNSW_API_H
#define VDB_HNSW_API_H

#include <string.h>

#include "core/types.h"
#include "quant/code_api.h"
#include "quant/kept_api.h"
#include "quant/space_api.h"

VDB_BEGIN_DECLS

#define VDB_HNSW_META_BLOCK              0
#define VDB_HNSW_FIRST_NODE_BLOCK        1
#define VDB_HNSW_MAX_DIMS                16000 /* of vectors of numbers */
#define VDB_HNSW_MAX_BITS                64000
#define VDB_HNSW_MAX_SPARSE_DIMS         1000000000
#define VDB_HNSW_MIN_M                   2
#define VDB_HNSW_MAX_M                   100
#define VDB_HNSW_DEFAULT_M               16
#define VDB_HNSW_MIN_EF_CONSTRUCTION     4
#define VDB_HNSW_MAX_EF_CONSTRUCTION     1000
#define VDB_HNSW_DEFAULT_EF_CONSTRUCTION 64
#define VDB_HNSW_MAX_LEVEL               31
#define VDB_HNSW_DEFAULT_EF_SEARCH       40
#define VDB_HNSW_MAX_EF_SEARCH           100000

/* A node's id: block * slots_per_page + slot.  Ids of other pages' blocks are never used. */
typedef uint32_t VdbNode;
#define VDB_NO_NODE UINT32_MAX

/* A page's free-list link when it is on no list; the last page of a list has VDB_NO_BLOCK. */
#define VDB_HNSW_NOT_LISTED (UINT32_MAX - 1)

/* A cell's address; offset = index on the page + 1, 0 = none. */
typedef VdbTid VdbCellRef;

typedef enum VdbHnswPageKind {
    VDB_HNSW_PAGE_META = 1,
    VDB_HNSW_PAGE_NODE = 2,  /* slots, then cells in what is left */
    VDB_HNSW_PAGE_CELL = 3,  /* cells only */
    VDB_HNSW_PAGE_VECTOR = 4 /* a slice of one vector that does not fit its slot */
} VdbHnswPageKind;

/* Last two bytes of every page of this access method; the kind stands before them. */
#define VDB_HNSW_PAGE_ID 0xFD48

/* A page's kind, 0 if it is none of ours (an all-zero page, say). */
static inline uint32_t vdb_hnsw_page_kind(const void *page, uint32_t page_size)
{
    uint16_t tail[2];

    memcpy(tail, (const char *) page + page_size - sizeof(tail), sizeof(tail));
    return tail[1] == VDB_HNSW_PAGE_ID ? tail[0] : 0;
}

/* What stands under checks in an index with codes, which grew with its versions. */
typedef enum VdbHnswChecked {
    VDB_HNSW_ALL_CHECKED = 0,     /* kept vectors, and with them norms and heap tids */
    VDB_HNSW_VECTORS_CHECKED = 1, /* kept vectors alone */
    VDB_HNSW_UNCHECKED = 2
} VdbHnswChecked;

/* What an index is: all that its geometry follows from. */
typedef struct VdbHnswShape {
    VdbSpace space; /* of the column */
    uint32_t m;
    VdbKept kept;           /* PLAIN: no codes */
    uint32_t code_dims;     /* with codes: how many coordinates they cover; 0: the best choice */
    uint32_t slot_units;    /* of a sparse vector, how many units a slot has room for, less where a
                             * page does not; else ignored */
    VdbHnswChecked checked; /* ignored without codes */
} VdbHnswShape;

/* Where everything lies; a pure function of (page_size, shape).  Offsets and sizes in bytes.  What
 * pages keep of a vector is its *stored form*: the vector itself, or, with codes, its kept form
 * (quant/kept_api.h). */
typedef struct VdbHnswGeometry {
    uint32_t page_size;
    uint32_t m;
    VdbSpace space;          /* of the vectors that are compared; with codes: rotated float32 */
    VdbStorage source;       /* of the column */
    VdbKept kept;            /* PLAIN: a slot keeps its vector as it is compared */
    uint32_t code_dims;      /* coordinates that neighbours' codes cover; 0: no codes */
    uint32_t factors_offset; /* of the codes' factors, in the slot */
    uint32_t codes_offset;
    uint32_t unit_size; /* of the pieces that a stored vector may be cut into (quant/space_api.h);
                         * 4 with codes */
    uint32_t units;     /* of a stored vector; the most that a sparse one can have */
    uint32_t slot_size;
    uint32_t slots_per_page;
    uint32_t cells_offset; /* of the first cell on a node page */
    uint32_t cells_per_node_page;
    uint32_t cell_size;
    uint32_t cells_per_cell_page;
    uint32_t tids_per_cell;
    uint32_t vector_offset; /* of the inline part of the vector, in the slot */
    uint32_t inline_units;  /* leading units kept in the slot; sparse: as many as there are */
    uint32_t vector_pages;  /* pages that hold the others; sparse: at most */
    uint32_t units_per_vector_page;
    uint32_t checked; /* 1: kept vectors have checks (vdb_kept_intact()) */
    uint32_t sealed;  /* 1: and these cover norms and first heap tids; cells of tids have some */
} VdbHnswGeometry;

/* Fewer dimensions are not worth a code. */
#define VDB_HNSW_MIN_CODED_DIMS 64

/* Whether an index over such vectors can have codes: numbers under L2, inner product or cosine, and
 * enough of them. */
static inline bool vdb_hnsw_codable(const VdbSpace *space)
{
    return (space->storage == VDB_STORAGE_FLOAT32 || space->storage == VDB_STORAGE_HALF) &&
           (space->metric == VDB_METRIC_L2 || space->metric == VDB_METRIC_IP ||
            space->metric == VDB_METRIC_COSINE) &&
           space->dims >= VDB_HNSW_MIN_CODED_DIMS;
}

/* Whether slots hold codes of their neighbours. */
static inline bool vdb_hnsw_coded(const VdbHnswGeometry *g)
{
    return g->code_dims > 0;
}

/* The space of the column. */
static inline VdbSpace vdb_hnsw_source_space(const VdbHnswGeometry *g)
{
    VdbSpace space = {g->space.metric, g->source, g->space.dims};

    return space;
}

/* What the codes are made and read with.  REQUIRES: there are codes. */
static inline VdbCodec vdb_hnsw_codec(const VdbHnswGeometry *g)
{
    VdbCodec codec = {g->space.metric, g->space.dims, g->code_dims};

    return codec;
}

/* Most dimensions of that form of vector. */
uint32_t vdb_hnsw_max_dims(VdbStorage storage) VDB_NOEXCEPT;

/* Fails with VDB_TOO_BIG when no layout exists (not for up to vdb_hnsw_max_dims() dimensions, m <=
 * VDB_HNSW_MAX_M and code_dims 0), or for codes of vectors that cannot have any. */
VdbStatus vdb_hnsw_geometry(uint32_t page_size, const VdbHnswShape *shape,
                            VdbHnswGeometry *out) VDB_NOEXCEPT;

/* The slot_units that make an index over vectors of these sizes (in units) smallest; a default for
 * n = 0.  Sorts the sizes. */
uint32_t vdb_hnsw_choose_slot_units(uint32_t page_size, const VdbSpace *space, uint32_t m,
                                    uint32_t *sizes, uint32_t n) VDB_NOEXCEPT;

/* Bytes of this vector as it is compared. */
static inline size_t vdb_hnsw_vector_bytes(const VdbHnswGeometry *g, const void *vector)
{
    return (size_t) vdb_units_of(&g->space, vector) * vdb_unit_size(&g->space);
}

/* Units of this stored vector; 0 if it is damaged. */
static inline uint32_t vdb_hnsw_stored_units(const VdbHnswGeometry *g, const void *stored)
{
    return vdb_hnsw_coded(g) ? g->units : vdb_units_of(&g->space, stored);
}

/* Vector pages that a vector of so many units needs beside its slot. */
static inline uint32_t vdb_hnsw_slices(const VdbHnswGeometry *g, uint32_t units)
{
    return units <= g->inline_units ? 0
                                    : (units - g->inline_units + g->units_per_vector_page - 1) /
                                          g->units_per_vector_page;
}

static inline VdbBlock vdb_hnsw_node_block(const VdbHnswGeometry *g, VdbNode node)
{
    return node / g->slots_per_page;
}

static inline uint32_t vdb_hnsw_node_slot(const VdbHnswGeometry *g, VdbNode node)
{
    return node % g->slots_per_page;
}

static inline VdbBlock vdb_cell_block(VdbCellRef ref)
{
    return ((VdbBlock) ref.block_hi << 16) | ref.block_lo;
}

/*
 * Level of the node for a heap tid: geometric with ratio 1/m, the same for the same seed and tid.
 * At most VDB_HNSW_MAX_LEVEL.
 */
uint32_t vdb_hnsw_level(uint64_t seed, VdbTid tid, uint32_t m) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
