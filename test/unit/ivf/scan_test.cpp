// The scan's collector: every entry once, nearest first, however little memory there is.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "index_image.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

struct Row {
    uint32_t row;
    float distance;
};

// Drives a scan over chosen lists of an image.
struct Scan {
    const Image &image;
    std::vector<char> state;
    std::vector<std::unique_ptr<char[]>> given;
    VdbIvfScan *s;
    uint32_t passes = 0;

    Scan(const Image &of, const void *query, size_t budget = 1 << 20,
         VdbIvfOrder order = VDB_IVF_STRICT)
        : image(of), state(vdb_ivf_scan_size())
    {
        s = vdb_ivf_scan_init(state.data(), &image.g, budget);
        start(query, order);
    }

    void start(const void *query, VdbIvfOrder order)
    {
        std::vector<char> copy;
        float norm = 0;
        if (query != nullptr) {
            copy.assign(static_cast<const char *>(query),
                        static_cast<const char *>(query) + image.g.value_bytes);
            norm = vdb_value_prepare(&image.g.space, copy.data());
        }
        vdb_ivf_scan_start(s, query, norm, order);
    }

    void feed(uint32_t ordinal)
    {
        for (VdbBlock b : image.chain(ordinal)) {
            while (size_t n = vdb_ivf_scan_need(s)) {
                given.push_back(std::make_unique<char[]>(n));
                vdb_ivf_scan_give(s, given.back().get(), n);
            }
            ASSERT_EQ(vdb_ivf_scan_feed(s, image.page(b), image.list(ordinal).id), VDB_OK);
        }
    }

    // All rows of a window of lists, `most` at the most.
    std::vector<Row> window(const std::vector<uint32_t> &ordinals, size_t most = SIZE_MAX)
    {
        std::vector<Row> rows;
        do {
            passes++;
            for (uint32_t o : ordinals)
                feed(o);
            VdbTid tid;
            float distance;
            while (rows.size() < most && vdb_ivf_scan_take(s, &tid, &distance))
                rows.push_back({row_of_tid(tid), distance});
        } while (rows.size() < most && vdb_ivf_scan_again(s));
        return rows;
    }
};

std::vector<uint32_t> all_lists(const Image &image)
{
    std::vector<uint32_t> ordinals(image.meta().ordinals);
    for (uint32_t i = 0; i < ordinals.size(); i++)
        ordinals[i] = i;
    return ordinals;
}

void expect_order(const std::vector<Row> &rows)
{
    for (size_t i = 1; i < rows.size(); i++)
        ASSERT_TRUE(rows[i - 1].distance < rows[i].distance ||
                    (rows[i - 1].distance == rows[i].distance && rows[i - 1].row < rows[i].row))
            << i;
}

// The order that SQL's operator gives, by plain arithmetic.
std::vector<uint32_t> exact_order(const Values &values, const void *query)
{
    vdb::Space space = vdb::make_space(values.space);
    auto norm = [&](const void *v) {
        return static_cast<float>(vdb::norm_of(values.space, v, space.units));
    };
    std::vector<Row> rows;
    for (uint32_t i = 0; i < values.count(); i++)
        rows.push_back({i, space.rank(space.raw(query, values[i], space.units), norm(query),
                                      norm(values[i]))});
    std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) {
        return a.distance != b.distance ? a.distance < b.distance : a.row < b.row;
    });
    std::vector<uint32_t> order;
    for (Row r : rows)
        order.push_back(r.row);
    return order;
}

// Lists in the order in which a scan looks at them.
std::vector<uint32_t> ranked_lists(const Image &image, const void *query)
{
    std::vector<char> centroids;
    for (uint32_t o : all_lists(image)) {
        const void *c = vdb_ivf_centroid_at(image.page(image.span_block(o, true)), &image.g, o);
        centroids.insert(centroids.end(), static_cast<const char *>(c),
                         static_cast<const char *>(c) + image.g.value_bytes);
    }
    uint32_t n = image.meta().ordinals;
    VdbIvfCentroids set = {centroids.data(), image.g.value_bytes, n};
    std::vector<VdbIvfRanked> ranked(n);
    vdb_ivf_rank_lists(&image.g, &set, query, ranked.data());
    vdb_ivf_order_lists(ranked.data(), n, 0, n);
    std::vector<uint32_t> ordinals;
    for (VdbIvfRanked r : ranked)
        ordinals.push_back(r.index);
    return ordinals;
}

