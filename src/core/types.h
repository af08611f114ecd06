/*
 * Types shared by every room and by both languages.  Plain C11 and C++20; includes only std
 * headers.
 */
#ifndef VDB_CORE_TYPES_H
#define VDB_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define VDB_NOEXCEPT    noexcept
#define VDB_BEGIN_DECLS extern "C" {
#define VDB_END_DECLS   }
#else
#define VDB_NOEXCEPT
#define VDB_BEGIN_DECLS
#define VDB_END_DECLS
#endif

/* What a core function answers; only the shim turns it into an ereport (style rules R5, R6). */
typedef enum VdbStatus {
    VDB_OK = 0,
    VDB_FULL,    /* the target has no room; nothing was changed */
    VDB_STALE,   /* the page changed since the plan was made; plan again, nothing was changed */
    VDB_CORRUPT, /* the page breaks an invariant of its format */
    VDB_TOO_BIG  /* a size exceeds what the format or the memory budget can hold */
} VdbStatus;

/* Twin of PostgreSQL's BlockNumber. */
typedef uint32_t VdbBlock;
#define VDB_NO_BLOCK UINT32_MAX

/* Twin of PostgreSQL's ItemPointerData: 6 bytes, 2-byte aligned.  offset 0 = no tuple. */
typedef struct VdbTid {
    uint16_t block_hi;
    uint16_t block_lo;
    uint16_t offset;
} VdbTid;

/* Vacuum: whether a heap tid is to go.  May raise: the frames it would pass have nothing to undo
 * (style R4). */
typedef bool (*VdbIsDead)(VdbTid tid, void *state);

typedef struct VdbTidCount {
    uint64_t dead;
    uint64_t left;
} VdbTidCount;

/* Parts of a page, in bytes from its start. */
typedef struct VdbSpan {
    uint32_t from;
    uint32_t to; /* first byte after it */
} VdbSpan;

#define VDB_MOST_SPANS 8

typedef struct VdbSpans {
    uint32_t count;
    VdbSpan spans[VDB_MOST_SPANS];
} VdbSpans;

/* How two vectors are compared.  Smaller is nearer for every metric. */
typedef enum VdbMetric {
    VDB_METRIC_L2 = 1,      /* squared Euclidean distance */
    VDB_METRIC_IP = 2,      /* negative inner product */
    VDB_METRIC_COSINE = 3,  /* 1 - cosine; index keeps normalised vectors */
    VDB_METRIC_L1 = 4,      /* taxicab distance */
    VDB_METRIC_HAMMING = 5, /* number of bits that differ */
    VDB_METRIC_JACCARD = 6  /* 1 - |a and b| / |a or b|; 1 where no bit is set in both */
} VdbMetric;

/* How an index keeps the values of a column.  The codes are on disk. */
typedef enum VdbStorage {
    VDB_STORAGE_FLOAT32 = 0,
    VDB_STORAGE_HALF = 1, /* IEEE binary16 */
    VDB_STORAGE_BIT = 2,  /* packed, first bit = most significant of the first byte; padding 0 */
    VDB_STORAGE_SPARSE = 3
} VdbStorage;

#endif
