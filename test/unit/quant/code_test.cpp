// One-bit codes: layout round trips, and estimates of ranks are unbiased with the error that RaBitQ
// promises.
#include "quant/code_api.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;
using Vector = std::vector<float>;

double dot(const Vector &a, const Vector &b)
{
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++)
        sum += double{a[i]} * b[i];
    return sum;
}

double squared_distance(const Vector &a, const Vector &b)
{
    return dot(a, a) - 2 * dot(a, b) + dot(b, b);
}

class Codes : public testing::Test {
  protected:
    Vector normal_vector(uint32_t dims, float scale = 1)
    {
        std::normal_distribution<float> normal;
        Vector x(dims);

        std::generate(x.begin(), x.end(), [&] { return scale * normal(random); });
        return x;
    }

    // Near another one, by that part of its length.
    Vector near(const Vector &center, float distance)
    {
        Vector x = normal_vector(static_cast<uint32_t>(center.size()), distance);

        for (size_t i = 0; i < x.size(); i++)
            x[i] += center[i];
        return x;
    }

    std::mt19937 random{5};
};

TEST_F(Codes, GetPutAndPackAgreeForEveryDegree)
{
    for (uint32_t code_dims : {8U, 64U, 104U, 336U}) {
        const VdbCodec codec{VDB_METRIC_L2, code_dims, code_dims};
        const size_t bytes = vdb_code_bytes(&codec);
        for (uint32_t degree = 2; degree <= 200; degree += 2) {
            std::vector<uint8_t> codes(degree * bytes), one(bytes);
            std::generate(codes.begin(), codes.end(),
                          [&] { return static_cast<uint8_t>(random()); });
            const uint32_t n = degree == 2 ? 2 : degree - random() % 3;
            std::vector<uint8_t> packed(vdb_codes_bytes(&codec, degree), 0xa5);
            std::vector<uint8_t> put(vdb_codes_bytes(&codec, degree), 0xa5);
            vdb_codes_pack(&codec, degree, packed.data(), codes.data(), n);
            std::fill(codes.begin() + static_cast<ptrdiff_t>(n * bytes), codes.end(), 0);
            for (uint32_t i = 0; i < degree; i++)
                vdb_codes_put(&codec, degree, put.data(), i, codes.data() + i * bytes);
            EXPECT_EQ(packed, put) << degree;
            for (uint32_t i = 0; i < degree; i++) {
                vdb_codes_get(&codec, degree, packed.data(), i, one.data());
                EXPECT_TRUE(std::equal(one.begin(), one.end(), codes.data() + i * bytes));
            }
        }
    }
}

// A list of one node, u, whose neighbours' estimates are compared with what they estimate.
struct List {
    VdbCodec codec;
    uint32_t degree;
    std::vector<VdbCodeFactors> factors;
    std::vector<uint8_t> codes;

    List(const VdbCodec &made, uint32_t size, const Vector &u,
         const std::vector<Vector> &neighbours)
        : codec(made), degree(size), factors(size), codes(vdb_codes_bytes(&made, size))
    {
        std::vector<uint8_t> all(neighbours.size() * vdb_code_bytes(&codec));
        for (size_t i = 0; i < neighbours.size(); i++)
            vdb_code_make(&codec, u.data(), neighbours[i].data(),
                          all.data() + i * vdb_code_bytes(&codec), &factors[i]);
        vdb_codes_pack(&codec, degree, codes.data(), all.data(),
                       static_cast<uint32_t>(neighbours.size()));
    }

    std::vector<float> estimate(const Vector &q, float base, float a, uint32_t count) const
    {
        std::vector<float> ranks((degree + 31) / 32 * 32);
        std::vector<char> memory(vdb_code_query_size(&codec) + 64);
        void *aligned = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64);
        GuardedBuffer guarded(codes.size() + 64), after(factors.size() * sizeof(VdbCodeFactors));
        uint8_t *rows = guarded.before_end<uint8_t>(codes.size(), 64);
        auto *pairs = after.at_end<VdbCodeFactors>(factors.size());

        std::copy(codes.begin(), codes.end(), rows);
        std::copy(factors.begin(), factors.end(), pairs);
        const VdbCodeList list{rows, pairs, degree, count, base, a};
        vdb_code_estimate(vdb_code_query_init(aligned, &codec, q.data()), &list, ranks.data());
        ranks.resize(count);
        return ranks;
    }
};

float base_rank(uint32_t metric, const Vector &q, const Vector &u)
{
    return static_cast<float>(metric == VDB_METRIC_L2 ? squared_distance(q, u) : -dot(q, u));
}

double rank(uint32_t metric, const Vector &q, const Vector &v)
{
    return metric == VDB_METRIC_L2 ? squared_distance(q, v) : -dot(q, v);
}

