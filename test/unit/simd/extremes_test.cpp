// Finding the least and the largest number, by every table that this CPU can run.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "simd/table_test.h"

namespace {

class Extremes : public vdb::test::TableTest {};

TEST_P(Extremes, AreFoundWhereverTheyStand)
{
    std::normal_distribution<float> normal;
    for (size_t n = 1; n <= 200; n++) {
        std::vector<float> x(n);
        for (int round = 0; round < 4; round++) {
            for (float &value : x) // in the second half, many that are equal
                value = round < 2 ? normal(random) : static_cast<float>(random() % 3);
            auto least = std::min_element(x.begin(), x.end()) - x.begin();
            auto most = std::max_element(x.begin(), x.end()) - x.begin();
            EXPECT_EQ(kernels->least(x.data(), n), static_cast<size_t>(least)) << n;
            EXPECT_EQ(kernels->most(x.data(), n), static_cast<size_t>(most)) << n;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(EveryTable, Extremes, testing::Range(0, vdb::test::table_count()),
                         vdb::test::table_name);

} // namespace
