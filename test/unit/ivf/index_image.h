// A whole ivf index in memory, written as the shim writes one: what the checker's tests damage and
// the scan's tests read.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "ivf/check_api.h"
#include "ivf/kmeans_api.h"
#include "ivf/page_format.h"
#include "ivf/scan_api.h"
#include "values.h"

namespace vdb::ivf::test {

struct Report {
    VdbIvfCheckCounts counts;
    std::vector<VdbProblem> problems;
    uint64_t tids = 0; // that the checker handed out

    bool says(const std::string &words) const
    {
        return std::any_of(problems.begin(), problems.end(), [&words](const VdbProblem &p) {
            return std::string(p.text).find(words) != std::string::npos;
        });
    }

    std::string all() const
    {
        std::string text;
        for (const VdbProblem &p : problems)
            text += "block " + std::to_string(p.block) + " item " + std::to_string(p.item) + ": " +
                    p.text + "\n";
        return text;
    }
};

struct Image {
    VdbIvfGeometry g;
    std::vector<Page> pages;

    explicit Image(VdbSpace space, uint32_t option = 0) : Image(geometry(space), option) {}
    explicit Image(const VdbIvfGeometry &of, uint32_t option = 0) : g(of)
    {
        add_page(VDB_IVF_PAGE_META);
        vdb_ivf_meta_init(page(0), &g, option, 7);
    }

    void *page(VdbBlock b) { return pages[b].bytes; }
    const void *page(VdbBlock b) const { return pages[b].bytes; }

    VdbIvfMeta meta() const
    {
        VdbIvfMeta m;
        vdb_ivf_meta_read(page(0), &m);
        return m;
    }
    void set_meta(const VdbIvfMeta &m) { vdb_ivf_meta_write(page(0), &m); }

    VdbBlock add_page(VdbIvfPageKind kind)
    {
        pages.push_back({});
        vdb_ivf_page_init(pages.back().bytes, &g, kind);
        return static_cast<VdbBlock>(pages.size() - 1);
    }

    VdbBlock span_block(uint32_t ordinal, bool centroids) const
    {
        VdbIvfMeta m = meta();
        VdbBlock b = centroids ? m.first_centroids : m.first_directory;
        uint32_t n = ordinal / (centroids ? g.centroids_per_page : g.lists_per_page);
        while (n-- > 0)
            b = vdb_ivf_page_next(page(b), &g);
        return b;
    }

    VdbIvfList list(uint32_t ordinal) const
    {
        VdbIvfList out = {};
        vdb_ivf_directory_read(page(span_block(ordinal, false)), &g, ordinal, &out);
        return out;
    }
    void set_list(uint32_t ordinal, const VdbIvfList &l)
    {
        vdb_ivf_directory_write(page(span_block(ordinal, false)), &g, ordinal, &l);
    }

    // A new live list.  Returns its ordinal.
    uint32_t add_list(const void *centroid)
    {
        VdbIvfMeta m = meta();
        uint32_t ordinal = m.ordinals;
        if (ordinal % g.lists_per_page == 0)
            grow(VDB_IVF_PAGE_DIRECTORY, ordinal, &m.first_directory, &m.last_directory);
        if (ordinal % g.centroids_per_page == 0)
            grow(VDB_IVF_PAGE_CENTROIDS, ordinal, &m.first_centroids, &m.last_centroids);
        VdbIvfList l = {m.next_id++,
                        VDB_IVF_LIST_LIVE,
                        VDB_NO_BLOCK,
                        VDB_NO_BLOCK,
                        VDB_NO_BLOCK,
                        0,
                        0,
                        0,
                        VDB_NO_BLOCK,
                        0};
        vdb_ivf_directory_write(page(m.last_directory), &g, ordinal, &l);
        vdb_ivf_centroid_write(page(m.last_centroids), &g, ordinal, centroid);
        m.ordinals++;
        m.lists++;
        m.epoch++;
        set_meta(m);
        return ordinal;
    }

