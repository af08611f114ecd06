// The lists of a coded index on pages in memory: what tests of its scan read.
#pragma once

#include <vector>

#include "ivf/page_format.h"
#include "quant/rotation_api.h"
#include "values.h"

namespace vdb::ivf::test {

inline VdbIvfGeometry coded_geometry(VdbSpace column, uint32_t kept)
{
    VdbIvfGeometry g = {};
    if (vdb_ivf_coded_geometry(8192, &column, kept, &g) != VDB_OK)
        std::abort();
    return g;
}

// A vector as a coded index compares it: prepared, then rotated.
struct Working {
    std::vector<float> vector;
    float norm;

    Working(const VdbIvfGeometry &g, const void *value)
        : vector(static_cast<const float *>(value),
                 static_cast<const float *>(value) + g.space.dims)
    {
        norm = vdb_value_prepare(&g.space, vector.data());
        vdb_rotate(vector.data(), g.space.dims);
    }
};

struct CodedImage {
    struct List {
        uint32_t id;
        std::vector<float> centroid;
        float norm;
        std::vector<VdbBlock> pages;
        std::vector<VdbBlock> values;
    };

    VdbIvfGeometry g;
    std::vector<Page> pages;
    std::vector<List> lists;

    CodedImage(VdbSpace column, uint32_t kept) : g(coded_geometry(column, kept)) {}

    const void *page(VdbBlock b) const { return pages[b].bytes; }

    void add_list(const std::vector<float> &centroid)
    {
        List list = {static_cast<uint32_t>(lists.size()) + 1, centroid, 0, {}, {}};
        for (float x : centroid)
            list.norm += x * x;
        lists.push_back(list);
    }

    void append(uint32_t list, VdbTid tid, const Working &value)
    {
        std::vector<char> row(g.row_bytes);
        VdbIvfRow parts = {lists[list].centroid.data(), value.vector.data(), value.norm, nullptr};
        vdb_ivf_row_make(&g, &parts, row.data());
        VdbIvfEntry entry = {tid, {}};
        if (has_values(g))
            entry.place = keep(lists[list], tid, row.data());
        std::vector<VdbBlock> &chain = lists[list].pages;
        if (chain.empty() ||
            vdb_ivf_codes_add(pages[chain.back()].bytes, &g, entry, row.data()) == VDB_FULL)
        {
            chain.push_back(add_page(VDB_IVF_PAGE_DATA));
            vdb_ivf_data_begin(pages[chain.back()].bytes, &g, lists[list].id);
            vdb_ivf_codes_add(pages[chain.back()].bytes, &g, entry, row.data());
        }
    }

    // Lists by the distance of their centroids, nearest first.
    std::vector<VdbIvfRanked> ranked(const Working &query) const
    {
        std::vector<VdbIvfRanked> out(lists.size());
        for (uint32_t i = 0; i < lists.size(); i++) {
            VdbIvfCentroids one = {lists[i].centroid.data(), g.value_bytes, 1};
            vdb_ivf_rank_lists(&g, &one, query.vector.data(), &out[i]);
            out[i].index = i;
        }
        vdb_ivf_order_lists(out.data(), static_cast<uint32_t>(out.size()), 0,
                            static_cast<uint32_t>(out.size()));
        return out;
    }

  private:
    VdbBlock add_page(VdbIvfPageKind kind)
    {
        pages.push_back({});
        vdb_ivf_page_init(pages.back().bytes, &g, kind);
        return static_cast<VdbBlock>(pages.size() - 1);
    }

    VdbIvfPlace keep(List &list, VdbTid tid, const void *row)
    {
        VdbIvfNewValue value = {tid, row, 0};
        uint32_t slot = 0;
        if (list.values.empty() || vdb_ivf_values_full(pages[list.values.back()].bytes, &g, &value))
        {
            VdbBlock older = list.values.empty() ? VDB_NO_BLOCK : list.values.back();
            list.values.push_back(add_page(VDB_IVF_PAGE_VALUES));
            vdb_ivf_values_begin(pages[list.values.back()].bytes, list.id);
            vdb_ivf_page_set_next(pages[list.values.back()].bytes, &g, older);
        }
        vdb_ivf_values_add(pages[list.values.back()].bytes, &g, &value, &slot);
        return vdb_ivf_place(list.values.back(), slot);
    }
};

// An index of float32 values, row i at tid_of_row(i), in lists around some of them.
inline CodedImage build_coded(const Values &values, uint32_t kept, uint32_t lists)
{
    CodedImage image(values.space, kept);
    std::vector<float> centroids;
    for (uint32_t l = 0; l < lists; l++) {
        Working value(image.g, values[size_t{l} * values.count() / lists]);
        image.add_list(value.vector);
        centroids.insert(centroids.end(), value.vector.begin(), value.vector.end());
    }
    VdbIvfCentroids set = {centroids.data(), image.g.value_bytes, lists};
    for (uint32_t i = 0; i < values.count(); i++) {
        Working value(image.g, values[i]);
        image.append(vdb_ivf_nearest(&image.g, &set, value.vector.data()), tid_of_row(i), value);
    }
    return image;
}

} // namespace vdb::ivf::test
