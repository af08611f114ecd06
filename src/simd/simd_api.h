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

/* What the factors of a one-bit code are made of (quant/code_api.h): r = v - u, and signs = those
 * of the coordinates of r that the code has. */
typedef struct VdbCodeParts {
    float square;   /* |r|^2 */
    float dot;      /* <u, r> */
    float absolute; /* sum of |r_i| over the code's coordinates */
    float along;    /* sum of +-u_i over them */
} VdbCodeParts;

/* How sums over codes become ranks: base + a add + scale (step sum + bias). */
typedef struct VdbCodeScale {
    float base;
    float a;
    float step;
    float bias;
} VdbCodeScale;

/* Codes whose ranks are computed in one call. */
#define VDB_CODE_BLOCK 32

/*
 * Vectors at 8 bits an element, relative to some centre and each to its own scale, in groups of
 * VDB_BYTE_GROUP: 4 elements of each vector of a group, then the next 4 of each, and so on.  What
 * is left of the last group of VDB_BYTE_COLUMNS has zeros, and norms of infinity.
 */
#define VDB_BYTE_GROUP   16
#define VDB_BYTE_ROWS    8
#define VDB_BYTE_COLUMNS 48

typedef struct VdbByteBlock {
    int8_t *elements;
    float *scale; /* of each vector */
    float *norm;  /* squared, of what the elements stand for */
    int32_t *sum; /* of the elements */
    size_t steps; /* (n + 3) / 4 for n dimensions */
} VdbByteBlock;

typedef struct VdbByteVector {
    float scale;
    float norm;
    int32_t sum;
} VdbByteVector;

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

    /*
     * The steps of a rotation, by every table to the same bits: the signs of elements whose bit is
     * set are changed; a Walsh-Hadamard transform of scale * x (n a power of two); a and b become
     * (a + b) / sqrt(2) and (a - b) / sqrt(2); what is not finite becomes the largest float.
     */
    void (*flip)(float *x, const uint64_t *signs, size_t n) VDB_NOEXCEPT;
    void (*hadamard)(float *x, float scale, size_t n) VDB_NOEXCEPT;
    void (*mix)(float *a, float *b, size_t n) VDB_NOEXCEPT;
    void (*make_finite)(float *x, size_t n) VDB_NOEXCEPT;

    /*
     * One-bit codes, by every table to the same bits.  code_make writes code_dims / 8 bytes.
     * code_luts writes the 16 bytes of each group of 4 dims of the query: the sum of +-q_i plus
     * that of |q_i|, times `inverse`, rounded.  code_sums adds up what the nibbles of `groups` rows
     * of w / 2 bytes look up, for w <= VDB_CODE_BLOCK codes; it reads up to 16 bytes past the rows,
     * and luts up to a multiple of 4 groups.  code_ranks makes VDB_CODE_BLOCK ranks of sums and of
     * pairs of bfloat16, add and scale.
     */
    VdbCodeParts (*code_make)(const float *u, const float *v, size_t dims, size_t code_dims,
                              uint8_t *code) VDB_NOEXCEPT;
    void (*code_luts)(uint8_t *luts, const float *query, float inverse, size_t groups) VDB_NOEXCEPT;
    void (*code_sums)(uint16_t *sums, const uint8_t *luts, const uint8_t *rows, size_t groups,
                      size_t w) VDB_NOEXCEPT;
    void (*code_ranks)(float *ranks, const VdbCodeScale *scale, const uint16_t *sums,
                       const uint16_t *factors) VDB_NOEXCEPT;

    /*
     * Squared distance and dot product of floats q and elements c kept at less precision, which
     * stand for scale * c; of 4 bits: scale * (c - 7.5), every 16 bytes 32 elements, those of the
     * low nibbles first.
     */
    float (*half_kept_l2)(const float *q, const uint16_t *c, float scale, size_t n) VDB_NOEXCEPT;
    float (*half_kept_dot)(const float *q, const uint16_t *c, float scale, size_t n) VDB_NOEXCEPT;
    float (*byte_kept_l2)(const float *q, const int8_t *c, float scale, size_t n) VDB_NOEXCEPT;
    float (*byte_kept_dot)(const float *q, const int8_t *c, float scale, size_t n) VDB_NOEXCEPT;
    float (*nibble_kept_l2)(const float *q, const uint8_t *c, float scale, size_t n) VDB_NOEXCEPT;
    float (*nibble_kept_dot)(const float *q, const uint8_t *c, float scale, size_t n) VDB_NOEXCEPT;

    /*
     * By every table to the same bits.  byte_quantize writes x - centre at 8 bits, 4 elements each
     * 4 * VDB_BYTE_GROUP bytes.  byte_distances writes the squared distances of VDB_BYTE_ROWS
     * vectors of a, the first of which is a multiple of that, to VDB_BYTE_COLUMNS ones of b
     * likewise; rows of `out` are `stride` apart.  less_than writes the places of elements below a
     * limit, and up to 15 more; n is a multiple of 16.
     */
    VdbByteVector (*byte_quantize)(int8_t *out, const float *x, const float *centre,
                                   size_t n) VDB_NOEXCEPT;
    void (*byte_distances)(float *out, size_t stride, const VdbByteBlock *a, size_t row,
                           const VdbByteBlock *b, size_t column) VDB_NOEXCEPT;
    size_t (*less_than)(uint32_t *places, const float *x, size_t n, float limit) VDB_NOEXCEPT;

    /* Where the least and the largest of n >= 1 floats are, none of which is NaN; the first of
     * equal ones. */
    size_t (*least)(const float *x, size_t n) VDB_NOEXCEPT;
    size_t (*most)(const float *x, size_t n) VDB_NOEXCEPT;

    /* sum[i] += scale * x[i], by every table to the same bits. */
    void (*add_scaled)(double *sum, const float *x, double scale, size_t n) VDB_NOEXCEPT;

    /* The sum of n words of 32 bits, modulo 2^32. */
    uint32_t (*sum_words)(const void *words, size_t n) VDB_NOEXCEPT;
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
