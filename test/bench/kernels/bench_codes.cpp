// Rotation, kept forms and one-bit codes by every table that this CPU can run, all in cache.
// Names: <what>/<dimensions>/<table>.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "quant/code_api.h"
#include "quant/kept_api.h"
#include "quant/rotation_api.h"
#include "simd/simd_api.h"

namespace {

constexpr uint32_t kDegree = 32;

std::vector<float> normal_vector(uint32_t dims, unsigned seed)
{
    std::mt19937 random{seed};
    std::normal_distribution<float> normal;
    std::vector<float> x(dims);

    std::generate(x.begin(), x.end(), [&] { return normal(random); });
    return x;
}

void rotate(benchmark::State &state, uint32_t dims)
{
    std::vector<float> x = normal_vector(dims, 1);

    for (auto _ : state) {
        vdb_rotate(x.data(), dims);
        benchmark::DoNotOptimize(x.data());
    }
}

void raw(benchmark::State &state, uint32_t dims, VdbKept kept, VdbMetric metric)
{
    const std::vector<float> x = normal_vector(dims, 1), q = normal_vector(dims, 2);
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);

    vdb_kept_encode(kept, dims, x.data(), blob.data());
    for (auto _ : state)
        benchmark::DoNotOptimize(vdb_kept_raw(kept, metric, dims, q.data(), blob.data()));
}

void encode(benchmark::State &state, uint32_t dims, VdbKept kept)
{
    const std::vector<float> x = normal_vector(dims, 1);
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);

    for (auto _ : state) {
        vdb_kept_encode(kept, dims, x.data(), blob.data());
        benchmark::DoNotOptimize(blob.data());
    }
}

void decode(benchmark::State &state, uint32_t dims, VdbKept kept)
{
    std::vector<float> x = normal_vector(dims, 1);
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);

    vdb_kept_encode(kept, dims, x.data(), blob.data());
    for (auto _ : state) {
        vdb_kept_decode(kept, dims, blob.data(), x.data());
        benchmark::DoNotOptimize(x.data());
    }
}

struct alignas(64) Line {
    char bytes[64];
};

// A list of neighbours and a query.
struct List {
    VdbCodec codec;
    std::vector<float> u, v, q;
    std::vector<uint8_t> all, codes;
    std::vector<VdbCodeFactors> factors;
    std::vector<Line> memory;

    List(uint32_t dims, uint32_t degree)
        : codec{VDB_METRIC_L2, dims, dims}, u(normal_vector(dims, 1)), v(normal_vector(dims, 2)),
          q(normal_vector(dims, 3)), all(vdb_codes_bytes(&codec, degree)), codes(all.size() + 64),
          factors(degree), memory(vdb_code_query_size(&codec) / 64 + 1)
    {
        for (uint32_t i = 0; i < degree; i++)
            vdb_code_make(&codec, u.data(), normal_vector(dims, 10 + i).data(),
                          all.data() + i * vdb_code_bytes(&codec), &factors[i]);
        vdb_codes_pack(&codec, degree, codes.data(), all.data(), degree);
    }
};

void make(benchmark::State &state, uint32_t dims)
{
    List list(dims, kDegree);

    for (auto _ : state) {
        vdb_code_make(&list.codec, list.u.data(), list.v.data(), list.all.data(), &list.factors[0]);
        benchmark::DoNotOptimize(list.all.data());
    }
}

void pack(benchmark::State &state, uint32_t dims)
{
    List list(dims, kDegree);

    for (auto _ : state) {
        vdb_codes_pack(&list.codec, kDegree, list.codes.data(), list.all.data(), kDegree);
        benchmark::DoNotOptimize(list.codes.data());
    }
}

void query_init(benchmark::State &state, uint32_t dims)
{
    List list(dims, kDegree);

    for (auto _ : state)
        benchmark::DoNotOptimize(
            vdb_code_query_init(list.memory.data(), &list.codec, list.q.data()));
}

void estimate(benchmark::State &state, uint32_t dims, uint32_t degree)
{
    List list(dims, degree);
    const VdbCodeList codes{list.codes.data(), list.factors.data(), degree, degree, 1, 1};
    const VdbCodeQuery *query = vdb_code_query_init(list.memory.data(), &list.codec, list.q.data());
    std::vector<float> ranks((degree + 31) / 32 * 32);

    for (auto _ : state) {
        vdb_code_estimate(query, &codes, ranks.data());
        benchmark::DoNotOptimize(ranks.data());
    }
}

template <class Function, class... Arguments>
void add(const std::string &what, uint32_t dims, Function function, Arguments... arguments)
{
    for (int i = 0; vdb_simd_table(i) != nullptr; i++) {
        const VdbKernels *table = vdb_simd_table(i);
        if (!vdb_simd_supported(table))
            continue;
        benchmark::RegisterBenchmark(
            (what + "/" + std::to_string(dims) + "/" + table->name).c_str(),
            [=](benchmark::State &state) {
                vdb_simd_force(table->name);
                function(state, dims, arguments...);
            });
    }
}

bool add_all()
{
    static const char *const kForms[] = {"", "full", "half", "sq8", "rabitq4"};

    for (uint32_t dims : {100U, 384U, 768U, 1536U}) {
        const uint32_t whole = (dims + 7) / 8 * 8;
        add("rotate", dims, rotate);
        for (VdbKept kept : {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4}) {
            const std::string form = kForms[kept];
            add(form + " L2", dims, raw, kept, VDB_METRIC_L2);
            add(form + " dot", dims, raw, kept, VDB_METRIC_IP);
            add(form + " encode", dims, encode, kept);
            add(form + " decode", dims, decode, kept);
        }
        add("code make", whole, make);
        add("codes pack", whole, pack);
        add("query init", whole, query_init);
        for (uint32_t degree : {8U, 16U, 32U, 48U, 64U})
            add("estimate " + std::to_string(degree), whole, estimate, degree);
    }
    return true;
}

const bool added = add_all();

} // namespace
