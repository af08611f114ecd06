// The checker: silent on sound indexes, speaks up about every kind of damage, survives any bytes.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "index_image.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

// Some lists of several pages, one empty, one retired, one recycled, pages with room.
Image make_sample(VdbSpace space)
{
    Values values = random_values(space, 2000);
    Image image = build(values, 12);
    image.add_list(values[0]);
    image.retire(11);
    image.recycle(11);
    image.retire(10);
    image.recycle(10, 1);
    for (uint32_t o : {0u, 1u})
        for (VdbBlock b : image.chain(o)) {
            uint32_t n = data_of(image.page(b))->count / 2;
            data_of(image.page(b))->count = static_cast<uint16_t>(n);
            image.put_on_room_chain(o, b);
        }
    return image;
}

const Image &sample()
{
    static const Image image = make_sample(floats(300));
    return image;
}

// Damages a copy and expects the checker to say so.
void expect(const std::string &words, const std::function<void(Image &)> &damage,
            const Image &base = sample())
{
    Image image = base;
    damage(image);
    Report r = image.check(100);
    EXPECT_GT(r.counts.problems, 0u) << words;
    EXPECT_TRUE(r.says(words)) << "expected: " << words << "\ngot:\n" << r.all();
}

void change_meta(Image &image, const std::function<void(VdbIvfMeta &)> &change)
{
    VdbIvfMeta m = image.meta();
    change(m);
    image.set_meta(m);
}

void change_list(Image &image, uint32_t ordinal, const std::function<void(VdbIvfList &)> &change)
{
    VdbIvfList l = image.list(ordinal);
    change(l);
    image.set_list(ordinal, l);
}

DataHeader *data(Image &image, uint32_t ordinal, uint32_t page)
{
    return data_of(image.page(image.chain(ordinal)[page]));
}

} // namespace

TEST(Check, SoundIndexesHaveNoProblems)
{
    for (uint32_t dims : {1u, 100u, 2000u})
        for (VdbSpace space : all_spaces(dims))
            for (uint32_t rows : {0u, 1u, 500u}) {
                Image image = build(random_values(space, rows), 20);
                Report r = image.check(100);
                ASSERT_EQ(r.counts.problems, 0u) << "dims " << dims << " rows " << rows << "\n"
                                                 << r.all();
                ASSERT_EQ(r.counts.heap_tids, rows);
                ASSERT_EQ(r.tids, rows);
                ASSERT_EQ(r.counts.lost_pages, 0u);
            }
    EXPECT_EQ(Image(floats(3)).check().counts.problems, 0u);
}

TEST(Check, CountsWhatThereIs)
{
    Report r = sample().check(100);
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.lists, 11u);
    EXPECT_EQ(r.counts.retired_lists, 1u);
    EXPECT_EQ(r.counts.free_ordinals, 1u);
    EXPECT_EQ(r.counts.empty_lists, 1u);
    EXPECT_EQ(r.counts.pending_lists + r.counts.lost_pages, 0u);
    EXPECT_GT(r.counts.hidden_entries, 0u);
    EXPECT_GT(r.counts.heap_tids, 1000u);
    EXPECT_GT(r.counts.free_entries, 50u);
    EXPECT_EQ(r.counts.heap_tids, r.tids);
    EXPECT_GE(r.counts.largest_list, r.counts.heap_tids / 10);
    EXPECT_EQ(r.counts.pages[VDB_IVF_PAGE_META], 1u);
    EXPECT_EQ(r.counts.pages[VDB_IVF_PAGE_DIRECTORY], 1u);
    EXPECT_GT(r.counts.pages[VDB_IVF_PAGE_FREE], 1u);
    uint64_t pages = 0;
    for (uint64_t n : r.counts.pages)
        pages += n;
    EXPECT_EQ(pages, sample().pages.size());
    EXPECT_EQ(r.counts.option, 12u);
}

