// Edits of single ivf pages, and that no bytes whatever make a reading crash.
#include <gtest/gtest.h>

#include <set>

#include "ivf/page_format.h"
#include "values.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

Page fresh(const VdbIvfGeometry &g, VdbIvfPageKind kind)
{
    Page page = {};
    vdb_ivf_page_init(page.bytes, &g, kind);
    return page;
}

Page data_page(const VdbIvfGeometry &g, uint32_t list_id = 5)
{
    Page page = fresh(g, VDB_IVF_PAGE_DATA);
    vdb_ivf_data_begin(page.bytes, &g, list_id);
    return page;
}

bool is_dead(VdbTid tid, void *state)
{
    return static_cast<std::set<uint32_t> *>(state)->count(row_of_tid(tid)) > 0;
}

bool same(const VdbIvfList &a, const VdbIvfList &b)
{
    return a.id == b.id && a.state == b.state && a.first == b.first && a.last == b.last &&
           a.room == b.room && a.pages == b.pages && a.run == b.run && a.retired == b.retired &&
           a.value_pages == b.value_pages;
}

VdbIvfList some_list(uint32_t id)
{
    return {id, VDB_IVF_LIST_LIVE,  10 + id,      20 + id, VDB_NO_BLOCK, 3,
            2,  uint64_t{id} << 33, VDB_NO_BLOCK, id + 7};
}

} // namespace

TEST(MetaPage, KeepsWhatIsWritten)
{
    for (VdbSpace space : all_spaces(12)) {
        VdbIvfGeometry g = geometry(space);
        Page page = fresh(g, VDB_IVF_PAGE_META);
        vdb_ivf_meta_init(page.bytes, &g, 77, 0x123456789ABCDEFu);
        VdbIvfGeometry read;
        uint32_t lists;
        uint64_t seed;
        ASSERT_EQ(vdb_ivf_meta_geometry(page.bytes, 8192, &read, &lists, &seed), VDB_OK);
        EXPECT_EQ(std::memcmp(&g, &read, sizeof(g)), 0);
        EXPECT_EQ(lists, 77u);
        EXPECT_EQ(seed, 0x123456789ABCDEFu);
        EXPECT_EQ(vdb_ivf_meta_geometry(page.bytes, 8192, &read, nullptr, nullptr), VDB_OK);

        VdbIvfMeta meta;
        vdb_ivf_meta_read(page.bytes, &meta);
        EXPECT_EQ(meta.ordinals + meta.lists + meta.data_pages, 0u);
        EXPECT_EQ(meta.next_id, 1u);
        EXPECT_EQ(meta.free_page, VDB_NO_BLOCK);
        meta = {1, 2, 3, 4, 5, 6, uint64_t{7} << 40, 8, 9, 10, 11, 12};
        vdb_ivf_meta_write(page.bytes, &meta);
        Page before = page;
        VdbIvfMeta again;
        vdb_ivf_meta_read(page.bytes, &again);
        EXPECT_EQ(again.epoch, uint64_t{7} << 40);
        EXPECT_EQ(again.ordinals, 1u);
        EXPECT_EQ(again.free_page, 12u);
        again.lists = 1000;
        vdb_ivf_meta_write(page.bytes, &again);
        again.lists = meta.lists;
        vdb_ivf_meta_write(page.bytes, &again);
        EXPECT_EQ(std::memcmp(&before, &page, sizeof(page)), 0);
        EXPECT_EQ(vdb_ivf_meta_geometry(page.bytes, 8192, &read, &lists, &seed), VDB_OK);
    }
}

