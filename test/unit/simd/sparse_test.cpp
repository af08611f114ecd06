// Distances of sparse vectors, against those of the dense vectors of the same elements in double
// precision.
#include "simd/sparse_api.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "guarded_buffer.h"

namespace {

struct Sparse {
    std::vector<int32_t> indices;
    std::vector<float> values;

    // Copies that end where memory ends.
    VdbSparse guarded(vdb::test::GuardedBuffer &index_buffer,
                      vdb::test::GuardedBuffer &value_buffer) const
    {
        int32_t *to_indices = index_buffer.at_end<int32_t>(indices.size());
        float *to_values = value_buffer.at_end<float>(values.size());

        std::copy(indices.begin(), indices.end(), to_indices);
        std::copy(values.begin(), values.end(), to_values);
        return {to_indices, to_values, static_cast<int32_t>(indices.size())};
    }
};

struct Guards {
    vdb::test::GuardedBuffer index_a{1 << 17}, value_a{1 << 17}, index_b{1 << 17}, value_b{1 << 17};
};

Sparse random_sparse(std::mt19937_64 &random, size_t dim, double density)
{
    std::normal_distribution<float> normal;
    std::bernoulli_distribution kept(density);
    Sparse result;

    for (size_t i = 0; i < dim; i++) {
        if (kept(random)) {
            result.indices.push_back(static_cast<int32_t>(i));
            result.values.push_back(normal(random));
        }
    }
    return result;
}

std::vector<double> dense(const VdbSparse &sparse, size_t dim)
{
    std::vector<double> result(dim);

    for (int32_t i = 0; i < sparse.count; i++)
        result[static_cast<size_t>(sparse.indices[i])] = static_cast<double>(sparse.values[i]);
    return result;
}

// Sums in double precision, rounded once.
void expect_near(float actual, double expected, double sum_of_magnitudes)
{
    EXPECT_NEAR(static_cast<double>(actual), expected,
                6e-8 * std::fabs(expected) + 1e-14 * sum_of_magnitudes);
}

// Elements side by side, in a block that ends where memory ends.
struct Row {
    explicit Row(const VdbSparse &sparse) : buffer(sizeof(VdbSparseElement) << 14)
    {
        auto *elements = buffer.at_end<VdbSparseElement>(static_cast<size_t>(sparse.count));
        for (int32_t i = 0; i < sparse.count; i++)
            elements[i] = {sparse.indices[i], sparse.values[i]};
        view = {elements, sparse.count};
    }

