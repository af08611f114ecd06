// Scans of coded indexes: every row once, in order of a bound that its distance is not below,
// however little memory there is, and few rows ranked.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "coded_image.h"
#include "ivf/scan_coded.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

constexpr float kEpsilon = 1.9F;
constexpr float kCertain = 8; // standard errors: no estimate is off by as many
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr uint32_t kForms[] = {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4,
                               VDB_IVF_KEPT_HEAP};
constexpr VdbMetric kMetrics[] = {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE};

// What the operator says; infinity for NaN.
double operator_of(VdbSpace space, const void *a, const void *b)
{
    const auto *x = static_cast<const float *>(a);
    const auto *y = static_cast<const float *>(b);
    double dot = 0, xx = 0, yy = 0, apart = 0;
    for (uint32_t i = 0; i < space.dims; i++) {
        dot += double{x[i]} * y[i];
        xx += double{x[i]} * x[i];
        yy += double{y[i]} * y[i];
        apart += (double{x[i]} - y[i]) * (double{x[i]} - y[i]);
    }
    if (space.metric == VDB_METRIC_L2)
        return std::sqrt(apart);
    if (space.metric == VDB_METRIC_IP)
        return -dot;
    return xx > 0 && yy > 0 ? 1 - dot / std::sqrt(xx * yy) : kInfinity;
}

struct Row {
    uint32_t row;
    double bound;
};

struct Options {
    float epsilon = kCertain;
    VdbIvfOrder order = VDB_IVF_STRICT;
    size_t budget = 1 << 22;
    uint32_t expected = 0;
};

// Drives a scan over chosen lists of an image.
struct Scan {
    const CodedImage &image;
    const Values &values;
    const void *wanted; // the query as the operator takes it
    std::unique_ptr<Working> query;
    char *state;
    std::vector<std::unique_ptr<char[]>> given;
    VdbIvfCodedScan *s;
    std::vector<VdbIvfRanked> ranked;
    uint32_t passes = 0;
    uint32_t entries_ranked = 0;

    Scan(const CodedImage &of, const Values &rows, const void *query_value, Options o = {})
        : image(of), values(rows), wanted(query_value)
    {
        size_t size = (vdb_ivf_coded_scan_size(&image.g) + 63) / 64 * 64;
        state = static_cast<char *>(std::aligned_alloc(64, size));
        s = vdb_ivf_coded_init(state, &image.g, o.budget);
        start(query_value, o);
    }
    Scan(const Scan &) = delete;
    ~Scan() { std::free(state); }

    void start(const void *query_value, Options o)
    {
        std::vector<float> zeros(image.g.space.dims);
        wanted = query_value;
        query =
            std::make_unique<Working>(image.g, query_value != nullptr ? query_value : zeros.data());
        ranked = image.ranked(*query);
        VdbIvfCodedQuery q = {query_value != nullptr ? query->vector.data() : nullptr, query->norm,
                              o.epsilon, o.order, o.expected};
        vdb_ivf_coded_start(s, &q);
    }

    void give()
    {
        while (size_t n = vdb_ivf_coded_need(s)) {
            given.push_back(std::make_unique<char[]>(n));
            vdb_ivf_coded_give(s, given.back().get(), n);
        }
    }

    // The lists from the from-th nearest on.
    void feed(uint32_t from, uint32_t to)
    {
        for (uint32_t i = from; i < to; i++) {
            const CodedImage::List &list = image.lists[ranked[i].index];
            VdbIvfCodedList of = {list.id, ranked[i].distance, list.norm};
            vdb_ivf_coded_list(s, &of);
            for (VdbBlock b : list.pages) {
                give();
                vdb_ivf_coded_ahead(s, b % 2 == 0 ? image.page(list.pages[0]) : nullptr);
                ASSERT_EQ(vdb_ivf_coded_feed(s, image.page(b)), VDB_OK);
            }
        }
    }