TEST(MetaPage, RefusesWhatItDoesNotKnow)
{
    VdbIvfGeometry g = geometry(floats(3));
    Page sound = fresh(g, VDB_IVF_PAGE_META);
    vdb_ivf_meta_init(sound.bytes, &g, 0, 1);
    auto answer = [&g, &sound](void (*damage)(MetaPage *)) {
        Page page = sound;
        damage(meta_of(page.bytes));
        return vdb_ivf_meta_geometry(page.bytes, 8192, &g, nullptr, nullptr);
    };
    EXPECT_EQ(answer([](MetaPage *m) { m->magic++; }), VDB_CORRUPT);
    EXPECT_EQ(answer([](MetaPage *m) { m->version++; }), VDB_STALE);
    EXPECT_EQ(answer([](MetaPage *m) { m->features = kFeatureExtraColumns; }), VDB_STALE);
    EXPECT_EQ(answer([](MetaPage *m) { m->page_size = 4096; }), VDB_CORRUPT);
    EXPECT_EQ(answer([](MetaPage *m) { m->dims = 2001; }), VDB_CORRUPT);
    EXPECT_EQ(answer([](MetaPage *m) { m->metric = 9; }), VDB_CORRUPT);
    EXPECT_EQ(answer([](MetaPage *m) { m->storage = VDB_STORAGE_SPARSE; }), VDB_CORRUPT);
}

TEST(Directory, FillsInOrder)
{
    VdbIvfGeometry g = geometry(floats(3));
    Page page = fresh(g, VDB_IVF_PAGE_DIRECTORY);
    uint32_t first = 2 * g.lists_per_page;
    vdb_ivf_directory_begin(page.bytes, first);
    VdbIvfList list = some_list(1);
    VdbIvfList read;
    EXPECT_EQ(vdb_ivf_directory_read(page.bytes, &g, first, &read), VDB_CORRUPT);
    EXPECT_EQ(vdb_ivf_directory_write(page.bytes, &g, first + 1, &list), VDB_CORRUPT);
    for (uint32_t i = 0; i < g.lists_per_page; i++) {
        list = some_list(i + 1);
        ASSERT_EQ(vdb_ivf_directory_write(page.bytes, &g, first + i, &list), VDB_OK);
    }
    EXPECT_EQ(vdb_ivf_directory_write(page.bytes, &g, first + g.lists_per_page, &list), VDB_FULL);
    EXPECT_EQ(vdb_ivf_directory_write(page.bytes, &g, first - 1, &list), VDB_CORRUPT);
    list = some_list(900);
    EXPECT_EQ(vdb_ivf_directory_write(page.bytes, &g, first + 3, &list), VDB_OK);
    uint32_t from, count;
    EXPECT_EQ(vdb_ivf_directory_span(page.bytes, &g, &from, &count), VDB_OK);
    EXPECT_EQ(from, first);
    EXPECT_EQ(count, g.lists_per_page);
    for (uint32_t i = 0; i < g.lists_per_page; i++) {
        list = some_list(i == 3 ? 900 : i + 1);
        ASSERT_EQ(vdb_ivf_directory_read(page.bytes, &g, first + i, &read), VDB_OK);
        EXPECT_TRUE(same(list, read));
    }
    list.value_pages = VDB_IVF_MOST_VALUE_PAGES + 1;
    EXPECT_EQ(vdb_ivf_directory_write(page.bytes, &g, first, &list), VDB_OK);
    EXPECT_EQ(vdb_ivf_directory_read(page.bytes, &g, first, &read), VDB_OK);
    EXPECT_EQ(read.value_pages, uint32_t{VDB_IVF_MOST_VALUE_PAGES});
    EXPECT_EQ(vdb_ivf_directory_read(page.bytes, &g, first - 1, &read), VDB_CORRUPT);
    EXPECT_EQ(vdb_ivf_centroid_at(page.bytes, &g, first), nullptr);
}

TEST(Directory, ShowsNoListThatASplitIsMaking)
{
    VdbIvfMeta meta = {};
    meta.next_id = 10;
    VdbIvfList list = {};
    list.state = VDB_IVF_LIST_LIVE;
    for (uint32_t id = 1; id < 14; id++) {
        list.id = id;
        // ids from 10 on were given out after the metapage was read, whether it says so or not
        EXPECT_EQ(vdb_ivf_list_live(&meta, &list), id < 10);
        EXPECT_FALSE(vdb_ivf_list_pending(&meta, &list));
    }
    meta.pending_from = 10;
    meta.pending_to = meta.next_id = 12;
    for (uint32_t id = 1; id < 14; id++) {
        list.id = id;
        EXPECT_EQ(vdb_ivf_list_live(&meta, &list), id < 10);
        EXPECT_EQ(vdb_ivf_list_pending(&meta, &list), id == 10 || id == 11);
    }
}