TEST(Check, ManyPagesOfListsAndCentroids)
{
    Values values = random_values(floats(500), 600);
    Image image(values.space);
    for (uint32_t i = 0; i < 600; i++) // one row a list: three pages of them, 150 of centroids
        image.append(image.add_list(values[i]), tid_of_row(i), values[i]);
    Report r = image.check();
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.pages[VDB_IVF_PAGE_DIRECTORY], 3u);
    EXPECT_EQ(r.counts.lists, 600u);
    VdbBlock second = image.span_block(250, false);
    expect(
        "directory: page begins with list",
        [&](Image &i) { span_of(i.page(second))->first_ordinal = 2 * i.g.lists_per_page; }, image);
    expect(
        "directory: page has 10 lists instead of",
        [&](Image &i) { span_of(i.page(second))->count = 10; }, image);
    expect(
        "directory: ends after",
        [&](Image &i) { vdb_ivf_page_set_next(i.page(second), &i.g, VDB_NO_BLOCK); }, image);
    VdbBlock centroids = image.span_block(250, true);
    expect(
        "centroids: page begins with list",
        [&](Image &i) { span_of(i.page(centroids))->first_ordinal -= i.g.centroids_per_page; },
        image);
    expect(
        "but is not the last", [&](Image &i) { span_of(i.page(centroids))->count--; }, image);
    expect(
        "centroids: ends after",
        [&](Image &i) { vdb_ivf_page_set_next(i.page(centroids), &i.g, VDB_NO_BLOCK); }, image);
    expect(
        "centroids: chain comes here twice",
        [&](Image &i) { vdb_ivf_page_set_next(i.page(centroids), &i.g, i.meta().first_centroids); },
        image);
}

TEST(Check, ASplitThatWasCutShortIsNoDamage)
{
    Image image = sample();
    Values values = random_values(image.g.space, 50);
    uint32_t ordinal = image.add_list(values[0]);
    for (uint32_t i = 0; i < 50; i++)
        image.append(ordinal, tid_of_row(i), values[i]);
    change_meta(image, [](VdbIvfMeta &m) {
        m.pending_from = m.next_id - 1;
        m.pending_to = m.next_id;
        m.lists--;
    });
    Report before = sample().check(100);
    Report r = image.check(100);
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.pending_lists, 1u);
    EXPECT_EQ(r.tids, before.tids);
    EXPECT_EQ(r.counts.hidden_entries, before.counts.hidden_entries + 50);
}

TEST(Check, LostPagesAreCountedAndAllowed)
{
    Image image = sample();
    VdbBlock b = image.add_page(VDB_IVF_PAGE_DATA);
    vdb_ivf_data_begin(image.page(b), &image.g, 12345);
    image.add_page(VDB_IVF_PAGE_FREE);
    image.pages.push_back({});
    Report r = image.check(100);
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.lost_pages, 2u);
    EXPECT_EQ(r.counts.pages[0], 1u);
}

TEST(Check, Metapage)
{
    auto meta = [](Image &i) { return meta_of(i.page(0)); };
    expect("not a metapage", [](Image &i) { i.pages[0] = {}; });
    expect("wrong magic", [&](Image &i) { meta(i)->magic++; });
    expect("unknown format version", [&](Image &i) { meta(i)->version++; });
    expect("unknown features", [&](Image &i) { meta(i)->features = kFeatureExtraColumns; });
    expect("another page size", [&](Image &i) { meta(i)->page_size = 4096; });
    expect("impossible dimensions", [&](Image &i) { meta(i)->dims = 0; });
    expect("impossible dimensions", [&](Image &i) { meta(i)->metric = 66; });
    expect("more than the file can hold", [&](Image &i) { meta(i)->ordinals = UINT32_MAX; });
    expect("are pending", [&](Image &i) { meta(i)->pending_from = 99; });
    expect("are pending", [&](Image &i) { meta(i)->pending_to = 99; });
    expect("no live list", [&](Image &i) { meta(i)->lists = 0; });
    expect("live lists instead of", [&](Image &i) { meta(i)->lists++; });
    expect("pages of lists instead of", [&](Image &i) { meta(i)->data_pages--; });
    expect("directory begins at block", [&](Image &i) { meta(i)->first_directory = 100000; });
    expect("directory: not one of its pages", [&](Image &i) { meta(i)->first_directory = 3; });
    expect("directory: ends with block", [&](Image &i) { meta(i)->last_directory++; });
    expect("centroids: chain leads to", [&](Image &i) { meta(i)->first_centroids = 1; });
    expect("centroids: ends with block", [&](Image &i) { meta(i)->last_centroids++; });
    expect("free pages: chain leads to block", [&](Image &i) { meta(i)->free_page = 100000; });
    expect("free pages: chain leads to a page of kind", [&](Image &i) { meta(i)->free_page = 0; });
    expect("metapage in this block", [](Image &i) { i.add_page(VDB_IVF_PAGE_META); });
}