// A scan that adds the next list as soon as half of what it has is taken.  Every row at most once,
// in order; returns how many.
size_t take_widening(Scan &scan, const std::vector<uint32_t> &lists)
{
    std::set<uint32_t> rows;
    size_t window = 1;
    size_t late = SIZE_MAX;
    float last = -std::numeric_limits<float>::infinity();
    do {
        for (size_t i = 0; i < window; i++) {
            if (i == late)
                vdb_ivf_scan_late(scan.s);
            scan.feed(lists[i]);
        }
        uint32_t half = vdb_ivf_scan_left(scan.s) / 2;
        VdbTid tid;
        float distance;
        while (vdb_ivf_scan_take(scan.s, &tid, &distance)) {
            EXPECT_GE(distance, last);
            last = distance;
            EXPECT_TRUE(rows.insert(row_of_tid(tid)).second);
            if (vdb_ivf_scan_left(scan.s) > half || window == lists.size() ||
                !vdb_ivf_scan_widen(scan.s))
                continue;
            late = window;
            scan.feed(lists[window++]);
            half = vdb_ivf_scan_left(scan.s) / 2;
        }
    } while (vdb_ivf_scan_again(scan.s));
    return rows.size();
}

} // namespace

TEST(Scan, GivesEveryRowInTheExactOrder)
{
    for (VdbSpace space : all_spaces(24)) {
        Values values = random_values(space, 900);
        Image image = build(values, 9);
        Values queries = random_values(space, 3, 9);
        for (uint32_t q = 0; q < 3; q++) {
            Scan scan(image, queries[q]);
            std::vector<Row> rows = scan.window(all_lists(image));
            ASSERT_EQ(rows.size(), 900u);
            expect_order(rows);
            EXPECT_EQ(scan.passes, 1u);
            std::vector<uint32_t> order = exact_order(values, queries[q]);
            uint32_t same = 0;
            for (uint32_t i = 0; i < 900; i++)
                same += rows[i].row == order[i];
            // norms on pages are float32 sums, so that rows all but equally far may change places
            EXPECT_GE(same, image.g.norms_offset != 0 ? 890u : 900u);
        }
    }
}

TEST(Scan, ReadsAgainWhatDidNotFitItsMemory)
{
    for (VdbSpace space : {floats(3), bits(16), floats(3, VDB_METRIC_IP)}) {
        Values values = random_values(space, 20000);
        Image image = build(values, 5);
        Values query = random_values(space, 1, 5);
        std::vector<Row> whole = Scan(image, query[0]).window(all_lists(image));
        ASSERT_EQ(whole.size(), 20000u);
        for (size_t budget : {size_t{0}, size_t{30000}, size_t{100000}}) {
            Scan scan(image, query[0], budget);
            std::vector<Row> rows = scan.window(all_lists(image));
            EXPECT_GT(scan.passes, 1u);
            ASSERT_EQ(rows.size(), whole.size()) << budget;
            for (size_t i = 0; i < rows.size(); i++)
                ASSERT_EQ(rows[i].row, whole[i].row) << budget << " " << i;
        }
    }
}

TEST(Scan, WindowsInStrictOrderLeaveOutWhatIsNearer)
{
    for (VdbSpace space : {floats(3), bits(24)}) // of bits many rows are equally far
        for (size_t budget : {size_t{1} << 20, size_t{0}}) {
            Values values = random_values(space, 6000);
            Image image = build(values, 10);
            Values query = random_values(space, 1, 5);
            Scan scan(image, query[0], budget);
            std::vector<Row> first = scan.window({0, 1, 2});
            vdb_ivf_scan_window(scan.s);
            std::vector<Row> second = scan.window({3, 4, 5, 6, 7, 8, 9});
            expect_order(first);
            expect_order(second);
            float floor = first.back().distance;

            Scan all(image, query[0]);
            uint32_t beyond = 0;
            for (Row r : all.window({3, 4, 5, 6, 7, 8, 9}))
                beyond += r.distance >= floor;
            EXPECT_EQ(second.size(), beyond);
            for (Row r : second)
                ASSERT_GE(r.distance, floor);
        }
}

TEST(Scan, AWindowThatIsLeftEarlyBarsNoMoreThanWasTaken)
{
    Values values = random_values(floats(3), 3000);
    Image image = build(values, 6);
    Scan scan(image, values[0]);
    std::vector<Row> first = scan.window({0, 1}, 10);
    vdb_ivf_scan_window(scan.s);
    for (Row r : scan.window({2, 3, 4, 5}))
        ASSERT_GE(r.distance, first.back().distance);
    vdb_ivf_scan_window(scan.s);
    EXPECT_EQ(scan.window({}).size(), 0u);
}

