// Pages of coded indexes: what is added is what is read, however full the page and whatever was
// taken out, and no bytes whatever make a reading crash.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ivf/page_format.h"
#include "values.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

using Row = std::vector<uint32_t>;

const RowHeader &header_of(const Row &row)
{
    return *reinterpret_cast<const RowHeader *>(row.data());
}
const uint8_t *code_of(const Row &row)
{
    return reinterpret_cast<const uint8_t *>(row.data()) + sizeof(RowHeader);
}
const char *kept_of(const VdbIvfGeometry &g, const Row &row)
{
    return reinterpret_cast<const char *>(row.data()) + kept_offset(g);
}

bool same_but_for_check(const VdbIvfGeometry &g, const void *a, const void *b)
{
    constexpr size_t kCheck = 2; // bytes at the beginning
    return std::memcmp(static_cast<const char *>(a) + kCheck, static_cast<const char *>(b) + kCheck,
                       g.kept_bytes - kCheck) == 0;
}

Row make_row(const VdbIvfGeometry &g, const void *centroid, const void *value)
{
    Row row((g.row_bytes + 3) / 4);
    VdbIvfRow from = {centroid, value, row_norm(g, value), nullptr};
    vdb_ivf_row_make(&g, &from, row.data());
    return row;
}

VdbStatus put(Page &page, const VdbIvfGeometry &g, VdbTid tid, const void *row, uint32_t *slot)
{
    VdbIvfNewValue value = {tid, row, 0};
    return vdb_ivf_values_add(page.bytes, &g, &value, slot);
}

// Random rows of one list, as many as a page takes and two more.
struct Rows {
    VdbIvfGeometry g;
    Values values;
    std::vector<Row> rows;

    explicit Rows(const VdbIvfGeometry &of)
        : g(of), values(random_values(of.space, of.capacity + 3))
    {
        for (uint32_t i = 0; i + 1 < values.count(); i++)
            rows.push_back(make_row(g, values[values.count() - 1], values[i]));
    }

    const float *centroid() const { return static_cast<const float *>(values[values.count() - 1]); }
};

Page code_page(const VdbIvfGeometry &g)
{
    Page page = {};
    vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_DATA);
    vdb_ivf_data_begin(page.bytes, &g, 5);
    return page;
}

Page value_page(const VdbIvfGeometry &g)
{
    Page page = {};
    vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_VALUES);
    vdb_ivf_values_begin(page.bytes, 5);
    return page;
}

VdbIvfEntry entry_of_row(uint32_t i)
{
    return {tid_of_row(i), vdb_ivf_place(i + 70000, i % 7)};
}

void add(Page &page, const Rows &rows, uint32_t i)
{
    ASSERT_EQ(vdb_ivf_codes_add(page.bytes, &rows.g, entry_of_row(i), rows.rows[i].data()), VDB_OK);
}

VdbIvfCodes read(const Page &page, const VdbIvfGeometry &g)
{
    VdbIvfCodes codes = {};
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, VDB_IVF_NO_LIST, &codes), VDB_OK);
    return codes;
}

// The page's entries are those rows.
void expect_rows(const Page &page, const Rows &rows, const std::vector<uint32_t> &wanted)
{
    const VdbIvfGeometry &g = rows.g;
    VdbIvfCodes codes = read(page, g);
    ASSERT_EQ(codes.count, wanted.size());
    ASSERT_EQ(codes.packed, codes.count == g.capacity ? codes.count : codes.count / 32 * 32);
    for (uint32_t i = 0; i < codes.count; i++) {
        const Row &row = rows.rows[wanted[i]];
        uint8_t code[VDB_IVF_MAX_DIMS / 8];
        vdb_ivf_code_get(&g, &codes, i, code);
        ASSERT_EQ(std::memcmp(code, code_of(row), code_bytes(g)), 0) << i;
        ASSERT_EQ(std::memcmp(&codes.factors[i], &header_of(row).factors, 4), 0);
        ASSERT_EQ(codes.spreads[i], header_of(row).spread);
        ASSERT_EQ(row_of_tid(codes.tids[i]), wanted[i]);
        ASSERT_EQ(row_of_tid(vdb_ivf_data_tid(page.bytes, &g, i)), wanted[i]);
        ASSERT_EQ(codes.places != nullptr, has_values(g));
        if (has_values(g)) {
            ASSERT_EQ(vdb_ivf_place_block(codes.places[i]), wanted[i] + 70000);
            ASSERT_EQ(codes.places[i].slot, wanted[i] % 7);
        }
    }
}

