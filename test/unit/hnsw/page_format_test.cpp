// Layout arithmetic of the hnsw pages: every geometry a user can ask for keeps its parts apart and
// on the page.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "float_vectors.h"

using namespace vdb::hnsw;

using vdb::hnsw::test::float_geometry;

namespace {

// What must hold of codes' places beside the rest.
bool coded_part_sound(const VdbHnswGeometry &g)
{
    VdbCodec codec = vdb_hnsw_codec(&g);
    uint32_t lists = sizeof(NodeHeader) + (2 * g.m + g.vector_pages) * sizeof(VdbNode);
    uint32_t codes_end = g.codes_offset + vdb_codes_bytes(&codec, 2 * g.m);
    return g.factors_offset >= lists && g.factors_offset % 4 == 0 &&
           g.codes_offset >= g.factors_offset + 2 * g.m * sizeof(VdbCodeFactors) &&
           g.vector_offset >= codes_end && g.slot_size >= codes_end + 64 && g.code_dims >= 8 &&
           g.code_dims % 8 == 0 && g.code_dims <= (g.space.dims + 7) / 8 * 8;
}

// Everything that must hold of one geometry; false with a message in *why.
bool sound(const VdbHnswGeometry &g, const char **why)
{
    uint32_t end = g.page_size - sizeof(PageTrailer);
    uint32_t lists = sizeof(NodeHeader) + (2 * g.m + g.vector_pages) * sizeof(VdbNode);
    const struct {
        bool ok;
        const char *why;
    } rules[] = {
        {g.slots_per_page >= 1, "no slot fits"},
        {g.vector_offset >= lists, "vector overlaps the neighbours"},
        {g.vector_offset % 8 == 0 && g.slot_size % 8 == 0 && g.cell_size % 8 == 0 &&
             g.cells_offset % 8 == 0,
         "alignment"},
        {g.vector_offset + g.inline_units * g.unit_size <= g.slot_size, "vector leaves its slot"},
        {kPageHeaderSize + g.slots_per_page * g.slot_size <= g.cells_offset,
         "slots overlap the cells"},
        {g.cells_offset + g.cells_per_node_page * g.cell_size <= end, "cells leave a node page"},
        {kPageHeaderSize + g.cells_per_cell_page * g.cell_size <= end, "cells leave a cell page"},
        {g.cells_per_cell_page >= g.cells_per_node_page, "a cell page holds fewer cells"},
        {g.cells_per_cell_page >= 1 && g.tids_per_cell >= 8, "cells too small"},
        {sizeof(CellHeader) + g.m * sizeof(VdbNode) <= g.cell_size, "upper list leaves its cell"},
        {sizeof(CellHeader) + g.tids_per_cell * sizeof(VdbTid) <= g.cell_size,
         "heap tids leave their cell"},
        {kPageHeaderSize + g.units_per_vector_page * g.unit_size <= end, "slice leaves its page"},
        {!vdb_hnsw_coded(&g) || coded_part_sound(g), "codes are out of place"},
        {g.inline_units + uint64_t{g.vector_pages} * g.units_per_vector_page >= g.units,
         "units without a place"},
        {g.vector_pages == 0 ||
             g.inline_units + (g.vector_pages - 1) * g.units_per_vector_page < g.units,
         "an empty vector page"},
        {g.vector_pages > 0 || g.inline_units == g.units, "units neither inline nor outside"},
    };
    for (const auto &rule : rules)
        if (!rule.ok) {
            *why = rule.why;
            return false;
        }
    return true;
}

// A page aligned as PostgreSQL's are.
struct alignas(8) Page {
    char bytes[8192];
};

VdbHnswShape coded_shape(uint32_t dims, uint32_t m, VdbKept kept)
{
    return {{VDB_METRIC_COSINE, VDB_STORAGE_HALF, dims}, m, kept, 0, 0, VDB_HNSW_ALL_CHECKED};
}

VdbHnswGeometry geometry(uint32_t dims, uint32_t m)
{
    VdbHnswGeometry g = {};
    EXPECT_EQ(float_geometry(8192, dims, m, VDB_METRIC_L2, &g), VDB_OK);
    return g;
}

} // namespace

