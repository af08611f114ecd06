// Nanoseconds per call of every kernel, in every table that this CPU can run: one query against a
// set of vectors that stays in the first-level cache, eight bytes off a cache line as a varlena's
// elements are.
#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/half_api.h"
#include "simd/simd_api.h"

namespace {

constexpr size_t kSetBytes = 24 * 1024; // half of a 48 KB first-level data cache
constexpr size_t kLine = 64;
constexpr size_t kHeaderBytes = 8;

void fill(std::vector<float> *elements)
{
    for (size_t i = 0; i < elements->size(); i++)
        (*elements)[i] = std::sin(static_cast<float>(i));
}

void fill(std::vector<uint16_t> *elements)
{
    for (size_t i = 0; i < elements->size(); i++)
        (*elements)[i] = vdb_float_to_half(std::sin(static_cast<float>(i)));
}

// Bits: bytes of the high parts of products.
void fill(std::vector<uint8_t> *elements)
{
    for (size_t i = 0; i < elements->size(); i++)
        (*elements)[i] = static_cast<uint8_t>(i * 0x9e3779b9U >> 24);
}

template <class Element> struct Set {
    explicit Set(size_t n)
        : stride((n * sizeof(Element) + kHeaderBytes + kLine - 1) / kLine * kLine /
                 sizeof(Element)),
          count(std::max<size_t>(1, kSetBytes / (stride * sizeof(Element)))),
          storage((count + 1) * stride + kLine / sizeof(Element))
    {
        fill(&storage);
        const auto address = reinterpret_cast<uintptr_t>(storage.data());
        base =
            storage.data() + ((kLine - address % kLine) % kLine + kHeaderBytes) / sizeof(Element);
    }
    const Element *query() const { return base; }
    const Element *vector(size_t i) const { return base + (i + 1) * stride; }

    size_t stride;
    size_t count;
    std::vector<Element> storage;
    const Element *base;
};

// Elements that hold this number of dimensions.
template <class Element> size_t elements(int64_t dims)
{
    const auto n = static_cast<size_t>(dims);

    return std::is_same_v<Element, uint8_t> ? (n + 7) / 8 : n;
}

template <class Result, class Element>
using Kernel = Result (*)(const Element *, const Element *, size_t) noexcept;

template <class Result, class Element>
void run(benchmark::State &state, Kernel<Result, Element> kernel)
{
    const size_t n = elements<Element>(state.range(0));
    const Set<Element> set(n);
    size_t i = 0;

    for (auto _ : state) {
        benchmark::DoNotOptimize(kernel(set.query(), set.vector(i), n));
        i = i + 1 == set.count ? 0 : i + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

template <class Target, class Source>
void run_conversion(benchmark::State &state,
                    void (*convert)(Target *, const Source *, size_t) noexcept)
{
    const auto n = static_cast<size_t>(state.range(0));
    const Set<Source> set(n);
    std::vector<Target> target(n);
    size_t i = 0;

    for (auto _ : state) {
        convert(target.data(), set.vector(i), n);
        benchmark::DoNotOptimize(target.data());
        benchmark::ClobberMemory();
        i = i + 1 == set.count ? 0 : i + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

template <class Element>
void run_norm(benchmark::State &state, double (*norm)(const Element *, size_t) noexcept)
{
    const auto n = static_cast<size_t>(state.range(0));
    const Set<Element> set(n);
    size_t i = 0;

    for (auto _ : state) {
        benchmark::DoNotOptimize(norm(set.vector(i), n));
        i = i + 1 == set.count ? 0 : i + 1;
    }
    state.SetItemsProcessed(state.iterations());
}

template <class Run> void add_run(const VdbKernels *table, const char *name, Run run)
{
    const std::string title = std::string(name) + "/" + table->name;

    benchmark::RegisterBenchmark(title.c_str(), run)
        ->Arg(96)
        ->Arg(100)
        ->Arg(384)
        ->Arg(768)
        ->Arg(1536);
}

template <class Result, class Element>
void add(const VdbKernels *table, const char *name, Kernel<Result, Element> kernel)
{
    add_run(table, name, [kernel](benchmark::State &state) { run(state, kernel); });
}

template <class Element>
void add_norm(const VdbKernels *table, const char *name,
              double (*norm)(const Element *, size_t) noexcept)
{
    add_run(table, name, [norm](benchmark::State &state) { run_norm(state, norm); });
}

template <class Target, class Source>
void add_conversion(const VdbKernels *table, const char *name,
                    void (*convert)(Target *, const Source *, size_t) noexcept)
{
    add_run(table, name, [convert](benchmark::State &state) { run_conversion(state, convert); });
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
        add(table, "half_l2_squared", table->half_l2_squared);
        add(table, "half_inner_product", table->half_inner_product);
        add(table, "half_l1", table->half_l1);
        add(table, "half_cosine_parts", table->half_cosine_parts);
        add_norm(table, "squared_norm", table->squared_norm);
        add_norm(table, "half_squared_norm", table->half_squared_norm);
        add_conversion(table, "half_to_float", table->half_to_float);
        add_conversion(table, "float_to_half", table->float_to_half);
        add(table, "bit_hamming", table->bit_hamming);
        add(table, "bit_jaccard_parts", table->bit_jaccard_parts);
    }
    return true;
}();

} // namespace