    void rank_batch()
    {
        uint32_t n;
        const VdbIvfCandidate *batch = vdb_ivf_coded_batch(s, &n);
        entries_ranked += n;
        give();
        for (uint32_t i = 0; i < n;) {
            if (image.g.kept != VDB_IVF_KEPT_HEAP) {
                const void *page = image.page(vdb_ivf_place_block(batch[i].place));
                VdbBlock rest = vdb_ivf_value_rest(page, &image.g, 0);
                alignas(4) char joined[sizeof(Page)];
                VdbIvfValuePages at = {page, rest != VDB_NO_BLOCK ? image.page(rest) : nullptr,
                                       joined};
                ASSERT_EQ(vdb_ivf_coded_rank(s, &at, &i), VDB_OK);
                continue;
            }
            const void *value = values[row_of_tid(batch[i].tid)];
            vdb_ivf_coded_ranked(s, i++, operator_of(image.g.space, wanted, value));
        }
    }

    bool take(Row *row)
    {
        VdbIvfCodedRow next;
        for (;;) {
            switch (vdb_ivf_coded_next(s, &next)) {
            case VDB_IVF_CODED_ROW:
                *row = {row_of_tid(next.tid), next.bound};
                return true;
            case VDB_IVF_CODED_DRY:
                return false;
            case VDB_IVF_CODED_RANK:
                rank_batch();
            }
        }
    }

    // Rows of a window of lists, `most` at the most.
    std::vector<Row> window(uint32_t from, uint32_t to, size_t most = SIZE_MAX)
    {
        std::vector<Row> rows;
        Row row;
        do {
            passes++;
            feed(from, to);
            while (rows.size() < most && take(&row))
                rows.push_back(row);
        } while (rows.size() < most && vdb_ivf_coded_again(s));
        return rows;
    }
    std::vector<Row> all() { return window(0, static_cast<uint32_t>(image.lists.size())); }
};

VdbStatus rank(Scan &scan, const void *page, uint32_t *i)
{
    VdbIvfValuePages at = {page, nullptr, nullptr};
    return vdb_ivf_coded_rank(scan.s, &at, i);
}

// What an executor may have returned is not beyond the largest bound so far.
void expect_order(const std::vector<Row> &rows, const Values &values, const void *query)
{
    double floor = -kInfinity;
    for (Row r : rows) {
        double distance = operator_of(values.space, query, values[r.row]);
        ASSERT_GE(distance, floor - std::fabs(floor) * 1e-6 - 1e-6) << r.row;
        floor = std::max(floor, r.bound);
    }
}

void expect_bounds(const std::vector<Row> &rows, const Values &values, const void *query)
{
    for (Row r : rows) {
        double distance = operator_of(values.space, query, values[r.row]);
        ASSERT_LE(r.bound, distance + std::fabs(distance) * 1e-6 + 1e-6);
    }
}

std::set<uint32_t> rows_of(const std::vector<Row> &rows)
{
    std::set<uint32_t> set;
    for (Row r : rows)
        EXPECT_TRUE(set.insert(r.row).second) << "row " << r.row << " came twice";
    return set;
}

TEST(CodedScan, GivesEveryRowOnceInOrderOfItsBound)
{
    for (VdbMetric metric : kMetrics)
        for (uint32_t kept : kForms) {
            Values values = clustered_values(floats(72, metric), 20, 60);
            CodedImage image = build_coded(values, kept, 8);
            Values query = random_values(values.space, 1, 5);
            Scan scan(image, values, query[0]);
            std::vector<Row> rows = scan.all();
            EXPECT_EQ(rows_of(rows).size(), 1200u) << metric << " " << kept;
            EXPECT_GT(scan.passes, 1u); // the first has room for few
            expect_order(rows, values, query[0]);
            expect_bounds(rows, values, query[0]);
        }
}

TEST(CodedScan, RanksFewEntriesForTheNearestRows)
{
    for (VdbMetric metric : kMetrics) {
        Values values = clustered_values(floats(96, metric), 100, 60);
        CodedImage image = build_coded(values, VDB_KEPT_FULL, 20);
        uint32_t found = 0, ranked = 0;
        for (uint32_t q = 0; q < 50; q++) {
            const void *query = values[size_t{q} * 101];
            std::vector<Row> exact;
            for (uint32_t i = 0; i < values.count(); i++)
                exact.push_back({i, operator_of(values.space, query, values[i])});
            std::sort(exact.begin(), exact.end(),
                      [](const Row &a, const Row &b) { return a.bound < b.bound; });
            Scan scan(image, values, query, {.epsilon = kEpsilon});
            for (Row r : scan.window(0, 20, 10))
                found += r.bound <= exact[9].bound + 1e-4;
            ranked += scan.entries_ranked;
        }
        EXPECT_GT(found, 485u) << metric;
        EXPECT_LT(ranked, 50 * 200u) << metric;
    }
}

