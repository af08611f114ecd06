/*
 * The 256-bit kernels: AVX2 with FMA and F16C.
 * Compiles to nothing for other architectures; its instruction-set flags are set per object in the
 * build files.
 */
#include "simd/dispatch.h"

#if VDB_SIMD_X86

#include "simd/bits_256.inc"
#include "simd/kernels_256.inc"

#include "simd/codes_256.inc"

#include "simd/extremes.inc"
#include "simd/means.inc"
#include "simd/kernels_bits.inc"
#include "simd/kernels_codes.inc"
#include "simd/kernels_float32.inc"
#include "simd/kernels_rotation.inc"

#include "simd/words_256.inc"

#include "simd/byte_dots_words.inc"
#include "simd/bytes_256.inc"
#include "simd/kernels_kept.inc"

#include "simd/bytes.inc"

namespace vdb::simd {

constinit const VdbKernels kAvx2Kernels = VDB_SIMD_TABLE("avx2");

} // namespace vdb::simd

#endif
