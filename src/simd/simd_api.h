/*
 * Distance kernels and their run-time dispatch: the plain-C face of src/simd.
 *
 * One table of kernels per instruction set, best first; the first one that this CPU and its
 * operating system support is used unless another is forced by name.  All tables answer equal
 * results within the tolerance that README.md states.  Pointers need no alignment; n is the number
 * of dimensions, n >= 0.
 */
#ifndef VDB_SIMD_API_H
#define VDB_SIMD_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

/* dot = sum a*b, norm_a = sum a*a, norm_b = sum b*b (squares, no roots taken) */
typedef struct VdbCosineParts {
    float dot;
    float norm_a;
    float norm_b;
} VdbCosineParts;

/* Numbers of bits that are set in both, and in at least one of the two. */
typedef struct VdbJaccardParts {
    uint64_t both;
    uint64_t either;
} VdbJaccardParts;

typedef struct VdbKernels {
    const char *name; /* "avx512_popcnt", "avx512", "avx2", "neon", "scalar" */
    float (*l2_squared)(const float *a, const float *b, size_t n) VDB_NOEXCEPT;
    float (*inner_product)(const float *a, const float *b, size_t n) VDB_NOEXCEPT;
    float (*l1)(const float *a, const float *b, size_t n) VDB_NOEXCEPT;
    VdbCosineParts (*cosine_parts)(const float *a, const float *b, size_t n) VDB_NOEXCEPT;

    /* the same over elements of half precision (core/half_api.h), summed in float32 */
    float (*half_l2_squared)(const uint16_t *a, const uint16_t *b, size_t n) VDB_NOEXCEPT;
    float (*half_inner_product)(const uint16_t *a, const uint16_t *b, size_t n) VDB_NOEXCEPT;
    float (*half_l1)(const uint16_t *a, const uint16_t *b, size_t n) VDB_NOEXCEPT;
    VdbCosineParts (*half_cosine_parts)(const uint16_t *a, const uint16_t *b,
                                        size_t n) VDB_NOEXCEPT;

    /* sum of squares in double precision, by every table to the same bits */
    double (*squared_norm)(const float *x, size_t n) VDB_NOEXCEPT;
    double (*half_squared_norm)(const uint16_t *x, size_t n) VDB_NOEXCEPT;

    /* n elements converted, by every table to the same bits; target and source do not overlap */
    void (*half_to_float)(float *target, const uint16_t *source, size_t n) VDB_NOEXCEPT;
    void (*float_to_half)(uint16_t *target, const float *source, size_t n) VDB_NOEXCEPT;

    /* over packed bits: the number that differ, and the parts of the Jaccard distance */
    uint64_t (*bit_hamming)(const uint8_t *a, const uint8_t *b, size_t bytes) VDB_NOEXCEPT;
    VdbJaccardParts (*bit_jaccard_parts)(const uint8_t *a, const uint8_t *b,
                                         size_t bytes) VDB_NOEXCEPT;
} VdbKernels;

/* The table in use.  Never NULL; chosen on first call, cheap afterwards. */
const VdbKernels *vdb_simd_kernels(void) VDB_NOEXCEPT;

/* Uses the table of that name from now on ("auto" = the best).  False, and no change, if this CPU
 * lacks it or the name is unknown. */
bool vdb_simd_force(const char *name) VDB_NOEXCEPT;

/* The i-th table compiled in, best first, whether or not this CPU can run it; NULL past the end. */
const VdbKernels *vdb_simd_table(int i) VDB_NOEXCEPT;

/* Whether this CPU and operating system can run that table. */
bool vdb_simd_supported(const VdbKernels *kernels) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