TEST(CodedScan, LosesHardlyAnyRowOfThoseWhoTakeMany)
{
    for (VdbMetric metric : kMetrics)
        for (size_t budget : {size_t{1} << 22, size_t{20000}}) { // the latter: not room for all
            Values values = clustered_values(floats(64, metric), 30, 100);
            CodedImage image = build_coded(values, VDB_KEPT_SQ8, 6);
            Values query = random_values(values.space, 1, 5);
            Scan scan(image, values, query[0], {.epsilon = kEpsilon, .budget = budget});
            std::vector<Row> rows = scan.all();
            EXPECT_GE(rows_of(rows).size(), budget > 20000 ? 2988U : 2900U) << metric;
            expect_order(rows, values, query[0]);
        }
}

// Factors, spreads and distances to its list's centroid overflow: what is known of the other rows
// is nothing, until they are ranked.
TEST(CodedScan, LosesNoRowBesideOneThatIsTooLong)
{
    for (VdbMetric metric : kMetrics)
        for (uint32_t kept : kForms) {
            Values values = clustered_values(floats(64, metric), 10, 60);
            std::vector<float> longest(64, 1e25F);
            std::memcpy(values.bytes.data() + 300 * values.stride(), longest.data(),
                        64 * sizeof(float));
            CodedImage image = build_coded(values, kept, 3);
            Scan scan(image, values, values[7], {.epsilon = kEpsilon});
            EXPECT_GE(rows_of(scan.all()).size(), 598U) << metric << " " << kept;
        }
}

TEST(CodedScan, SaysThatItMetDamage)
{
    Values values = clustered_values(floats(64), 4, 30);
    CodedImage image = build_coded(values, VDB_KEPT_SQ8, 1);
    Scan scan(image, values, values[3]);
    VdbIvfCodedList list = {image.lists[0].id, scan.ranked[0].distance, image.lists[0].norm};
    Page page = image.pages[image.lists[0].pages[0]];
    vdb_ivf_coded_list(scan.s, &list);
    scan.give();
    for (uint16_t spread : {0x7F80, 0x7FC0, 0x8001}) {
        at<uint16_t>(page.bytes, image.g.spreads_offset)[1] = spread;
        EXPECT_EQ(vdb_ivf_coded_feed(scan.s, page.bytes), VDB_CORRUPT);
    }
    VdbIvfCodedRow row;
    uint32_t i = 0, n;
    scan.feed(0, 1);
    ASSERT_EQ(vdb_ivf_coded_next(scan.s, &row), VDB_IVF_CODED_RANK);
    const VdbIvfCandidate first = *vdb_ivf_coded_batch(scan.s, &n);
    page = image.pages[vdb_ivf_place_block(first.place)];
    scan.give();
    reinterpret_cast<char *>(slot_at(page.bytes, image.g, first.place.slot))[30] ^= 1;
    EXPECT_EQ(rank(scan, page.bytes, &i), VDB_CORRUPT);
    EXPECT_EQ(i, 0U);
}

TEST(CodedScan, ReadsAgainWhatDidNotFitItsMemory)
{
    Values values = clustered_values(floats(64), 30, 200);
    CodedImage image = build_coded(values, VDB_KEPT_SQ8, 6);
    Values query = random_values(values.space, 1, 5);
    std::set<uint32_t> passes;
    for (Options o :
         {Options{}, Options{.budget = 0}, Options{.budget = 50000}, Options{.expected = 5000}})
    {
        Scan scan(image, values, query[0], o);
        std::vector<Row> rows = scan.all();
        expect_order(rows, values, query[0]);
        EXPECT_EQ(rows_of(rows).size(), 6000u);
        passes.insert(scan.passes);
    }
    EXPECT_EQ(passes.size(), 4u);
    EXPECT_EQ(*passes.begin(), 1u); // with room for all
}