TEST(PageFormat, EveryGeometryIsSound)
{
    for (uint32_t page_size : {8192u, 16384u, 32768u})
        for (uint32_t m = VDB_HNSW_MIN_M; m <= VDB_HNSW_MAX_M; m++)
            for (uint32_t dims = 1; dims <= VDB_HNSW_MAX_DIMS; dims++) {
                VdbHnswGeometry g = {};
                const char *why = nullptr;
                ASSERT_EQ(float_geometry(page_size, dims, m, VDB_METRIC_L2, &g), VDB_OK);
                ASSERT_TRUE(sound(g, &why))
                    << why << ": page size " << page_size << ", m " << m << ", dims " << dims;
            }
}

TEST(PageFormat, EveryGeometryWithCodesIsSound)
{
    for (uint32_t page_size : {8192u, 32768u})
        for (uint32_t m : {2u, 3u, 5u, 8u, 16u, 24u, 33u, 64u, 100u})
            for (int kept = VDB_KEPT_FULL; kept <= VDB_KEPT_RABITQ4; kept++)
                for (uint32_t dims = 64; dims <= VDB_HNSW_MAX_DIMS; dims += 1 + dims / 200) {
                    VdbHnswShape shape = coded_shape(dims, m, static_cast<VdbKept>(kept));
                    VdbHnswGeometry g = {}, again = {};
                    const char *why = nullptr;
                    ASSERT_EQ(vdb_hnsw_geometry(page_size, &shape, &g), VDB_OK);
                    ASSERT_TRUE(sound(g, &why)) << why << ": page size " << page_size << ", m " << m
                                                << ", dims " << dims << ", kept " << kept;
                    ASSERT_GE(g.inline_units, 2u); // the check
                    // what is on disk leads to the same layout, whatever would be chosen today
                    shape.code_dims = g.code_dims;
                    ASSERT_EQ(vdb_hnsw_geometry(page_size, &shape, &again), VDB_OK);
                    ASSERT_EQ(std::memcmp(&g, &again, sizeof(g)), 0);
                }
}

TEST(PageFormat, CodesGiveWayToOneMoreSlot)
{
    const struct {
        uint32_t dims;
        VdbKept kept;
        uint32_t slots, least_code_dims, vector_pages;
    } cases[] = {
        {384, VDB_KEPT_SQ8, 4, 328, 0},    {768, VDB_KEPT_SQ8, 2, 728, 0},
        {1536, VDB_KEPT_SQ8, 1, 1536, 0},  {3072, VDB_KEPT_SQ8, 1, 1100, 0},
        {1536, VDB_KEPT_HALF, 1, 1100, 0}, {1536, VDB_KEPT_FULL, 1, 1536, 1},
    };
    for (const auto &c : cases) {
        VdbHnswShape shape = coded_shape(c.dims, 16, c.kept);
        VdbHnswGeometry g;
        ASSERT_EQ(vdb_hnsw_geometry(8192, &shape, &g), VDB_OK);
        EXPECT_EQ(g.slots_per_page, c.slots) << c.dims;
        EXPECT_GE(g.code_dims, c.least_code_dims) << c.dims;
        EXPECT_EQ(g.vector_pages, c.vector_pages) << c.dims;
    }
}

TEST(PageFormat, CodesThatCannotBeAreRefused)
{
    VdbHnswGeometry g;
    VdbHnswShape good = coded_shape(768, 16, VDB_KEPT_SQ8), bad = good;
    ASSERT_EQ(vdb_hnsw_geometry(8192, &good, &g), VDB_OK);
    for (uint32_t code_dims : {1u, 12u, 776u, 8000u, 0xFFFFFFF8u}) {
        bad.code_dims = code_dims;
        EXPECT_EQ(vdb_hnsw_geometry(8192, &bad, &g), VDB_TOO_BIG) << code_dims;
    }
    bad = good;
    bad.space.metric = VDB_METRIC_L1;
    EXPECT_EQ(vdb_hnsw_geometry(8192, &bad, &g), VDB_TOO_BIG);
    bad = good;
    bad.space.dims = VDB_HNSW_MIN_CODED_DIMS - 1;
    EXPECT_EQ(vdb_hnsw_geometry(8192, &bad, &g), VDB_TOO_BIG);
    bad = good;
    bad.space.storage = VDB_STORAGE_SPARSE;
    EXPECT_EQ(vdb_hnsw_geometry(8192, &bad, &g), VDB_TOO_BIG);
    bad = good;
    bad.kept = static_cast<VdbKept>(VDB_KEPT_RABITQ4 + 1);
    EXPECT_EQ(vdb_hnsw_geometry(8192, &bad, &g), VDB_TOO_BIG);
}

