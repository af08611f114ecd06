// Layout arithmetic of the ivf pages: every geometry a user can ask for keeps its parts apart and
// on the page.
#include <gtest/gtest.h>

#include "ivf/page_format.h"
#include "values.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

// Everything that must hold of one geometry; what does not, or nullptr.
const char *unsound(const VdbIvfGeometry &g)
{
    uint32_t end = g.page_size - sizeof(PageTrailer);
    uint32_t heads = kEntriesOffset + g.capacity * sizeof(VdbTid);
    const struct {
        bool ok;
        const char *why;
    } rules[] = {
        {g.capacity >= 1 && g.capacity <= UINT16_MAX, "capacity"},
        {g.stride >= g.value_bytes, "values overlap"},
        {g.norms_offset == 0 || g.norms_offset >= heads, "norms overlap the tids"},
        {g.norms_offset % sizeof(float) == 0, "norms not aligned"},
        {g.values_offset >=
             (g.norms_offset == 0 ? heads : g.norms_offset + g.capacity * uint32_t{sizeof(float)}),
         "values overlap what is before them"},
        {g.values_offset % 8 == 0 && g.centroids_offset % 8 == 0, "alignment"},
        {g.space.storage != VDB_STORAGE_FLOAT32 || g.stride % 4 == 0, "floats not aligned"},
        {g.values_offset + g.capacity * g.stride <= end, "values leave their page"},
        {g.values_offset + (g.capacity + 1) * (g.value_bytes + sizeof(VdbTid)) + 16 > end,
         "room for one more"},
        {g.centroids_offset >= kListsOffset, "centroids overlap their header"},
        {g.centroids_per_page >= 1, "no centroid fits"},
        {g.centroids_offset + g.centroids_per_page * g.stride <= end, "centroids leave their page"},
        {g.lists_per_page >= 1 && kListsOffset + g.lists_per_page * sizeof(ListEntry) <= end,
         "lists leave their page"},
    };
    for (const auto &rule : rules)
        if (!rule.ok)
            return rule.why;
    return nullptr;
}

void expect_sound(VdbSpace space, uint32_t page_size)
{
    VdbIvfGeometry g;
    ASSERT_EQ(vdb_ivf_geometry(page_size, &space, &g), VDB_OK);
    ASSERT_EQ(unsound(g), nullptr)
        << unsound(g) << ": storage " << space.storage << " metric " << space.metric << " dims "
        << space.dims << " page " << page_size;
}

} // namespace

TEST(Geometry, EveryDimension)
{
    for (uint32_t dims = 1; dims <= VDB_IVF_MAX_DIMS; dims++)
        expect_sound(floats(dims), 8192);
    for (uint32_t dims = 1; dims <= VDB_IVF_MAX_HALF_DIMS; dims++) {
        expect_sound(halves(dims), 8192);
        expect_sound(halves(dims, VDB_METRIC_COSINE), 8192);
    }
    for (uint32_t dims = 1; dims <= VDB_IVF_MAX_BIT_DIMS; dims += dims < 500 ? 1 : 37)
        expect_sound(bits(dims), 8192);
    expect_sound(bits(VDB_IVF_MAX_BIT_DIMS), 8192);
}

namespace {

struct Part {
    uint32_t from, bytes;
};

// The parts of a page lie one after the other, aligned to 2 bytes, and none leaves the page.
bool apart(const std::vector<Part> &parts, uint32_t start, uint32_t end)
{
    for (Part part : parts) {
        if (part.from < start || part.from % 2 != 0)
            return false;
        start = part.from + part.bytes;
    }
    return start <= end;
}

void expect_sound_codes(const VdbIvfGeometry &g)
{
    uint32_t end = g.page_size - sizeof(PageTrailer);
    uint32_t n = g.capacity;
    uint32_t codes = n * code_bytes(g);
    ASSERT_TRUE(n >= 2 && n % 2 == 0 && g.code_dims % 8 == 0 && g.code_dims >= g.space.dims);
    ASSERT_TRUE(apart(
        {{g.codes_offset, codes},
         {g.factors_offset, n * 4},
         {g.spreads_offset, n * 2},
         {g.tids_offset, n * 6},
         {has_values(g) ? g.places_offset : g.tids_offset + n * 6, has_values(g) ? n * 6 : 0}},
        kEntriesOffset, end));
    // kernels may read 64 bytes past the codes
    ASSERT_LE(g.codes_offset + codes + 64, g.page_size);
    ASSERT_EQ(g.factors_offset, g.codes_offset + codes);
    ASSERT_LE(g.centroids_offset + g.centroids_per_page * g.stride, end);
    ASSERT_GE(g.centroids_per_page, 1U);
    ASSERT_GE(g.stride, g.value_bytes);
    if (!has_values(g))
        return;
    ASSERT_TRUE(g.slots_per_page >= 1 && g.slots_per_page <= kMostSlots);
    ASSERT_TRUE(g.slots_offset % 8 == 0 && g.slot_bytes % 4 == 0);
    ASSERT_LE(g.slots_offset + g.slots_per_page * g.slot_bytes, end);
    ASSERT_EQ(kept_offset(g) % 4, 0U);
    ASSERT_EQ(kept_offset(g) + g.kept_bytes, g.row_bytes);
    // what a value takes, and that its last slots alone do not make one
    uint32_t value = sizeof(SlotHeader) + g.kept_bytes;
    ASSERT_TRUE(g.slots_per_value >= 1 && g.slots_per_value <= g.slots_per_page);
    ASSERT_GE(g.slots_per_value * g.slot_bytes, value);
    ASSERT_GE(g.slot_bytes, sizeof(SlotHeader) + 8);
    ASSERT_LT((g.slots_per_value - 1) * g.slot_bytes, value);
    // little of value pages stays unused, if there are bits enough for all slots
    uint32_t room = end - g.slots_offset;
    if (g.slots_per_page < kMostSlots) {
        ASSERT_GE(g.slots_per_page * value / g.slots_per_value, room - room / 8 - 4);
    }
}

} // namespace