TEST(CodedScan, InRelaxedOrderGivesEveryRowHoweverFarEstimatesAreOff)
{
    Values values = clustered_values(floats(64, VDB_METRIC_IP), 30, 100);
    CodedImage image = build_coded(values, VDB_KEPT_HALF, 10);
    for (float epsilon : {0.0F, 0.5F, kEpsilon}) {
        Scan scan(image, values, values[7], {.epsilon = epsilon, .order = VDB_IVF_RELAXED});
        std::vector<Row> rows;
        for (uint32_t from : {0u, 2u, 6u}) {
            for (Row r : scan.window(from, from == 0 ? 2 : from == 2 ? 6 : 10))
                rows.push_back(r);
            vdb_ivf_coded_window(scan.s);
            EXPECT_FALSE(vdb_ivf_coded_widen(scan.s));
        }
        EXPECT_EQ(rows_of(rows).size(), 3000u);
    }
}

TEST(CodedScan, InStrictOrderLeavesOutWhatComesTooLate)
{
    Values values = clustered_values(floats(64), 30, 100);
    CodedImage image = build_coded(values, VDB_KEPT_SQ8, 10);
    for (float epsilon : {0.0F, kEpsilon}) {
        Scan scan(image, values, values[7], {.epsilon = epsilon});
        std::vector<Row> rows = scan.window(0, 3, 800);
        vdb_ivf_coded_window(scan.s);
        for (Row r : scan.window(3, 10))
            rows.push_back(r);
        expect_order(rows, values, values[7]);
        EXPECT_LT(rows_of(rows).size(), 3000u);
        EXPECT_GT(rows.size(), 1000u);
    }
}

// Adds the next list as soon as a quarter of what there was is left.  Every row at most once, in
// order; returns how many.
size_t take_widening(Scan &scan)
{
    std::vector<Row> rows;
    uint32_t to = 1, late = 1;
    auto n = static_cast<uint32_t>(scan.image.lists.size());
    scan.feed(0, 1);
    uint32_t most = vdb_ivf_coded_left(scan.s);
    for (Row row;;) {
        if (to < n && vdb_ivf_coded_left(scan.s) <= most / 4 && vdb_ivf_coded_widen(scan.s)) {
            late = to;
            scan.feed(to, to + 1);
            to++;
            most = vdb_ivf_coded_left(scan.s);
        }
        if (scan.take(&row)) {
            rows.push_back(row);
        } else if (vdb_ivf_coded_again(scan.s)) {
            scan.feed(0, late);
            if (late < to)
                vdb_ivf_coded_late(scan.s);
            scan.feed(late, to);
            most = vdb_ivf_coded_left(scan.s);
        } else {
            break;
        }
    }
    expect_order(rows, scan.values, scan.wanted);
    return rows_of(rows).size();
}

TEST(CodedScan, LeavesOutLessWhereItsWindowIsWidenedInTime)
{
    Values values = clustered_values(floats(64), 40, 100);
    CodedImage image = build_coded(values, VDB_KEPT_FULL, 20);
    Scan drained(image, values, values[3]);
    size_t fewer = 0;
    for (uint32_t i = 0; i < 20; i++) {
        fewer += drained.window(i, i + 1).size();
        vdb_ivf_coded_window(drained.s);
    }
    Scan widened(image, values, values[3], {.expected = 4000});
    size_t rows = take_widening(widened);
    EXPECT_GT(rows, fewer);
    // with room for few a list that comes late has others given up, which are read again
    for (size_t budget : {size_t{0}, size_t{8000}, size_t{20000}, size_t{60000}}) {
        Scan small(image, values, values[3], {.budget = budget});
        EXPECT_GT(take_widening(small), 100u);
    }
}

TEST(CodedScan, LosesNoneOfManyEqualRows)
{
    Values values = random_values(floats(64), 2);
    CodedImage image(values.space, VDB_KEPT_SQ8);
    for (uint32_t l = 0; l < 2; l++)
        image.add_list(Working(image.g, values[l]).vector);
    for (uint32_t i = 0; i < 5000; i++)
        image.append(i % 2, tid_of_row(i), Working(image.g, values[i % 2]));
    for (size_t budget : {size_t{0}, size_t{30000}, size_t{1} << 20}) {
        Scan scan(image, values, values[0], {.budget = budget});
        std::vector<Row> rows = scan.all();
        EXPECT_EQ(rows_of(rows).size(), 5000u);
        for (uint32_t i = 0; i < 5000; i++)
            ASSERT_EQ(rows[i].row % 2, i / 2500);
    }
}