    void append(uint32_t ordinal, VdbTid tid, const void *value)
    {
        VdbIvfList l = list(ordinal);
        std::vector<uint32_t> row = make_row(ordinal, value);
        VdbIvfPlace place = has_values(g) ? keep(ordinal, &l, tid, row.data()) : VdbIvfPlace{};
        if (l.last != VDB_NO_BLOCK && add(l.last, tid, place, row.data()) == VDB_OK)
            return;
        VdbBlock b = add_page(VDB_IVF_PAGE_DATA);
        vdb_ivf_data_begin(page(b), &g, l.id);
        add(b, tid, place, row.data());
        if (l.last != VDB_NO_BLOCK)
            vdb_ivf_page_set_next(page(l.last), &g, b);
        if (l.pages == l.run && (l.pages == 0 || b == l.last + 1))
            l.run++;
        l.first = l.pages == 0 ? b : l.first;
        l.last = b;
        l.pages++;
        set_list(ordinal, l);
        VdbIvfMeta m = meta();
        m.data_pages++;
        set_meta(m);
    }

    std::vector<VdbBlock> chain(uint32_t ordinal) const
    {
        std::vector<VdbBlock> blocks;
        for (VdbBlock b = list(ordinal).first; b != VDB_NO_BLOCK;
             b = vdb_ivf_page_next(page(b), &g))
            blocks.push_back(b);
        return blocks;
    }

    void retire(uint32_t ordinal)
    {
        VdbIvfMeta m = meta();
        VdbIvfList l = list(ordinal);
        m.lists--;
        m.data_pages -= l.pages;
        m.epoch++;
        l.state = VDB_IVF_LIST_RETIRED;
        l.retired = 1000;
        set_list(ordinal, l);
        set_meta(m);
    }

    // What vacuum does with a retired list's pages, `most` of them.
    void recycle(uint32_t ordinal, uint32_t most = UINT32_MAX)
    {
        VdbIvfList l = list(ordinal);
        for (; most > 0 && l.first != VDB_NO_BLOCK; most--) {
            free_first(&l.first);
            l.pages--;
            l.run = std::min(l.run, l.pages);
        }
        for (; most > 0 && l.values != VDB_NO_BLOCK; most--)
            free_first(&l.values);
        if (l.first == VDB_NO_BLOCK && l.values == VDB_NO_BLOCK)
            l.state = VDB_IVF_LIST_FREE;
        set_list(ordinal, l);
    }

    void put_on_room_chain(uint32_t ordinal, VdbBlock b)
    {
        VdbIvfList l = list(ordinal);
        vdb_ivf_data_set_next_room(page(b), l.room);
        l.room = b;
        set_list(ordinal, l);
    }

    Report check(VdbBlock heap_blocks = VDB_NO_BLOCK) const
    {
        Report r = {};
        VdbIvfGeometry read;
        const char *problem = nullptr;
        if (vdb_ivf_check_geometry(page(0), g.page_size, &read, &problem) != VDB_OK) {
            r.counts.problems = 1;
            r.problems.push_back({0, -1, {}});
            std::snprintf(r.problems[0].text, sizeof(r.problems[0].text), "%s", problem);
            return r;
        }
        auto n = static_cast<VdbBlock>(pages.size());
        std::vector<uint64_t> memory(vdb_ivf_check_size(&read, page(0), n) / 8 + 1);
        VdbIvfCheck *c = vdb_ivf_check_begin(memory.data(), &read, page(0), n, heap_blocks);
        for (VdbBlock b; (b = vdb_ivf_check_directory_next(c)) != VDB_NO_BLOCK;)
            vdb_ivf_check_directory(c, page(b));
        std::vector<VdbTid> tids(g.page_size / sizeof(VdbTid));
        for (VdbBlock b = 0; b < n; b++) {
            vdb_ivf_check_feed(c, b, page(b));
            if (vdb_ivf_check_rest(c) != VDB_NO_BLOCK)
                vdb_ivf_check_feed_rest(c, page(b), page(vdb_ivf_check_rest(c)));
            r.tids += vdb_ivf_check_page_tids(c, page(b), tids.data());
        }
        while (vdb_ivf_check_finish(c)) {
        }
        r.counts = *vdb_ivf_check_counts(c);
        for (uint32_t i = 0; i < std::min<uint64_t>(r.counts.problems, VDB_MAX_PROBLEMS); i++)
            r.problems.push_back(*vdb_ivf_check_problem(c, i));
        return r;
    }

