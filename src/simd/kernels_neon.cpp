/*
 * The 128-bit kernels for aarch64, whose baseline has NEON.
 * Compiles to nothing for other architectures; its instruction-set flags are set per object in the
 * build files.
 */
#include "simd/dispatch.h"

#if VDB_SIMD_ARM

#include "simd/bits_128.inc"
#include "simd/kernels_128.inc"

#include "simd/codes_128.inc"

#include "simd/extremes.inc"
#include "simd/means.inc"
#include "simd/kernels_bits.inc"
#include "simd/kernels_codes.inc"
#include "simd/kernels_float32.inc"
#include "simd/kernels_rotation.inc"

#include "simd/byte_dots_128.inc"
#include "simd/bytes_portable.inc"
#include "simd/kernels_kept.inc"

#include "simd/bytes.inc"

namespace vdb::simd {

constinit const VdbKernels kNeonKernels = VDB_SIMD_TABLE("neon");

} // namespace vdb::simd

#endif