TEST(CodedScan, WithoutAQueryGivesEveryRow)
{
    for (uint32_t kept : {uint32_t{VDB_KEPT_SQ8}, uint32_t{VDB_IVF_KEPT_HEAP}}) {
        Values values = random_values(floats(64), 3000);
        CodedImage image = build_coded(values, kept, 5);
        Scan scan(image, values, nullptr);
        std::vector<Row> rows = scan.all();
        EXPECT_EQ(rows_of(rows).size(), 3000u);
        EXPECT_EQ(scan.entries_ranked, 0u);
        for (Row r : rows)
            ASSERT_EQ(r.bound, 0);
    }
}

TEST(CodedScan, ZeroVectorsComeLastUnderCosine)
{
    for (uint32_t kept : kForms) {
        Values values = random_values(floats(64, VDB_METRIC_COSINE), 500);
        std::vector<float> zeros(64);
        values.add(zeros);
        values.add(zeros);
        CodedImage image = build_coded(values, kept, 4);
        std::vector<Row> rows = Scan(image, values, values[9]).all();
        ASSERT_EQ(rows.size(), 502u);
        EXPECT_GE(rows[500].row, 500u);
        EXPECT_GE(rows[501].row, 500u);
        EXPECT_EQ(rows[500].bound, kInfinity);
        EXPECT_LT(rows[499].bound, 2.1);
        // and every row is as far from the zero vector
        Scan far(image, values, zeros.data());
        rows = far.all();
        EXPECT_EQ(rows_of(rows).size(), 502u);
        EXPECT_EQ(rows[0].bound, kInfinity);
    }
}

TEST(CodedScan, CanBeStartedAnew)
{
    Values values = clustered_values(floats(64), 20, 100);
    CodedImage image = build_coded(values, VDB_KEPT_SQ8, 4);
    Scan scan(image, values, values[0]);
    scan.window(0, 4, 5);
    scan.start(values[7], {.order = VDB_IVF_RELAXED});
    std::vector<Row> rows = scan.all();
    EXPECT_EQ(rows_of(rows).size(), 2000u);
    EXPECT_EQ(rows[0].row, 7u);
}

TEST(CodedScan, SurvivesValuesThatNoSumCanHold)
{
    Values values(floats(64));
    std::mt19937 random(1);
    for (int i = 0; i < 600; i++) {
        std::vector<float> elements = random_elements(random, 64);
        if (i % 3 > 0)
            for (float &x : elements)
                x = i % 3 == 1 ? 3e38F : -3e38F;
        values.add(elements);
    }
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP}) {
        values.space.metric = metric;
        CodedImage image = build_coded(values, VDB_KEPT_SQ8, 4);
        for (uint32_t q : {0u, 1u, 2u}) {
            Scan scan(image, values, values[q], {.order = VDB_IVF_RELAXED});
            EXPECT_EQ(rows_of(scan.all()).size(), 600u);
        }
    }
}

