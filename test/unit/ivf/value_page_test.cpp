// Values that take several slots: they may begin on one page and end on the older one, nothing of a
// chain of pages stays unused, and what is read is what was added, whatever was removed between.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ivf/page_format.h"
#include "values.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

constexpr uint32_t kList = 5;

struct Shape {
    uint32_t dims;
    VdbKept kept;
    uint32_t slots_per_value;
};
// vectors of 8,000 bytes have a page each
const Shape kShapes[] = {{384, VDB_KEPT_FULL, 1},  {700, VDB_KEPT_FULL, 4},
                         {768, VDB_KEPT_FULL, 2},  {1024, VDB_KEPT_FULL, 7},
                         {1536, VDB_KEPT_FULL, 4}, {1536, VDB_KEPT_HALF, 2},
                         {2000, VDB_KEPT_FULL, 1}, {64, VDB_KEPT_SQ8, 1}};

// Nothing has changed but those parts of the page.
void expect_parts(Page before, const Page &after, const VdbSpans &parts)
{
    for (uint32_t i = 0; i < parts.count; i++)
        std::memcpy(before.bytes + parts.spans[i].from, after.bytes + parts.spans[i].from,
                    parts.spans[i].to - parts.spans[i].from);
    ASSERT_EQ(std::memcmp(before.bytes, after.bytes, sizeof(Page)), 0);
}

// The value pages of a list, from the oldest on: values come and go as src/pg has them do.
struct Chain {
    VdbIvfGeometry g;
    Values values;
    std::vector<std::vector<uint32_t>> rows; // some, which come again
    std::vector<Page> pages;
    std::map<uint32_t, VdbIvfPlace> places; // by row number
    uint32_t split = 0;                     // values that borrowed

    explicit Chain(const Shape &shape)
        : g(coded_geometry(shape.dims, shape.kept)), values(random_values(g.space, 8))
    {
        for (uint32_t i = 0; i + 1 < values.count(); i++) {
            rows.emplace_back((g.row_bytes + 3) / 4);
            VdbIvfRow from = {values[values.count() - 1], values[i], row_norm(g, values[i]),
                              nullptr};
            vdb_ivf_row_make(&g, &from, rows.back().data());
        }
    }

    const void *row(uint32_t i) const { return rows[i % rows.size()].data(); }
    const char *kept(uint32_t i) const
    {
        return static_cast<const char *>(row(i)) + kept_offset(g);
    }

