// The one timing loop in which compare_kernels.py measures our kernels and other libraries' alike.
// Knows three ways of calling a kernel and nothing about who provides it.
#include <chrono>
#include <cmath>
#include <cstring>

#include "simd/simd_api.h"

namespace {

using Returning = float (*)(const float *, const float *, size_t);        // ours, Faiss
using Storing = void (*)(const float *, const float *, uint64_t, void *); // NumKong, SimSIMD
using Parts = VdbCosineParts (*)(const float *, const float *, size_t);   // our cosine

float cosine_distance(VdbCosineParts parts)
{
    return 1.0F - parts.dot / std::sqrt(parts.norm_a * parts.norm_b);
}

template <class Call> double nanoseconds_per_call(Call call, int repeats, int count)
{
    const auto start = std::chrono::steady_clock::now();

    for (int r = 0; r < repeats; r++) {
        for (int i = 0; i < count; i++)
            call(i);
    }
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - start;
    return spent.count() / (static_cast<double>(repeats) * count);
}

} // namespace

extern "C" {

enum VdbConvention {
    VDB_RETURNING = 0,
    VDB_STORING = 1,
    VDB_PARTS = 2
};

struct VdbTimerSet {
    const float *query;
    const float *vectors;
    uint64_t stride; // floats from one vector to the next
    uint64_t dims;
    int32_t count;
    int32_t repeats;
};

// Time of one call, the set's vectors taken in turn against the query.  *last = the last answer.
double vdb_timer_run(void *kernel, VdbConvention convention, const VdbTimerSet *set, double *last)
{
    const VdbTimerSet s = *set;
    volatile float kept = 0;
    double stored[2] = {0, 0}; // a double, or a float in the first half
    double time = 0;

    switch (convention) {
    case VDB_RETURNING: {
        const auto function = reinterpret_cast<Returning>(kernel);
        time = nanoseconds_per_call(
            [&](int i) { kept = function(s.query, s.vectors + i * s.stride, s.dims); }, s.repeats,
            s.count);
        *last = kept;
        break;
    }
    case VDB_STORING: {
        const auto function = reinterpret_cast<Storing>(kernel);
        time = nanoseconds_per_call(
            [&](int i) { function(s.query, s.vectors + i * s.stride, s.dims, stored); }, s.repeats,
            s.count);
        *last = stored[0];
        break;
    }
    case VDB_PARTS: {
        const auto function = reinterpret_cast<Parts>(kernel);
        time = nanoseconds_per_call(
            [&](int i) {
                kept = cosine_distance(function(s.query, s.vectors + i * s.stride, s.dims));
            },
            s.repeats, s.count);
        *last = kept;
        break;
    }
    }
    return time;
}

// Our kernel by its table's and its own name; NULL if there is none such or this CPU lacks it.
void *vdb_timer_kernel(const char *table, const char *name)
{
    for (int i = 0; vdb_simd_table(i) != nullptr; i++) {
        const VdbKernels *kernels = vdb_simd_table(i);
        if (std::strcmp(kernels->name, table) != 0 || !vdb_simd_supported(kernels))
            continue;
        if (std::strcmp(name, "l2_squared") == 0)
            return reinterpret_cast<void *>(kernels->l2_squared);
        if (std::strcmp(name, "inner_product") == 0)
            return reinterpret_cast<void *>(kernels->inner_product);
        if (std::strcmp(name, "l1") == 0)
            return reinterpret_cast<void *>(kernels->l1);
        if (std::strcmp(name, "cosine") == 0)
            return reinterpret_cast<void *>(kernels->cosine_parts);
    }
    return nullptr;
}

} // extern "C"
