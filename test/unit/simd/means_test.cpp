// Sums of vectors in double precision, and of words, by every table that this CPU can run, to the
// same bits.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "simd/simd_api.h"

TEST(Means, AddScaledAddsToTheSameBits)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (int t = 0; vdb_simd_table(t) != nullptr; t++) {
        const VdbKernels *k = vdb_simd_table(t);
        if (!vdb_simd_supported(k)) {
            std::printf("skipped: %s\n", k->name);
            continue;
        }
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
            k->add_scaled(sum.data(), x.data(), 0.7, n);
            EXPECT_EQ(sum, expected) << k->name << n;
        }
    }
}

TEST(Means, SumWords)
{
    std::mt19937 random(2);
    for (int t = 0; vdb_simd_table(t) != nullptr; t++) {
        const VdbKernels *k = vdb_simd_table(t);
        if (!vdb_simd_supported(k)) {
            std::printf("skipped: %s\n", k->name);
            continue;
        }
        for (size_t n = 0; n <= 130; n++) {
            std::vector<uint8_t> bytes(n * sizeof(uint32_t) + 1);
            uint32_t expected = 0;
            for (size_t i = 0; i < n; i++) {
                auto word = static_cast<uint32_t>(random());
                std::memcpy(bytes.data() + 1 + i * sizeof(word), &word, sizeof(word));
                expected += word;
            }
            EXPECT_EQ(k->sum_words(bytes.data() + 1, n), expected) << k->name << n;
        }
    }
}