  private:
    // Moves the first page of a chain to the free ones.
    void free_first(VdbBlock *first)
    {
        VdbIvfMeta m = meta();
        VdbBlock b = *first;
        *first = vdb_ivf_page_next(page(b), &g);
        vdb_ivf_page_free(page(b), &g, m.free_page);
        m.free_page = b;
        set_meta(m);
    }

    std::vector<uint32_t> make_row(uint32_t ordinal, const void *value) const
    {
        std::vector<uint32_t> row((g.row_bytes + 3) / 4);
        const void *centroid = vdb_ivf_centroid_at(page(span_block(ordinal, true)), &g, ordinal);
        VdbIvfRow from = {centroid, value, row_norm(g, value), nullptr};
        vdb_ivf_row_make(&g, &from, row.data());
        return row;
    }

    VdbStatus add(VdbBlock b, VdbTid tid, VdbIvfPlace place, const void *row)
    {
        return vdb_ivf_coded(&g) ? vdb_ivf_codes_add(page(b), &g, {tid, place}, row)
                                 : vdb_ivf_data_add(page(b), &g, tid, row);
    }

    // Puts the row's value on a value page of the list.
    VdbIvfPlace keep(uint32_t ordinal, VdbIvfList *l, VdbTid tid, const void *row)
    {
        VdbIvfNewValue new_value = {tid, row, 0};
        uint32_t slot = 0;
        if (l->values == VDB_NO_BLOCK || vdb_ivf_values_full(page(l->values), &g, &new_value)) {
            VdbBlock b = add_page(VDB_IVF_PAGE_VALUES);
            vdb_ivf_values_begin(page(b), l->id);
            vdb_ivf_page_set_next(page(b), &g, l->values);
            l->values = b;
            l->value_pages++;
            set_list(ordinal, *l);
        }
        vdb_ivf_values_add(page(l->values), &g, &new_value, &slot);
        return vdb_ivf_place(l->values, slot);
    }

    void grow(VdbIvfPageKind kind, uint32_t ordinal, VdbBlock *first, VdbBlock *last)
    {
        VdbBlock b = add_page(kind);
        if (kind == VDB_IVF_PAGE_DIRECTORY)
            vdb_ivf_directory_begin(page(b), ordinal);
        else
            vdb_ivf_centroids_begin(page(b), ordinal);
        if (*last == VDB_NO_BLOCK)
            *first = b;
        else
            vdb_ivf_page_set_next(page(*last), &g, b);
        *last = b;
    }
};

// Runs k-means to its end.  The centroids lie in `memory`.
inline VdbIvfCentroids find_centroids(const Values &values, uint32_t lists,
                                      std::vector<char> &memory, uint64_t seed = 42)
{
    VdbIvfGeometry g = geometry(values.space);
    VdbIvfSample sample = {values.bytes.data(), values.stride(), values.count()};
    memory.assign(vdb_ivf_kmeans_size(&g, lists, sample.count) + 64, 0x55);
    auto at = (reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64;
    VdbIvfKmeans *km = vdb_ivf_kmeans_init(reinterpret_cast<void *>(at), &g, lists, &sample, seed);
    while (vdb_ivf_kmeans_step(km)) {
    }
    return vdb_ivf_kmeans_result(km);
}

// An index of those values with so many lists, as a bulk build lays it out.
inline Image build(const Values &values, uint32_t lists, const VdbIvfGeometry &g)
{
    Image image(g, lists);
    std::vector<char> memory;
    VdbIvfCentroids centroids = find_centroids(values, lists, memory);
    std::vector<std::vector<uint32_t>> members(centroids.count);
    for (uint32_t i = 0; i < values.count(); i++)
        members[vdb_ivf_nearest(&image.g, &centroids, values[i])].push_back(i);
    for (uint32_t c = 0; c < centroids.count; c++)
        image.add_list(static_cast<const char *>(centroids.values) + c * centroids.stride);
    for (uint32_t c = 0; c < centroids.count; c++)
        for (uint32_t i : members[c])
            image.append(c, tid_of_row(i), values[i]);
    return image;
}
inline Image build(const Values &values, uint32_t lists)
{
    return build(values, lists, geometry(values.space));
}

} // namespace vdb::ivf::test