    void new_page()
    {
        Page page = {};
        VdbBlock older = pages.empty() ? VDB_NO_BLOCK : static_cast<VdbBlock>(pages.size() - 1);
        vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_VALUES);
        vdb_ivf_values_begin(page.bytes, kList);
        vdb_ivf_page_set_next(page.bytes, &g, older);
        pages.push_back(page);
    }

    // As a build does.
    void append(uint32_t i)
    {
        VdbIvfNewValue value = {tid_of_row(i), row(i), 0};
        if (pages.empty() || vdb_ivf_values_full(pages.back().bytes, &g, &value))
            new_page();
        put(i, value);
    }

    // As an insertion does.
    void insert(uint32_t i)
    {
        VdbIvfNewValue value = {tid_of_row(i), row(i), 0};
        if (pages.empty() || !has_room(&value)) {
            new_page();
            ASSERT_TRUE(has_room(&value));
        }
        if (value.borrowed > 0) {
            Page &older = pages[pages.size() - 2];
            Page before = older;
            vdb_ivf_values_lend(older.bytes, &g, &value);
            expect_parts(before, older, vdb_ivf_values_lend_parts(&g, value.borrowed));
        }
        put(i, value);
    }

    void remove(uint32_t i)
    {
        VdbBlock block = vdb_ivf_place_block(places.at(i));
        VdbBlock older = vdb_ivf_value_rest(pages[block].bytes, &g, places.at(i).slot);
        vdb_ivf_values_remove(pages[block].bytes, &g, &places.at(i).slot, 1);
        if (older != VDB_NO_BLOCK)
            vdb_ivf_values_return(pages[older].bytes);
        places.erase(i);
    }

    VdbStatus read(uint32_t i, VdbTid tid, std::vector<char> *out)
    {
        alignas(4) char joined[kLargestPage];
        VdbIvfPlace place = places.at(i);
        const Page &page = pages[vdb_ivf_place_block(place)];
        VdbBlock older = vdb_ivf_value_rest(page.bytes, &g, place.slot);
        VdbIvfValuePages at = {page.bytes, nullptr, joined};
        VdbIvfValues header;
        VdbIvfValue value;
        EXPECT_EQ(vdb_ivf_values_read(page.bytes, &g, kList, &header), VDB_OK);
        if (older != VDB_NO_BLOCK)
            at.older = pages[older].bytes;
        VdbStatus status = vdb_ivf_value_read(&at, &g, place.slot, tid, &value);
        if (status == VDB_OK) {
            const auto *bytes = static_cast<const char *>(value.kept);
            EXPECT_EQ(value.norm, static_cast<const RowHeader *>(row(i))->norm);
            out->assign(bytes, bytes + g.kept_bytes);
        }
        return status;
    }

    void expect_all()
    {
        constexpr uint32_t kCheck = 2; // bytes at the beginning
        uint32_t count = 0;
        for (const auto &[i, place] : places) {
            std::vector<char> kept_there;
            ASSERT_EQ(read(i, tid_of_row(i), &kept_there), VDB_OK) << i;
            ASSERT_EQ(
                std::memcmp(kept_there.data() + kCheck, kept(i) + kCheck, g.kept_bytes - kCheck), 0)
                << i;
            ASSERT_EQ(read(i, tid_of_row(i + 1), &kept_there), VDB_STALE);
        }
        for (const Page &page : pages) {
            VdbIvfValues header;
            ASSERT_EQ(vdb_ivf_values_read(page.bytes, &g, kList, &header), VDB_OK);
            count += header.count;
        }
        ASSERT_EQ(count, places.size());
    }

    // A value on two pages.
    uint32_t some_split() const
    {
        auto it = std::find_if(places.begin(), places.end(), [this](const auto &p) {
            const Page &page = pages[vdb_ivf_place_block(p.second)];
            return vdb_ivf_value_rest(page.bytes, &g, p.second.slot) != VDB_NO_BLOCK;
        });
        return it->first;
    }

  private:
    bool has_room(VdbIvfNewValue *value) const
    {
        value->borrowed = 0;
        if (pages.size() > 1 && vdb_ivf_values_borrow(pages.back().bytes, &g))
            value->borrowed = vdb_ivf_values_spare(pages[pages.size() - 2].bytes, &g);
        return vdb_ivf_values_room(pages.back().bytes, &g, value->borrowed);
    }
    void put(uint32_t i, const VdbIvfNewValue &value)
    {
        uint32_t slot = kMostSlots;
        Page before = pages.back();
        VdbSpans parts = vdb_ivf_values_add_parts(before.bytes, &g, value.borrowed);
        ASSERT_EQ(vdb_ivf_values_add(pages.back().bytes, &g, &value, &slot), VDB_OK);
        ASSERT_NO_FATAL_FAILURE(expect_parts(before, pages.back(), parts));
        ASSERT_TRUE(slot == 0 || value.borrowed == 0);
        places[i] = vdb_ivf_place(static_cast<VdbBlock>(pages.size() - 1), slot);
        split += value.borrowed > 0;
    }
};

} // namespace

TEST(Values, FillPagesToTheEnd)
{
    constexpr uint32_t kCount = 100;
    for (const Shape &shape : kShapes) {
        Chain built(shape), inserted(shape);
        EXPECT_EQ(built.g.slots_per_value, shape.slots_per_value) << shape.dims;
        for (uint32_t i = 0; i < kCount; i++) {
            built.append(i);
            inserted.insert(i);
        }
        built.expect_all();
        inserted.expect_all();
        uint32_t slots = kCount * built.g.slots_per_value;
        size_t pages = (slots + built.g.slots_per_page - 1) / built.g.slots_per_page;
        EXPECT_EQ(built.pages.size(), pages) << shape.dims;
        EXPECT_EQ(inserted.pages.size(), pages) << shape.dims;
        EXPECT_EQ(built.split > 0, shape.slots_per_value > 1);
        for (size_t b = 0; b < pages; b++)
            EXPECT_EQ(std::memcmp(&built.pages[b], &inserted.pages[b], sizeof(Page)), 0);
    }
}

