/*
 * Inside src/simd only: which tables exist on this architecture.
 */
#ifndef VDB_SIMD_DISPATCH_H
#define VDB_SIMD_DISPATCH_H

#include "simd/simd_api.h"

#if defined(__x86_64__)
#define VDB_SIMD_X86 1
#define VDB_SIMD_ARM 0
#elif defined(__aarch64__)
#define VDB_SIMD_X86 0
#define VDB_SIMD_ARM 1
#else
#define VDB_SIMD_X86 0
#define VDB_SIMD_ARM 0
#endif

/* A table of the functions that are called so where it stands. */
#define VDB_SIMD_TABLE(title)                                                                      \
    {                                                                                              \
        .name = (title), .l2_squared = l2_squared, .inner_product = inner_product, .l1 = l1,       \
        .cosine_parts = cosine_parts, .half_l2_squared = l2_squared,                               \
        .half_inner_product = inner_product, .half_l1 = l1, .half_cosine_parts = cosine_parts,     \
        .squared_norm = squared_norm, .half_squared_norm = squared_norm,                           \
        .half_to_float = half_to_float, .float_to_half = float_to_half,                            \
        .bit_hamming = bit_hamming, .bit_jaccard_parts = bit_jaccard_parts, .flip = flip,          \
        .hadamard = hadamard, .mix = mix, .make_finite = make_finite, .code_make = code_make,      \
        .code_luts = code_luts, .code_sums = code_sums, .code_ranks = code_ranks,                  \
        .half_kept_l2 = kept_l2, .half_kept_dot = kept_dot, .byte_kept_l2 = kept_l2,               \
        .byte_kept_dot = kept_dot, .nibble_kept_l2 = kept_l2, .nibble_kept_dot = kept_dot,         \
        .byte_quantize = byte_quantize, .byte_distances = byte_distances, .less_than = less_than,  \
        .least = least, .most = most, .add_scaled = add_scaled, .sum_words = sum_words             \
    }

namespace vdb::simd {

/* Sums that squared_norm keeps, in every table the same. */
constexpr size_t kSquareLanes = 32;

/* The same of code_make, of each of its sums. */
constexpr size_t kCodeLanes = 16;

constexpr float kSqrtHalf = 0.70710678F;
constexpr float kLargest = 3.4028234663852886e38F;

#if VDB_SIMD_X86
extern const VdbKernels kAvx512PopcntKernels;
extern const VdbKernels kAvx512Kernels;
extern const VdbKernels kAvx2Kernels;
#endif
#if VDB_SIMD_ARM
extern const VdbKernels kNeonKernels;
#endif
extern const VdbKernels kScalarKernels;

} // namespace vdb::simd

#endif