TEST(Geometry, OfCodedIndexesOfEveryDimension)
{
    for (uint32_t dims = VDB_IVF_MIN_CODED_DIMS; dims <= VDB_IVF_MAX_DIMS; dims++)
        for (uint32_t kept : all_kept())
            for (uint32_t page_size : {8192U, 16384U, 32768U}) {
                VdbSpace column = halves(dims, VDB_METRIC_COSINE);
                VdbIvfGeometry g;
                ASSERT_EQ(vdb_ivf_coded_geometry(page_size, &column, kept, &g), VDB_OK);
                ASSERT_EQ(g.space.storage, uint32_t{VDB_STORAGE_FLOAT32});
                ASSERT_EQ(vdb_ivf_column(&g).storage, uint32_t{VDB_STORAGE_HALF});
                expect_sound_codes(g);
            }
    EXPECT_EQ(coded_geometry(384, VDB_KEPT_SQ8).capacity, 122U);
    EXPECT_EQ(coded_geometry(384, VDB_KEPT_SQ8).slots_per_page, 20U);
    EXPECT_EQ(coded_geometry(768, VDB_KEPT_SQ8).capacity, 70U);
    EXPECT_EQ(coded_geometry(384, VDB_IVF_KEPT_HEAP).slots_per_page, 0U);
    EXPECT_EQ(coded_geometry(768, VDB_KEPT_SQ8).slots_per_value, 1U);
    EXPECT_EQ(coded_geometry(768, VDB_KEPT_FULL).slots_per_value, 2U);
    EXPECT_EQ(coded_geometry(768, VDB_KEPT_FULL).slots_per_page, 5U);
    EXPECT_EQ(coded_geometry(1536, VDB_KEPT_FULL).slots_per_value, 4U);
    EXPECT_EQ(coded_geometry(1536, VDB_KEPT_FULL).slots_per_page, 5U);
}

// Before there were values of several slots each took one, and a metapage that says nothing of them
// is of that time.
TEST(Geometry, OfIndexesWhoseValuesAreWhole)
{
    VdbIvfGeometry g = coded_geometry(768, VDB_KEPT_FULL);
    VdbIvfGeometry read;
    Page page = {};
    vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_META);
    vdb_ivf_meta_init(page.bytes, &g, 0, 7);
    EXPECT_EQ(meta_of(page.bytes)->features, kFeatureCodes | kFeatureSlots | kFeatureValueRoom);
    ASSERT_EQ(vdb_ivf_meta_geometry(page.bytes, sizeof(page), &read, nullptr, nullptr), VDB_OK);
    EXPECT_EQ(std::memcmp(&read, &g, sizeof(g)), 0);
    meta_of(page.bytes)->features = kFeatureCodes;
    ASSERT_EQ(vdb_ivf_meta_geometry(page.bytes, sizeof(page), &read, nullptr, nullptr), VDB_OK);
    EXPECT_EQ(read.slots_per_value, 1U);
    EXPECT_EQ(read.slots_per_page, 2U);
    EXPECT_EQ(read.slot_bytes, sizeof(SlotHeader) + g.kept_bytes);
    EXPECT_EQ(read.value_room, 0U);

    g = coded_geometry(768, VDB_KEPT_SQ8);
    vdb_ivf_meta_init(page.bytes, &g, 0, 7);
    EXPECT_EQ(meta_of(page.bytes)->features, kFeatureCodes | kFeatureValueRoom);
    meta_of(page.bytes)->features |= kFeatureSlots;
    EXPECT_EQ(vdb_ivf_meta_geometry(page.bytes, sizeof(page), &read, nullptr, nullptr),
              VDB_CORRUPT);
}

