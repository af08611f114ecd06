// Rows to index and the bulk builder driven over them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "core/half_api.h"
#include "float_vectors.h"
#include "hnsw/build_api.h"
#include "index_image.h"
#include "quant/rotation_api.h"

namespace vdb::hnsw::test {

constexpr uint64_t kSeed = 42;

using Row = std::vector<float>;
using Memory = std::unique_ptr<void, void (*)(void *)>;

struct Options {
    uint32_t m = 16;
    uint32_t ef_construction = 64;
    VdbMetric metric = VDB_METRIC_L2;
    VdbStorage storage = VDB_STORAGE_FLOAT32;
    uint32_t slot_units = 0;
    VdbKept kept = VDB_KEPT_PLAIN;
    VdbHnswChecked checked = VDB_HNSW_ALL_CHECKED;
};

inline VdbTid tid_of(uint32_t row)
{
    return {static_cast<uint16_t>(row >> 24), static_cast<uint16_t>(row >> 8),
            static_cast<uint16_t>(row % 256 + 1)};
}

inline uint32_t row_of(VdbTid tid)
{
    return uint32_t{tid.block_hi} << 24 | uint32_t{tid.block_lo} << 8 | (tid.offset - 1u);
}

inline float norm(const Row &v)
{
    double sum = 0;
    for (float x : v)
        sum += double{x} * x;
    return static_cast<float>(sum);
}

// A row as an index of that space stores it.
struct Stored {
    std::vector<uint64_t> words;
    float norm;

    const void *data() const { return words.data(); }
};

inline std::vector<VdbSparseElement> sparse_elements(const Row &row)
{
    std::vector<VdbSparseElement> units(1);
    for (size_t i = 0; i < row.size(); i++)
        if (row[i] != 0)
            units.push_back({static_cast<int32_t>(i), row[i]});
    units[0].index = static_cast<int32_t>(units.size() - 1);
    return units;
}

// Bits are set where the row is positive.
inline Stored stored(const VdbSpace &space, const Row &row)
{
    std::vector<VdbSparseElement> units;
    size_t bytes = vdb_value_bytes(&space);
    if (space.storage == VDB_STORAGE_SPARSE) {
        units = sparse_elements(row);
        bytes = units.size() * sizeof(VdbSparseElement);
    }
    Stored value = {std::vector<uint64_t>(bytes / 8 + 1), norm(row)};
    auto *floats = reinterpret_cast<float *>(value.words.data());
    auto *halves = reinterpret_cast<uint16_t *>(value.words.data());
    auto *bits = reinterpret_cast<uint8_t *>(value.words.data());
    if (space.storage == VDB_STORAGE_SPARSE)
        std::memcpy(value.words.data(), units.data(), bytes);
    for (size_t i = 0; i < row.size(); i++) {
        if (space.storage == VDB_STORAGE_FLOAT32)
            floats[i] = row[i];
        else if (space.storage == VDB_STORAGE_HALF)
            halves[i] = vdb_float_to_half(row[i]);
        else if (space.storage == VDB_STORAGE_BIT && row[i] > 0)
            bits[i / 8] |= static_cast<uint8_t>(0x80 >> i % 8);
    }
    if (space.storage != VDB_STORAGE_FLOAT32)
        value.norm = vdb_value_prepare(&space, value.words.data());
    return value;
}

// A row as an index compares it: with codes, a rotated float32 vector, of unit length under cosine.
inline Stored compared(const VdbHnswGeometry &g, const Row &row)
{
    VdbSpace column = vdb_hnsw_source_space(&g);
    if (!vdb_hnsw_coded(&g))
        return stored(column, row);
    column.storage = VDB_STORAGE_FLOAT32;
    Stored value = stored(column, row);
    auto *floats = reinterpret_cast<float *>(value.words.data());
    for (size_t i = 0; g.source == VDB_STORAGE_HALF && i < row.size(); i++)
        floats[i] = vdb_half_to_float(vdb_float_to_half(row[i]));
    value.norm = vdb_value_prepare(&g.space, floats);
    vdb_rotate(floats, g.space.dims);
    return value;
}

inline Row row_as_compared(const VdbHnswGeometry &g, const Row &row)
{
    Stored value = compared(g, row);
    const auto *floats = static_cast<const float *>(value.data());
    return {floats, floats + g.space.dims};
}

// What the index keeps of that.
inline Stored kept(const VdbHnswGeometry &g, const Stored &value)
{
    if (!vdb_hnsw_coded(&g))
        return value;
    Stored blob = {std::vector<uint64_t>(g.units / 2 + 1), value.norm};
    vdb_kept_encode(g.kept, g.space.dims, static_cast<const float *>(value.data()),
                    blob.words.data());
    return blob;
}

// And that as it is compared with others.
inline Stored decoded(const VdbHnswGeometry &g, const Stored &blob)
{
    if (!vdb_hnsw_coded(&g))
        return blob;
    Stored value = {std::vector<uint64_t>(vdb_value_bytes(&g.space) / 8 + 1), blob.norm};
    vdb_kept_decode(g.kept, g.space.dims, blob.data(),
                    reinterpret_cast<float *>(value.words.data()));
    return value;
}

inline void normalize(Row *v)
{
    float length = std::sqrt(norm(*v));
    if (length > 0)
        for (float &x : *v)
            x /= length;
}

inline std::vector<Row> gaussian(size_t rows, uint32_t dims, uint32_t seed = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<Row> all(rows, Row(dims));
    for (Row &row : all)
        for (float &x : row)
            x = normal(random);
    return all;
}

// Rows in all directions, of lengths that are so distributed; one is all zeros.
template <class Lengths> std::vector<Row> of_lengths(size_t rows, uint32_t dims, Lengths lengths)
{
    std::mt19937 random(7);
    std::vector<Row> all = gaussian(rows, dims);
    for (Row &row : all) {
        normalize(&row);
        float length = lengths(random);
        for (float &x : row)
            x *= length;
    }
    all[rows / 3].assign(dims, 0);
    return all;
}
inline std::vector<Row> of_lengths(size_t rows, uint32_t dims, float least, float most)
{
    return of_lengths(rows, dims, std::uniform_real_distribution<float>(least, most));
}

// Rows that differ much in how many of their elements are not zero: most have few, some about a
// third of them, one is all zeros.
inline std::vector<Row> uneven(size_t rows, uint32_t dims, uint32_t seed = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<Row> all(rows, Row(dims));
    for (size_t i = 1; i < rows; i++) {
        uint32_t most = i % 8 == 1 ? dims / 3 + 1 : i % 3 == 1 ? dims / 20 + 1 : 12;
        for (uint32_t n = most / 2 + random() % most + 1; n > 0; n--)
            all[i][random() % dims] = normal(random);
    }
    return all;
}

// Rows that suit a form of storage.
inline std::vector<Row> some_rows(VdbStorage storage, size_t rows, uint32_t dims, uint32_t seed = 1)
{
    return storage == VDB_STORAGE_SPARSE ? uneven(rows, dims, seed) : gaussian(rows, dims, seed);
}

// Rows in tight bunches that lie far from each other.
inline std::vector<Row> clustered(size_t rows, uint32_t dims, size_t clusters, uint32_t seed = 1)
{
    std::vector<Row> all = gaussian(rows, dims, seed);
    std::vector<Row> centres = gaussian(clusters, dims, seed + 1000);
    for (size_t i = 0; i < rows; i++)
        for (uint32_t d = 0; d < dims; d++)
            all[i][d] = all[i][d] * .01f + centres[i % clusters][d] * 100;
    return all;
}

inline VdbHnswGeometry geometry(uint32_t dims, Options o = {})
{
    VdbHnswGeometry g;
    VdbSpace space = {static_cast<uint32_t>(o.metric), static_cast<uint32_t>(o.storage), dims};
    VdbHnswShape shape = {space, o.m, o.kept, 0, o.slot_units, o.checked};
    EXPECT_EQ(vdb_hnsw_geometry(kPageSize, &shape, &g), VDB_OK);
    return g;
}

struct Build {
    VdbHnswGeometry g;
    Memory region;
    uint32_t linkers = 1; // threads

