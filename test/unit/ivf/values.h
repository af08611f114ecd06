// Values of every storage form for the ivf tests.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "core/half_api.h"
#include "ivf/ivf_api.h"
#include "quant/space.h"

namespace vdb::ivf::test {

// Values one after the other, in the form that an index stores.
struct Values {
    VdbSpace space;
    std::vector<char> bytes;

    explicit Values(VdbSpace of) : space(of) {}

    size_t stride() const { return vdb_value_bytes(&space); }
    uint32_t count() const { return static_cast<uint32_t>(bytes.size() / stride()); }
    const void *operator[](size_t i) const { return bytes.data() + i * stride(); }

    // Adds a value given by its elements; of bits those above 0 are set.
    void add(const std::vector<float> &elements)
    {
        size_t at = bytes.size();
        bytes.resize(at + stride());
        char *value = bytes.data() + at;
        for (uint32_t i = 0; i < space.dims; i++)
            set(value, i, elements[i]);
        vdb_value_prepare(&space, value);
    }

  private:
    void set(char *value, uint32_t i, float x) const
    {
        uint16_t half = vdb_float_to_half(x);
        if (space.storage == VDB_STORAGE_FLOAT32)
            std::memcpy(value + i * sizeof(x), &x, sizeof(x));
        else if (space.storage == VDB_STORAGE_HALF)
            std::memcpy(value + i * sizeof(half), &half, sizeof(half));
        else if (x > 0)
            value[i / 8] = static_cast<char>(value[i / 8] | 0x80 >> i % 8);
    }
};

inline std::vector<float> random_elements(std::mt19937 &random, uint32_t dims)
{
    std::normal_distribution<float> normal;
    std::vector<float> elements(dims);
    for (float &x : elements)
        x = normal(random);
    return elements;
}

inline Values random_values(VdbSpace space, uint32_t n, unsigned seed = 1)
{
    std::mt19937 random(seed);
    Values values(space);
    for (uint32_t i = 0; i < n; i++)
        values.add(random_elements(random, space.dims));
    return values;
}

// n values around each of so many centres, which lie far apart; value i is of centre i % centres.
inline Values clustered_values(VdbSpace space, uint32_t centres, uint32_t n, unsigned seed = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, .1f);
    std::vector<std::vector<float>> centre;
    for (uint32_t c = 0; c < centres; c++)
        centre.push_back(random_elements(random, space.dims));
    Values values(space);
    for (uint32_t i = 0; i < n * centres; i++) {
        std::vector<float> elements = centre[i % centres];
        for (float &x : elements)
            x += normal(random);
        values.add(elements);
    }
    return values;
}

inline VdbTid make_tid(uint32_t block, uint32_t offset)
{
    return {static_cast<uint16_t>(block >> 16), static_cast<uint16_t>(block & 0xFFFF),
            static_cast<uint16_t>(offset)};
}

// The tid that tests give row i, and back.
inline VdbTid tid_of_row(uint32_t i)
{
    return make_tid(i / 100, i % 100 + 1);
}
inline uint32_t row_of_tid(VdbTid tid)
{
    return (uint32_t{tid.block_hi} << 16 | tid.block_lo) * 100 + tid.offset - 1;
}

inline VdbSpace floats(uint32_t dims, VdbMetric metric = VDB_METRIC_L2)
{
    return {static_cast<uint32_t>(metric), VDB_STORAGE_FLOAT32, dims};
}
inline VdbSpace halves(uint32_t dims, VdbMetric metric = VDB_METRIC_L2)
{
    return {static_cast<uint32_t>(metric), VDB_STORAGE_HALF, dims};
}
inline VdbSpace bits(uint32_t dims)
{
    return {VDB_METRIC_HAMMING, VDB_STORAGE_BIT, dims};
}

// Every space that lists can be made for.
inline std::vector<VdbSpace> all_spaces(uint32_t dims)
{
    std::vector<VdbSpace> spaces = {bits(dims)};
    for (VdbMetric metric : {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE, VDB_METRIC_L1}) {
        spaces.push_back(floats(dims, metric));
        spaces.push_back(halves(dims, metric));
    }
    return spaces;
}

inline VdbIvfGeometry geometry(VdbSpace space, uint32_t page_size = 8192)
{
    VdbIvfGeometry g = {};
    if (vdb_ivf_geometry(page_size, &space, &g) != VDB_OK)
        std::abort();
    return g;
}

// A coded index's, of float32 vectors.
inline VdbIvfGeometry coded_geometry(uint32_t dims, uint32_t kept, VdbMetric metric = VDB_METRIC_L2)
{
    VdbSpace column = floats(dims, metric);
    VdbIvfGeometry g = {};
    if (vdb_ivf_coded_geometry(8192, &column, kept, &g) != VDB_OK)
        std::abort();
    return g;
}

inline std::vector<uint32_t> all_kept()
{
    return {VDB_KEPT_FULL, VDB_KEPT_HALF, VDB_KEPT_SQ8, VDB_KEPT_RABITQ4, VDB_IVF_KEPT_HEAP};
}
inline std::vector<VdbMetric> coded_metrics()
{
    return {VDB_METRIC_L2, VDB_METRIC_IP, VDB_METRIC_COSINE};
}

// The norm that a row of a coded index needs; of others none does.
inline float row_norm(const VdbIvfGeometry &g, const void *value)
{
    return vdb_ivf_coded(&g) ? static_cast<float>(vdb::norm_of(g.space, value, g.space.dims)) : 0;
}

// A page aligned as PostgreSQL's are.
struct alignas(8) Page {
    char bytes[8192];
};

inline Page random_page(std::mt19937 &random)
{
    Page page;
    for (char &byte : page.bytes)
        byte = static_cast<char>(random());
    return page;
}

} // namespace vdb::ivf::test