void copy_parts(Page &to, const Page &from, const VdbSpans &parts)
{
    ASSERT_LT(parts.count, VDB_MOST_SPANS); // one is left for PostgreSQL's header
    for (uint32_t i = 0; i < parts.count; i++)
        std::memcpy(to.bytes + parts.spans[i].from, from.bytes + parts.spans[i].from,
                    parts.spans[i].to - parts.spans[i].from);
}

// The edit makes of the page the same if it sees and leaves nothing but these parts of it.
template <class Edit> void expect_parts(Page &page, const VdbSpans &parts, Edit edit)
{
    Page seen, result = page;
    std::memset(seen.bytes, 0xA5, sizeof(seen.bytes));
    copy_parts(seen, page, parts);
    edit(seen);
    copy_parts(result, seen, parts);
    edit(page);
    ASSERT_EQ(std::memcmp(page.bytes, result.bytes, sizeof(page.bytes)), 0);
}

// A query, ready for estimates.
struct Query {
    std::vector<char> memory;
    VdbCodeQuery *q;

    Query(const VdbCodec &codec, const float *query) : memory(vdb_code_query_size(&codec) + 64)
    {
        auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
        q = vdb_code_query_init(reinterpret_cast<void *>(at), &codec, query);
    }
};

std::vector<float> estimates_of(const Page &page, const VdbIvfGeometry &g, const float *query)
{
    std::vector<float> ranks((g.capacity + 31) / 32 * 32);
    VdbIvfCodes codes = read(page, g);
    vdb_ivf_codes_estimate(&g, &codes, Query(vdb_ivf_codec(&g), query).q, {3, .5F}, ranks.data());
    return ranks;
}

// The estimates of all entries are those of a list of their codes that is packed throughout.
void expect_estimates(const Page &page, const VdbIvfGeometry &g, const float *query)
{
    VdbCodec codec = vdb_ivf_codec(&g);
    VdbIvfCodes codes = read(page, g);
    std::vector<uint8_t> raw(codes.count * code_bytes(g));
    std::vector<uint8_t> packed(g.capacity * code_bytes(g) + 64);
    std::vector<float> ranks = estimates_of(page, g, query), expected(ranks.size());
    for (uint32_t i = 0; i < codes.count; i++)
        vdb_ivf_code_get(&g, &codes, i, raw.data() + i * code_bytes(g));
    vdb_codes_pack(&codec, g.capacity, packed.data(), raw.data(), codes.count);
    VdbCodeList list = {packed.data(), codes.factors, g.capacity, codes.count, 3, .5F};
    vdb_code_estimate(Query(codec, query).q, &list, expected.data());
    ASSERT_EQ(std::memcmp(ranks.data(), expected.data(), codes.count * sizeof(float)), 0)
        << codes.count;
}

bool is_dead(VdbTid tid, void *state)
{
    return static_cast<std::set<uint32_t> *>(state)->count(row_of_tid(tid)) > 0;
}

std::vector<uint32_t> numbers(uint32_t n)
{
    std::vector<uint32_t> all(n);
    for (uint32_t i = 0; i < n; i++)
        all[i] = i;
    return all;
}

} // namespace