    vdb::test::GuardedBuffer buffer;
    VdbSparseRow view;
};

void expect_same_as_rows(const VdbSparse &a, const VdbSparse &b)
{
    const Row x(a);
    const Row y(b);

    EXPECT_EQ(vdb_sparse_row_l2_squared(x.view, y.view), vdb_sparse_l2_squared(a, b));
    EXPECT_EQ(vdb_sparse_row_inner_product(x.view, y.view), vdb_sparse_inner_product(a, b));
    EXPECT_EQ(vdb_sparse_row_l1(x.view, y.view), vdb_sparse_l1(a, b));
}

void expect_distances(const VdbSparse &a, const VdbSparse &b, size_t dim)
{
    const std::vector<double> x = dense(a, dim);
    const std::vector<double> y = dense(b, dim);
    double l2 = 0, dot = 0, l1 = 0, norm_a = 0, norm_b = 0, magnitudes = 0;

    for (size_t i = 0; i < dim; i++) {
        l2 += (x[i] - y[i]) * (x[i] - y[i]);
        dot += x[i] * y[i];
        magnitudes += std::fabs(x[i] * y[i]);
        l1 += std::fabs(x[i] - y[i]);
        norm_a += x[i] * x[i];
        norm_b += y[i] * y[i];
    }
    expect_near(vdb_sparse_l2_squared(a, b), l2, l2);
    expect_near(vdb_sparse_inner_product(a, b), dot, magnitudes);
    expect_near(vdb_sparse_l1(a, b), l1, l1);
    const VdbCosineParts parts = vdb_sparse_cosine_parts(a, b);
    expect_near(parts.dot, dot, magnitudes);
    expect_near(parts.norm_a, norm_a, norm_a);
    expect_near(parts.norm_b, norm_b, norm_b);
    EXPECT_EQ(vdb_sparse_l2_squared(a, b), vdb_sparse_l2_squared(b, a));
    EXPECT_EQ(vdb_sparse_inner_product(a, b), vdb_sparse_inner_product(b, a));
    EXPECT_EQ(vdb_sparse_l1(a, b), vdb_sparse_l1(b, a));
    expect_same_as_rows(a, b);
}

TEST(Sparse, DistancesAreThoseOfTheDenseVectors)
{
    std::mt19937_64 random(1);
    Guards guards;

    for (int round = 0; round < 3000; round++) {
        const size_t dim = 1 + random() % 300;
        const double densities[] = {0, 0.01, 0.1, 0.5, 1};
        Sparse a = random_sparse(random, dim, densities[random() % 5]);
        Sparse b = random_sparse(random, dim, densities[random() % 5]);

        expect_distances(a.guarded(guards.index_a, guards.value_a),
                         b.guarded(guards.index_b, guards.value_b), dim);
        if (HasFailure())
            FAIL() << "dim " << dim << ", " << a.indices.size() << " and " << b.indices.size();
    }
}

// One list far longer than the other.
TEST(Sparse, OfUnequalLengths)
{
    std::mt19937_64 random(2);
    Guards guards;

    for (double density : {0.0002, 0.001, 0.003, 0.01, 0.1}) {
        for (int round = 0; round < 40; round++) {
            const size_t dim = 16000 + random() % 4000;
            Sparse a = random_sparse(random, dim, density);
            Sparse b = random_sparse(random, dim, 0.7);

            expect_distances(a.guarded(guards.index_a, guards.value_a),
                             b.guarded(guards.index_b, guards.value_b), dim);
        }
    }
}

// Distances that are small against the vectors keep their digits.
TEST(Sparse, OfNearlyEqualVectors)
{
    std::mt19937_64 random(5);
    std::normal_distribution<float> normal;
    Guards guards;

    for (float change : {1e-1F, 1e-2F, 1e-3F, 1e-5F, 1e-7F}) {
        for (int round = 0; round < 100; round++) {
            const size_t dim = 1 + random() % 2000;
            Sparse a = random_sparse(random, dim, 0.3);
            Sparse b = a;

            for (float &value : b.values)
                value += change * normal(random);
            if (!b.indices.empty() && round % 2 == 0) {
                b.indices.pop_back();
                b.values.pop_back();
            }
            expect_distances(a.guarded(guards.index_a, guards.value_a),
                             b.guarded(guards.index_b, guards.value_b), dim);
        }
    }
}

TEST(Sparse, OfAVectorToItselfIsZero)
{
    std::mt19937_64 random(3);

    for (int round = 0; round < 100; round++) {
        Sparse a = random_sparse(random, 1 + random() % 1000, 0.3);
        Sparse b = a;
        VdbSparse x = {a.indices.data(), a.values.data(), static_cast<int32_t>(a.values.size())};
        VdbSparse y = {b.indices.data(), b.values.data(), static_cast<int32_t>(b.values.size())};
        const VdbCosineParts parts = vdb_sparse_cosine_parts(x, y);

        EXPECT_EQ(vdb_sparse_l2_squared(x, y), 0);
        EXPECT_EQ(vdb_sparse_l1(x, y), 0);
        EXPECT_EQ(parts.dot, parts.norm_a);
        EXPECT_EQ(parts.dot, parts.norm_b);
    }
}

TEST(Sparse, TooLargeIsInfinite)
{
    const int32_t indices[] = {0, 5};
    const float large[] = {3e38F, -3e38F};
    const float opposite[] = {-3e38F, 3e38F};
    const VdbSparse a = {indices, large, 2};
    const VdbSparse b = {indices, opposite, 2};
    const float infinite = std::numeric_limits<float>::infinity();

    EXPECT_EQ(vdb_sparse_l2_squared(a, b), infinite);
    EXPECT_EQ(vdb_sparse_inner_product(a, b), -infinite);
    EXPECT_EQ(vdb_sparse_l1(a, b), infinite);
}

// What a damaged page might hold: the answer does not matter, the memory that is read does.
TEST(Sparse, UnorderedIndicesReadNothingElse)
{
    std::mt19937_64 random(4);
    Guards guards;

    for (int round = 0; round < 2000; round++) {
        Sparse a, b;

        for (Sparse *sparse : {&a, &b}) {
            sparse->indices.resize(random() % 200);
            sparse->values.assign(sparse->indices.size(), 1);
            for (int32_t &index : sparse->indices)
                index = static_cast<int32_t>(random());
        }
        const VdbSparse x = a.guarded(guards.index_a, guards.value_a);
        const VdbSparse y = b.guarded(guards.index_b, guards.value_b);
        EXPECT_FALSE(std::isnan(vdb_sparse_l2_squared(x, y)));
        EXPECT_FALSE(std::isnan(vdb_sparse_inner_product(x, y)));
        EXPECT_FALSE(std::isnan(vdb_sparse_l1(x, y)));
        EXPECT_FALSE(std::isnan(vdb_sparse_cosine_parts(x, y).dot));
    }
}

} // namespace
