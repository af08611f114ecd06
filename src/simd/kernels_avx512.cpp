/*
 * The 512-bit kernels: AVX-512 F, BW, VL and DQ.
 * Compiles to nothing for other architectures; its instruction-set flags are set per object in the
 * build files.
 */
#include "simd/dispatch.h"

#if VDB_SIMD_X86

#include "simd/kernels_512.inc"
#include "simd/kernels_float32.inc"

namespace vdb::simd {

constinit const VdbKernels kAvx512Kernels = {"avx512",     l2_squared,    inner_product, l1,
                                             cosine_parts, l2_squared,    inner_product, l1,
                                             cosine_parts, half_to_float, float_to_half};

} // namespace vdb::simd

#endif
