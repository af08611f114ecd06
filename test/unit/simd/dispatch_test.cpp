// The choice among the tables of kernels: order, support, forcing by name.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "simd/simd_api.h"

namespace {

std::vector<const VdbKernels *> tables()
{
    std::vector<const VdbKernels *> result;

    for (int i = 0; vdb_simd_table(i) != nullptr; i++)
        result.push_back(vdb_simd_table(i));
    return result;
}

const VdbKernels *best_supported()
{
    for (const VdbKernels *kernels : tables()) {
        if (vdb_simd_supported(kernels))
            return kernels;
    }
    return nullptr;
}

class Dispatch : public testing::Test {
  protected:
    void TearDown() override { vdb_simd_force("auto"); }
};

TEST_F(Dispatch, TablesAreTheArchitecturesBestFirst)
{
    std::vector<std::string> names;

    for (const VdbKernels *kernels : tables())
        names.emplace_back(kernels->name);
#if defined(__x86_64__)
    EXPECT_EQ(names, (std::vector<std::string>{"avx512_popcnt", "avx512", "avx2", "scalar"}));
#elif defined(__aarch64__)
    EXPECT_EQ(names, (std::vector<std::string>{"neon", "scalar"}));
#else
    EXPECT_EQ(names, (std::vector<std::string>{"scalar"}));
#endif
}

TEST_F(Dispatch, TableOutsideTheListIsNull)
{
    EXPECT_EQ(vdb_simd_table(-1), nullptr);
    EXPECT_EQ(vdb_simd_table(static_cast<int>(tables().size())), nullptr);
    EXPECT_EQ(vdb_simd_table(1000), nullptr);
}

TEST_F(Dispatch, EveryTableIsComplete)
{
    for (const VdbKernels *kernels : tables()) {
        EXPECT_NE(kernels->l2_squared, nullptr) << kernels->name;
        EXPECT_NE(kernels->inner_product, nullptr) << kernels->name;
        EXPECT_NE(kernels->l1, nullptr) << kernels->name;
        EXPECT_NE(kernels->cosine_parts, nullptr) << kernels->name;
        EXPECT_NE(kernels->squared_norm, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_squared_norm, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_l2_squared, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_inner_product, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_l1, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_cosine_parts, nullptr) << kernels->name;
        EXPECT_NE(kernels->half_to_float, nullptr) << kernels->name;
        EXPECT_NE(kernels->float_to_half, nullptr) << kernels->name;
        EXPECT_NE(kernels->bit_hamming, nullptr) << kernels->name;
        EXPECT_NE(kernels->bit_jaccard_parts, nullptr) << kernels->name;
    }
}

TEST_F(Dispatch, ScalarIsAlwaysThereAndLast)
{
    EXPECT_STREQ(tables().back()->name, "scalar");
    EXPECT_TRUE(vdb_simd_supported(tables().back()));
}

TEST_F(Dispatch, SupportIsOnlyForOwnTables)
{
    const VdbKernels stranger = *tables().back();

    EXPECT_FALSE(vdb_simd_supported(&stranger));
    EXPECT_FALSE(vdb_simd_supported(nullptr));
}

// Runs in a process of its own (ctest starts one per test), so this is the first use.
TEST_F(Dispatch, FirstUsePicksTheBest)
{
    EXPECT_EQ(vdb_simd_kernels(), best_supported());
}

TEST_F(Dispatch, ForcedByNameExactlyWhereSupported)
{
    for (const VdbKernels *kernels : tables()) {
        const VdbKernels *before = vdb_simd_kernels();
        const bool supported = vdb_simd_supported(kernels);

        EXPECT_EQ(vdb_simd_force(kernels->name), supported) << kernels->name;
        EXPECT_EQ(vdb_simd_kernels(), supported ? kernels : before) << kernels->name;
    }
}

TEST_F(Dispatch, AutoGoesBackToTheBest)
{
    ASSERT_TRUE(vdb_simd_force("scalar"));
    ASSERT_STREQ(vdb_simd_kernels()->name, "scalar");
    EXPECT_TRUE(vdb_simd_force("auto"));
    EXPECT_EQ(vdb_simd_kernels(), best_supported());
}

TEST_F(Dispatch, UnknownNameIsRefusedAndChangesNothing)
{
    ASSERT_TRUE(vdb_simd_force("scalar"));
    for (const char *name : {"", "sse9", "AVX2", "avx", "avx5122", "scalar ", "Auto"}) {
        EXPECT_FALSE(vdb_simd_force(name)) << name;
        EXPECT_STREQ(vdb_simd_kernels()->name, "scalar");
    }
    EXPECT_FALSE(vdb_simd_force(nullptr));
    EXPECT_STREQ(vdb_simd_kernels()->name, "scalar");
}

} // namespace