TEST(Scan, WindowsInRelaxedOrderGiveEveryRow)
{
    Values values = random_values(floats(3), 6000);
    Image image = build(values, 10);
    for (size_t budget : {size_t{1} << 20, size_t{0}}) {
        Scan scan(image, values[0], budget, VDB_IVF_RELAXED);
        std::set<uint32_t> rows;
        for (const std::vector<uint32_t> &lists :
             {std::vector<uint32_t>{4, 5}, {6, 7, 8, 9}, {0, 1, 2, 3}}) {
            std::vector<Row> window = scan.window(lists);
            expect_order(window);
            for (Row r : window)
                EXPECT_TRUE(rows.insert(r.row).second);
            vdb_ivf_scan_window(scan.s);
        }
        EXPECT_EQ(rows.size(), 6000u);
    }
}

TEST(Scan, LeavesOutLessWhereItsWindowIsWidenedInTime)
{
    for (VdbSpace space : {floats(3), bits(24)}) {
        Values values = random_values(space, 6000);
        Image image = build(values, 20);
        std::vector<uint32_t> lists = ranked_lists(image, values[0]);
        Scan widened(image, values[0]);
        size_t rows = take_widening(widened, lists);
        Scan drained(image, values[0]);
        size_t fewer = 0;
        for (uint32_t o : lists) {
            fewer += drained.window({o}).size();
            vdb_ivf_scan_window(drained.s);
        }
        if (space.storage != VDB_STORAGE_BIT) { // random bits have no near lists
            EXPECT_GT(rows, fewer + 500);
        }
        Scan small(image, values[0], 0);
        EXPECT_GT(take_widening(small, lists), 100u);
        Scan relaxed(image, values[0], 1 << 20, VDB_IVF_RELAXED);
        relaxed.feed(lists[0]);
        EXPECT_FALSE(vdb_ivf_scan_widen(relaxed.s));
    }
}

// Entries that are equally far, memory for few of them, and lists that come late: nothing twice.
TEST(Scan, GivesNothingTwiceWhenAWidenedWindowOverflows)
{
    Values values = random_values(bits(10), 9000);
    Image image = build(values, 3);
    Scan scan(image, values[0], 60000);
    std::set<uint32_t> rows;
    VdbTid tid;
    float distance;
    scan.feed(0);
    for (int i = 0; i < 100 && vdb_ivf_scan_take(scan.s, &tid, &distance); i++)
        rows.insert(row_of_tid(tid));
    ASSERT_TRUE(vdb_ivf_scan_widen(scan.s));
    scan.feed(1);
    scan.feed(2);
    uint32_t passes = 0;
    float last = 0;
    do {
        if (passes++ > 0) {
            scan.feed(0);
            vdb_ivf_scan_late(scan.s);
            scan.feed(1);
            scan.feed(2);
        }
        while (vdb_ivf_scan_take(scan.s, &tid, &distance)) {
            ASSERT_GE(distance, last);
            last = distance;
            ASSERT_TRUE(rows.insert(row_of_tid(tid)).second);
        }
    } while (vdb_ivf_scan_again(scan.s));
    EXPECT_GT(passes, 1u);
    EXPECT_GT(rows.size(), 8500u);
}

// Entries equally far in a list that comes late, before all those taken, and more of them than fit.
TEST(Scan, LosesNoEquallyFarRowWhenAWidenedWindowOverflows)
{
    Values values(floats(2));
    values.add({3, 4});
    values.add({-5, 0});
    Values query(floats(2));
    query.add({0, 0});
    Image image(values.space);
    uint32_t early = image.add_list(values[0]);
    uint32_t late = image.add_list(values[1]);
    for (uint32_t i = 0; i < 8000; i++)
        image.append(late, tid_of_row(i), values[1]);
    for (uint32_t i = 8000; i < 9000; i++)
        image.append(early, tid_of_row(i), values[0]);
    for (size_t budget : {size_t{1} << 20, size_t{60000}, size_t{0}}) {
        Scan scan(image, query[0], budget);
        EXPECT_EQ(take_widening(scan, {early, late}), 9000u) << budget;
        scan.start(query[0], VDB_IVF_STRICT);
        EXPECT_EQ(take_widening(scan, {late, early}), 9000u) << budget;
    }
}

TEST(Scan, WithoutAQueryGivesEveryRow)
{
    Values values = random_values(floats(3), 5000);
    Image image = build(values, 4);
    for (size_t budget : {size_t{1} << 20, size_t{0}}) {
        Scan scan(image, nullptr, budget);
        std::vector<Row> rows = scan.window(all_lists(image));
        EXPECT_EQ(rows.size(), 5000u);
        expect_order(rows);
        EXPECT_FALSE(vdb_ivf_scan_widen(scan.s));
    }
}