TEST(Check, Directory)
{
    expect("unknown state",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.state = 1; }); });
    expect("is the next", [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.id = 99; }); });
    expect("is the next", [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.id = 0; }); });
    expect("has the id of list 1",
           [](Image &i) { change_list(i, 2, [&i](VdbIvfList &l) { l.id = i.list(1).id; }); });
    expect("in a row but",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.run = l.pages + 1; }); });
    expect("impossible number of lists",
           [](Image &i) { span_of(i.page(i.meta().first_directory))->count = 9999; });
    expect("live lists instead of",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.state = VDB_IVF_LIST_FREE; }); });
}

TEST(Check, ChainsOfLists)
{
    expect("list: chain leads to block",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.first = 100000; }); });
    expect("list: chain leads to a page of kind",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.first = 0; }); });
    expect("is another's",
           [](Image &i) { change_list(i, 2, [&i](VdbIvfList &l) { l.first = i.list(3).first; }); });
    expect("list: chain comes here twice",
           [](Image &i) { vdb_ivf_page_set_next(i.page(i.list(2).last), &i.g, i.list(2).first); });
    expect("is not in the chain of its list 2",
           [](Image &i) { vdb_ivf_page_set_next(i.page(i.list(2).first), &i.g, VDB_NO_BLOCK); });
    expect("is not in its place", [](Image &i) {
        VdbBlock first = i.list(2).first;
        VdbBlock next = vdb_ivf_page_next(i.page(first), &i.g);
        vdb_ivf_page_set_next(i.page(first), &i.g, vdb_ivf_page_next(i.page(next), &i.g));
    });
    expect("pages instead of",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.pages++; }); });
    expect("list: ends with block",
           [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.last = l.first; }); });
    expect("list: page in the chain of list 2 is another's",
           [](Image &i) { data(i, 2, 1)->list_id = 77; });
}

TEST(Check, ChainsOfPagesWithRoom)
{
    expect("is none of its pages",
           [](Image &i) { change_list(i, 0, [](VdbIvfList &l) { l.room = 100000; }); });
    expect("is none of its pages",
           [](Image &i) { change_list(i, 0, [&i](VdbIvfList &l) { l.room = i.list(2).first; }); });
    expect("with room comes here twice",
           [](Image &i) { vdb_ivf_data_set_next_room(i.page(i.chain(0)[0]), i.list(0).room); });
    expect("with room breaks off", [](Image &i) {
        vdb_ivf_data_set_next_room(i.page(i.list(0).room), VDB_IVF_NOT_LISTED);
    });
    expect("is not on that chain",
           [](Image &i) { change_list(i, 0, [](VdbIvfList &l) { l.room = VDB_NO_BLOCK; }); });
}

