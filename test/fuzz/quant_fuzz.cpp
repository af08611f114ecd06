// Kept forms, codes and bounds: any bytes are read without leaving them; of any finite vectors,
// what is kept is intact, as near as it says it is, and never makes a bound that a result is below.
#include <algorithm>

#include "fuzz.h"
#include "guarded_buffer.h"
#include "quant/bound_reference.h"
#include "quant/code_api.h"

namespace vdb::fuzz {

namespace {

using test::GuardedBuffer;
using test::bounds::Row;

constexpr VdbMetric kMetrics[] = {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE};
constexpr VdbKept kForms[] = {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4};

// Finite floats, any bits of them; mostly repeated, as inputs are short.
Row read_row(Input &in, uint32_t dims)
{
    Row row(dims);
    auto given = in.number<uint8_t>();
    for (uint32_t i = 0; i < dims; i++) {
        row[i] = i <= given ? in.number<float>() : row[i - given - 1];
        if (!std::isfinite(row[i]))
            row[i] = i % 2 == 0 ? 0 : std::numeric_limits<float>::max();
    }
    return row;
}

double distance(const Row &a, const Row &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    return std::sqrt(sum);
}

// A kept vector of any bytes, its end that of readable memory.
void read_blob(VdbKept kept, VdbMetric metric, uint32_t dims, Input &in)
{
    static GuardedBuffer buffer(1 << 17);
    size_t bytes = vdb_kept_bytes(kept, dims);
    auto *blob = buffer.at_end<uint32_t>(bytes / 4);
    Row query(dims, .5f), decoded(dims);
    std::memset(blob, in.number<uint8_t>(), bytes);
    in.copy(blob, bytes);
    (void) vdb_kept_intact(kept, dims, blob);
    vdb_kept_decode(kept, dims, blob, decoded.data());
    VdbKeptDistance seen = {vdb_kept_raw(kept, metric, dims, query.data(), blob), 1, 1,
                            vdb_kept_error(kept, blob)};
    VdbSpace space = {static_cast<uint32_t>(metric), VDB_STORAGE_FLOAT32, dims};
    float bound = vdb_kept_bound(&space, &seen);
    expect(bound == bound, "a bound is no NaN");
}

void keep(VdbKept kept, VdbMetric metric, const Row &query, const Row &row)
{
    auto dims = static_cast<uint32_t>(row.size());
    test::bounds::Working x = test::bounds::working(metric, row);
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);
    Row decoded(dims);
    vdb_kept_encode(kept, dims, x.row.data(), blob.data());
    expect(vdb_kept_intact(kept, dims, blob.data()), "what was kept is intact");
    vdb_kept_decode(kept, dims, blob.data(), decoded.data());
    float error = vdb_kept_error(kept, blob.data());
    for (float coordinate : decoded)
        expect(std::isfinite(coordinate), "what is kept of finite vectors is finite");
    expect(distance(x.row, decoded) <= error, "what is kept is as near as it says");
    float low = test::bounds::bound(metric, kept, query, row, &error);
    double exact = test::bounds::operator_result(metric, query, row);
    expect(low == low && (low <= exact || std::isnan(exact)), "no result is below its bound");
}

// Codes of any bytes, and estimates from them: up to 64 bytes behind them may be read.
void read_codes(VdbMetric metric, uint32_t dims, const Row &query, Input &in)
{
    VdbCodec codec = {static_cast<uint32_t>(metric), dims, (dims + 7) / 8 * 8};
    uint32_t degree = 2 + 2 * in.below(60);
    std::vector<uint8_t> codes(vdb_codes_bytes(&codec, degree) + 64);
    std::vector<VdbCodeFactors> factors(degree);
    in.copy(factors.data(), degree * sizeof(VdbCodeFactors));
    in.copy(codes.data(), codes.size());
    std::vector<uint8_t> one(vdb_code_bytes(&codec));
    std::vector<uint16_t> bits(degree + 32);
    std::vector<float> ranks(degree + 32);
    std::vector<char> memory(vdb_code_query_size(&codec) + 64);
    void *at =
        reinterpret_cast<void *>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
    vdb_codes_get(&codec, degree, codes.data(), degree - 1, one.data());
    vdb_codes_apart(&codec, degree, codes.data(), one.data(), bits.data());
    expect(bits[degree - 1] == 0, "a code is not apart from itself");
    VdbCodeQuery *prepared = vdb_code_query_init(at, &codec, query.data());
    VdbCodeList list = {codes.data(), factors.data(), degree, degree, 1, 1};
    vdb_code_estimate(prepared, &list, ranks.data());
}

void make_codes(VdbMetric metric, uint32_t dims, const Row &u, const Row &v)
{
    VdbCodec codec = {static_cast<uint32_t>(metric), dims, (dims + 7) / 8 * 8};
    std::vector<uint8_t> code(vdb_code_bytes(&codec)), other(code.size());
    VdbCodeFactors factors, same;
    uint16_t spread;
    vdb_code_make(&codec, u.data(), v.data(), code.data(), &factors);
    vdb_code_make_bounded(&codec, u.data(), v.data(), other.data(), &same, &spread);
    expect(code == other && factors.add == same.add && factors.scale == same.scale,
           "a code is the same with a bound");
}

} // namespace

void run(Input in)
{
    auto form = in.number<uint8_t>();
    VdbKept kept = kForms[form % 4];
    VdbMetric metric = kMetrics[form / 4 % 3];
    uint32_t dims = 1 + in.below(form / 12 % 4 == 3 ? 2000 : 200);
    Row query = read_row(in, dims), row = read_row(in, dims);
    keep(kept, metric, query, row);
    make_codes(metric, dims, query, row);
    read_codes(metric, dims, query, in);
    read_blob(kept, metric, dims, in);
}

std::vector<Seed> seeds()
{
    std::vector<Seed> all;
    for (uint8_t form = 0; form < 48; form++) {
        Seed seed;
        seed.number(form).number<uint16_t>(63 + form % 3);
        for (float scale : {1.f, 1e-20f}) {
            seed.number<uint8_t>(3);
            for (float x : {.25f, -1.f, 3.5f, 0.f})
                seed.number(x * scale);
        }
        seed.number<uint16_t>(form).number<uint64_t>(0x3F80'0000'BF00'3E80);
        all.push_back(seed);
    }
    return all;
}

} // namespace vdb::fuzz
