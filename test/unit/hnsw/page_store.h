// An index whose pages lie in memory, read and written as the PostgreSQL shim does it: one page at
// a time, through checked reads, and in records whose page images take effect together.  Pages are
// handed out as copies of their own, so that AddressSanitizer sees a step over a page's end.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "bulk_build.h"
#include "hnsw/page_edit_api.h"
#include "hnsw/search_api.h"
#include "hnsw/space.h"

namespace vdb::hnsw::test {

// Thrown where the shim would report a corrupted index.
struct Corrupted {};

// Thrown where the shim would go on until it is cancelled.
struct Endless {};

inline void require(VdbStatus status)
{
    if (status != VDB_OK)
        throw Corrupted{};
}

struct Store : Image {
    uint32_t ef_construction = 64;
    uint64_t budget = UINT64_MAX; // page reads left
    std::function<void(VdbBlock)> before_read = [](VdbBlock) {};

    // An empty index.
    explicit Store(uint32_t dims, Options o = {}) : ef_construction(o.ef_construction)
    {
        g = geometry(dims, o);
        append(VDB_HNSW_PAGE_META);
        vdb_hnsw_meta_init(page(0), &g, kSeed);
    }
    // An index of those rows, from the bulk builder.
    Store(const std::vector<Row> &rows, uint32_t dims, Options o = {})
        : ef_construction(o.ef_construction)
    {
        size_t spare = 0;
        for (size_t i = 0; o.storage == VDB_STORAGE_SPARSE && i < rows.size(); i++)
            spare += 2 * sparse_elements(rows[i]).size() * sizeof(VdbSparseElement);
        Build b(dims, o, rows.size(), spare);
        EXPECT_EQ(b.add(rows), rows.size());
        g = b.g;
        pages = b.pages();
    }

    // The page's content until the next read.
    const void *read(VdbBlock block)
    {
        if (block >= pages.size())
            throw Corrupted{};
        if (budget-- == 0)
            throw Endless{};
        before_read(block);
        std::memcpy(window_.get(), page(block), kPageSize);
        return window_.get();
    }
    const void *read_ours(VdbBlock block)
    {
        if (vdb_hnsw_page_kind(read(block), kPageSize) == 0)
            throw Corrupted{};
        return window_.get();
    }
    const void *read_of(VdbBlock block, VdbHnswPageKind kind)
    {
        if (vdb_hnsw_page_kind(read(block), kPageSize) != static_cast<uint32_t>(kind))
            throw Corrupted{};
        return window_.get();
    }
    VdbHnswMeta read_meta()
    {
        VdbHnswMeta m;
        vdb_hnsw_meta_read(read_of(VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META), &m);
        return m;
    }