TEST(Check, Entries)
{
    expect("impossible number of entries", [](Image &i) { data(i, 2, 0)->count = 999; });
    expect("impossible number of entries", [](Image &i) { data(i, 2, 0)->form = 1; });
    expect("heap tid (0,0) is invalid",
           [](Image &i) { tids_of(i.page(i.list(2).first), i.g)[1] = {}; });
    expect("is invalid",
           [](Image &i) { tids_of(i.page(i.list(2).first), i.g)[1] = make_tid(100, 1); });
    expect("is invalid",
           [](Image &i) { tids_of(i.page(i.list(2).first), i.g)[1] = make_tid(1, 5000); });
    Image retired = sample();
    tids_of(retired.page(retired.list(10).first), retired.g)[0] = make_tid(100, 1);
    EXPECT_EQ(retired.check(100).counts.problems, 0u); // its rows may be gone
    for (float x :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        expect("entry: an element is not finite", [x](Image &i) {
            static_cast<float *>(value_at(i.page(i.list(2).first), i.g, 1))[299] = x;
        });
    expect("centroid: an element is not finite", [](Image &i) {
        static_cast<float *>(centroid_at(i.page(i.meta().first_centroids), i.g, 1))[0] = NAN;
    });

    Image cosine = make_sample(floats(20, VDB_METRIC_COSINE));
    expect(
        "entry: not of unit length",
        [](Image &i) { static_cast<float *>(value_at(i.page(i.list(2).first), i.g, 1))[0] += .1f; },
        cosine);
    Image half = make_sample(halves(20, VDB_METRIC_COSINE));
    EXPECT_EQ(half.check(100).counts.problems, 0u);
    expect(
        "entry: norm is", [](Image &i) { norms_of(i.page(i.list(2).first), i.g)[1] *= 1.1f; },
        half);
    expect(
        "entry: an element is not finite",
        [](Image &i) {
            static_cast<uint16_t *>(value_at(i.page(i.list(2).first), i.g, 1))[3] = 0x7C00;
        },
        half);
    expect(
        "bits beyond the last are set",
        [](Image &i) { static_cast<uint8_t *>(value_at(i.page(i.list(2).first), i.g, 1))[2] |= 1; },
        make_sample(bits(20)));
}

namespace {

// A coded index with lists of several pages of either kind, one retired, one recycled in part.
Image make_coded(uint32_t kept, VdbMetric metric = VDB_METRIC_L2)
{
    VdbIvfGeometry g = coded_geometry(400, kept, metric);
    Values values = random_values(g.space, 3000);
    Image image = build(values, 8, g);
    image.retire(6);
    image.retire(7);
    image.recycle(7, 3);
    return image;
}

const Image &coded()
{
    static const Image image = make_coded(VDB_KEPT_SQ8);
    return image;
}

// The places of the entries on a list's first page, and that list's value pages.
VdbIvfPlace *places(Image &image, uint32_t ordinal)
{
    return at<VdbIvfPlace>(image.page(image.list(ordinal).first), image.g.places_offset);
}
ValuesHeader *values(Image &image, uint32_t ordinal)
{
    return values_of(image.page(image.list(ordinal).values));
}

// A slot of the newest value page of list 2, its kept form, and the check put right afterwards.
SlotHeader *slot(Image &image, uint32_t i)
{
    return slot_at(image.page(image.list(2).values), image.g, i);
}
float *kept_in(Image &image, uint32_t i)
{
    return reinterpret_cast<float *>(slot(image, i) + 1);
}
void seal(Image &image, uint32_t i)
{
    vdb_kept_seal(kept_form(image.g), image.g.space.dims, kept_in(image, i),
                  seal_of(slot(image, i)->tid, slot(image, i)->norm));
}

} // namespace

TEST(Check, SoundCodedIndexesHaveNoProblems)
{
    for (uint32_t kept : all_kept())
        for (VdbMetric metric : coded_metrics()) {
            Image image = make_coded(kept, metric);
            Report r = image.check(100);
            ASSERT_EQ(r.counts.problems, 0u) << r.all();
            EXPECT_EQ(r.counts.heap_tids, r.tids);
            EXPECT_EQ(r.counts.values, kept == VDB_IVF_KEPT_HEAP ? 0 : r.counts.heap_tids);
            EXPECT_EQ(r.counts.lost_values + r.counts.lost_pages, 0u);
            EXPECT_EQ(r.counts.pages[VDB_IVF_PAGE_VALUES] > 0, kept != VDB_IVF_KEPT_HEAP);
        }
}

// Vectors whose norm float32 cannot hold, or whose kept form has no bound of its error, are no
// damage.
TEST(Check, CodedIndexesOfExtremeVectorsAreSound)
{
    for (uint32_t kept : all_kept())
        for (VdbMetric metric : coded_metrics()) {
            Values values = random_values(floats(64, metric), 20);
            for (float x : {3.4e38f, -3.4e38f, 1e38f, 1e19f, 1.3e-38f, 1e-45f, 0.f})
                values.add(std::vector<float>(64, x));
            Report r = build(values, 2, coded_geometry(64, kept, metric)).check(100);
            EXPECT_EQ(r.counts.problems, 0u) << kept << " " << metric << "\n" << r.all();
        }
}

TEST(Check, ValuesOfNoEntryAreCountedAndAllowed)
{
    Image image = coded();
    data(image, 2, 0)->count -= 2; // as when vacuum was cut short before it freed their slots
    Report r = image.check(100);
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.lost_values, 2u);
}