    // `spare`: bytes beyond what so many rows need, for sparse ones longer than their slots.
    Build(uint32_t dims, Options o, size_t capacity, size_t spare = 0)
        : g(geometry(dims, o)), region(memory(vdb_hnsw_build_size(&g, capacity) + spare))
    {
        EXPECT_EQ(vdb_hnsw_build_init(region.get(), vdb_hnsw_build_size(&g, capacity) + spare, &g,
                                      o.ef_construction, kSeed),
                  VDB_OK);
    }

    Memory scratch() const
    {
        Memory s = memory(vdb_hnsw_build_scratch_size(region.get()));
        vdb_hnsw_build_scratch_init(region.get(), s.get());
        return s;
    }

    // Adds rows first, first + step, ...; returns how many went in before it was full.
    size_t add(const std::vector<Row> &rows, size_t first = 0, size_t step = 1)
    {
        Memory s = scratch();
        size_t added = 0;
        for (size_t i = first; i < rows.size(); i += step, added++) {
            Stored value = compared(g, rows[i]);
            if (vdb_hnsw_build_add(region.get(), s.get(), value.data(), value.norm,
                                   tid_of(static_cast<uint32_t>(i))) != VDB_OK)
                break;
        }
        return added;
    }

    // Finishes the graph and makes the index's pages of it.
    std::vector<Page> pages()
    {
        Memory s = scratch();
        link_rows(region.get(), linkers);
        while (!vdb_hnsw_build_finish(region.get(), s.get(), 7)) {
        }
        VdbHnswBuildLayout layout;
        EXPECT_EQ(vdb_hnsw_build_layout(region.get(), &layout), VDB_OK);
        std::vector<Page> all(layout.blocks);
        for (VdbBlock block = 0; block < layout.blocks; block++) {
            std::memset(&all[block], 0, kPageSize);
            init_page(&all[block], g, vdb_hnsw_build_page_kind(&layout, block));
            vdb_hnsw_build_render(region.get(), s.get(), &layout, block, &all[block]);
        }
        return all;
    }
};

} // namespace vdb::hnsw::test
