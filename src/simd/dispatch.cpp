/*
 * Which table of kernels is used: the best that CPU and operating system support, or the one forced
 * by name.
 *
 * Everything is constant-initialised, so loading the library runs no code of this room.
 */
#include "simd/simd_api.h"

#include <atomic>
#include <cstring>

#include "simd/dispatch.h"

#if VDB_SIMD_X86
#include <cpuid.h>
#endif

namespace vdb::simd {
namespace {

struct Entry {
    const VdbKernels *kernels;
    uint32_t needs; // bits of Feature
};

enum Feature : uint32_t {
    kNeedNothing = 0,
    kNeedAvx2 = 1U << 0, // AVX2, FMA, F16C and an OS that saves the 256-bit registers
    kNeedAvx512 =
        1U << 1, // AVX-512 F, BW, VL, DQ, FMA and an OS that saves 512-bit and mask registers
    kNeedVpopcnt = 1U << 2, // AVX-512 VPOPCNTDQ and VNNI; says nothing about the others
};

/* Best first.  The last one needs nothing. */
constinit const Entry kEntries[] = {
#if VDB_SIMD_X86
    {&kAvx512PopcntKernels, kNeedAvx512 | kNeedVpopcnt},
    {&kAvx512Kernels, kNeedAvx512},
    {&kAvx2Kernels, kNeedAvx2},
#endif
#if VDB_SIMD_ARM
    {&kNeonKernels, kNeedNothing}, // part of the aarch64 baseline
#endif
    {&kScalarKernels, kNeedNothing},
};
constexpr int kEntryCount = sizeof(kEntries) / sizeof(kEntries[0]);

/* NULL until the first use.  Threads that race here store the same pointer. */
constinit std::atomic<const VdbKernels *> active{nullptr};

#if VDB_SIMD_X86

/* The register sets that the operating system saves on a context switch (XCR0). */
uint64_t saved_register_sets()
{
    uint32_t low = 0;
    uint32_t high = 0;

    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<uint64_t>(high) << 32) | low;
}

uint32_t detect_features()
{
    constexpr uint64_t kSavesAvx = 0x06;    // XMM and upper halves of YMM
    constexpr uint64_t kSavesAvx512 = 0xE6; // those, mask registers, upper halves of ZMM, ZMM16-31
    constexpr uint32_t kLeaf1Ecx = bit_FMA | bit_F16C | bit_AVX;
    constexpr uint32_t kLeaf7Ebx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
    uint32_t features = kNeedNothing;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || (ecx & bit_OSXSAVE) == 0 ||
        (ecx & kLeaf1Ecx) != kLeaf1Ecx)
        return features;
    const uint64_t saved = saved_register_sets();
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return features;
    if ((ebx & bit_AVX2) != 0 && (saved & kSavesAvx) == kSavesAvx)
        features |= kNeedAvx2;
    if ((ebx & kLeaf7Ebx512) == kLeaf7Ebx512 && (saved & kSavesAvx512) == kSavesAvx512)
        features |= kNeedAvx512;
    if ((ecx & (bit_AVX512VPOPCNTDQ | bit_AVX512VNNI)) == (bit_AVX512VPOPCNTDQ | bit_AVX512VNNI))
        features |= kNeedVpopcnt;
    return features;
}

#else

uint32_t detect_features()
{
    return kNeedNothing;
}

#endif

const VdbKernels *best_kernels()
{
    const uint32_t features = detect_features();

    for (const Entry &entry : kEntries) {
        if ((entry.needs & ~features) == 0)
            return entry.kernels;
    }
    return &kScalarKernels;
}

} // namespace
} // namespace vdb::simd

using namespace vdb::simd;

const VdbKernels *vdb_simd_kernels(void) noexcept
{
    const VdbKernels *kernels = active.load(std::memory_order_relaxed);

    if (__builtin_expect(kernels == nullptr, 0)) {
        kernels = best_kernels();
        active.store(kernels, std::memory_order_relaxed);
    }
    return kernels;
}

bool vdb_simd_force(const char *name) noexcept
{
    if (name == nullptr)
        return false;
    if (std::strcmp(name, "auto") == 0) {
        active.store(best_kernels(), std::memory_order_relaxed);
        return true;
    }
    for (const Entry &entry : kEntries) {
        if (std::strcmp(name, entry.kernels->name) == 0 && vdb_simd_supported(entry.kernels)) {
            active.store(entry.kernels, std::memory_order_relaxed);
            return true;
        }
    }
    return false;
}

const VdbKernels *vdb_simd_table(int i) noexcept
{
    return i >= 0 && i < kEntryCount ? kEntries[i].kernels : nullptr;
}

bool vdb_simd_supported(const VdbKernels *kernels) noexcept
{
    const uint32_t features = detect_features();

    for (const Entry &entry : kEntries) {
        if (entry.kernels == kernels)
            return (entry.needs & ~features) == 0;
    }
    return false;
}