TEST(CodedMetaPage, KeepsItsGeometry)
{
    for (uint32_t kept : all_kept())
        for (VdbMetric metric : coded_metrics()) {
            VdbSpace column = halves(100, metric);
            VdbIvfGeometry g, read;
            ASSERT_EQ(vdb_ivf_coded_geometry(8192, &column, kept, &g), VDB_OK);
            Page page = {};
            vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_META);
            vdb_ivf_meta_init(page.bytes, &g, 7, 1);
            ASSERT_EQ(vdb_ivf_meta_geometry(page.bytes, 8192, &read, nullptr, nullptr), VDB_OK);
            EXPECT_EQ(std::memcmp(&g, &read, sizeof(g)), 0);
            MetaPage *meta = meta_of(page.bytes);
            MetaPage sound = *meta;
            auto answer = [&](uint16_t MetaPage::*field, uint16_t value) {
                *meta = sound;
                meta->*field = value;
                return vdb_ivf_meta_geometry(page.bytes, 8192, &read, nullptr, nullptr);
            };
            EXPECT_EQ(answer(&MetaPage::kept, 0), VDB_CORRUPT);
            EXPECT_EQ(answer(&MetaPage::kept, 9), VDB_CORRUPT);
            EXPECT_EQ(answer(&MetaPage::code_dims, 96), VDB_CORRUPT);
            EXPECT_EQ(answer(&MetaPage::metric, VDB_METRIC_L1), VDB_CORRUPT);
            *meta = sound;
            meta->features = 0; // then neither kept form nor codes
            EXPECT_EQ(vdb_ivf_meta_geometry(page.bytes, 8192, &read, nullptr, nullptr),
                      VDB_CORRUPT);
        }
}

TEST(Rows, AreCodeFactorsSpreadNormAndKeptForm)
{
    for (uint32_t kept : all_kept())
        for (VdbMetric metric : coded_metrics())
            for (uint32_t dims : {64U, 65U, 100U, 384U}) {
                VdbIvfGeometry g = coded_geometry(dims, kept, metric);
                VdbCodec codec = vdb_ivf_codec(&g);
                Values values = random_values(g.space, 2);
                Row row = make_row(g, values[0], values[1]);
                std::vector<uint8_t> code(code_bytes(g));
                VdbCodeFactors factors;
                uint16_t spread;
                vdb_code_make_bounded(&codec, static_cast<const float *>(values[0]),
                                      static_cast<const float *>(values[1]), code.data(), &factors,
                                      &spread);
                EXPECT_EQ(std::memcmp(code.data(), code_of(row), code.size()), 0);
                EXPECT_EQ(std::memcmp(&factors, &header_of(row).factors, sizeof(factors)), 0);
                EXPECT_EQ(header_of(row).spread, spread);
                EXPECT_EQ(header_of(row).norm, row_norm(g, values[1]));
                if (!has_values(g))
                    continue;
                auto form = static_cast<VdbKept>(kept);
                std::vector<uint32_t> blob(vdb_kept_bytes(form, dims) / 4);
                vdb_kept_encode(form, dims, static_cast<const float *>(values[1]), blob.data());
                EXPECT_EQ(std::memcmp(blob.data(), kept_of(g, row), blob.size() * 4), 0);

                // made again for another list, from what is kept: the same bytes are kept
                std::vector<float> decoded(dims);
                vdb_kept_decode(form, dims, blob.data(), decoded.data());
                VdbIvfRow from = {values[1], decoded.data(), header_of(row).norm, blob.data()};
                Row again(row.size());
                vdb_ivf_row_make(&g, &from, again.data());
                EXPECT_EQ(std::memcmp(blob.data(), kept_of(g, again), blob.size() * 4), 0);
            }
}

TEST(Rows, WithoutCodesAreTheValue)
{
    VdbIvfGeometry g = geometry(halves(50));
    Values values = random_values(g.space, 2);
    Row row = make_row(g, values[0], values[1]);
    EXPECT_EQ(g.row_bytes, g.value_bytes);
    EXPECT_EQ(std::memcmp(row.data(), values[1], g.value_bytes), 0);
}

