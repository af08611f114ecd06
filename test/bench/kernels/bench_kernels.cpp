// Nanoseconds per call of every kernel, in every table that this CPU can run: one query against a
// set of vectors that stays in the first-level cache, eight bytes off a cache line as a varlena's
// floats are.
#include <cmath>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "simd/simd_api.h"

namespace {

constexpr size_t kSetBytes = 24 * 1024; // half of a 48 KB first-level data cache
constexpr size_t kHeaderFloats = 2;

struct Set {
    explicit Set(size_t dims)
        : stride((dims + kHeaderFloats + 15) / 16 * 16),
          count(std::max<size_t>(1, kSetBytes / (stride * sizeof(float)))),
          storage((count + 1) * stride + 16)
    {
        for (size_t i = 0; i < storage.size(); i++)
            storage[i] = std::sin(static_cast<float>(i));
        const auto address = reinterpret_cast<uintptr_t>(storage.data());
        base = storage.data() + (64 - address % 64) % 64 / sizeof(float) + kHeaderFloats;
    }
    const float *query() const { return base; }
    const float *vector(size_t i) const { return base + (i + 1) * stride; }

    size_t stride;
    size_t count;
    std::vector<float> storage;
    const float *base;
};

template <class Kernel> void run(benchmark::State &state, Kernel kernel)
{
    const auto dims = static_cast<size_t>(state.range(0));
    const Set set(dims);
    size_t i = 0;

    for (auto _ : state) {
        benchmark::DoNotOptimize(kernel(set.query(), set.vector(i), dims));
        i = i + 1 == set.count ? 0 : i + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

template <class Kernel> void add(const VdbKernels *table, const char *name, Kernel kernel)
{
    const std::string title = std::string(name) + "/" + table->name;

    benchmark::RegisterBenchmark(title.c_str(),
                                 [kernel](benchmark::State &state) { run(state, kernel); })
        ->Arg(96)
        ->Arg(100)
        ->Arg(384)
        ->Arg(768)
        ->Arg(1536);
}

// Before main, which benchmark_main provides.
const bool registered = [] {
    for (int i = 0; vdb_simd_table(i) != nullptr; i++) {
        const VdbKernels *table = vdb_simd_table(i);
        if (!vdb_simd_supported(table))
            continue;
        add(table, "l2_squared", table->l2_squared);
        add(table, "inner_product", table->inner_product);
        add(table, "l1", table->l1);
        add(table, "cosine_parts", table->cosine_parts);
    }
    return true;
}();

} // namespace
