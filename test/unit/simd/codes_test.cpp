// The kernels of rotations and one-bit codes: every table answers the bits of the scalar one, at
// every length, and touches nothing outside its arrays.
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;

constexpr size_t kMaxDims = 1024;

class CodeKernels : public vdb::test::TableTest {
  protected:
    std::vector<float> normal_vector(size_t n)
    {
        std::normal_distribution<float> normal;
        std::vector<float> x(n);

        std::generate(x.begin(), x.end(), [&] { return normal(random); });
        return x;
    }

    std::vector<uint8_t> random_bytes(size_t n)
    {
        std::vector<uint8_t> bytes(n);

        std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<uint8_t>(random()); });
        return bytes;
    }

    // The array, moved so that it ends at memory that cannot be touched.
    template <class T> T *at_end(GuardedBuffer &buffer, const std::vector<T> &x)
    {
        T *p = buffer.at_end<T>(x.size());
        std::copy(x.begin(), x.end(), p);
        return p;
    }

    // function(table, x) on the array by this table and by the scalar one.
    template <class Function> void expect_same(const std::vector<float> &x, Function function)
    {
        std::vector<float> expected = x;
        float *p = at_end(first, x);

        function(vdb::test::scalar_table(), expected.data());
        function(kernels, p);
        EXPECT_EQ(std::memcmp(p, expected.data(), x.size() * sizeof(float)), 0) << x.size();
    }

    GuardedBuffer first{kMaxDims * sizeof(float)}, second{kMaxDims * sizeof(float)};
    GuardedBuffer bytes{16 * kMaxDims};
};

TEST_P(CodeKernels, StepsOfARotationHaveTheBitsOfScalar)
{
    uint64_t signs[kMaxDims / 64 + 1];
    for (uint64_t &word : signs)
        word = (uint64_t{random()} << 32) | random();
    for (size_t n = 1; n <= 300; n++) {
        std::vector<float> x = normal_vector(n);
        expect_same(x, [&](const VdbKernels *table, float *p) { table->flip(p, signs, n); });
        expect_same(
            x, [&](const VdbKernels *table, float *p) { table->mix(p, p + (n - n / 2), n / 2); });
        for (size_t i = 0; i < n; i += 5)
            x[i] = i % 3 == 0   ? std::numeric_limits<float>::infinity()
                   : i % 3 == 1 ? -std::numeric_limits<float>::infinity()
                                : std::numeric_limits<float>::quiet_NaN();
        expect_same(x, [&](const VdbKernels *table, float *p) { table->make_finite(p, n); });
    }
}

TEST_P(CodeKernels, HadamardHasTheBitsOfScalar)
{
    for (size_t n = 1; n <= kMaxDims; n *= 2)
        expect_same(normal_vector(n),
                    [&](const VdbKernels *table, float *p) { table->hadamard(p, 0.37F, n); });
    // of an axis: its row of the matrix, whose signs are parities
    std::vector<float> x(256);
    x[77] = 1;
    kernels->hadamard(x.data(), 2, x.size());
    for (unsigned i = 0; i < 256; i++)
        EXPECT_EQ(x[i], __builtin_parity(i & 77U) != 0 ? -2 : 2);
}

TEST_P(CodeKernels, CodesAndTheirPartsHaveTheBitsOfScalar)
{
    for (size_t dims = 1; dims <= 150; dims++) {
        for (size_t code_dims = 8; code_dims <= (dims + 7) / 8 * 8; code_dims += 8) {
            std::vector<float> u = normal_vector(dims), v = normal_vector(dims);
            u[dims / 2] = v[dims / 2];
            std::vector<uint8_t> expected(code_dims / 8);
            uint8_t *code = at_end(bytes, std::vector<uint8_t>(code_dims / 8, 0xa5));
            const VdbCodeParts theirs = vdb::test::scalar_table()->code_make(
                u.data(), v.data(), dims, code_dims, expected.data());
            const VdbCodeParts ours =
                kernels->code_make(at_end(first, u), at_end(second, v), dims, code_dims, code);
            EXPECT_TRUE(std::equal(expected.begin(), expected.end(), code)) << dims;
            EXPECT_EQ(std::memcmp(&ours, &theirs, sizeof(ours)), 0) << dims << " " << code_dims;
        }
    }
}

TEST_P(CodeKernels, LookUpTablesHaveTheBitsOfScalar)
{
    for (size_t groups = 1; groups <= 70; groups++) {
        const std::vector<float> q = normal_vector(4 * groups);
        std::vector<uint8_t> expected(16 * groups);
        uint8_t *luts = at_end(bytes, std::vector<uint8_t>(16 * groups));
        vdb::test::scalar_table()->code_luts(expected.data(), q.data(), 12, groups);
        kernels->code_luts(luts, at_end(first, q), 12, groups);
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), luts)) << groups;
    }
}

// Sums reach the largest that 16 bits hold.
TEST_P(CodeKernels, SumsAreThoseOfScalar)
{
    for (size_t w = 2; w <= VDB_CODE_BLOCK; w += 2) {
        for (size_t groups : {1, 2, 3, 4, 5, 16, 84, 96, 257}) {
            std::vector<uint8_t> luts = random_bytes((groups + 3) / 4 * 64);
            if (w % 4 == 0)
                std::fill(luts.begin(), luts.end(), 255);
            std::fill(luts.begin() + static_cast<ptrdiff_t>(16 * groups), luts.end(), 0);
            const std::vector<uint8_t> rows = random_bytes(groups * w / 2);
            uint16_t expected[VDB_CODE_BLOCK] = {}, sums[VDB_CODE_BLOCK] = {};
            vdb::test::scalar_table()->code_sums(expected, luts.data(), rows.data(), groups, w);
            const size_t spare = w == VDB_CODE_BLOCK ? 0 : 16;
            auto *p = bytes.before_end<uint8_t>(rows.size(), spare);
            std::copy(rows.begin(), rows.end(), p);
            kernels->code_sums(sums, luts.data(), p, groups, w);
            EXPECT_TRUE(std::equal(sums, sums + w, expected)) << w << " " << groups;
        }
    }
}

TEST_P(CodeKernels, RanksHaveTheBitsOfScalar)
{
    const float large = std::numeric_limits<float>::infinity();

    for (float base : {0.0F, 1.5F, -3e38F, large}) {
        const VdbCodeScale scale{base, 0.7F, 0.03F, -41};
        uint16_t sums[VDB_CODE_BLOCK], factors[2 * VDB_CODE_BLOCK];
        float expected[VDB_CODE_BLOCK], ranks[VDB_CODE_BLOCK];
        for (uint16_t &sum : sums)
            sum = static_cast<uint16_t>(random());
        for (uint16_t &factor : factors)
            factor = static_cast<uint16_t>(random());
        vdb::test::scalar_table()->code_ranks(expected, &scale, sums, factors);
        kernels->code_ranks(ranks, &scale, sums, factors);
        EXPECT_EQ(std::memcmp(ranks, expected, sizeof(ranks)), 0);
        for (float rank : ranks)
            EXPECT_EQ(rank, rank);
    }
}

INSTANTIATE_TEST_SUITE_P(Tables, CodeKernels, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
