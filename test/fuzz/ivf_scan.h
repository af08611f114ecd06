// An ivf index of any content as a server reads it, step by step as src/pg does it: its pages, its
// lists with their centroids, the values it is asked for, and scans.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fuzz.h"
#include "ivf/index_image.h"
#include "ivf/scan_coded_api.h"
#include "quant/rotation_api.h"

namespace vdb::fuzz {

using ivf::test::Image;
using ivf::test::Page;

// Where the shim raises an error, and where it goes on until it is cancelled.
struct Corrupted {};
struct Endless {};

inline void require(VdbStatus status)
{
    if (status != VDB_OK)
        throw Corrupted{};
}

class Block {
  public:
    explicit Block(size_t bytes) : memory_(std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 64))
    {
        std::memset(memory_.get(), 0xA5, bytes);
    }
    void *get() const { return memory_.get(); }

  private:
    struct Free {
        void operator()(void *p) const { std::free(p); }
    };
    std::unique_ptr<void, Free> memory_;
};

// An index whose pages are read one at a time through checked copies.
class Index {
  public:
    Image image;
    const VdbIvfGeometry &g;
    uint64_t budget = 0; // page reads left

    explicit Index(Image of) : image(std::move(of)), g(image.g) {}

    VdbBlock blocks() const { return static_cast<VdbBlock>(image.pages.size()); }
    void *page(VdbBlock b) { return image.page(b); }

    // The page's content until the next read.
    const void *read_data(VdbBlock block)
    {
        if (block >= blocks())
            throw Corrupted{};
        if (budget-- == 0)
            throw Endless{};
        std::memcpy(window_.get(), page(block), sizeof(Page));
        if (vdb_ivf_page_kind(window_.get(), g.page_size) == 0)
            throw Corrupted{};
        return window_.get();
    }
    const void *read(VdbBlock block, VdbIvfPageKind kind)
    {
        if (vdb_ivf_page_kind(read_data(block), g.page_size) != static_cast<uint32_t>(kind))
            throw Corrupted{};
        return window_.get();
    }
    VdbIvfMeta meta()
    {
        VdbIvfMeta m;
        vdb_ivf_meta_read(read(VDB_IVF_META_BLOCK, VDB_IVF_PAGE_META), &m);
        return m;
    }
    // A page that is about to be changed.
    void *change(VdbBlock block, VdbIvfPageKind kind)
    {
        read(block, kind);
        return page(block);
    }

  private:
    std::unique_ptr<Page> window_ = std::make_unique<Page>();
};

struct ListRef {
    uint32_t ordinal, id;
    VdbBlock first;
};

// The live lists and their centroids, as a session keeps them.
struct Lists {
    std::vector<ListRef> refs;
    std::vector<VdbBlock> directory;
    Block values{1}, code_memory{1};
    VdbIvfCentroids centroids = {};
    VdbIvfCentroidCodes *codes = nullptr;

    explicit Lists(Index &index) : index_(index), meta_(index.meta())
    {
        load_directory();
        load_centroids();
        if (refs.empty())
            throw Corrupted{};
        const VdbIvfGeometry &g = index.g;
        size_t size = vdb_ivf_centroid_codes_size(&g, centroids.count);
        if (size > 0) {
            code_memory = Block(size);
            codes = vdb_ivf_centroid_codes_make(&g, &centroids, code_memory.get());
        }
    }
    VdbBlock directory_block(uint32_t ordinal) const
    {
        uint32_t page = ordinal / index_.g.lists_per_page;
        if (page >= directory.size())
            throw Corrupted{};
        return directory[page];
    }
    VdbIvfList read(uint32_t ordinal) const
    {
        VdbIvfList list;
        require(
            vdb_ivf_directory_read(index_.read(directory_block(ordinal), VDB_IVF_PAGE_DIRECTORY),
                                   &index_.g, ordinal, &list));
        return list;
    }
    void write(uint32_t ordinal, const VdbIvfList &list) const
    {
        void *page = index_.change(directory_block(ordinal), VDB_IVF_PAGE_DIRECTORY);
        expect(vdb_ivf_directory_write(page, &index_.g, ordinal, &list) == VDB_OK,
               "an entry of the directory that was read can be written");
    }

  private:
    Index &index_;
    VdbIvfMeta meta_;

