// Sums of vectors in double precision, and of words, by every table that this CPU can run, to the
// same bits.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "simd/table_test.h"

namespace {

class Means : public vdb::test::TableTest {};

TEST_P(Means, AddScaledAddsToTheSameBits)
{
    std::normal_distribution<float> normal;
    for (size_t n = 0; n <= 130; n++) {
        std::vector<float> x(n);
        std::vector<double> sum(n + 1), expected;
        for (float &value : x)
            value = normal(random);
        for (double &value : sum)
            value = normal(random);
        expected = sum;
        for (size_t i = 0; i < n; i++) {
            double product = 0.7 * x[i];
            expected[i] += product;
        }
        kernels->add_scaled(sum.data(), x.data(), 0.7, n);
        EXPECT_EQ(sum, expected) << n;
    }
}

TEST_P(Means, SumWords)
{
    for (size_t n = 0; n <= 130; n++) {
        std::vector<uint8_t> bytes(n * sizeof(uint32_t) + 1);
        uint32_t expected = 0;
        for (size_t i = 0; i < n; i++) {
            auto word = static_cast<uint32_t>(random());
            std::memcpy(bytes.data() + 1 + i * sizeof(word), &word, sizeof(word));
            expected += word;
        }
        EXPECT_EQ(kernels->sum_words(bytes.data() + 1, n), expected) << n;
    }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, Means, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