TEST(CodePage, KeepsWhatIsAddedAtEveryCount)
{
    for (uint32_t kept : {uint32_t{VDB_KEPT_SQ8}, uint32_t{VDB_IVF_KEPT_HEAP}})
        for (VdbMetric metric : coded_metrics())
            for (uint32_t dims : {64U, 100U, 384U, 2000U}) {
                Rows rows(coded_geometry(dims, kept, metric));
                const VdbIvfGeometry &g = rows.g;
                Page page = code_page(g);
                for (uint32_t i = 0; i < g.capacity; i++) {
                    ASSERT_NO_FATAL_FAILURE(add(page, rows, i));
                    if (i % 13 == 0 || i % 32 > 29 || i % 32 < 2 || i + 3 > g.capacity) {
                        ASSERT_NO_FATAL_FAILURE(expect_rows(page, rows, numbers(i + 1)));
                        ASSERT_NO_FATAL_FAILURE(expect_estimates(page, g, rows.centroid()));
                    }
                }
                Page before = page;
                EXPECT_EQ(vdb_ivf_codes_add(page.bytes, &g, {}, rows.rows[0].data()), VDB_FULL);
                EXPECT_EQ(std::memcmp(&before, &page, sizeof(page)), 0);
            }
}

TEST(CodePage, AnEntryChangesFewBytes)
{
    Rows rows(coded_geometry(384, VDB_KEPT_SQ8));
    Page page = code_page(rows.g);
    for (uint32_t i = 0; i < rows.g.capacity; i++) {
        Page before = page;
        ASSERT_NO_FATAL_FAILURE(add(page, rows, i));
        uint32_t changed = 0;
        for (size_t j = 0; j < sizeof(page.bytes); j++)
            changed += page.bytes[j] != before.bytes[j];
        bool packs = packed_entries(rows.g, i + 1) > i;
        EXPECT_LE(changed, packs ? 32 * 48 + 20U : 48 + 20U) << i;
    }
}

TEST(CodePage, AnAdditionKeepsToItsParts)
{
    for (uint32_t kept : all_kept())
        for (uint32_t dims : {64U, 100U, 1000U}) {
            Rows rows(coded_geometry(dims, kept));
            Page page = code_page(rows.g);
            for (uint32_t i = 0; i < rows.g.capacity; i++) {
                VdbSpans parts = vdb_ivf_codes_add_parts(page.bytes, &rows.g);
                ASSERT_NO_FATAL_FAILURE(
                    expect_parts(page, parts, [&](Page &to) { add(to, rows, i); }));
            }
        }
}

TEST(CodePage, KnowsItsListAndForm)
{
    VdbIvfGeometry g = coded_geometry(64, VDB_KEPT_SQ8);
    VdbIvfCodes codes;
    VdbIvfData data;
    Page page = code_page(g);
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, 6, &codes), VDB_STALE);
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, VDB_IVF_NO_LIST, &codes), VDB_OK);
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_OK);
    EXPECT_EQ(codes.count, 0U);
    data_of(page.bytes)->form = kFormValues;
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, 5, &codes), VDB_CORRUPT);
    page = code_page(g);
    data_of(page.bytes)->count = static_cast<uint16_t>(g.capacity + 1);
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, 5, &codes), VDB_CORRUPT);
    page = value_page(g);
    EXPECT_EQ(vdb_ivf_codes_read(page.bytes, &g, 5, &codes), VDB_STALE);
}