TEST(Centroids, FillInOrder)
{
    for (VdbSpace space : all_spaces(300)) {
        VdbIvfGeometry g = geometry(space);
        Values values = random_values(space, g.centroids_per_page);
        Page page = fresh(g, VDB_IVF_PAGE_CENTROIDS);
        vdb_ivf_centroids_begin(page.bytes, 0);
        EXPECT_EQ(vdb_ivf_centroid_at(page.bytes, &g, 0), nullptr);
        for (uint32_t i = 0; i < g.centroids_per_page; i++)
            ASSERT_EQ(vdb_ivf_centroid_write(page.bytes, &g, i, values[i]), VDB_OK);
        EXPECT_EQ(vdb_ivf_centroid_write(page.bytes, &g, g.centroids_per_page, values[0]),
                  VDB_FULL);
        for (uint32_t i = 0; i < g.centroids_per_page; i++)
            EXPECT_EQ(
                std::memcmp(vdb_ivf_centroid_at(page.bytes, &g, i), values[i], values.stride()), 0);
        EXPECT_EQ(vdb_ivf_centroid_at(page.bytes, &g, g.centroids_per_page), nullptr);
        EXPECT_EQ(vdb_ivf_page_kind(page.bytes, 8192), uint32_t{VDB_IVF_PAGE_CENTROIDS});
    }
}

TEST(DataPage, TakesEntriesUntilItIsFull)
{
    for (VdbSpace space : all_spaces(33)) {
        VdbIvfGeometry g = geometry(space);
        Values values = random_values(space, g.capacity);
        Page page = data_page(g);
        for (uint32_t i = 0; i < g.capacity; i++)
            ASSERT_EQ(vdb_ivf_data_add(page.bytes, &g, tid_of_row(i), values[i]), VDB_OK);
        Page before = page;
        EXPECT_EQ(vdb_ivf_data_add(page.bytes, &g, tid_of_row(0), values[0]), VDB_FULL);
        EXPECT_EQ(std::memcmp(&before, &page, sizeof(page)), 0);

        VdbIvfData data;
        ASSERT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_OK);
        EXPECT_EQ(data.count, g.capacity);
        EXPECT_EQ(data.next, VDB_NO_BLOCK);
        EXPECT_EQ(data.next_room, VDB_IVF_NOT_LISTED);
        for (uint32_t i = 0; i < g.capacity; i++) {
            EXPECT_EQ(row_of_tid(vdb_ivf_data_tid(page.bytes, &g, i)), i);
            EXPECT_EQ(
                std::memcmp(vdb_ivf_data_value(page.bytes, &g, i), values[i], values.stride()), 0);
        }
    }
}

TEST(DataPage, KnowsItsListAndItsChains)
{
    VdbIvfGeometry g = geometry(floats(3));
    Page page = data_page(g, 5);
    VdbIvfData data;
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, 6, &data), VDB_STALE);
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, VDB_IVF_NO_LIST, &data), VDB_OK);
    EXPECT_EQ(data.list_id, 5u);
    vdb_ivf_page_set_next(page.bytes, &g, 44);
    vdb_ivf_data_set_next_room(page.bytes, 55);
    ASSERT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_OK);
    EXPECT_EQ(data.next, 44u);
    EXPECT_EQ(data.next_room, 55u);
    EXPECT_EQ(vdb_ivf_page_free(page.bytes, &g, 66), kPageHeaderSize);
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_STALE);
    EXPECT_EQ(vdb_ivf_page_next(page.bytes, &g), 66u);
    page = data_page(g, 5);
    data_of(page.bytes)->count = static_cast<uint16_t>(g.capacity + 1);
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_CORRUPT);
    page = data_page(g, 5);
    data_of(page.bytes)->form = 1;
    EXPECT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_CORRUPT);
}