TEST(Check, CodesAndValues)
{
    auto expect_coded = [](const std::string &words, const std::function<void(Image &)> &damage) {
        expect(words, damage, coded());
    };
    expect_coded("heap tid (0,0) is invalid",
                 [](Image &i) { tids_of(i.page(i.list(2).first), i.g)[1] = {}; });
    expect_coded("factor of its code is not finite", [](Image &i) {
        at<uint16_t>(i.page(i.list(2).first), i.g.factors_offset)[3] = 0x7f80;
    });
    expect_coded("factor of its code is not finite", [](Image &i) {
        at<uint16_t>(i.page(i.list(2).first), i.g.spreads_offset)[3] |= 0x8000;
    });
    expect_coded("impossible number of entries", [](Image &i) { data(i, 2, 0)->form = 0; });
    expect_coded("value is outside", [](Image &i) { places(i, 2)[3].block_hi = 9; });
    expect_coded("value is outside", [](Image &i) { places(i, 2)[3].slot = 400; });
    expect_coded("value is another entry's too",
                 [](Image &i) { places(i, 2)[3] = places(i, 2)[4]; });
    expect_coded("where another list has values",
                 [](Image &i) { places(i, 3)[3] = places(i, 2)[4]; });
    expect_coded("which is none of its value pages",
                 [](Image &i) { places(i, 2)[3] = vdb_ivf_place(i.list(2).first, 0); });
    expect_coded("an entry's value is missing", [](Image &i) { values(i, 2)->used[0] &= ~1u; });
    expect_coded("impossible number of them", [](Image &i) { values(i, 2)->used[2] = UINT64_MAX; });
    expect_coded("slot is outside", [](Image &i) {
        values(i, 2)->used[0] = 0;
        values(i, 2)->used[2] = 1;
    });
    expect_coded("which is none of its value pages",
                 [](Image &i) { values(i, 2)->list_id = i.list(3).id; });
    expect_coded("values: page in the chain of list 2 is another's",
                 [](Image &i) { values(i, 2)->list_id = i.list(3).id; });
    expect_coded("values: chain leads to block",
                 [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.values = 99999; }); });
    expect_coded("values: chain leads to a page of kind",
                 [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.values = l.first; }); });
    expect_coded("value pages, its entry says 77",
                 [](Image &i) { change_list(i, 2, [](VdbIvfList &l) { l.value_pages = 77; }); });
    expect_coded("values: chain comes here twice", [](Image &i) {
        vdb_ivf_page_set_next(i.page(i.list(2).values), &i.g, i.list(2).values);
    });
    expect_coded("with room is none of its older value pages",
                 [](Image &i) { values(i, 2)->next_room = 100000; });
    expect_coded("with room is none of its older value pages",
                 [](Image &i) { values(i, 2)->next_room = i.list(2).values; });
    expect_coded("with room is none of its older value pages",
                 [](Image &i) { values(i, 2)->next_room = i.list(3).values; });
    expect_coded("chain of value pages with room comes here twice", [](Image &i) {
        VdbBlock older = vdb_ivf_page_next(i.page(i.list(2).values), &i.g);
        values(i, 2)->next_room = values_of(i.page(older))->next_room = older;
    });
    expect_coded("values: page is not in the chain of its list 2", [](Image &i) {
        vdb_ivf_page_set_next(i.page(i.list(2).values), &i.g, VDB_NO_BLOCK);
    });
    expect_coded("value: not as it was written", [](Image &i) { slot(i, 0)->norm *= 1.1F; });
    expect_coded("value: not as it was written", [](Image &i) { slot(i, 1)->tid.offset ^= 1; });
    expect_coded("value: not as it was written", [](Image &i) { kept_in(i, 0)[1] *= 1.1F; });
    expect_coded("an entry's value is another row's", [](Image &i) {
        std::swap(slot(i, 0)->tid, slot(i, 1)->tid);
        seal(i, 0);
        seal(i, 1);
    });
    expect_coded("not of the length that its norm says", [](Image &i) {
        slot(i, 0)->norm *= 1.1F;
        seal(i, 0);
    });
    expect_coded("its norm is none", [](Image &i) {
        slot(i, 0)->norm = -1;
        seal(i, 0);
    });
    expect_coded("value: an element is not finite", [](Image &i) {
        kept_in(i, 0)[1] = INFINITY; // the scale
        seal(i, 0);
    });
    expect(
        "value: not of unit length",
        [](Image &i) {
            slot(i, 0)->norm *= 1.21F;
            kept_in(i, 0)[1] *= 1.1F;
            seal(i, 0);
        },
        make_coded(VDB_KEPT_SQ8, VDB_METRIC_COSINE));
}

