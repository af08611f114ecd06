// The bounds that scans tell the executor: never above what the operators compute, by any table of
// kernels and for any vectors, and close to it for ordinary ones.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "quant/bound_reference.h"

using namespace vdb::test::bounds;

namespace {

// Vectors of every kind: ordinary ones, the same nearly or wholly, lone coordinates, lengths from
// the smallest to the largest.
std::vector<Row> all_kinds(uint32_t dims)
{
    std::mt19937 random(dims);
    std::normal_distribution<float> normal;
    std::vector<Row> rows;
    for (float scale : {1.0f, 1.0f, 1000.0f, 1e-3f, 1e-14f, 1e-20f, 1e-30f, 1e-38f, 1e-44f, 1e10f,
                        1e17f, 1e18f, 2e19f, 1e30f, 1e37f})
    {
        Row row(dims);
        for (float &x : row)
            x = normal(random) * scale;
        rows.push_back(row);
        for (float &x : row)
            x = -x;
        rows.push_back(row);
        row = Row(dims, 0);
        row[random() % dims] = scale;
        rows.push_back(row);
    }
    rows.push_back(rows[0]);
    rows.back()[3] = std::nextafter(rows[0][3], 10.0f);
    for (float far : {1000.0f, 1e6f}) {
        rows.push_back(rows[0]);
        for (float &x : rows.back())
            x += far;
        rows.push_back(rows.back());
        rows.back()[5] += 1;
    }
    rows.push_back(Row(dims, 0));
    rows.push_back(Row(dims, std::numeric_limits<float>::max()));
    rows.push_back(Row(dims, std::numeric_limits<float>::denorm_min()));
    return rows;
}

struct Form {
    VdbMetric metric;
    VdbKept kept;
};

class Bound : public testing::TestWithParam<Form> {};

TEST_P(Bound, IsNeverAbove)
{
    auto [metric, kept] = GetParam();
    for (int t = 0; vdb_simd_table(t) != nullptr; t++) {
        if (!vdb_simd_force(vdb_simd_table(t)->name))
            continue;
        for (uint32_t dims : {64u, 100u, 500u}) {
            std::vector<Row> rows = all_kinds(dims);
            for (size_t i = 0; i < rows.size(); i++)
                for (size_t j = 0; j < rows.size(); j++) {
                    float error;
                    float low = bound(metric, kept, rows[i], rows[j], &error);
                    double exact = operator_result(metric, rows[i], rows[j]);
                    ASSERT_EQ(low, low);
                    EXPECT_TRUE(low <= exact || std::isnan(exact))
                        << low << " above " << exact << ": rows " << i << " and " << j << " of "
                        << dims;
                    // NaN is told by infinity, and nothing else is.
                    EXPECT_TRUE(low < std::numeric_limits<float>::infinity() || std::isnan(exact));
                }
        }
    }
    vdb_simd_force("auto");
}

TEST_P(Bound, IsCloseForOrdinaryVectors)
{
    auto [metric, kept] = GetParam();
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<Row> rows(20, Row(384));
    for (Row &row : rows)
        for (float &x : row)
            x = normal(random) / 20;
    for (size_t i = 1; i < rows.size(); i++) {
        float error;
        float low = bound(metric, kept, rows[0], rows[i], &error);
        double exact = operator_result(metric, rows[0], rows[i]);
        EXPECT_GE(low, exact - 2.1 * error - 1e-3);
    }
}

TEST_P(Bound, KnowsTheNormsThatKeptVectorsMayHave)
{
    auto [metric, kept] = GetParam();
    for (uint32_t dims : {64u, 384u})
        for (const Row &row : all_kinds(dims)) {
            Working x = working(metric, row);
            std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);
            Row decoded(dims);
            double square = 0;
            vdb_kept_encode(kept, dims, x.row.data(), blob.data());
            vdb_kept_decode(kept, dims, blob.data(), decoded.data());
            for (float y : decoded)
                square += double{y} * y;
            float error = vdb_kept_error(kept, blob.data());
            EXPECT_TRUE(vdb_kept_norm_fits(dims, square, x.norm, error))
                << square << " is not " << x.norm << " of " << dims;
            EXPECT_FALSE(vdb_kept_norm_fits(dims, square, std::nanf(""), error));
            EXPECT_FALSE(vdb_kept_norm_fits(dims, square, -1, error) && error < 0.5F);
            if (x.norm > 1e-3F && x.norm < 1e6F && error * error < x.norm / 1000) {
                EXPECT_FALSE(vdb_kept_norm_fits(dims, square, x.norm * 1.5F, error));
            }
        }
}

INSTANTIATE_TEST_SUITE_P(
    All, Bound,
    testing::Values(Form{VDB_METRIC_L2, VDB_KEPT_FULL}, Form{VDB_METRIC_L2, VDB_KEPT_HALF},
                    Form{VDB_METRIC_L2, VDB_KEPT_SQ8}, Form{VDB_METRIC_L2, VDB_KEPT_RABITQ4},
                    Form{VDB_METRIC_IP, VDB_KEPT_FULL}, Form{VDB_METRIC_IP, VDB_KEPT_HALF},
                    Form{VDB_METRIC_IP, VDB_KEPT_SQ8}, Form{VDB_METRIC_IP, VDB_KEPT_RABITQ4},
                    Form{VDB_METRIC_COSINE, VDB_KEPT_FULL}, Form{VDB_METRIC_COSINE, VDB_KEPT_HALF},
                    Form{VDB_METRIC_COSINE, VDB_KEPT_SQ8},
                    Form{VDB_METRIC_COSINE, VDB_KEPT_RABITQ4}));

} // namespace
