/*
 * The 128-bit kernels for aarch64, whose baseline has NEON.
 * Compiles to nothing for other architectures; its instruction-set flags are set per object in the
 * build files.
 */
#include "simd/dispatch.h"

#if VDB_SIMD_ARM

#include "simd/kernels_128.inc"
#include "simd/kernels_float32.inc"

namespace vdb::simd {

constinit const VdbKernels kNeonKernels = {"neon",       l2_squared,    inner_product, l1,
                                           cosine_parts, l2_squared,    inner_product, l1,
                                           cosine_parts, half_to_float, float_to_half};

} // namespace vdb::simd

#endif