TEST(CodedScan, DropsWhatVacuumTookAndRefusesOtherPages)
{
    Values values = clustered_values(floats(64), 4, 50);
    CodedImage image = build_coded(values, VDB_KEPT_SQ8, 2);
    Scan scan(image, values, values[0]);
    char *page = image.pages[image.lists[0].pages[0]].bytes;
    VdbIvfCodedList list = {image.lists[0].id, 1, 1};
    vdb_ivf_coded_list(scan.s, &list);
    EXPECT_EQ(vdb_ivf_coded_feed(scan.s, page), VDB_FULL); // of no memory
    scan.give();
    EXPECT_EQ(vdb_ivf_coded_feed(scan.s, image.page(image.lists[1].pages[0])), VDB_STALE);
    EXPECT_EQ(vdb_ivf_coded_feed(scan.s, image.page(image.lists[0].values[0])), VDB_STALE);
    data_of(page)->count++;
    data_of(page)->count = UINT16_MAX;
    EXPECT_EQ(vdb_ivf_coded_feed(scan.s, page), VDB_CORRUPT);
    data_of(page)->count = 10;
    EXPECT_EQ(vdb_ivf_coded_feed(scan.s, page), VDB_OK);
    VdbIvfCodedRow row;
    ASSERT_EQ(vdb_ivf_coded_next(scan.s, &row), VDB_IVF_CODED_RANK);
    uint32_t n, i = 0;
    const VdbIvfCandidate *batch = vdb_ivf_coded_batch(scan.s, &n);
    ASSERT_EQ(n, 10u);
    EXPECT_EQ(rank(scan, page, &i), VDB_STALE);
    EXPECT_EQ(rank(scan, image.page(image.lists[1].values[0]), &i), VDB_STALE);
    char *kept = image.pages[image.lists[0].values[0]].bytes;
    vdb_ivf_values_remove(kept, &image.g, &batch[3].place.slot, 1);
    EXPECT_EQ(rank(scan, kept, &i), VDB_OK);
    EXPECT_EQ(i, 10u);
    EXPECT_EQ(vdb_ivf_coded_left(scan.s), 9u);
}

TEST(CodedScan, RanksValuesOnTwoPages)
{
    Values values = clustered_values(floats(768), 5, 20);
    CodedImage image = build_coded(values, VDB_KEPT_FULL, 2);
    Values query = random_values(values.space, 3, 5);
    uint32_t rests = 0;
    for (VdbBlock b = 0; b < image.pages.size(); b++)
        rests += vdb_ivf_value_rest(image.page(b), &image.g, 0) != VDB_NO_BLOCK;
    EXPECT_GE(rests, 18u); // one of five values
    for (uint32_t q = 0; q < query.count(); q++) {
        Scan scan(image, values, query[q]);
        std::vector<Row> rows = scan.all();
        EXPECT_EQ(rows_of(rows).size(), 100u);
        expect_order(rows, values, query[q]);
        expect_bounds(rows, values, query[q]);
        EXPECT_EQ(scan.entries_ranked, 100u);
    }
}

TEST(CodedScan, SurvivesAnyBytes)
{
    std::mt19937 random(11);
    for (VdbMetric metric : kMetrics)
        for (uint32_t kept : {uint32_t{VDB_KEPT_SQ8}, uint32_t{VDB_KEPT_FULL}}) {
            Values values = random_values(floats(100, metric), 10);
            CodedImage image = build_coded(values, kept, 1);
            Scan scan(image, values, values[0], {.epsilon = kEpsilon, .order = VDB_IVF_RELAXED});
            for (int i = 0; i < 30; i++) {
                Page page = random_page(random);
                *trailer(page.bytes, image.g) = {0, VDB_IVF_PAGE_DATA, VDB_IVF_PAGE_ID};
                *data_of(page.bytes) = {1, 0, static_cast<uint16_t>(random() % image.g.capacity),
                                        kFormCodes, 0};
                for (uint32_t j = 0; j < image.g.capacity; j++) // finite, or the page is refused
                    at<uint16_t>(page.bytes, image.g.spreads_offset)[j] &= 0x7EFF;
                VdbIvfCodedList list = {1, static_cast<float>(random() % 100), 1};
                vdb_ivf_coded_list(scan.s, &list);
                scan.give();
                EXPECT_EQ(vdb_ivf_coded_feed(scan.s, page.bytes), VDB_OK);
            }
            VdbIvfCodedRow row;
            VdbIvfCodedNext next;
            double last = -kInfinity;
            while ((next = vdb_ivf_coded_next(scan.s, &row)) != VDB_IVF_CODED_DRY) {
                if (next == VDB_IVF_CODED_ROW) {
                    ASSERT_EQ(row.bound, row.bound); // no NaN
                    last = row.bound;
                    continue;
                }
                uint32_t n;
                vdb_ivf_coded_batch(scan.s, &n);
                for (uint32_t i = 0; i < n; i++) {
                    Page page = random_page(random);
                    *trailer(page.bytes, image.g) = {0, VDB_IVF_PAGE_VALUES, VDB_IVF_PAGE_ID};
                    *values_of(page.bytes) = {1, 0, 0, {15, 0, 0}, 0, 0};
                    scan.give();
                    uint32_t at = i;
                    rank(scan, page.bytes, &at);
                }
            }
            EXPECT_GE(last, -kInfinity);
        }
}