TEST(DataPage, IsRoomyWithAFifthFree)
{
    VdbIvfGeometry g = geometry(floats(3));
    EXPECT_FALSE(vdb_ivf_data_roomy(&g, g.capacity));
    EXPECT_FALSE(vdb_ivf_data_roomy(&g, g.capacity - g.capacity / 5 + 1));
    EXPECT_TRUE(vdb_ivf_data_roomy(&g, g.capacity * 4 / 5));
    EXPECT_TRUE(vdb_ivf_data_roomy(&g, 0));
    g = geometry(floats(2000)); // one entry a page
    EXPECT_FALSE(vdb_ivf_data_roomy(&g, 1));
    EXPECT_TRUE(vdb_ivf_data_roomy(&g, 0));
}

TEST(Vacuum, TakesTheDeadOut)
{
    for (VdbSpace space : all_spaces(200)) {
        VdbIvfGeometry g = geometry(space);
        Values values = random_values(space, g.capacity);
        for (uint32_t every : {1u, 2u, 3u, 1000u}) {
            Page page = data_page(g);
            std::set<uint32_t> dead;
            for (uint32_t i = 0; i < g.capacity; i++) {
                vdb_ivf_data_add(page.bytes, &g, tid_of_row(i), values[i]);
                if (i % every == 0)
                    dead.insert(i);
            }
            VdbTidCount count;
            ASSERT_EQ(vdb_ivf_data_count(page.bytes, &g, is_dead, &dead, &count), VDB_OK);
            EXPECT_EQ(count.dead, dead.size());
            EXPECT_EQ(count.left, g.capacity - dead.size());
            vdb_ivf_data_remove(page.bytes, &g, is_dead, &dead);
            VdbIvfData data;
            ASSERT_EQ(vdb_ivf_data_read(page.bytes, &g, 5, &data), VDB_OK);
            EXPECT_EQ(data.count, count.left);
            for (uint32_t i = 0; i < data.count; i++) {
                uint32_t row = row_of_tid(vdb_ivf_data_tid(page.bytes, &g, i));
                EXPECT_EQ(dead.count(row), 0u);
                EXPECT_EQ(std::memcmp(vdb_ivf_data_value(page.bytes, &g, i), values[row],
                                      values.stride()),
                          0);
                if (g.norms_offset != 0) {
                    EXPECT_NEAR(norms_of(page.bytes, g)[i],
                                vdb::norm_of(space, values[row], space.dims), 1e-2);
                }
            }
            ASSERT_EQ(vdb_ivf_data_count(page.bytes, &g, is_dead, &dead, &count), VDB_OK);
            EXPECT_EQ(count.dead, 0u);
        }
    }
}

TEST(AnyBytes, NoReadingCrashes)
{
    std::mt19937 random(3);
    for (uint32_t dims : {1u, 8u, 700u, 2000u})
        for (VdbSpace space : all_spaces(dims)) {
            VdbIvfGeometry g = geometry(space);
            for (int i = 0; i < 60; i++) {
                Page page = random_page(random);
                if (i % 6 > 0)
                    *trailer(page.bytes, g) = {static_cast<VdbBlock>(random()),
                                               static_cast<uint16_t>(i % 6), VDB_IVF_PAGE_ID};
                if (i % 4 == 0)
                    span_of(page.bytes)->count = random() % 50;
                if (i % 8 == 0)
                    span_of(page.bytes)->first_ordinal = 0;
                VdbIvfGeometry read;
                vdb_ivf_meta_geometry(page.bytes, 8192, &read, nullptr, nullptr);
                uint32_t first, count;
                vdb_ivf_directory_span(page.bytes, &g, &first, &count);
                vdb_ivf_centroids_span(page.bytes, &g, &first, &count);
                VdbIvfList list;
                VdbIvfData data;
                VdbTidCount tids;
                std::set<uint32_t> dead;
                for (uint32_t ordinal : {0u, 1u, 49u, 200u, UINT32_MAX}) {
                    vdb_ivf_directory_read(page.bytes, &g, ordinal, &list);
                    vdb_ivf_centroid_at(page.bytes, &g, ordinal);
                }
                vdb_ivf_data_count(page.bytes, &g, is_dead, &dead, &tids);
                if (vdb_ivf_data_read(page.bytes, &g, VDB_IVF_NO_LIST, &data) == VDB_OK)
                    vdb_ivf_data_remove(page.bytes, &g, is_dead, &dead);
            }
        }
}
