// Nanoseconds per distance of two sparse vectors, of so and so many elements out of 30,522 (a
// vocabulary's size; few words are frequent), beside the plain merge with a branch on each element.
#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include <benchmark/benchmark.h>

#include "simd/sparse_api.h"

namespace {

constexpr int32_t kDims = 30522;
constexpr size_t kPairs = 512; // more than a branch predictor learns by heart

struct Vector {
    std::vector<int32_t> indices;
    std::vector<float> values;

    VdbSparse view() const
    {
        return {indices.data(), values.data(), static_cast<int32_t>(indices.size())};
    }
};

Vector make(std::mt19937_64 &random, size_t count)
{
    std::uniform_real_distribution<double> uniform;
    std::set<int32_t> indices;
    Vector result;

    while (indices.size() < count) {
        const auto rank = static_cast<uint64_t>(std::pow(double{kDims}, uniform(random)));
        indices.insert(static_cast<int32_t>(rank * 2654435761U % kDims));
    }
    for (int32_t index : indices) {
        result.indices.push_back(index);
        result.values.push_back(static_cast<float>(uniform(random)));
    }
    return result;
}

using Distance = float (*)(VdbSparse, VdbSparse) noexcept;

float merge(VdbSparse a, VdbSparse b) noexcept
{
    float sum = 0;
    int32_t i = 0;
    int32_t j = 0;

    while (i < a.count && j < b.count) {
        if (a.indices[i] == b.indices[j])
            sum += a.values[i++] * b.values[j++];
        else if (a.indices[i] < b.indices[j])
            i++;
        else
            j++;
    }
    return sum;
}

void run(benchmark::State &state, Distance distance)
{
    std::mt19937_64 random(1);
    std::vector<Vector> a;
    std::vector<Vector> b;
    size_t i = 0;

    for (size_t pair = 0; pair < kPairs; pair++) {
        a.push_back(make(random, static_cast<size_t>(state.range(0))));
        b.push_back(make(random, static_cast<size_t>(state.range(1))));
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(distance(a[i].view(), b[i].view()));
        i = (i + 1) % kPairs;
    }
    state.SetItemsProcessed(state.iterations());
}

void sizes(benchmark::internal::Benchmark *benchmark)
{
    benchmark->Args({30, 150})->Args({150, 150})->Args({1000, 1000})->Args({20, 2000});
}

BENCHMARK_CAPTURE(run, plain_merge, merge)->Apply(sizes);
BENCHMARK_CAPTURE(run, inner_product, vdb_sparse_inner_product)->Apply(sizes);
BENCHMARK_CAPTURE(run, l2_squared, vdb_sparse_l2_squared)->Apply(sizes);
BENCHMARK_CAPTURE(run, l1, vdb_sparse_l1)->Apply(sizes);

} // namespace
