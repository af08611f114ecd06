// Sums of sparse lists, against a map.
#include "core/sparse_api.h"

#include <map>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace {

// A sum whose memory grows as the caller's does, by exactly what is missing, so that a write beyond
// it is one beyond the vector.
struct Sum {
    std::vector<int32_t> indices;
    std::vector<double> values;
    VdbSparseSum sum = {};

    void make_room(int32_t missing)
    {
        indices.resize(static_cast<size_t>(sum.count + missing));
        values.resize(indices.size());
        sum.indices = indices.data();
        sum.values = values.data();
        sum.capacity = static_cast<int32_t>(indices.size());
    }

    void add(const VdbSparse &list)
    {
        int32_t missing = vdb_sparse_sum_add(&sum, list);
        make_room(missing);
        vdb_sparse_sum_insert(&sum, list, missing);
    }

    void add(const VdbSparseSum &other)
    {
        int32_t missing = vdb_sparse_sum_add_sum(&sum, &other);
        make_room(missing);
        vdb_sparse_sum_insert_sum(&sum, &other, missing);
    }

    std::map<int32_t, double> content() const
    {
        std::map<int32_t, double> result;
        for (int32_t i = 0; i < sum.count; i++) {
            EXPECT_TRUE(i == 0 || indices[i - 1] < indices[i]);
            result[indices[i]] = values[i];
        }
        return result;
    }
};

struct List {
    std::vector<int32_t> indices;
    std::vector<float> values;

    VdbSparse view() const
    {
        return {indices.data(), values.data(), static_cast<int32_t>(indices.size())};
    }
};

List random_list(std::mt19937_64 &random, uint64_t count, uint64_t dim)
{
    std::set<int32_t> indices;
    List list;

    for (; count > 0; count--)
        indices.insert(static_cast<int32_t>(random() % dim));
    for (int32_t index : indices) {
        list.indices.push_back(index);
        list.values.push_back(static_cast<float>(static_cast<int>(random() % 200) - 100));
    }
    return list;
}

TEST(SparseSum, OfNothing)
{
    Sum sum;

    sum.add(VdbSparse{nullptr, nullptr, 0});
    EXPECT_EQ(sum.sum.count, 0);
    List list = {{3, 7}, {1, 2}};
    sum.add(list.view());
    sum.add(VdbSparse{nullptr, nullptr, 0});
    EXPECT_EQ(sum.content(), (std::map<int32_t, double>{{3, 1}, {7, 2}}));
}

TEST(SparseSum, IsThatOfAMap)
{
    std::mt19937_64 random(1);

    for (int round = 0; round < 300; round++) {
        const uint64_t dim = 1 + random() % (round % 2 == 0 ? 40 : 5000);
        Sum sum;
        std::map<int32_t, double> expected;

        for (uint64_t lists = random() % 30; lists > 0; lists--) {
            List list = random_list(random, random() % 60, dim);
            for (size_t i = 0; i < list.indices.size(); i++)
                expected[list.indices[i]] += static_cast<double>(list.values[i]);
            sum.add(list.view());
            ASSERT_EQ(sum.content(), expected);
        }
    }
}

TEST(SparseSum, OfSums)
{
    std::mt19937_64 random(2);

    for (int round = 0; round < 200; round++) {
        const uint64_t dim = 1 + random() % 300;
        Sum whole;
        Sum parts[3];

        for (int i = 0; i < 30; i++) {
            List list = random_list(random, random() % 40, dim);
            whole.add(list.view());
            parts[i % 3].add(list.view());
        }
        parts[0].add(parts[1].sum);
        parts[0].add(parts[2].sum);
        ASSERT_EQ(parts[0].content(), whole.content());
    }
}

} // namespace