TEST(Values, ComeAndGo)
{
    std::mt19937 random(8);
    for (const Shape &shape : kShapes) {
        Chain chain(shape);
        for (uint32_t i = 0; i < 400; i++) {
            chain.insert(i);
            // mostly one of those that came last, so that pages empty and fill again
            while (chain.places.size() > 3 && random() % 100 < 45) {
                auto last = static_cast<uint32_t>(random() % std::min<size_t>(6, i)) + 1;
                auto it = chain.places.lower_bound(i - std::min(i, last));
                chain.remove(it != chain.places.end() ? it->first : chain.places.begin()->first);
            }
            if (i % 10 == 0) {
                ASSERT_NO_FATAL_FAILURE(chain.expect_all());
            }
        }
        ASSERT_NO_FATAL_FAILURE(chain.expect_all());
        while (!chain.places.empty())
            chain.remove(chain.places.begin()->first);
        chain.expect_all();
        for (const Page &page : chain.pages)
            EXPECT_EQ(values_of(page.bytes)->lent + values_of(page.bytes)->borrowed, 0);
    }
}

TEST(Values, OlderPagesWithRoomAgainAreAChain)
{
    Chain chain({384, VDB_KEPT_SQ8, 1});
    const VdbIvfGeometry &g = chain.g;
    for (uint32_t i = 0; i < 5 * g.slots_per_page; i++) // block 0 is no value page elsewhere
        chain.append(i);
    ASSERT_EQ(chain.pages.size(), 5u);
    auto page = [&](VdbBlock b) { return chain.pages[b].bytes; };
    auto room = [&](VdbBlock b) {
        VdbIvfValues values = {};
        EXPECT_EQ(vdb_ivf_values_read(page(b), &g, kList, &values), VDB_OK);
        return values.room;
    };
    for (VdbBlock b = 1; b < 4; b++)
        for (uint32_t i = 0; i < (g.slots_per_page + 4) / 5; i++) {
            EXPECT_FALSE(vdb_ivf_values_roomy(page(b), &g)) << i;
            chain.remove(b * g.slots_per_page + i);
        }
    EXPECT_EQ(room(4), VDB_NO_BLOCK);
    for (VdbBlock b = 1; b < 4; b++) {
        EXPECT_TRUE(vdb_ivf_values_roomy(page(b), &g));
        vdb_ivf_values_push_room(page(4), page(b), b);
        EXPECT_FALSE(vdb_ivf_values_roomy(page(b), &g)) << "it is on the chain";
        EXPECT_EQ(room(4), b);
    }
    EXPECT_EQ(room(3), 2u);
    EXPECT_EQ(room(1), VDB_NO_BLOCK);
    // the chain goes over to a newer page, and is used up there
    chain.append(1000);
    ASSERT_EQ(chain.pages.size(), 6u);
    vdb_ivf_values_pass_room(page(4), page(5));
    EXPECT_EQ(room(4), VDB_NO_BLOCK);
    for (VdbBlock first : {3u, 2u, 1u}) {
        EXPECT_EQ(room(5), first);
        vdb_ivf_values_pop_room(page(5), page(first));
        EXPECT_TRUE(vdb_ivf_values_roomy(page(first), &g)) << "it is off the chain";
    }
    EXPECT_EQ(room(5), VDB_NO_BLOCK);
    vdb_ivf_values_push_room(page(5), page(2), 2);
    EXPECT_EQ(room(2), VDB_NO_BLOCK);
    EXPECT_FALSE(vdb_ivf_values_roomy(page(2), &g));
    chain.expect_all();
}

TEST(Values, OfAnIndexWithoutThatChainStayWhereTheyAre)
{
    Chain chain({384, VDB_KEPT_SQ8, 1});
    chain.append(0);
    EXPECT_TRUE(vdb_ivf_values_roomy(chain.pages[0].bytes, &chain.g));
    chain.g.value_room = 0;
    EXPECT_FALSE(vdb_ivf_values_roomy(chain.pages[0].bytes, &chain.g));
}

