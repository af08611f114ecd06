// Finding the least and the largest number, by every table that this CPU can run.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "simd/simd_api.h"

TEST(Extremes, AreFoundWhereverTheyStand)
{
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (int t = 0; vdb_simd_table(t) != nullptr; t++) {
        const VdbKernels *k = vdb_simd_table(t);
        if (!vdb_simd_supported(k)) {
            std::printf("skipped: %s\n", k->name);
            continue;
        }
        for (size_t n = 1; n <= 200; n++) {
            std::vector<float> x(n);
            for (int round = 0; round < 4; round++) {
                for (float &value : x) // in the second half, many that are equal
                    value = round < 2 ? normal(random) : static_cast<float>(random() % 3);
                auto least = std::min_element(x.begin(), x.end()) - x.begin();
                auto most = std::max_element(x.begin(), x.end()) - x.begin();
                EXPECT_EQ(k->least(x.data(), n), static_cast<size_t>(least)) << k->name << n;
                EXPECT_EQ(k->most(x.data(), n), static_cast<size_t>(most)) << k->name << n;
            }
        }
    }
}
