// How many lists there should be, which of them split, and choosing lists for a value.
#include <gtest/gtest.h>

#include <cmath>

#include "index_image.h"

using namespace vdb::ivf::test;

TEST(Target, GrowsWithTheRows)
{
    for (uint32_t option : {0u, 1u, 100u, 32768u}) {
        uint32_t last = 0;
        for (uint64_t rows = 0; rows < 5'000'000'000; rows += rows / 7 + 1) {
            uint32_t lists = vdb_ivf_target_lists(option, rows);
            ASSERT_GE(lists, std::max(last, 1u));
            ASSERT_LE(lists, option > 0 ? option : uint32_t{VDB_IVF_MAX_LISTS});
            ASSERT_LE(lists, std::max<uint64_t>(rows / 32, 1));
            last = lists;
        }
        EXPECT_EQ(last, option > 0 ? option : uint32_t{VDB_IVF_MAX_LISTS});
    }
    EXPECT_EQ(vdb_ivf_target_lists(0, 0), 1u);
    EXPECT_EQ(vdb_ivf_target_lists(0, 1000), 5u);
    EXPECT_EQ(vdb_ivf_target_lists(0, 1'000'000), 1000u);
    EXPECT_EQ(vdb_ivf_target_lists(100, 5000), 100u);
    EXPECT_EQ(vdb_ivf_target_lists(100, 320), 10u);
}

TEST(Split, OnlyOfListsThatAreOvergrown)
{
    auto pieces = [](uint32_t option, uint32_t lists, uint64_t rows, uint64_t list_rows) {
        VdbIvfSize size = {option, lists, rows, list_rows};
        return vdb_ivf_split_pieces(&size);
    };
    EXPECT_EQ(pieces(0, 1, 400, 400), 0u);   // a small list
    EXPECT_EQ(pieces(100, 1, 600, 600), 4u); // of no small pieces
    EXPECT_EQ(pieces(0, 1, 1100, 1100), 5u); // an index that was made empty
    EXPECT_EQ(pieces(1, 1, 100000, 100000), 0u);
    EXPECT_EQ(pieces(100, 1, 100000, 100000), uint32_t{VDB_IVF_MAX_PIECES});
    EXPECT_EQ(pieces(100, 100, 100000, 100000), 0u); // as many as asked for
    EXPECT_EQ(pieces(100, 98, 100000, 50000), 3u);   // no more than asked for
    EXPECT_EQ(pieces(100, 50, 100000, 1900), 0u);    // less than twice the mean
    EXPECT_EQ(pieces(100, 50, 100000, 2100), 2u);
    EXPECT_EQ(pieces(0, 1, 0, 1100), 5u); // whatever the estimate of all rows says
    for (uint64_t rows = 1; rows < 1'000'000'000'000; rows *= 3)
        for (uint64_t part : {1u, 3u, 100u}) {
            uint32_t n = pieces(0, 1, rows, rows / part);
            EXPECT_TRUE(n == 0 || (n >= 2 && n <= VDB_IVF_MAX_PIECES));
        }
}

// Rows arrive one by one in an index that was made empty: lists split until they are as many as an
// index built at once would have, give or take.
TEST(Split, BringsAnEmptyIndexToItsLists)
{
    for (uint32_t option : {0u, 50u}) {
        std::vector<uint64_t> lists = {0};
        for (uint64_t rows = 1; rows <= 50000; rows++) {
            uint64_t at = rows * 2654435761u % lists.size();
            lists[at]++;
            VdbIvfSize size = {option, static_cast<uint32_t>(lists.size()), rows, lists[at]};
            uint32_t pieces = vdb_ivf_split_pieces(&size);
            if (pieces == 0)
                continue;
            uint64_t split = lists[at];
            lists[at] = split / pieces + split % pieces;
            lists.insert(lists.end(), pieces - 1, split / pieces);
        }
        uint32_t target = vdb_ivf_target_lists(option, 50000);
        EXPECT_LE(lists.size(), option > 0 ? target : 2 * target);
        EXPECT_GE(lists.size(), target / 3);
        EXPECT_LE(*std::max_element(lists.begin(), lists.end()), 2500u);
    }
}

