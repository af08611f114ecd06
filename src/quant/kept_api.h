/*
 * Kept forms: how an index that has codes of its vectors keeps the vectors themselves, with less
 * than float32's precision where it was told to.  All functions take rotated float32 vectors
 * (rotation_api.h).
 */
#ifndef VDB_QUANT_KEPT_API_H
#define VDB_QUANT_KEPT_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

/* The codes are on disk. */
typedef enum VdbKept {
    VDB_KEPT_PLAIN = 0,  /* no codes: the column's own value (quant/space_api.h) */
    VDB_KEPT_FULL = 1,   /* float32 */
    VDB_KEPT_HALF = 2,   /* IEEE binary16 */
    VDB_KEPT_SQ8 = 3,    /* 8 bits a coordinate, one scale a vector */
    VDB_KEPT_RABITQ4 = 4 /* 4 bits a coordinate, one scale a vector */
} VdbKept;

/* Bytes of a kept vector, a multiple of 4.  It needs an alignment of 4. */
size_t vdb_kept_bytes(VdbKept kept, uint32_t dims) VDB_NOEXCEPT;

/* Equal vectors give equal bytes, finite ones such as decode to finite ones. */
void vdb_kept_encode(VdbKept kept, uint32_t dims, const float *x, void *out) VDB_NOEXCEPT;
void vdb_kept_decode(VdbKept kept, uint32_t dims, const void *in, float *x) VDB_NOEXCEPT;

/* At least |x - decoded x|, rounding of the rotation included. */
float vdb_kept_error(VdbKept kept, const void *in) VDB_NOEXCEPT;

/* Whether its bytes are as they were written; one damage in 65,536 goes unnoticed.  A vector too
 * long for a bound of its error has no check.  REQUIRES: written by a version that put one. */
bool vdb_kept_intact(VdbKept kept, uint32_t dims, const void *in) VDB_NOEXCEPT;

/* Puts under the check of a vector that was just encoded, or was sealed before, what is kept beside
 * it, too: any number that is made of that. */
void vdb_kept_seal(VdbKept kept, uint32_t dims, void *blob, uint32_t beside) VDB_NOEXCEPT;
/* vdb_kept_intact() of a vector that was sealed with that number. */
bool vdb_kept_sealed(VdbKept kept, uint32_t dims, const void *in, uint32_t beside) VDB_NOEXCEPT;

/* Changes the check by a number that stands for what is kept beside the vector; the same again
 * takes it back.  A vector without a check stays as it is. */
void vdb_kept_mark(void *blob, uint16_t mark) VDB_NOEXCEPT;
/* vdb_kept_intact() of a vector that was marked so. */
bool vdb_kept_marked(VdbKept kept, uint32_t dims, const void *in, uint16_t mark) VDB_NOEXCEPT;

/* Squared Euclidean distance (VDB_METRIC_L2) or dot product (any other) of a float32 vector and the
 * kept one, as if decoded. */
float vdb_kept_raw(VdbKept kept, VdbMetric metric, uint32_t dims, const float *query,
                   const void *in) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
