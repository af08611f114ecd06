// What the tests of every table of kernels share: one test for each table, skipped where the CPU
// lacks it.
#pragma once

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "simd/simd_api.h"

namespace vdb::test {

class TableTest : public testing::TestWithParam<int> {
  protected:
    void SetUp() override
    {
        kernels = vdb_simd_table(GetParam());
        ASSERT_NE(kernels, nullptr);
        if (!vdb_simd_supported(kernels))
            GTEST_SKIP() << "skipped: this CPU lacks " << kernels->name;
    }

    const VdbKernels *kernels = nullptr;
    std::mt19937 random{20240607};
};

inline int table_count()
{
    int count = 0;

    while (vdb_simd_table(count) != nullptr)
        count++;
    return count;
}

// The last one, which runs everywhere.
inline const VdbKernels *scalar_table()
{
    return vdb_simd_table(table_count() - 1);
}

inline std::string table_name(const testing::TestParamInfo<int> &info)
{
    return vdb_simd_table(info.param)->name;
}

} // namespace vdb::test