TEST(CodePage, TheDeadAreTakenOut)
{
    for (uint32_t kept : {uint32_t{VDB_KEPT_HALF}, uint32_t{VDB_IVF_KEPT_HEAP}})
        for (uint32_t dims : {64U, 384U, 1000U}) {
            Rows rows(coded_geometry(dims, kept));
            const VdbIvfGeometry &g = rows.g;
            for (uint32_t every : {1U, 2U, 3U, 7U, 50U, 1000U})
                for (uint32_t count : {g.capacity, g.capacity - 1, g.capacity / 2 + 1, 0U}) {
                    Page page = code_page(g);
                    std::set<uint32_t> dead;
                    std::vector<uint32_t> left, gone;
                    for (uint32_t i = 0; i < count; i++) {
                        ASSERT_NO_FATAL_FAILURE(add(page, rows, i));
                        (i % every == every - 1 ? gone : left).push_back(i);
                    }
                    dead.insert(gone.begin(), gone.end());
                    std::vector<VdbIvfPlace> places(g.capacity);
                    VdbTidCount tids;
                    ASSERT_EQ(vdb_ivf_data_count(page.bytes, &g, is_dead, &dead, &tids), VDB_OK);
                    EXPECT_EQ(tids.dead, gone.size());
                    uint32_t n = vdb_ivf_codes_dead(page.bytes, &g, is_dead, &dead, places.data());
                    ASSERT_EQ(n, has_values(g) ? gone.size() : 0);
                    for (uint32_t i = 0; i < n; i++)
                        EXPECT_EQ(vdb_ivf_place_block(places[i]), gone[i] + 70000);
                    vdb_ivf_data_remove(page.bytes, &g, is_dead, &dead);
                    ASSERT_NO_FATAL_FAILURE(expect_rows(page, rows, left));
                    ASSERT_NO_FATAL_FAILURE(expect_estimates(page, g, rows.centroid()));
                    if (left.size() < g.capacity) { // and it goes on
                        ASSERT_NO_FATAL_FAILURE(add(page, rows, g.capacity + 1));
                        left.push_back(g.capacity + 1);
                        ASSERT_NO_FATAL_FAILURE(expect_rows(page, rows, left));
                    }
                }
        }
}

TEST(ValuePage, KeepsValuesAndGivesSlotsAgain)
{
    for (uint32_t kept : all_kept()) {
        Rows rows(coded_geometry(200, kept));
        const VdbIvfGeometry &g = rows.g;
        VdbIvfValues values;
        VdbIvfValue value;
        uint32_t slot;
        Page page = value_page(g);
        VdbIvfValuePages at = {page.bytes, nullptr, nullptr};
        if (!has_values(g)) {
            EXPECT_EQ(vdb_ivf_values_read(page.bytes, &g, 5, &values), VDB_STALE);
            continue;
        }
        auto row = [&rows](uint32_t i) { return rows.rows[i % rows.rows.size()]; };
        for (uint32_t i = 0; i < g.slots_per_page; i++) {
            ASSERT_EQ(put(page, g, tid_of_row(i), row(i).data(), &slot), VDB_OK);
            ASSERT_EQ(slot, i);
        }
        Page full = page;
        EXPECT_EQ(put(page, g, tid_of_row(0), row(0).data(), &slot), VDB_FULL);
        EXPECT_EQ(std::memcmp(&full, &page, sizeof(page)), 0);
        ASSERT_EQ(vdb_ivf_values_read(page.bytes, &g, 5, &values), VDB_OK);
        EXPECT_EQ(values.count, g.slots_per_page);
        EXPECT_EQ(vdb_ivf_values_read(page.bytes, &g, 6, &values), VDB_STALE);
        for (uint32_t i = 0; i < g.slots_per_page; i++) {
            ASSERT_EQ(vdb_ivf_value_read(&at, &g, i, tid_of_row(i), &value), VDB_OK);
            EXPECT_EQ(reinterpret_cast<uintptr_t>(value.kept) % 4, 0U);
            EXPECT_EQ(value.norm, header_of(row(i)).norm);
            EXPECT_EQ(row_of_tid(value.tid), i);
            EXPECT_TRUE(same_but_for_check(g, value.kept, kept_of(g, row(i))));
            // an entry that vacuum took, and whose slot is another's by now
            EXPECT_EQ(vdb_ivf_value_read(&at, &g, i, tid_of_row(i + 1), &value), VDB_STALE);
        }
        EXPECT_EQ(vdb_ivf_value_at(&at, &g, g.slots_per_page, &value), VDB_STALE);
        EXPECT_EQ(vdb_ivf_value_at(&at, &g, UINT16_MAX, &value), VDB_STALE);

        const uint16_t gone[] = {static_cast<uint16_t>(g.slots_per_page - 1), 2, 2, UINT16_MAX};
        vdb_ivf_values_remove(page.bytes, &g, gone, 4);
        EXPECT_EQ(vdb_ivf_value_read(&at, &g, 2, tid_of_row(2), &value), VDB_STALE);
        ASSERT_EQ(vdb_ivf_values_read(page.bytes, &g, 5, &values), VDB_OK);
        EXPECT_EQ(values.count, g.slots_per_page - 2);
        for (uint32_t want : {2U, g.slots_per_page - 1}) {
            EXPECT_EQ(put(page, g, tid_of_row(want), row(want).data(), &slot), VDB_OK);
            EXPECT_EQ(slot, want);
        }
        EXPECT_EQ(std::memcmp(&full, &page, sizeof(page)), 0);
    }
}