    void load_directory()
    {
        for (VdbBlock b = meta_.first_directory; b != VDB_NO_BLOCK;) {
            const void *page = index_.read(b, VDB_IVF_PAGE_DIRECTORY);
            uint32_t first, count;
            directory.push_back(b);
            require(vdb_ivf_directory_span(page, &index_.g, &first, &count));
            for (uint32_t o = first; o < std::min(first + count, meta_.ordinals); o++) {
                VdbIvfList list;
                require(vdb_ivf_directory_read(page, &index_.g, o, &list));
                if (vdb_ivf_list_live(&meta_, &list))
                    refs.push_back({o, list.id, list.first});
            }
            b = vdb_ivf_page_next(page, &index_.g);
            if (directory.size() > index_.blocks())
                throw Corrupted{};
        }
    }
    void load_centroids()
    {
        const VdbIvfGeometry &g = index_.g;
        centroids.stride = (g.value_bytes + 63) / 64 * 64;
        values = Block(centroids.stride * refs.size() + 1);
        VdbBlock b = meta_.first_centroids;
        for (VdbBlock steps = 0; centroids.count < refs.size(); steps++) {
            if (steps > index_.blocks())
                throw Corrupted{};
            const void *page = index_.read(b, VDB_IVF_PAGE_CENTROIDS);
            uint32_t first, count;
            require(vdb_ivf_centroids_span(page, &g, &first, &count));
            copy_centroids(page, first + count);
            b = vdb_ivf_page_next(page, &g);
        }
        centroids.values = values.get();
    }
    void copy_centroids(const void *page, uint32_t end)
    {
        for (; centroids.count < refs.size() && refs[centroids.count].ordinal < end;
             centroids.count++) {
            const void *from = vdb_ivf_centroid_at(page, &index_.g, refs[centroids.count].ordinal);
            if (from == nullptr)
                throw Corrupted{};
            std::memcpy(static_cast<char *>(values.get()) + centroids.count * centroids.stride,
                        from, index_.g.value_bytes);
        }
    }
};

// --- values ---

struct Value {
    std::vector<uint64_t> words;
    float norm;
    const void *data() const { return words.data(); }
};

inline Value some_value(const VdbIvfGeometry &g, Input &in)
{
    Value v = {std::vector<uint64_t>(g.value_bytes / 8 + 1), 0};
    auto shift = in.number<int8_t>();
    ivf::test::Values values(g.space);
    std::vector<float> elements(g.space.dims);
    for (size_t i = 0; i < elements.size(); i++)
        elements[i] = static_cast<float>((static_cast<int>(i % 100) * 7 + shift) % 5) - 1.5f;
    values.add(elements);
    std::memcpy(v.words.data(), values[0], g.value_bytes);
    v.norm = vdb_value_prepare(&g.space, v.words.data());
    if (vdb_ivf_coded(&g))
        vdb_rotate(reinterpret_cast<float *>(v.words.data()), g.space.dims);
    return v;
}

// --- scans ---

// Windows of lists, nearest first; what both kinds of scan share.
template <class Collector> class Scan {
  public:
    Scan(Index &index, const Value &query)
        : index_(index), lists_(index), ranked_(lists_.refs.size()), collector_(index)
    {
        count_ = static_cast<uint32_t>(ranked_.size());
        vdb_ivf_rank_lists(&index.g, &lists_.centroids, query.data(), ranked_.data());
        norms_.resize(count_);
        if (vdb_ivf_coded(&index.g))
            vdb_ivf_centroid_norms(&index.g, &lists_.centroids, norms_.data());
    }
    void run(const Value &query, Input &in)
    {
        auto how = in.number<uint8_t>();
        collector_.start(how % 8 == 7 ? nullptr : &query,
                         how % 2 == 0 ? VDB_IVF_STRICT : VDB_IVF_RELAXED);
        to_ = late_ = std::min(count_, 1u + how / 8 % 4);
        vdb_ivf_order_lists(ranked_.data(), count_, 0, to_);
        read_lists(0, to_);
        for (;;) {
            if (how % 4 >= 2 && to_ < count_ && collector_.widen()) {
                late_ = more();
                read_lists(late_, to_);
            }
            collector_.drain();
            if (collector_.again()) {
                read_lists(from_, to_);
            } else if (to_ < count_) {
                from_ = more();
                late_ = to_;
                collector_.window();
                read_lists(from_, to_);
            } else {
                return;
            }
        }
    }

  private:
    Index &index_;
    Lists lists_;
    std::vector<VdbIvfRanked> ranked_;
    std::vector<float> norms_;
    Collector collector_;
    uint32_t count_ = 0, from_ = 0, to_ = 0, late_ = 0;

    uint32_t more()
    {
        uint32_t first = to_;
        to_ = std::min(count_, to_ + 2 * (to_ - from_));
        vdb_ivf_order_lists(ranked_.data(), count_, first, to_);
        return first;
    }
    void read_lists(uint32_t from, uint32_t to)
    {
        for (uint32_t i = from; i < to; i++) {
            if (i == late_)
                collector_.late();
            uint32_t at = ranked_[i].index;
            collector_.list({lists_.refs[at].id, ranked_[i].distance, norms_[at]});
            VdbBlock steps = 0;
            for (VdbBlock b = lists_.refs[at].first; b != VDB_NO_BLOCK;) {
                collector_.reserve();
                const void *page = index_.read_data(b);
                require(collector_.feed(page, lists_.refs[at].id));
                b = vdb_ivf_page_next(page, &index_.g);
                if (++steps > index_.blocks())
                    throw Corrupted{};
            }
        }
    }
};