TEST(Scan, ZeroVectorsComeLastUnderCosine)
{
    for (VdbSpace space : {floats(4, VDB_METRIC_COSINE), halves(4, VDB_METRIC_COSINE)}) {
        Values values = random_values(space, 50);
        values.add({0, 0, 0, 0});
        values.add({0, 0, 0, 0});
        Values query(space);
        query.add({1, 0, 0, 0});
        values.add({0, 1, 0, 0}); // at a right angle, not zero
        Image image = build(values, 2);
        std::vector<Row> rows = Scan(image, query[0]).window(all_lists(image));
        ASSERT_EQ(rows.size(), 53u);
        EXPECT_EQ(rows[51].row, 50u);
        EXPECT_EQ(rows[52].row, 51u);
        EXPECT_EQ(rows[51].distance, std::numeric_limits<float>::max());
        EXPECT_LT(rows[50].distance, 2.1f);
    }
}

TEST(Scan, SurvivesValuesThatNoSumCanHold)
{
    Values values(floats(4));
    std::mt19937 random(1);
    for (int i = 0; i < 300; i++) {
        std::vector<float> elements = random_elements(random, 4);
        if (i % 3 > 0)
            for (float &x : elements)
                x = i % 3 == 1 ? 3e38f : -3e38f;
        values.add(elements);
    }
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_L1}) {
        values.space.metric = metric;
        Image image = build(values, 4);
        for (uint32_t q : {0u, 1u, 2u}) {
            std::vector<Row> rows = Scan(image, values[q]).window(all_lists(image));
            EXPECT_EQ(rows.size(), 300u);
            expect_order(rows);
        }
    }
}

TEST(Scan, CanBeStartedAnew)
{
    Values values = random_values(floats(3), 2000);
    Image image = build(values, 4);
    Scan scan(image, values[0], 0);
    scan.window(all_lists(image), 5);
    scan.start(values[7], VDB_IVF_RELAXED);
    std::vector<Row> rows = scan.window(all_lists(image));
    ASSERT_EQ(rows.size(), 2000u);
    EXPECT_EQ(rows[0].row, 7u);
    expect_order(rows);
}

TEST(Scan, RefusesPagesOfAnotherList)
{
    Values values = random_values(floats(3), 2000);
    Image image = build(values, 4);
    Scan scan(image, values[0]);
    size_t n = vdb_ivf_scan_need(scan.s);
    VdbBlock b = image.list(1).first;
    EXPECT_EQ(vdb_ivf_scan_feed(scan.s, image.page(b), image.list(1).id), VDB_FULL);
    std::vector<char> memory(n);
    vdb_ivf_scan_give(scan.s, memory.data(), n);
    EXPECT_EQ(vdb_ivf_scan_feed(scan.s, image.page(b), image.list(0).id), VDB_STALE);
    EXPECT_EQ(vdb_ivf_scan_feed(scan.s, image.page(0), image.list(0).id), VDB_STALE);
    data_of(image.page(b))->count = UINT16_MAX;
    EXPECT_EQ(vdb_ivf_scan_feed(scan.s, image.page(b), image.list(1).id), VDB_CORRUPT);
    VdbTid tid;
    float distance;
    EXPECT_FALSE(vdb_ivf_scan_take(scan.s, &tid, &distance));
    EXPECT_FALSE(vdb_ivf_scan_again(scan.s));
}

TEST(Scan, SurvivesAnyBytes)
{
    std::mt19937 random(11);
    for (VdbSpace space : all_spaces(100)) {
        Image image(space);
        Values query = random_values(space, 1);
        Scan scan(image, query[0], 0);
        std::vector<std::unique_ptr<char[]>> given;
        for (int i = 0; i < 50; i++) {
            Page page = random_page(random);
            *trailer(page.bytes, image.g) = {0, VDB_IVF_PAGE_DATA, VDB_IVF_PAGE_ID};
            *data_of(page.bytes) = {3, 0, static_cast<uint16_t>(random() % 40), 0, 0};
            while (size_t n = vdb_ivf_scan_need(scan.s)) {
                given.push_back(std::make_unique<char[]>(n));
                vdb_ivf_scan_give(scan.s, given.back().get(), n);
            }
            vdb_ivf_scan_feed(scan.s, page.bytes, 3);
        }
        float last = -std::numeric_limits<float>::infinity();
        VdbTid tid;
        float distance;
        while (vdb_ivf_scan_take(scan.s, &tid, &distance)) {
            ASSERT_GE(distance, last); // so it is no NaN
            last = distance;
        }
    }
}
