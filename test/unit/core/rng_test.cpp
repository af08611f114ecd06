// The mixing function: the numbers are part of the promise, since equal seeds must give equal
// indexes.
#include <set>

#include <gtest/gtest.h>

#include "core/rng.h"

namespace {

TEST(Mix64, IsTheFinaliserOfSplitmix64)
{
    // The published generator's first outputs from seed 0: mix64 of multiples of the golden ratio.
    constexpr uint64_t kGolden = 0x9E3779B97F4A7C15U;

    EXPECT_EQ(vdb::mix64(1 * kGolden), 0xE220A8397B1DCDAFU);
    EXPECT_EQ(vdb::mix64(2 * kGolden), 0x6E789E6AA1B965F4U);
    EXPECT_EQ(vdb::mix64(3 * kGolden), 0x06C45D188009454FU);
}

TEST(Mix64, NoTwoInputsMeet)
{
    std::set<uint64_t> seen;

    for (uint64_t x = 0; x < 10000; x++) {
        EXPECT_TRUE(seen.insert(vdb::mix64(x)).second);
        EXPECT_TRUE(seen.insert(vdb::mix64(~x)).second);
    }
}

// One flipped input bit flips about half of the output bits.
TEST(Mix64, EveryBitSpreads)
{
    for (int bit = 0; bit < 64; bit++) {
        int flips = 0;
        for (uint64_t x = 1; x <= 256; x++)
            flips += __builtin_popcountll(vdb::mix64(x) ^ vdb::mix64(x ^ (1ULL << bit)));
        EXPECT_GT(flips, 28 * 256) << bit;
        EXPECT_LT(flips, 36 * 256) << bit;
    }
}

} // namespace