TEST(PageFormat, ImpossibleGeometryIsRefused)
{
    VdbHnswGeometry g;
    EXPECT_EQ(float_geometry(8192, 0, 16, VDB_METRIC_L2, &g), VDB_TOO_BIG);
    EXPECT_EQ(float_geometry(8192, VDB_HNSW_MAX_DIMS + 1, 16, VDB_METRIC_L2, &g), VDB_TOO_BIG);
    EXPECT_EQ(float_geometry(8192, 3, VDB_HNSW_MIN_M - 1, VDB_METRIC_L2, &g), VDB_TOO_BIG);
    EXPECT_EQ(float_geometry(8192, 3, VDB_HNSW_MAX_M + 1, VDB_METRIC_L2, &g), VDB_TOO_BIG);
    EXPECT_EQ(float_geometry(1024, 3, 16, VDB_METRIC_L2, &g), VDB_TOO_BIG);
}

TEST(PageFormat, IdsRoundTrip)
{
    for (uint32_t dims : {1u, 3u, 96u, 384u, 768u, 1536u, 2000u, 2001u, 4096u, 16000u}) {
        VdbHnswGeometry g = geometry(dims, 16);
        for (VdbBlock block : {1u, 2u, 77u, 65535u, 65536u, 1000000u})
            for (uint32_t slot = 0; slot < g.slots_per_page; slot++) {
                VdbNode node = block * g.slots_per_page + slot;
                ASSERT_EQ(vdb_hnsw_node_block(&g, node), block);
                ASSERT_EQ(vdb_hnsw_node_slot(&g, node), slot);
            }
    }
    for (VdbBlock block : {0u, 1u, 65535u, 65536u, 0xFFFFFFFEu})
        for (uint32_t index : {0u, 1u, 126u}) {
            VdbCellRef ref = make_cell_ref(block, index);
            ASSERT_EQ(vdb_cell_block(ref), block);
            ASSERT_EQ(ref.offset, index + 1);
            ASSERT_FALSE(is_none(ref));
        }
}

TEST(PageFormat, SlicesCoverTheVector)
{
    for (uint32_t dims = 1; dims <= VDB_HNSW_MAX_DIMS; dims++) {
        VdbHnswGeometry g = geometry(dims, 16);
        uint32_t covered = g.inline_units;
        for (uint32_t i = 0; i < g.vector_pages; i++) {
            ASSERT_EQ(slice_start(g, i), covered);
            ASSERT_GE(slice_units(g, g.units, i), 1u);
            ASSERT_LE(slice_units(g, g.units, i), g.units_per_vector_page);
            covered += slice_units(g, g.units, i);
        }
        ASSERT_EQ(covered, dims);
    }
}

TEST(PageFormat, EverySparseGeometryIsSound)
{
    for (uint32_t dims : {1u, 2u, 300u, 5000u, 16000u, 1000000000u})
        for (uint32_t m : {2u, 16u, 100u})
            for (uint32_t slot_units : {0u, 1u, 2u, 77u, 257u, 900u, 2000u, 99999u}) {
                VdbSpace space = {VDB_METRIC_IP, VDB_STORAGE_SPARSE, dims};
                VdbHnswShape shape = {space, m, VDB_KEPT_PLAIN, 0, slot_units, VDB_HNSW_UNCHECKED};
                VdbHnswGeometry g = {};
                const char *why = nullptr;
                ASSERT_EQ(vdb_hnsw_geometry(8192, &shape, &g), VDB_OK);
                ASSERT_GE(g.inline_units, 1u); // the count
                ASSERT_LE(g.vector_pages, kMaxVectorPages);
                ASSERT_EQ(vdb_hnsw_slices(&g, 1), 0u);
                ASSERT_EQ(vdb_hnsw_slices(&g, g.units), g.vector_pages);
                uint32_t covered = g.inline_units;
                for (uint32_t i = 0; i < g.vector_pages; i++)
                    covered += slice_units(g, g.units, i);
                ASSERT_EQ(covered, g.units);
                ASSERT_TRUE(sound(g, &why)) << why;
            }
}

