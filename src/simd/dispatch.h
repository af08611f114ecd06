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

namespace vdb::simd {

#if VDB_SIMD_X86
extern const VdbKernels kAvx512Kernels;
extern const VdbKernels kAvx2Kernels;
#endif
#if VDB_SIMD_ARM
extern const VdbKernels kNeonKernels;
#endif
extern const VdbKernels kScalarKernels;

} // namespace vdb::simd

#endif