    std::vector<VdbNode> live_nodes() const
    {
        auto *self = const_cast<Store *>(this);
        std::vector<VdbNode> ids;
        for (VdbBlock b = 1; b < pages.size(); b++)
            for (uint32_t s = 0;
                 page_kind(&pages[b], g) == VDB_HNSW_PAGE_NODE && s < g.slots_per_page; s++)
                if (self->node(b * g.slots_per_page + s)->state == NodeState::kLive)
                    ids.push_back(b * g.slots_per_page + s);
        return ids;
    }
    // A node's vector as it is compared; room for the longest.
    std::vector<uint64_t> value(VdbNode id)
    {
        size_t bytes = std::max<size_t>(vdb_value_bytes(&g.space), size_t{g.units} * g.unit_size);
        Stored v = {std::vector<uint64_t>(bytes / 8 + 1), 0};
        uint32_t units = units_of(node(id), g);
        std::memcpy(v.words.data(), inline_vector(node(id), g),
                    units_in_slot(g, units) * g.unit_size);
        for (uint32_t i = 0; i < vdb_hnsw_slices(&g, units); i++)
            std::memcpy(unit_at(v.words.data(), g, slice_start(g, i)),
                        slice_vector(page(vector_blocks(node(id), g)[i])),
                        slice_units(g, units, i) * g.unit_size);
        return decoded(g, v).words;
    }
    // Edges of live nodes whose code is not the one of the two vectors; neutral ones apart.
    struct CodeCount {
        uint32_t wrong, neutral;
    };
    CodeCount count_codes()
    {
        CodeCount count = {0, 0};
        VdbCodec codec = vdb_hnsw_codec(&g);
        std::vector<uint8_t> code(vdb_code_bytes(&codec)), expected(code.size());
        for (VdbNode id : live_nodes()) {
            std::vector<uint64_t> from = value(id);
            for (uint32_t i = 0; i < node(id)->degree; i++) {
                VdbCodeFactors factors, got = code_factors(node(id), g)[i];
                std::vector<uint64_t> to = value(neighbors(node(id))[i]);
                vdb_codes_get(&codec, max_degree(g), codes(node(id), g), i, code.data());
                vdb_code_make(&codec, reinterpret_cast<float *>(from.data()),
                              reinterpret_cast<float *>(to.data()), expected.data(), &factors);
                bool right =
                    code == expected && got.add == factors.add && got.scale == factors.scale;
                bool neutral = got.add == 0 && got.scale == 0;
                count.neutral += !right && neutral;
                count.wrong += !right && !neutral;
            }
        }
        return count;
    }
    Row vector(VdbNode id) // of float32
    {
        std::vector<uint64_t> v = value(id);
        const auto *floats = reinterpret_cast<const float *>(v.data());
        return {floats, floats + g.space.dims};
    }
    // Distance as a scan orders by it.
    float distance(const Row &query, VdbNode id)
    {
        GraphSpace space = make_space(g);
        Stored from = compared(g, query);
        float raw = space.raw(from.data(), value(id).data(), space.units);
        return space.rank(raw, from.norm, node(id)->norm);
    }
    // Distances of all live nodes, ascending.
    std::vector<float> all_distances(const Row &query)
    {
        std::vector<float> all;
        for (VdbNode id : live_nodes())
            all.push_back(distance(query, id));
        std::sort(all.begin(), all.end());
        return all;
    }
    // Rows of a node's heap tids.
    std::vector<uint32_t> rows(VdbNode id)
    {
        VdbTid tid;
        VdbCellRef chain;
        std::vector<uint32_t> all;
        std::vector<VdbTid> tids(g.tids_per_cell);
        uint32_t n = vdb_hnsw_node_tids(read_of(vdb_hnsw_node_block(&g, id), VDB_HNSW_PAGE_NODE),
                                        &g, id, &tid, &chain);
        if (n == 1)
            all.push_back(row_of(tid));
        while (chain.offset != 0) {
            uint32_t count = 0;
            VdbStatus status = vdb_hnsw_cell_tids(read_ours(vdb_cell_block(chain)), &g, id, &chain,
                                                  tids.data(), &count);
            if (status == VDB_STALE)
                break;
            require(status);
            for (uint32_t i = 0; i < count; i++)
                all.push_back(row_of(tids[i]));
        }
        return all;
    }

  private:
    std::unique_ptr<Page> window_ = std::make_unique<Page>();
};

// Page images that replace the pages together, as a generic WAL record does; dropped unless
// finished.
class Record {
  public:
    explicit Record(Store &store) : store_(store) {}
    void *page(VdbBlock block)
    {
        auto &image = images_[block];
        if (!image)
            image = std::make_unique<Page>(*static_cast<const Page *>(store_.read_ours(block)));
        return image.get();
    }
    void *page_of(VdbBlock block, VdbHnswPageKind kind)
    {
        if (vdb_hnsw_page_kind(page(block), kPageSize) != static_cast<uint32_t>(kind))
            throw Corrupted{};
        return page(block);
    }
    void finish()
    {
        for (auto &[block, image] : images_)
            store_.pages[block] = *image;
    }

  private:
    Store &store_;
    std::map<VdbBlock, std::unique_ptr<Page>> images_;
};

struct Found {
    VdbNode node;
    float distance;
};

// Drives a search over the pages.
class Searcher {
  public:
    VdbHnswSearch *s = nullptr;
    size_t gifts = 0;

