// Every table's kernels over packed bits against counts bit by bit: all short lengths and some long
// ones, unaligned, in memory that ends with the last byte.
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"
#include "simd/simd_api.h"
#include "simd/table_test.h"

namespace {

using vdb::test::GuardedBuffer;

struct Expected {
    uint64_t differing = 0, both = 0, either = 0;
};

Expected count_bit_by_bit(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    Expected expected;

    for (size_t i = 0; i < 8 * bytes; i++) {
        const bool x = a[i / 8] >> i % 8 & 1, y = b[i / 8] >> i % 8 & 1;
        expected.differing += x != y;
        expected.both += x && y;
        expected.either += x || y;
    }
    return expected;
}

class BitKernels : public vdb::test::TableTest {
  protected:
    void expect_counts(const uint8_t *a, const uint8_t *b, size_t bytes)
    {
        const Expected expected = count_bit_by_bit(a, b, bytes);
        const VdbJaccardParts parts = kernels->bit_jaccard_parts(a, b, bytes);

        ASSERT_EQ(kernels->bit_hamming(a, b, bytes), expected.differing) << bytes;
        ASSERT_EQ(parts.both, expected.both) << bytes;
        ASSERT_EQ(parts.either, expected.either) << bytes;
    }

    void fill(uint8_t *p, size_t bytes)
    {
        for (size_t i = 0; i < bytes; i++)
            p[i] = static_cast<uint8_t>(random());
    }
};

// Two blocks of four of the widest registers, and one byte more.
constexpr size_t kShort = 2 * 4 * 64 + 1;

TEST_P(BitKernels, CountAtEveryLength)
{
    std::vector<size_t> lengths = {1000, 2000, 4096, 8000, 100003};
    GuardedBuffer first(lengths.back()), second(lengths.back());

    for (size_t bytes = 0; bytes <= kShort; bytes++)
        lengths.push_back(bytes);
    for (size_t bytes : lengths) {
        uint8_t *a = first.at_end<uint8_t>(bytes), *b = second.at_end<uint8_t>(bytes);

        fill(a, bytes);
        fill(b, bytes);
        expect_counts(a, b, bytes);
    }
}

TEST_P(BitKernels, CountAtEveryOffsetInALine)
{
    std::vector<uint8_t> a(64 + kShort), b(64 + kShort);

    fill(a.data(), a.size());
    fill(b.data(), b.size());
    for (size_t offset = 0; offset < 64; offset++) {
        for (size_t bytes : {31, 48, 96, 192, 200})
            expect_counts(a.data() + offset, b.data() + 63 - offset, bytes);
    }
}

// Lanes of counts must not run over: every bit set, at lengths up to many blocks.
TEST_P(BitKernels, CountEveryBitOfLongValues)
{
    constexpr size_t kBytes = 1 << 20;
    const std::vector<uint8_t> ones(kBytes, 0xff), zeros(kBytes, 0);

    for (size_t bytes = 1; bytes <= kBytes; bytes = bytes * 3 + 1) {
        const VdbJaccardParts parts = kernels->bit_jaccard_parts(ones.data(), ones.data(), bytes);

        EXPECT_EQ(kernels->bit_hamming(ones.data(), zeros.data(), bytes), 8 * bytes);
        EXPECT_EQ(kernels->bit_hamming(ones.data(), ones.data(), bytes), 0U);
        EXPECT_EQ(parts.both, 8 * bytes);
        EXPECT_EQ(parts.either, 8 * bytes);
    }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, BitKernels, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