TEST(Geometry, WhatCannotHaveCodes)
{
    VdbIvfGeometry g;
    for (VdbSpace column : {floats(63), halves(2001), bits(384), floats(384, VDB_METRIC_L1),
                            VdbSpace{VDB_METRIC_L2, VDB_STORAGE_SPARSE, 384}})
        EXPECT_EQ(vdb_ivf_coded_geometry(8192, &column, VDB_KEPT_SQ8, &g), VDB_TOO_BIG);
    VdbSpace column = floats(384);
    for (uint32_t kept : {uint32_t{VDB_KEPT_PLAIN}, 5U, 14U, 16U, UINT32_MAX})
        EXPECT_EQ(vdb_ivf_coded_geometry(8192, &column, kept, &g), VDB_TOO_BIG);
    EXPECT_EQ(vdb_ivf_coded_geometry(2048, &column, VDB_KEPT_SQ8, &g), VDB_TOO_BIG);
    EXPECT_EQ(vdb_ivf_coded_geometry(65536, &column, VDB_KEPT_SQ8, &g), VDB_TOO_BIG);
    column = floats(1100);
    EXPECT_EQ(vdb_ivf_coded_geometry(4096, &column, VDB_KEPT_SQ8, &g), VDB_TOO_BIG);
}

TEST(Geometry, OtherPageSizes)
{
    for (uint32_t dims : {1u, 3u, 384u, 1000u, 2000u})
        for (uint32_t page_size : {16384u, 32768u})
            for (VdbSpace space : all_spaces(dims))
                expect_sound(space, page_size);
    VdbIvfGeometry g;
    VdbSpace big = floats(2000);
    EXPECT_EQ(vdb_ivf_geometry(4096, &big, &g), VDB_TOO_BIG);
    VdbSpace small = floats(900);
    EXPECT_EQ(vdb_ivf_geometry(4096, &small, &g), VDB_OK);
}

TEST(Geometry, ValuesBeginOnCacheLinesWhereThatIsFree)
{
    VdbIvfGeometry g = geometry(floats(384));
    EXPECT_EQ(g.capacity, 5u);
    EXPECT_EQ(g.values_offset % 64, 0u);
    EXPECT_EQ(g.stride % 64, 0u);
    EXPECT_EQ(geometry(halves(384)).capacity, 10u);
    EXPECT_EQ(geometry(bits(384)).capacity, 150u);
}

TEST(Geometry, WhatCannotBe)
{
    VdbIvfGeometry g;
    for (VdbSpace space :
         {floats(0), floats(2001), halves(4001), bits(64001), floats(UINT32_MAX),
          floats(3, VDB_METRIC_HAMMING), floats(3, static_cast<VdbMetric>(0)),
          VdbSpace{VDB_METRIC_JACCARD, VDB_STORAGE_BIT, 8},
          VdbSpace{VDB_METRIC_L2, VDB_STORAGE_BIT, 8},
          VdbSpace{VDB_METRIC_L2, VDB_STORAGE_SPARSE, 8}, VdbSpace{VDB_METRIC_L2, 77, 8}})
        EXPECT_EQ(vdb_ivf_geometry(8192, &space, &g), VDB_TOO_BIG)
            << space.storage << " " << space.metric << " " << space.dims;
    VdbSpace space = floats(3);
    EXPECT_EQ(vdb_ivf_geometry(0, &space, &g), VDB_TOO_BIG);
    EXPECT_EQ(vdb_ivf_geometry(65536, &space, &g), VDB_TOO_BIG);
}

TEST(Geometry, UsedPartCoversEveryStructure)
{
    VdbIvfGeometry g = geometry(floats(3));
    Page page = {};
    EXPECT_EQ(vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_DATA),
              g.values_offset + g.capacity * g.stride);
    EXPECT_EQ(vdb_ivf_page_init(page.bytes, &g, VDB_IVF_PAGE_META),
              kPageHeaderSize + sizeof(MetaPage));
    EXPECT_EQ(vdb_ivf_page_kind(page.bytes, g.page_size), uint32_t{VDB_IVF_PAGE_META});
    EXPECT_EQ(vdb_ivf_page_next(page.bytes, &g), VDB_NO_BLOCK);
    page.bytes[8191] = 0;
    EXPECT_EQ(vdb_ivf_page_kind(page.bytes, g.page_size), 0u);
}
