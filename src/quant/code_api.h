/*
 * One-bit codes of a node's neighbours (RaBitQ, arXiv 2405.12497, of residuals as in SymphonyQG,
 * 2411.12229), laid out so that the distances of a query to 32 of them are estimated at once
 * (FastScan).  All vectors are rotated float32 (rotation_api.h).
 *
 * The code of v as seen from u is the signs of the first code_dims coordinates of r = v - u.  With
 * S = the sum of +-q_i over them and t = |r|^2 / |r_C|_1 (r_C: those coordinates of r), an unbiased
 * estimate of the rank of v for q is
 *
 *     L2       |q - u|^2 + add + scale S      scale = -2t, add = |r|^2 + 2t <u_C, signs>
 *     others   -<q, u> + a add + scale S      scale =  -t, add = t <u_C, signs> - <u, r>
 *
 * where a is 1, or |q| / |u| under inner product.
 */
#ifndef VDB_QUANT_CODE_API_H
#define VDB_QUANT_CODE_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

/* What a code is made and read with. */
typedef struct VdbCodec {
    uint32_t metric; /* VdbMetric: L2, IP or COSINE */
    uint32_t dims;
    uint32_t code_dims; /* a multiple of 8, at most dims rounded up to one */
} VdbCodec;

/* On disk beside the codes, one per neighbour; bfloat16 each. */
typedef struct VdbCodeFactors {
    uint16_t add;
    uint16_t scale;
} VdbCodeFactors;

/* One code: the first coordinate's bit is the lowest of the first byte; 1 = positive. */
static inline size_t vdb_code_bytes(const VdbCodec *codec)
{
    return codec->code_dims / 8;
}

/* Bytes of the codes of `degree` neighbours (even). */
static inline size_t vdb_codes_bytes(const VdbCodec *codec, uint32_t degree)
{
    return vdb_code_bytes(codec) * degree;
}

/* The code and factors of v as seen from u. */
void vdb_code_make(const VdbCodec *codec, const float *u, const float *v, uint8_t *code,
                   VdbCodeFactors *factors) VDB_NOEXCEPT;

/*
 * The same, and how far an estimate may be off: the bfloat16 of sqrt((t^2 D - |r|^2) / (D - 1)), D
 * = dims, rounded up.  Times |q - a u| it is the standard error of an estimate of the others, twice
 * that of one of L2 (with a = 1).  REQUIRES: code_dims is not less than dims.
 */
void vdb_code_make_bounded(const VdbCodec *codec, const float *u, const float *v, uint8_t *code,
                           VdbCodeFactors *factors, uint16_t *spread) VDB_NOEXCEPT;

/* What a bfloat16 stands for. */
float vdb_code_float(uint16_t bfloat) VDB_NOEXCEPT;

/* Reads or writes the i-th of a list's codes; no alignment needed. */
void vdb_codes_get(const VdbCodec *codec, uint32_t degree, const void *codes, uint32_t i,
                   uint8_t *code) VDB_NOEXCEPT;
void vdb_codes_put(const VdbCodec *codec, uint32_t degree, void *codes, uint32_t i,
                   const uint8_t *code) VDB_NOEXCEPT;
/* Writes the first n codes of a list at once, one after the other in `code`; the others are 0. */
void vdb_codes_pack(const VdbCodec *codec, uint32_t degree, void *codes, const uint8_t *code,
                    uint32_t n) VDB_NOEXCEPT;

/* The number of bits in which `code` differs from each code of a list; writes up to the next
 * multiple of 32 of `bits`.  May read up to 64 bytes past the codes. */
void vdb_codes_apart(const VdbCodec *codec, uint32_t degree, const void *codes, const uint8_t *code,
                     uint16_t *bits) VDB_NOEXCEPT;

/* A query, prepared for estimates. */
typedef struct VdbCodeQuery VdbCodeQuery;
size_t vdb_code_query_size(const VdbCodec *codec) VDB_NOEXCEPT;
/* memory: aligned to 64 bytes. */
VdbCodeQuery *vdb_code_query_init(void *memory, const VdbCodec *codec,
                                  const float *query) VDB_NOEXCEPT;
/* How far S may be off because the query's tables are rounded: the standard error. */
float vdb_code_query_noise(const VdbCodeQuery *query) VDB_NOEXCEPT;

/* Where a list's codes stand, and what they are relative to. */
typedef struct VdbCodeList {
    const void *codes;
    const VdbCodeFactors *factors; /* needs an alignment of 2 */
    uint32_t degree;               /* of the layout: even */
    uint32_t count;                /* neighbours in use */
    float base; /* rank of u for the query: |q-u|^2, -<q,u> (cosine: 1-<q,u> will do) */
    float a;    /* see above; 1 but for inner product */
} VdbCodeList;

/* Estimated ranks of the first `count` neighbours.  May read up to 64 bytes past the codes, and
 * writes up to the next multiple of 32 of `ranks`. */
void vdb_code_estimate(const VdbCodeQuery *query, const VdbCodeList *list,
                       float *ranks) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