TEST(Probes, BetweenOneAndAllLists)
{
    uint32_t last = 0;
    for (uint32_t lists = 1; lists < 100000; lists += lists / 10 + 1) {
        uint32_t probes = vdb_ivf_auto_probes(lists, false);
        EXPECT_GE(probes, last);
        EXPECT_LE(probes, lists);
        EXPECT_GE(probes, std::min<uint32_t>(lists, 3));
        last = probes;
    }
    EXPECT_EQ(vdb_ivf_auto_probes(0, false), 1u);
    EXPECT_EQ(vdb_ivf_auto_probes(6, false), 6u); // a small index answers exactly
    EXPECT_EQ(vdb_ivf_auto_probes(100, false), 24u);
    EXPECT_EQ(vdb_ivf_auto_probes(100, true), 48u);
    EXPECT_EQ(vdb_ivf_auto_probes(30, true), 30u);
}

TEST(Sample, EnoughRowsForEveryList)
{
    EXPECT_EQ(vdb_ivf_sample_rows(1), uint64_t{VDB_IVF_MIN_SAMPLE_ROWS});
    EXPECT_EQ(vdb_ivf_sample_rows(1000), 50000u);
    EXPECT_EQ(vdb_ivf_sample_rows(UINT32_MAX), uint64_t{UINT32_MAX} * 50);
}

TEST(Choice, RanksEveryListNearestFirst)
{
    for (VdbSpace space : all_spaces(40)) {
        VdbIvfGeometry g = geometry(space);
        Values centroids = random_values(space, 200, 1);
        Values queries = random_values(space, 20, 2);
        VdbIvfCentroids set = {centroids.bytes.data(), centroids.stride(), 200};
        for (uint32_t q = 0; q < 20; q++) {
            std::vector<VdbIvfRanked> whole(200), parts(200);
            vdb_ivf_rank_lists(&g, &set, queries[q], whole.data());
            parts = whole;
            vdb_ivf_order_lists(whole.data(), 200, 0, 200);
            for (uint32_t i = 1; i < 200; i++)
                ASSERT_LE(whole[i - 1].distance, whole[i].distance);
            if (space.metric != VDB_METRIC_IP) {
                EXPECT_EQ(vdb_ivf_nearest(&g, &set, queries[q]), whole[0].index);
            }
            uint32_t from = 0;
            for (uint32_t to : {0u, 7u, 8u, 100u, 200u}) {
                vdb_ivf_order_lists(parts.data(), 200, from, to);
                for (uint32_t i = 0; i < to; i++)
                    ASSERT_EQ(parts[i].index, whole[i].index);
                from = to;
            }
        }
    }
}

// Rows near the origin in one corner of space: what differs between them is their length.
TEST(Choice, FindsTheLargestProductsOfValuesOfAnyLength)
{
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform;
    auto element = [&] { return uniform(random) * uniform(random); };
    Values values(floats(3, VDB_METRIC_IP));
    for (int i = 0; i < 20000; i++)
        values.add({element(), element(), element()});
    VdbIvfGeometry g = geometry(values.space);
    std::vector<char> memory;
    VdbIvfCentroids lists = find_centroids(values, 100, memory);
    VdbIvfCentroids rows = {values.bytes.data(), values.stride(), values.count()};
    std::vector<VdbIvfRanked> by_row(rows.count), by_list(lists.count);
    uint32_t found = 0;
    for (int q = 0; q < 20; q++) {
        float query[3] = {uniform(random), uniform(random), uniform(random)};
        vdb_ivf_rank_lists(&g, &rows, query, by_row.data());
        vdb_ivf_order_lists(by_row.data(), rows.count, 0, 10);
        vdb_ivf_rank_lists(&g, &lists, query, by_list.data());
        vdb_ivf_order_lists(by_list.data(), lists.count, 0, 10);
        for (int i = 0; i < 10; i++) {
            uint32_t home = vdb_ivf_nearest(&g, &lists, values[by_row[i].index]);
            for (int k = 0; k < 10; k++)
                found += by_list[k].index == home;
        }
    }
    EXPECT_GE(found, 190u);
}

TEST(Choice, TakesTheFirstOfEquallyNearLists)
{
    VdbIvfGeometry g = geometry(floats(2));
    Values centroids(g.space);
    for (int i = 0; i < 5; i++)
        centroids.add({1, 1});
    VdbIvfCentroids set = {centroids.bytes.data(), centroids.stride(), 5};
    EXPECT_EQ(vdb_ivf_nearest(&g, &set, centroids[0]), 0u);
    VdbIvfRanked ranked[5];
    vdb_ivf_rank_lists(&g, &set, centroids[0], ranked);
    vdb_ivf_order_lists(ranked, 5, 0, 5);
    for (uint32_t i = 0; i < 5; i++)
        EXPECT_EQ(ranked[i].index, i);
}