// Vectors of two slots, every fifth on two pages.
TEST(Check, ValuesOnTwoPages)
{
    VdbIvfGeometry g = coded_geometry(768, VDB_KEPT_FULL);
    Image sound = build(random_values(g.space, 30), 4, g);
    Report r = sound.check(100);
    EXPECT_EQ(r.counts.problems, 0u) << r.all();
    EXPECT_EQ(r.counts.values, 30u);
    uint32_t ordinal = 0;
    while (vdb_ivf_value_rest(sound.page(sound.list(ordinal).values), &g, 0) == VDB_NO_BLOCK)
        ordinal++;
    auto newest = [ordinal](Image &i) { return i.page(i.list(ordinal).values); };
    auto older = [newest](Image &i) { return i.page(vdb_ivf_page_next(newest(i), &i.g)); };
    auto expect_here = [&sound](const std::string &words,
                                const std::function<void(Image &)> &damage) {
        expect(words, damage, sound);
    };
    expect_here("value: its end is not in block",
                [older](Image &i) { values_of(older(i))->lent = 0; });
    expect_here("value: its end is not in block",
                [older](Image &i) { values_of(older(i))->list_id++; });
    expect_here("value: goes on in block",
                [newest](Image &i) { vdb_ivf_page_set_next(newest(i), &i.g, VDB_NO_BLOCK); });
    expect_here("value: goes on in block", [newest, ordinal](Image &i) {
        vdb_ivf_page_set_next(newest(i), &i.g, i.list(ordinal).values);
    });
    expect_here("value: not as it was written",
                [older](Image &i) { ++*reinterpret_cast<uint8_t *>(slot_at(older(i), i.g, 4)); });
    expect_here("value: not as it was written",
                [newest](Image &i) { slot_at(newest(i), i.g, 0)->norm *= 1.1F; });
    expect_here("values: impossible number of them",
                [newest](Image &i) { values_of(newest(i))->borrowed = 2; });
    expect_here("values: slot is another value's",
                [older](Image &i) { values_of(older(i))->used[0] |= 2; });
    expect_here("values: slot is outside",
                [older](Image &i) { values_of(older(i))->used[0] |= 1u << 3; });
}

TEST(Check, KindsOfPages)
{
    expect("page id is", [](Image &i) { trailer(i.page(i.list(2).first), i.g)->page_id = 1; });
    expect("unknown kind", [](Image &i) { trailer(i.page(i.list(2).first), i.g)->kind = 6; });
    expect("unknown kind", [](Image &i) { trailer(i.page(i.list(2).first), i.g)->kind = 0; });
    expect("list: chain leads to a page of kind 0",
           [](Image &i) { i.pages[i.list(2).first] = {}; });
    expect("impossible number of them",
           [](Image &i) { span_of(i.page(i.meta().first_centroids))->count = 9999; });
}

TEST(Check, ManyProblemsAreCountedButNotKept)
{
    Image image = sample();
    for (uint32_t o = 0; o < 10; o++)
        for (VdbBlock b : image.chain(o))
            for (uint32_t i = 0; i < data_of(image.page(b))->count; i++)
                tids_of(image.page(b), image.g)[i] = {};
    Report r = image.check();
    EXPECT_GT(r.counts.problems, uint64_t{VDB_MAX_PROBLEMS});
    EXPECT_EQ(r.problems.size(), size_t{VDB_MAX_PROBLEMS});
    EXPECT_EQ(r.tids, 0u);
}

TEST(Check, SurvivesAnyBytes)
{
    std::mt19937 random(9);
    const Image samples[] = {sample(), make_sample(halves(50, VDB_METRIC_COSINE)), coded(),
                             make_coded(VDB_IVF_KEPT_HEAP)};
    for (int round = 0; round < 200; round++) {
        Image image = samples[round % 4];
        for (int k = 0; k < 1 + round; k++) {
            size_t b = random() % image.pages.size();
            bool keep_kind = random() % 2 == 0;
            PageTrailer kept = *trailer(image.pages[b].bytes, image.g);
            if (round % 3 == 0)
                image.pages[b] = random_page(random);
            else
                image.pages[b].bytes[(random() % 3 == 0 ? random() % 64 : random()) % 8192] =
                    static_cast<char>(random());
            if (keep_kind)
                *trailer(image.pages[b].bytes, image.g) = kept;
        }
        image.check();
    }
}
