/*
 * The 512-bit kernels again, for CPUs that can also count the bits of 64-bit lanes
 * (VPOPCNTDQ) and add up products of bytes (VNNI).
 * Compiles to nothing for other architectures; its instruction-set flags are set per object in the
 * build files.
 */
#include "simd/dispatch.h"

#if VDB_SIMD_X86

#include "simd/kernels_512.inc"

#include "simd/bits_512.inc"

#include "simd/codes_512.inc"

#include "simd/extremes.inc"
#include "simd/means.inc"
#include "simd/kernels_bits.inc"
#include "simd/kernels_codes.inc"
#include "simd/kernels_float32.inc"
#include "simd/kernels_rotation.inc"

#include "simd/byte_dots_vnni.inc"
#include "simd/bytes_512.inc"
#include "simd/kernels_kept.inc"

#include "simd/bytes.inc"

namespace vdb::simd {

constinit const VdbKernels kAvx512PopcntKernels = VDB_SIMD_TABLE("avx512_popcnt");

} // namespace vdb::simd

#endif