    Searcher(Store &store, const Row &query, uint32_t ef,
             VdbHnswPurpose purpose = VDB_HNSW_FOR_SCAN)
        : store_(store), vector_(compared(store.g, query)), ef_(ef)
    {
        query_ = {vector_.data(), vector_.norm, purpose};
        blocks_.push_back(memory(vdb_hnsw_search_size(&store.g, ef)));
        s = vdb_hnsw_search_init(blocks_[0].get(), &store.g, ef);
    }
    void start(VdbNode entry, VdbNode root, uint32_t level, uint32_t ef)
    {
        vdb_hnsw_search_start(s, &query_, entry, root, level, ef);
    }
    void reserve()
    {
        while (size_t size = vdb_hnsw_search_need(s)) {
            blocks_.push_back(memory(size));
            vdb_hnsw_search_give(s, blocks_.back().get(), size);
            gifts++;
        }
    }
    // One layer.
    void run()
    {
        VdbBlock block;
        while ((block = vdb_hnsw_search_next(s)) != VDB_NO_BLOCK) {
            reserve();
            require(vdb_hnsw_search_feed(s, store_.read(block)));
            uint32_t offset;
            while (vdb_hnsw_search_upcoming(s, 4, &offset) != VDB_NO_BLOCK)
                if (offset >= kPageSize)
                    throw Corrupted{};
        }
    }
    // From the entry down to the first window on layer 0; false if the index is empty.
    bool first_window()
    {
        VdbHnswMeta meta = store_.read_meta();
        if (meta.root == VDB_NO_NODE)
            return false;
        start(meta.entry, meta.root, meta.entry_level, meta.entry_level > 0 ? 1 : ef_);
        run();
        for (uint32_t level = meta.entry_level; level > 0; level--) {
            vdb_hnsw_search_descend(s, level > 1 ? 1 : ef_);
            run();
        }
        return true;
    }
    std::vector<Found> take()
    {
        std::vector<Found> all;
        for (VdbHnswFound f; vdb_hnsw_search_take(s, &f);)
            all.push_back({f.node, f.distance});
        return all;
    }
    bool next_window()
    {
        reserve();
        if (!vdb_hnsw_search_resume(s))
            return false;
        run();
        return true;
    }

  private:
    Store &store_;
    Stored vector_;
    uint32_t ef_;
    VdbHnswQuery query_;
    std::vector<Memory> blocks_;
};

// The ef nearest nodes as a scan finds them.
inline std::vector<Found> search(Store &store, const Row &query, uint32_t ef)
{
    Searcher searcher(store, query, ef);
    return searcher.first_window() ? searcher.take() : std::vector<Found>{};
}

// Every node that a scan returns when it goes on to the end.
inline std::vector<Found> search_all(Store &store, const Row &query, uint32_t ef)
{
    Searcher searcher(store, query, ef);
    std::vector<Found> all;
    if (searcher.first_window())
        do
            for (Found f : searcher.take())
                all.push_back(f);
        while (searcher.next_window());
    return all;
}

// Share of the true ten nearest distances that searches reach.
inline double recall(Store &store, const std::vector<Row> &queries, uint32_t ef)
{
    size_t hits = 0, wanted = 0;
    for (const Row &query : queries) {
        std::vector<float> exact = store.all_distances(query);
        size_t k = std::min<size_t>(10, exact.size());
        std::vector<Found> found = search(store, query, ef);
        for (size_t i = 0; i < k && i < found.size(); i++)
            hits += found[i].distance <= exact[k - 1];
        wanted += k;
    }
    return wanted == 0 ? 1 : static_cast<double>(hits) / static_cast<double>(wanted);
}

// The list as read; Corrupted where the shim would say so.
inline VdbLinks read_links(Store &store, VdbNode node, uint32_t level)
{
    VdbLinks links;
    VdbStatus status = VDB_OK;
    vdb_hnsw_links_start(&links, &store.g, node, level);
    while (vdb_hnsw_links_feed(&links, &store.g, store.read_ours(links.block), &status))
        require(status);
    require(status);
    return links;
}

// Codes of edges; none in an index without codes.
class Codes {
  public:
    VdbEdgeCodes *codes = nullptr;

    Codes(const VdbHnswGeometry &g, uint32_t capacity)
        : memory_(memory(vdb_hnsw_coded(&g) ? vdb_hnsw_codes_size(&g, capacity) : 1))
    {
        if (vdb_hnsw_coded(&g))
            codes = vdb_hnsw_codes_init(memory_.get(), &g, capacity);
    }

  private:
    Memory memory_;
};

// Memory and driver of a gather.
class Gatherer {
  public:
    VdbGather *gather;

    Gatherer(Store &store, uint32_t capacity)
        : store_(store), memory_(memory(vdb_hnsw_gather_size(&store.g, capacity)))
    {
        gather = vdb_hnsw_gather_init(memory_.get(), &store.g, capacity);
    }
    void run()
    {
        VdbBlock block;
        while ((block = vdb_hnsw_gather_next(gather)) != VDB_NO_BLOCK)
            require(vdb_hnsw_gather_feed(gather, store_.read_ours(block)));
    }

  private:
    Store &store_;
    Memory memory_;
};

} // namespace vdb::hnsw::test