// Mean and spread of the estimates' errors, in units of what 2 * 0.75 |q - u| |r| / sqrt(dims)
// (half of it without L2) promises.
void expect_unbiased(const VdbCodec &codec, const std::vector<double> &errors)
{
    double mean = 0, square = 0;
    for (double error : errors) {
        mean += error / static_cast<double>(errors.size());
        square += error * error / static_cast<double>(errors.size());
    }
    const double cut = std::sqrt(double(codec.dims) / codec.code_dims);
    EXPECT_LT(std::fabs(mean), 5 * std::sqrt(square / static_cast<double>(errors.size())));
    EXPECT_LT(std::sqrt(square), 1.15 * cut + 0.2) << codec.dims << " " << codec.code_dims;
    EXPECT_GT(std::sqrt(square), 0.8) << codec.dims << " " << codec.code_dims;
}

class Estimates : public Codes, public testing::WithParamInterface<VdbMetric> {};

TEST_P(Estimates, AreUnbiasedWithTheExpectedError)
{
    const uint32_t metric = GetParam();
    const double part = metric == VDB_METRIC_L2 ? 2 : 1;

    for (auto [dims, code_dims] : {std::pair{100U, 104U}, {384U, 384U}, {384U, 336U}, {768U, 744U}})
    {
        const VdbCodec codec{metric, dims, std::min(code_dims, (dims + 7) / 8 * 8)};
        std::vector<double> errors;
        for (int round = 0; round < 60; round++) {
            const Vector u = normal_vector(dims), q = near(u, 0.8F);
            std::vector<Vector> neighbours;
            for (int i = 0; i < 30; i++)
                neighbours.push_back(near(u, 0.5F));
            const List list(codec, 32, u, neighbours);
            const std::vector<float> ranks = list.estimate(q, base_rank(metric, q, u), 1, 30);
            for (size_t i = 0; i < ranks.size(); i++) {
                const double unit =
                    part * 0.755 *
                    std::sqrt(squared_distance(q, u) * squared_distance(neighbours[i], u) / dims);
                errors.push_back((ranks[i] - rank(metric, q, neighbours[i])) / unit);
            }
        }
        expect_unbiased(codec, errors);
    }
}

TEST_P(Estimates, AreOffByTheirSpread)
{
    const uint32_t metric = GetParam();
    const double part = metric == VDB_METRIC_L2 ? 2 : 1;

    for (uint32_t dims : {64U, 100U, 384U}) {
        const VdbCodec codec{metric, dims, (dims + 7) / 8 * 8};
        double square = 0;
        size_t n = 0;
        for (int round = 0; round < 40; round++) {
            const Vector u = normal_vector(dims), q = near(u, 0.8F);
            std::vector<Vector> neighbours;
            for (int i = 0; i < 30; i++)
                neighbours.push_back(near(u, 0.1F * static_cast<float>(i + 1)));
            const List list(codec, 32, u, neighbours);
            const std::vector<float> ranks = list.estimate(q, base_rank(metric, q, u), 1, 30);
            for (size_t i = 0; i < ranks.size(); i++, n++) {
                std::vector<uint8_t> code(vdb_code_bytes(&codec));
                VdbCodeFactors factors;
                uint16_t spread;
                vdb_code_make_bounded(&codec, u.data(), neighbours[i].data(), code.data(), &factors,
                                      &spread);
                ASSERT_EQ(factors.add, list.factors[i].add);
                ASSERT_EQ(factors.scale, list.factors[i].scale);
                const double error =
                    (ranks[i] - rank(metric, q, neighbours[i])) /
                    (part * vdb_code_float(spread) * std::sqrt(squared_distance(q, u)));
                square += error * error;
            }
        }
        EXPECT_NEAR(std::sqrt(square / static_cast<double>(n)), 1, 0.1) << dims;
    }
}

TEST_F(Codes, SpreadsAreRoundedUpAndNeverNegative)
{
    const VdbCodec codec{VDB_METRIC_L2, 64, 64};
    const Vector u(64);
    std::vector<uint8_t> code(8);
    VdbCodeFactors factors;
    uint16_t spread;

    for (int round = 0; round < 200; round++) {
        const Vector v = normal_vector(64);
        double absolute = 0;
        for (float x : v)
            absolute += std::fabs(x);
        const double square = dot(v, v), t = square / absolute;
        vdb_code_make_bounded(&codec, u.data(), v.data(), code.data(), &factors, &spread);
        const double exact = std::sqrt((t * t * 64 - square) / 63);
        EXPECT_GE(vdb_code_float(spread), exact * (1 - 1e-5));
        EXPECT_LE(vdb_code_float(spread), exact * (1 + 1.0 / 127));
    }
    vdb_code_make_bounded(&codec, u.data(), u.data(), code.data(), &factors, &spread);
    EXPECT_EQ(spread, 0);
    const Vector corner(64, 2); // along its signs: nothing is left across
    vdb_code_make_bounded(&codec, u.data(), corner.data(), code.data(), &factors, &spread);
    EXPECT_LT(vdb_code_float(spread), 1e-3F);
    const Vector huge(64, 3e38F);
    vdb_code_make_bounded(&codec, u.data(), huge.data(), code.data(), &factors, &spread);
    EXPECT_TRUE(std::isfinite(vdb_code_float(spread)));
}

