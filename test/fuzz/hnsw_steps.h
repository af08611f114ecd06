// What a server does with an hnsw index, on pages of any content: the drivers of the unit tests in
// an order that the input chooses.
#pragma once

#include <algorithm>

#include "fuzz.h"
#include "hnsw/entries_api.h"
#include "hnsw/insert_driver.h"
#include "hnsw/vacuum_driver.h"

namespace vdb::fuzz {

using hnsw::test::Corrupted;
using hnsw::test::Endless;
using hnsw::test::kPageSize;
using hnsw::test::Page;
using hnsw::test::Row;
using hnsw::test::Store;

constexpr uint64_t kPageReads = 3000; // of one step; damaged chains may be endless

// A store of other pages.
struct Pages : Store {
    Pages(const VdbHnswGeometry &geometry, std::vector<Page> of) : Store(1)
    {
        g = geometry;
        pages = std::move(of);
        ef_construction = 12;
    }
};

// Some vector; sparse ones may have a billion dimensions.
inline Row some_row(const VdbHnswGeometry &g, Input &in)
{
    Row row(std::min(g.space.dims, 16000u), .2f);
    auto shift = in.number<int8_t>();
    for (size_t i = 0; i < row.size(); i++)
        row[i] = static_cast<float>((i * 7 + shift) % 5) - 1.5f;
    return row;
}

inline void scan(Store &store, Input &in)
{
    hnsw::test::search_all(store, some_row(store.g, in), 1 + in.below(20));
}

// A scan that begins at sampled nodes and takes what a window left over.
inline void scan_sampled(Store &store, Input &in)
{
    if (!vdb_hnsw_can_sample(&store.g))
        return;
    auto memory = hnsw::test::memory(vdb_hnsw_entries_size(&store.g));
    VdbHnswEntries *entries =
        vdb_hnsw_entries_init(memory.get(), &store.g, static_cast<VdbBlock>(store.pages.size()));
    for (VdbBlock b; (b = vdb_hnsw_entries_next(entries)) != VDB_NO_BLOCK;)
        vdb_hnsw_entries_feed(entries, store.read(b));
    if (vdb_hnsw_entries_count(entries) == 0)
        return;
    hnsw::test::Stored query = hnsw::test::compared(store.g, some_row(store.g, in));
    VdbHnswQuery wanted = {query.data(), query.norm, VDB_HNSW_FOR_SCAN};
    hnsw::test::Searcher searcher(store, Row(store.g.space.dims), 8);
    vdb_hnsw_search_start_near(searcher.s, &wanted, entries, store.read_meta().root, 8);
    vdb_hnsw_search_hold_back(searcher.s);
    searcher.run();
    searcher.take();
    searcher.reserve();
    if (vdb_hnsw_search_leftovers(searcher.s, 4))
        searcher.take();
    vdb_hnsw_search_widen(searcher.s, 16);
    if (searcher.next_window())
        searcher.take();
    if (vdb_hnsw_search_drain(searcher.s))
        searcher.take();
}

inline void read_lists(Store &store)
{
    uint32_t nodes = static_cast<uint32_t>(store.pages.size()) * store.g.slots_per_page;
    for (VdbNode node = store.g.slots_per_page; node < nodes; node++)
        for (uint32_t level = 0; level < 3; level++)
            hnsw::test::read_links(store, node, level);
}

inline void read_tids(Store &store)
{
    uint32_t nodes = static_cast<uint32_t>(store.pages.size()) * store.g.slots_per_page;
    for (VdbNode node = store.g.slots_per_page; node < nodes; node++)
        (void) store.rows(node);
}

inline void step(Store &store, Input &in)
{
    constexpr uint32_t kSteps = 7;
    uint8_t which = in.number<uint8_t>() % kSteps;
    auto mask = in.number<uint8_t>();
    if (which == 0)
        scan(store, in);
    else if (which == 1)
        hnsw::test::insert(store, some_row(store.g, in), 5000u + mask);
    else if (which == 2)
        hnsw::test::vacuum(store, [mask](uint32_t row) { return (row & mask) == 0; });
    else if (which == 3)
        (void) store.check();
    else if (which == 4)
        scan_sampled(store, in);
    else if (which == 5)
        read_lists(store);
    else
        read_tids(store);
}

// Does what the input says until it ends.  The shim raises an error where a driver throws, and can
// be cancelled where it might go on for ever.
inline void steps(Store &store, Input &in)
{
    for (int n = 0; n < 6 && !in.empty(); n++) {
        store.budget = kPageReads;
        try {
            step(store, in);
        } catch (Corrupted) {
        } catch (Endless) {
        }
    }
}

} // namespace vdb::fuzz