constexpr size_t kScanBudget = 4000; // bytes: little, so that scans have to read lists again
constexpr uint32_t kMostRows = 500;  // taken of a window

class PlainCollector {
  public:
    explicit PlainCollector(Index &index)
        : state_(vdb_ivf_scan_size()), s_(vdb_ivf_scan_init(state_.get(), &index.g, kScanBudget))
    {
    }
    void start(const Value *query, VdbIvfOrder order)
    {
        vdb_ivf_scan_start(s_, query == nullptr ? nullptr : query->data(),
                           query == nullptr ? 0 : query->norm, order);
    }
    void reserve()
    {
        while (size_t size = vdb_ivf_scan_need(s_)) {
            given_.emplace_back(size);
            vdb_ivf_scan_give(s_, given_.back().get(), size);
        }
    }
    void list(VdbIvfCodedList /*list*/) {}
    VdbStatus feed(const void *page, uint32_t id) { return vdb_ivf_scan_feed(s_, page, id); }
    void drain()
    {
        VdbTid tid;
        float distance;
        while (vdb_ivf_scan_take(s_, &tid, &distance)) {
        }
    }
    bool widen() { return vdb_ivf_scan_widen(s_); }
    void late() { vdb_ivf_scan_late(s_); }
    bool again() { return vdb_ivf_scan_again(s_); }
    void window() { vdb_ivf_scan_window(s_); }

  private:
    Block state_;
    VdbIvfScan *s_;
    std::vector<Block> given_;
};

class CodedCollector {
  public:
    explicit CodedCollector(Index &index)
        : index_(index), state_(vdb_ivf_coded_scan_size(&index.g)),
          s_(vdb_ivf_coded_init(state_.get(), &index.g, kScanBudget)),
          joined_(size_t{index.g.slots_per_value} * index.g.slot_bytes)
    {
    }
    void start(const Value *query, VdbIvfOrder order)
    {
        VdbIvfCodedQuery wanted = {};
        wanted.vector = query == nullptr ? nullptr : static_cast<const float *>(query->data());
        wanted.norm = query == nullptr ? 0 : query->norm;
        wanted.epsilon = 2;
        wanted.order = order;
        wanted.expected = 20;
        vdb_ivf_coded_start(s_, &wanted);
    }
    void reserve()
    {
        while (size_t size = vdb_ivf_coded_need(s_)) {
            given_.emplace_back(size);
            vdb_ivf_coded_give(s_, given_.back().get(), size);
        }
    }
    void list(VdbIvfCodedList list) { vdb_ivf_coded_list(s_, &list); }
    VdbStatus feed(const void *page, uint32_t /*id*/) { return vdb_ivf_coded_feed(s_, page); }
    void drain()
    {
        VdbIvfCodedRow row;
        for (;;) {
            VdbIvfCodedNext next = vdb_ivf_coded_next(s_, &row);
            if (next == VDB_IVF_CODED_DRY)
                return;
            if (next == VDB_IVF_CODED_RANK)
                rank();
        }
    }
    bool widen() { return vdb_ivf_coded_widen(s_); }
    void late() { vdb_ivf_coded_late(s_); }
    bool again() { return vdb_ivf_coded_again(s_); }
    void window() { vdb_ivf_coded_window(s_); }

  private:
    Index &index_;
    Block state_;
    VdbIvfCodedScan *s_;
    std::vector<Block> given_;
    std::unique_ptr<Page> page_ = std::make_unique<Page>();
    Block joined_;

    void rank()
    {
        uint32_t n;
        reserve();
        const VdbIvfCandidate *batch = vdb_ivf_coded_batch(s_, &n);
        for (uint32_t i = 0; i < n;) {
            if (index_.g.kept == VDB_IVF_KEPT_HEAP) {
                vdb_ivf_coded_ranked(s_, i, batch[i].tid.offset % 7);
                i++;
                continue;
            }
            uint32_t before = i;
            VdbBlock block = vdb_ivf_place_block(batch[i].place);
            VdbBlock rest = VDB_NO_BLOCK;
            VdbIvfValuePages at = {page_.get(), nullptr, joined_.get()};
            std::memcpy(page_.get(), index_.read_data(block), sizeof(Page));
            for (uint32_t j = i; j < n && vdb_ivf_place_block(batch[j].place) == block; j++)
                if (rest == VDB_NO_BLOCK)
                    rest = vdb_ivf_value_rest(page_.get(), &index_.g, batch[j].place.slot);
            if (rest != VDB_NO_BLOCK)
                at.older = index_.read_data(rest);
            require(vdb_ivf_coded_rank(s_, &at, &i));
            expect(i > before, "ranking goes on");
        }
    }
};

inline void scan(Index &index, Input &in)
{
    Value query = some_value(index.g, in);
    if (vdb_ivf_coded(&index.g))
        Scan<CodedCollector>(index, query).run(query, in);
    else
        Scan<PlainCollector>(index, query).run(query, in);
}

} // namespace vdb::fuzz