TEST(ValuePage, AnAdditionKeepsToItsParts)
{
    for (uint32_t kept : {VDB_KEPT_FULL, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4}) {
        Rows rows(coded_geometry(100, kept));
        Page page = value_page(rows.g);
        uint16_t third = 2;
        uint32_t slot;
        auto add_value = [&](Page &to) {
            ASSERT_EQ(put(to, rows.g, tid_of_row(7), rows.rows[0].data(), &slot), VDB_OK);
        };
        for (slot = 0; slot + 1 < rows.g.slots_per_page;)
            ASSERT_NO_FATAL_FAILURE(
                expect_parts(page, vdb_ivf_values_add_parts(page.bytes, &rows.g, 0), add_value));
        vdb_ivf_values_remove(page.bytes, &rows.g, &third, 1);
        ASSERT_NO_FATAL_FAILURE(
            expect_parts(page, vdb_ivf_values_add_parts(page.bytes, &rows.g, 0), add_value));
        EXPECT_EQ(slot, third);
        EXPECT_EQ(vdb_ivf_values_add_parts(page.bytes, &rows.g, 0).count, 1u); // there is no room
    }
}

TEST(CodedPages, EndWhereTheirContentDoes)
{
    for (uint32_t kept : all_kept()) {
        Rows rows(coded_geometry(100, kept));
        const VdbIvfGeometry &g = rows.g;
        Page page = code_page(g);
        EXPECT_EQ(vdb_ivf_page_end(page.bytes, &g, VDB_IVF_PAGE_DATA), kEntriesOffset);
        add(page, rows, 0);
        EXPECT_EQ(vdb_ivf_page_end(page.bytes, &g, VDB_IVF_PAGE_DATA),
                  page_lower(g, VDB_IVF_PAGE_DATA));
        if (!has_values(g))
            continue;
        uint32_t slot;
        Page values = value_page(g);
        EXPECT_EQ(vdb_ivf_page_end(values.bytes, &g, VDB_IVF_PAGE_VALUES), g.slots_offset);
        ASSERT_EQ(put(values, g, tid_of_row(1), rows.rows[0].data(), &slot), VDB_OK);
        EXPECT_EQ(vdb_ivf_page_end(values.bytes, &g, VDB_IVF_PAGE_VALUES),
                  page_lower(g, VDB_IVF_PAGE_VALUES));
    }
}

TEST(CodePage, ACodeTellsAboutWhereItsValueWas)
{
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE}) {
        Rows rows(coded_geometry(300, VDB_IVF_KEPT_HEAP, metric));
        Page page = code_page(rows.g);
        for (uint32_t i = 0; i < 40; i++)
            add(page, rows, i);
        VdbIvfCodes codes;
        ASSERT_EQ(vdb_ivf_codes_read(page.bytes, &rows.g, 5, &codes), VDB_OK);
        for (uint32_t i = 0; i < 40; i++) { // some packed, some not
            const auto *value = static_cast<const float *>(rows.values[i]);
            float about[300];
            double apart = 0, from_centroid = 0;
            vdb_ivf_code_value(&rows.g, &codes, i, rows.centroid(), about);
            for (uint32_t j = 0; j < 300; j++) {
                apart += std::pow(double{about[j]} - value[j], 2);
                from_centroid += std::pow(double{rows.centroid()[j]} - value[j], 2);
            }
            EXPECT_LT(apart, 0.5 * from_centroid) << metric << " " << i; // 1 - 2 / pi
        }
    }
}