TEST(PageFormat, SlotsFitTheSparseVectorsThereAre)
{
    VdbSpace space = {VDB_METRIC_IP, VDB_STORAGE_SPARSE, 30000};
    auto choose = [&](std::vector<uint32_t> sizes) {
        return vdb_hnsw_choose_slot_units(8192, &space, 16, sizes.data(),
                                          static_cast<uint32_t>(sizes.size()));
    };
    EXPECT_GT(choose({}), 1u);
    EXPECT_EQ(choose({50, 50, 50}), 50u);
    // one long vector among many short ones is better off on a page of its own
    std::vector<uint32_t> sizes(999, 40);
    sizes.push_back(3000);
    EXPECT_EQ(choose(sizes), 40u);
    // but not half of them
    for (size_t i = 0; i < sizes.size(); i += 2)
        sizes[i] = 120;
    EXPECT_EQ(choose(sizes), 120u);
}

TEST(PageFormat, UsedPartOfAPageIncludesAllItsParts)
{
    for (uint32_t dims : {1u, 384u, 16000u}) {
        VdbHnswGeometry g = geometry(dims, 16);
        Page page;
        const char *start = page.bytes;
        init_page(&page, g, VDB_HNSW_PAGE_NODE);
        const char *slots_end = reinterpret_cast<char *>(node_at(&page, g, g.slots_per_page));
        EXPECT_LE(slots_end - start, page_lower(g, VDB_HNSW_PAGE_NODE));
        const char *cells_end = reinterpret_cast<char *>(cell_at(&page, g, g.cells_per_node_page));
        EXPECT_LE(cells_end - start, page_lower(g, VDB_HNSW_PAGE_NODE));
        init_page(&page, g, VDB_HNSW_PAGE_CELL);
        cells_end = reinterpret_cast<char *>(cell_at(&page, g, g.cells_per_cell_page));
        EXPECT_LE(cells_end - start, page_lower(g, VDB_HNSW_PAGE_CELL));
        for (auto kind :
             {VDB_HNSW_PAGE_META, VDB_HNSW_PAGE_NODE, VDB_HNSW_PAGE_CELL, VDB_HNSW_PAGE_VECTOR})
            EXPECT_LE(page_lower(g, kind), g.page_size - sizeof(PageTrailer));
    }
}

TEST(PageFormat, InitStampsThePage)
{
    VdbHnswGeometry g = geometry(3, 16);
    Page page;
    std::memset(&page, 0xA5, sizeof(page));
    init_page(&page, g, VDB_HNSW_PAGE_CELL);
    EXPECT_EQ(vdb_hnsw_page_kind(&page, 8192), uint32_t{VDB_HNSW_PAGE_CELL});
    EXPECT_EQ(trailer(&page, g)->next_free, VDB_HNSW_NOT_LISTED);
    EXPECT_EQ(page.bytes[kPageHeaderSize - 1], static_cast<char>(0xA5)) << "header is the shim's";
    for (uint32_t i = kPageHeaderSize; i < 8192 - sizeof(PageTrailer); i++)
        ASSERT_EQ(page.bytes[i], 0);
}

TEST(PageFormat, LevelsAreGeometricAndRepeatable)
{
    for (uint32_t m : {2u, 16u, 100u}) {
        std::vector<uint32_t> at_least(VDB_HNSW_MAX_LEVEL + 2);
        constexpr uint32_t kRows = 200000;
        for (uint32_t i = 0; i < kRows; i++) {
            VdbTid tid = {0, static_cast<uint16_t>(i / 100), static_cast<uint16_t>(i % 100 + 1)};
            uint32_t level = vdb_hnsw_level(7, tid, m);
            ASSERT_EQ(level, vdb_hnsw_level(7, tid, m));
            ASSERT_LE(level, uint32_t{VDB_HNSW_MAX_LEVEL});
            for (uint32_t l = 0; l <= level; l++)
                at_least[l]++;
        }
        double expected = kRows;
        for (uint32_t l = 1; l < 4; l++) {
            expected /= m;
            EXPECT_NEAR(at_least[l], expected, 5 * std::sqrt(expected) + 1) << "m " << m;
        }
    }
}