// With a factor of 1 and nothing added ranks are sums of +-q_i.
TEST_F(Codes, SumsAreOffByTheNoiseOfTheirTables)
{
    for (uint32_t dims : {64U, 384U, 1536U}) {
        const VdbCodec codec = {VDB_METRIC_L2, dims, dims};
        const Vector q = normal_vector(dims);
        std::vector<char> memory(vdb_code_query_size(&codec) + 64);
        size_t space = memory.size();
        void *aligned = memory.data();
        std::align(64, vdb_code_query_size(&codec), aligned, space);
        VdbCodeQuery *query = vdb_code_query_init(aligned, &codec, q.data());
        std::vector<uint8_t> code(vdb_code_bytes(&codec)), codes(vdb_codes_bytes(&codec, 2) + 64);
        const VdbCodeFactors factors[2] = {{0, 0x3f80}, {0, 0x3f80}}; // 1
        const VdbCodeList list = {codes.data(), factors, 2, 1, 0, 1};
        double squares = 0;

        for (int i = 0; i < 400; i++) {
            float ranks[VDB_CODE_BLOCK];
            double exact = 0;
            for (uint8_t &byte : code)
                byte = static_cast<uint8_t>(random());
            for (uint32_t j = 0; j < dims; j++)
                exact += (code[j / 8] >> j % 8 & 1) != 0 ? q[j] : -q[j];
            vdb_codes_put(&codec, 2, codes.data(), 0, code.data());
            vdb_code_estimate(query, &list, ranks);
            squares += (ranks[0] - exact) * (ranks[0] - exact);
        }
        EXPECT_NEAR(std::sqrt(squares / 400) / vdb_code_query_noise(query), 1, .35) << dims;
        const Vector zero(dims);
        EXPECT_EQ(vdb_code_query_noise(vdb_code_query_init(aligned, &codec, zero.data())), 0);
    }
}

TEST_P(Estimates, OfTheNodeItselfAreItsRank)
{
    const VdbCodec codec{static_cast<uint32_t>(GetParam()), 384, 384};
    const Vector u = normal_vector(384), q = near(u, 1);
    const List list(codec, 8, u, {u, u, u});

    for (float estimate : list.estimate(q, base_rank(codec.metric, q, u), 1, 3))
        EXPECT_EQ(estimate, base_rank(codec.metric, q, u));
}

TEST_P(Estimates, AgreeInEveryTableAndForEveryDegree)
{
    for (uint32_t degree = 2; degree <= 200; degree += 2) {
        const uint32_t dims = degree % 3 == 0 ? 100 : 72;
        const VdbCodec codec{static_cast<uint32_t>(GetParam()), dims, (dims + 7) / 8 * 8};
        const Vector u = normal_vector(dims), q = near(u, 1);
        std::vector<Vector> neighbours(degree - degree / 7);
        for (Vector &v : neighbours)
            v = near(u, 0.5F);
        ASSERT_TRUE(vdb_simd_force("scalar"));
        const List first(codec, degree, u, neighbours);
        const auto count = static_cast<uint32_t>(neighbours.size());
        const float base = base_rank(codec.metric, q, u);
        const std::vector<float> expected = first.estimate(q, base, 0.7F, count);
        for (int table = 0; table < vdb::test::table_count(); table++) {
            if (!vdb_simd_force(vdb_simd_table(table)->name))
                continue;
            const List other(codec, degree, u, neighbours);
            EXPECT_EQ(other.codes, first.codes);
            EXPECT_EQ(other.estimate(q, base, 0.7F, count), expected) << degree;
        }
    }
    vdb_simd_force("auto");
}

TEST_P(Estimates, OfHugeValuesAreNumbers)
{
    const VdbCodec codec{static_cast<uint32_t>(GetParam()), 384, 384};

    for (float scale : {1e-42F, 1e-30F, 1e10F, 1e19F, 1e30F, 1e38F}) {
        const Vector u = normal_vector(384, scale), q = normal_vector(384, scale);
        const List list(codec, 2, u, {normal_vector(384, scale), normal_vector(384, -scale)});
        for (float estimate : list.estimate(q, base_rank(codec.metric, q, u), 1, 2))
            EXPECT_FALSE(std::isnan(estimate)) << scale;
    }
}

INSTANTIATE_TEST_SUITE_P(Metrics, Estimates,
                         testing::Values(VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE));

} // namespace