TEST(ValuePage, NoWrongBitOfAValueGoesUnnoticed)
{
    for (uint32_t kept : all_kept()) {
        Rows rows(coded_geometry(70, kept));
        const VdbIvfGeometry &g = rows.g;
        VdbIvfValue value;
        uint32_t slot;
        if (!has_values(g))
            continue;
        Page page = value_page(g);
        VdbIvfValuePages at = {page.bytes, nullptr, nullptr};
        ASSERT_EQ(put(page, g, tid_of_row(7), rows.rows[0].data(), &slot), VDB_OK);
        auto *bytes = reinterpret_cast<uint8_t *>(slot_at(page.bytes, g, slot));
        for (uint32_t bit = 0; bit < g.slot_bytes * 8; bit++) {
            if (bit / 8 == 6 || bit / 8 == 7)
                continue; // reserved
            bytes[bit / 8] ^= 1 << bit % 8;
            EXPECT_EQ(vdb_ivf_value_read(&at, &g, slot, tid_of_row(7), &value), VDB_CORRUPT) << bit;
            bytes[bit / 8] ^= 1 << bit % 8;
        }
        EXPECT_EQ(vdb_ivf_value_read(&at, &g, slot, tid_of_row(7), &value), VDB_OK);
    }
}

TEST(AnyBytes, NoReadingOfCodedPagesCrashes)
{
    std::mt19937 random(3);
    for (uint32_t dims : {64U, 65U, 700U, 2000U})
        for (uint32_t kept : all_kept()) {
            VdbIvfGeometry g = coded_geometry(dims, kept);
            Values values = random_values(g.space, 1);
            for (int i = 0; i < 60; i++) {
                Page page = random_page(random);
                *trailer(page.bytes, g) = {VDB_NO_BLOCK, static_cast<uint16_t>(i % 2 == 0 ? 4 : 6),
                                           VDB_IVF_PAGE_ID};
                data_of(page.bytes)->form = kFormCodes;
                if (i % 3 > 0)
                    data_of(page.bytes)->count = static_cast<uint16_t>(random() % (g.capacity + 2));
                VdbIvfCodes codes;
                if (vdb_ivf_codes_read(page.bytes, &g, VDB_IVF_NO_LIST, &codes) == VDB_OK)
                    estimates_of(page, g, static_cast<const float *>(values[0]));
                std::set<uint32_t> dead;
                for (uint32_t j = 0; j < g.capacity; j += 3)
                    dead.insert(row_of_tid(vdb_ivf_data_tid(page.bytes, &g, j)));
                std::vector<VdbIvfPlace> places(g.capacity);
                vdb_ivf_codes_dead(page.bytes, &g, is_dead, &dead, places.data());
                vdb_ivf_data_remove(page.bytes, &g, is_dead, &dead);
                VdbIvfValues read;
                VdbIvfValue value;
                Page older = random_page(random);
                uint32_t joined[sizeof(Page) / sizeof(uint32_t)];
                VdbIvfValuePages at = {page.bytes, i % 4 == 3 ? nullptr : older.bytes, joined};
                *trailer(older.bytes, g) = *trailer(page.bytes, g);
                if (i % 8 > 3) {
                    values_of(older.bytes)->list_id = values_of(page.bytes)->list_id;
                    values_of(page.bytes)->borrowed = i / 8 % 9;
                    values_of(older.bytes)->lent = i / 8 % 9;
                }
                vdb_ivf_value_rest(page.bytes, &g, 0);
                vdb_ivf_values_read(page.bytes, &g, VDB_IVF_NO_LIST, &read);
                for (uint32_t slot = 0; has_values(g) && slot <= UINT16_MAX; slot += 7)
                    vdb_ivf_value_read(&at, &g, slot, tid_of_row(slot), &value);
            }
        }
}