// Vacuum that was cut short leaves slots lent that nobody has borrowed.
TEST(Values, DoNotBorrowWhatIsLent)
{
    Chain chain({768, VDB_KEPT_FULL, 2});
    for (uint32_t i = 0; i < 3; i++)
        chain.insert(i);
    ASSERT_EQ(chain.pages.size(), 2u);
    const uint16_t first = 0;
    vdb_ivf_values_remove(chain.pages[1].bytes, &chain.g, &first, 1);
    chain.places.erase(2);
    EXPECT_EQ(vdb_ivf_values_spare(chain.pages[0].bytes, &chain.g), 0u);
    for (uint32_t i = 3; i < 5; i++)
        chain.insert(i);
    EXPECT_EQ(chain.pages.size(), 2u);
    chain.expect_all();
    chain.insert(5); // borrows the last slot of page 1
    EXPECT_EQ(chain.pages.size(), 3u);
    EXPECT_EQ(values_of(chain.pages[2].bytes)->borrowed, 1);
    chain.expect_all();
}

TEST(Values, NoWrongBitOfOneOnTwoPagesGoesUnnoticed)
{
    for (Shape shape : {Shape{700, VDB_KEPT_FULL, 4}, Shape{1536, VDB_KEPT_HALF, 2}}) {
        Chain chain(shape);
        const VdbIvfGeometry &g = chain.g;
        std::vector<char> out;
        for (uint32_t i = 0; i < 8; i++)
            chain.append(i);
        uint32_t i = chain.some_split();
        Page &page = chain.pages[vdb_ivf_place_block(chain.places[i])];
        Page &older = chain.pages[vdb_ivf_place_block(chain.places[i]) - 1];
        uint32_t lent = values_of(older.bytes)->lent;
        uint32_t here = (g.slots_per_value - lent) * g.slot_bytes;
        uint32_t there = sizeof(SlotHeader) + g.kept_bytes - here;
        auto *begin = reinterpret_cast<uint8_t *>(slot_at(page.bytes, g, 0));
        auto *end = reinterpret_cast<uint8_t *>(slot_at(older.bytes, g, g.slots_per_page - lent));
        auto expect_noticed = [&](uint8_t *bytes, uint32_t bit) {
            bytes[bit / 8] ^= 1 << bit % 8;
            EXPECT_EQ(chain.read(i, tid_of_row(i), &out), VDB_CORRUPT) << bit;
            bytes[bit / 8] ^= 1 << bit % 8;
        };
        for (uint32_t bit = 0; bit < here * 8; bit++)
            if (bit / 8 != 6 && bit / 8 != 7) // reserved
                expect_noticed(begin, bit);
        for (uint32_t bit = 0; bit < there * 8; bit++)
            expect_noticed(end, bit);
        EXPECT_EQ(chain.read(i, tid_of_row(i), &out), VDB_OK);
    }
}

TEST(Values, WhoseEndIsGoneAreDamaged)
{
    Chain chain({768, VDB_KEPT_FULL, 2});
    std::vector<char> out;
    for (uint32_t i = 0; i < 5; i++)
        chain.append(i);
    uint32_t i = chain.some_split();
    Page sound = chain.pages[0];
    auto expect_damaged = [&](void (*damage)(char *)) {
        damage(chain.pages[0].bytes);
        EXPECT_EQ(chain.read(i, tid_of_row(i), &out), VDB_CORRUPT);
        chain.pages[0] = sound;
    };
    expect_damaged([](char *page) { values_of(page)->lent = 0; });
    expect_damaged([](char *page) { values_of(page)->lent = 2; });
    expect_damaged([](char *page) { values_of(page)->list_id++; });
    expect_damaged([](char *page) { values_of(page)->used[1] = UINT64_MAX; });
    EXPECT_EQ(chain.read(i, tid_of_row(i), &out), VDB_OK);
    // nor is there a value without the page, or where it would run over the end
    VdbIvfValue value;
    VdbIvfValuePages at = {chain.pages[1].bytes, nullptr, nullptr};
    EXPECT_EQ(vdb_ivf_value_at(&at, &chain.g, 0, &value), VDB_CORRUPT);
    values_of(chain.pages[1].bytes)->used[0] |= 1u << 4;
    EXPECT_EQ(vdb_ivf_value_at(&at, &chain.g, 4, &value), VDB_CORRUPT);
    values_of(chain.pages[1].bytes)->borrowed = 2;
    VdbIvfValues header;
    EXPECT_EQ(vdb_ivf_values_read(chain.pages[1].bytes, &chain.g, kList, &header), VDB_CORRUPT);
    EXPECT_EQ(vdb_ivf_value_rest(chain.pages[1].bytes, &chain.g, 0), VDB_NO_BLOCK);
}