// The codes of centroids in memory of the test.
struct CentroidCodes {
    std::vector<char> memory;
    VdbIvfCentroidCodes *codes;

    CentroidCodes(const VdbIvfGeometry &g, const VdbIvfCentroids &centroids)
        : memory(vdb_ivf_centroid_codes_size(&g, centroids.count) + 64)
    {
        auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
        codes = vdb_ivf_centroid_codes_make(&g, &centroids, reinterpret_cast<void *>(at));
    }
};

// n values on the way from the last one, which comes after them, to random ones.
Values spread_values(VdbSpace space, uint32_t n)
{
    Values others = random_values(space, n + 1), values(space);
    const auto *last = static_cast<const float *>(others[n]);
    for (uint32_t i = 0; i <= n; i++) {
        const auto *other = static_cast<const float *>(others[i]);
        std::vector<float> elements(space.dims);
        float part = (static_cast<float>(i) + 1) / static_cast<float>(n + 1);
        for (uint32_t j = 0; j < space.dims; j++)
            elements[j] = last[j] + part * (other[j] - last[j]);
        values.add(elements);
    }
    return values;
}

// Of the lists that are nearest, how many are among twice as many that codes say are.
uint32_t nearest_picked(VdbMetric metric, uint32_t dims, uint32_t count, uint32_t nearest)
{
    VdbIvfGeometry g = coded_geometry(dims, VDB_KEPT_SQ8, metric);
    Values values = spread_values(g.space, count);
    CodedImage image(g.space, VDB_KEPT_SQ8);
    Scan scan(image, values, values[count]);
    std::vector<float> vectors;
    for (uint32_t i = 0; i < count; i++) {
        Working value(g, values[i]);
        vectors.insert(vectors.end(), value.vector.begin(), value.vector.end());
    }
    VdbIvfCentroids centroids = {vectors.data(), g.value_bytes, count};
    std::vector<VdbIvfRanked> exact(count), about(count);
    vdb_ivf_rank_lists(&g, &centroids, scan.query->vector.data(), exact.data());
    vdb_ivf_order_lists(exact.data(), count, 0, nearest);
    CentroidCodes of(g, centroids);
    EXPECT_TRUE(vdb_ivf_coded_estimate_lists(scan.s, of.codes, about.data()));
    vdb_ivf_pick_lists(about.data(), count, 0, 2 * nearest);
    std::set<uint32_t> all, picked;
    for (uint32_t i = 0; i < count; i++)
        all.insert(about[i].index);
    EXPECT_EQ(all.size(), count);
    for (uint32_t i = 0; i < 2 * nearest; i++)
        picked.insert(about[i].index);
    return static_cast<uint32_t>(std::count_if(exact.begin(), exact.begin() + nearest,
                                               [&](auto &l) { return picked.count(l.index); }));
}

} // namespace

TEST(CodedLists, TheNearestAreAmongThoseThatCodesPick)
{
    for (VdbMetric metric : kMetrics)
        for (auto [dims, count] : {std::pair{64u, 100u}, {100u, 1100u}, {384u, 300u}})
            EXPECT_GE(nearest_picked(metric, dims, count, count / 5), count / 5 * 9 / 10)
                << metric << " " << dims;
}

TEST(CodedLists, AreNotEstimatedWithoutCodesOrQuery)
{
    VdbIvfGeometry g = coded_geometry(100, VDB_KEPT_SQ8);
    Values values = random_values(g.space, 100);
    CodedImage image(g.space, VDB_KEPT_SQ8);
    Scan scan(image, values, values[0]), nothing(image, values, nullptr);
    VdbIvfCentroids centroids = {values[0], values.stride(), 100};
    CentroidCodes of(g, centroids);
    std::vector<VdbIvfRanked> out(100);
    EXPECT_FALSE(vdb_ivf_coded_estimate_lists(scan.s, nullptr, out.data()));
    EXPECT_FALSE(vdb_ivf_coded_estimate_lists(nothing.s, of.codes, out.data()));
}