// Codes find the nearest centroid, but where others are as near.
TEST(CentroidCodes, FindTheNearest)
{
    for (VdbMetric metric : coded_metrics())
        for (auto [dims, count] : {std::pair{64u, 64u}, {100u, 1100u}, {384u, 500u}, {2000u, 65u}})
        {
            VdbIvfGeometry g = coded_geometry(dims, VDB_KEPT_SQ8, metric);
            Values values = clustered_values(g.space, count, 2, count);
            VdbIvfCentroids centroids = {values[0], values.stride(), count};
            std::vector<char> memory(vdb_ivf_centroid_codes_size(&g, count) + 64, 0x55);
            auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
            VdbIvfCentroidCodes *codes =
                vdb_ivf_centroid_codes_make(&g, &centroids, reinterpret_cast<void *>(at));
            uint32_t missed = 0;
            for (uint32_t i = 0; i < 2 * count; i++) {
                uint32_t exact = vdb_ivf_nearest(&g, &centroids, values[i]);
                uint32_t found = vdb_ivf_nearest_by_codes(&g, &centroids, codes, values[i]);
                ASSERT_LT(found, count);
                missed += found != exact;
            }
            EXPECT_LE(missed, count / 100) << dims << " " << count;
        }
}

TEST(CentroidCodes, AreForManyCentroidsOfCodedIndexes)
{
    VdbIvfGeometry g = coded_geometry(100, VDB_KEPT_SQ8);
    VdbIvfGeometry plain = geometry(floats(100));
    EXPECT_EQ(vdb_ivf_centroid_codes_size(&g, 63), 0u);
    EXPECT_EQ(vdb_ivf_centroid_codes_size(&plain, 1000), 0u);
    Values values = random_values(g.space, 100);
    VdbIvfCentroids centroids = {values[0], values.stride(), 99};
    EXPECT_EQ(vdb_ivf_nearest_by_codes(&g, &centroids, nullptr, values[99]),
              vdb_ivf_nearest(&g, &centroids, values[99]));
}

TEST(CentroidCodes, OfHugeValuesAreSafe)
{
    VdbIvfGeometry g = coded_geometry(64, VDB_KEPT_SQ8);
    std::vector<float> values(65 * 64, 3e38f);
    for (size_t i = 0; i < values.size(); i += 3)
        values[i] = -1e38f;
    VdbIvfCentroids centroids = {values.data(), 64 * sizeof(float), 64};
    std::vector<char> memory(vdb_ivf_centroid_codes_size(&g, 64) + 64);
    auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
    VdbIvfCentroidCodes *codes =
        vdb_ivf_centroid_codes_make(&g, &centroids, reinterpret_cast<void *>(at));
    EXPECT_LT(vdb_ivf_nearest_by_codes(&g, &centroids, codes, values.data() + 64 * 64), 64u);
}

// The nearest are at the front, a few more at most, and none is lost.
TEST(Choice, PicksTheNearestLists)
{
    std::mt19937 random(3);
    for (uint32_t n : {1u, 20u, 341u, 1024u, 3000u})
        for (uint32_t equal : {1u, 5u, 1000000u}) {
            std::vector<VdbIvfRanked> lists(n);
            for (uint32_t i = 0; i < n; i++)
                lists[i] = {static_cast<float>(random() % 1000000 / equal), i};
            uint32_t from = 0;
            for (uint32_t to : {n / 20, n / 7, n / 2, n}) {
                uint32_t picked = vdb_ivf_pick_lists(lists.data(), n, from, std::max(to, from));
                ASSERT_GE(picked, std::max(to, from));
                ASSERT_LE(picked, std::max(from, to + (to - from) / 2));
                float farthest = 0;
                for (uint32_t i = 0; i < picked; i++)
                    farthest = std::max(farthest, lists[i].distance);
                for (uint32_t i = picked; i < n; i++)
                    EXPECT_GE(lists[i].distance, farthest);
                from = picked;
            }
            std::vector<bool> seen(n);
            for (const VdbIvfRanked &list : lists)
                seen[list.index] = true;
            EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<long>(n));
        }
}
