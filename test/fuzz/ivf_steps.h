// What a server does with an ivf index, on pages of any content, step by step as src/pg does it, in
// an order that the input chooses.
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
          s_(vdb_ivf_coded_init(state_.get(), &index.g, kScanBudget))
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
            require(
                vdb_ivf_coded_rank(s_, index_.read_data(vdb_ivf_place_block(batch[i].place)), &i));
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

// --- insertion ---

class Inserter {
  public:
    Inserter(Index &index, const Value &value, VdbTid tid)
        : index_(index), g_(index.g), lists_(index), tid_(tid), row_(g_.row_bytes)
    {
        uint32_t nearest =
            vdb_ivf_nearest_by_codes(&g_, &lists_.centroids, lists_.codes, value.data());
        ref_ = lists_.refs[nearest];
        const auto *centroid =
            static_cast<const char *>(lists_.centroids.values) + lists_.centroids.stride * nearest;
        VdbIvfRow parts = {centroid, value.data(), value.norm, nullptr};
        vdb_ivf_row_make(&g_, &parts, row_.get());
    }
    void insert()
    {
        for (;;) {
            VdbIvfList list = lists_.read(ref_.ordinal);
            if (list.id != ref_.id || list.state != VDB_IVF_LIST_LIVE)
                return;
            VdbBlock at = list.room != VDB_NO_BLOCK ? list.room : list.last;
            if (at != VDB_NO_BLOCK && add_to(at, list))
                return;
            if (values_full_)
                prepend_values(list);
            else if (list.room != VDB_NO_BLOCK)
                pop_room(list);
            else
                append_data(list);
        }
    }

  private:
    Index &index_;
    const VdbIvfGeometry &g_;
    Lists lists_;
    VdbTid tid_;
    Block row_;
    ListRef ref_;
    bool values_full_ = false;

    bool add_to(VdbBlock at, const VdbIvfList &list)
    {
        VdbIvfData data;
        require(vdb_ivf_data_read(index_.read_data(at), &g_, list.id, &data));
        values_full_ = false;
        if (data.count == g_.capacity)
            return false;
        VdbIvfEntry entry = {tid_, {}};
        if (g_.slot_bytes > 0 && !keep(list, &entry.place)) {
            values_full_ = true;
            return false;
        }
        require(vdb_ivf_coded(&g_) ? vdb_ivf_codes_add(index_.page(at), &g_, entry, row_.get())
                                   : vdb_ivf_data_add(index_.page(at), &g_, tid_, row_.get()));
        return true;
    }
    bool keep(const VdbIvfList &list, VdbIvfPlace *place)
    {
        uint32_t slot;
        VdbIvfValues values;
        if (list.values == VDB_NO_BLOCK)
            return false;
        require(vdb_ivf_values_read(index_.read(list.values, VDB_IVF_PAGE_VALUES), &g_, list.id,
                                    &values));
        if (vdb_ivf_values_add(index_.page(list.values), &g_, tid_, row_.get(), &slot) != VDB_OK)
            return false;
        *place = vdb_ivf_place(list.values, slot);
        return true;
    }
    VdbBlock new_page(VdbIvfPageKind kind)
    {
        VdbIvfMeta meta = index_.meta();
        if (meta.free_page == VDB_NO_BLOCK)
            return index_.image.add_page(kind);
        VdbBlock block = meta.free_page;
        meta.free_page = vdb_ivf_page_next(index_.read(block, VDB_IVF_PAGE_FREE), &g_);
        vdb_ivf_meta_write(index_.change(0, VDB_IVF_PAGE_META), &meta);
        vdb_ivf_page_init(index_.page(block), &g_, kind);
        return block;
    }
    void prepend_values(VdbIvfList list)
    {
        VdbBlock block = new_page(VDB_IVF_PAGE_VALUES);
        vdb_ivf_values_begin(index_.page(block), list.id);
        vdb_ivf_page_set_next(index_.page(block), &g_, list.values);
        list.values = block;
        lists_.write(ref_.ordinal, list);
    }
    void pop_room(VdbIvfList list)
    {
        VdbIvfData data;
        require(vdb_ivf_data_read(index_.read_data(list.room), &g_, list.id, &data));
        if (data.count < g_.capacity)
            throw Corrupted{};
        vdb_ivf_data_set_next_room(index_.page(list.room), VDB_IVF_NOT_LISTED);
        list.room = data.next_room;
        lists_.write(ref_.ordinal, list);
    }
    void append_data(VdbIvfList list)
    {
        VdbBlock block = new_page(VDB_IVF_PAGE_DATA);
        vdb_ivf_data_begin(index_.page(block), &g_, list.id);
        if (list.last != VDB_NO_BLOCK)
            vdb_ivf_page_set_next(index_.change(list.last, VDB_IVF_PAGE_DATA), &g_, block);
        else
            list.first = block;
        list.last = block;
        list.pages++;
        lists_.write(ref_.ordinal, list);
    }
};

inline void insert(Index &index, Input &in)
{
    Value value = some_value(index.g, in);
    Inserter(index, value, ivf::test::tid_of_row(90000)).insert();
}

// --- vacuum ---

inline bool tid_is_dead(VdbTid tid, void *state)
{
    return (tid.offset & *static_cast<uint8_t *>(state)) == 0;
}

class Vacuum {
  public:
    Vacuum(Index &index, uint8_t mask)
        : index_(index), g_(index.g), lists_(index), mask_(mask), places_(g_.capacity)
    {
    }
    void run()
    {
        VdbIvfMeta meta = index_.meta();
        for (uint32_t ordinal = 0; ordinal < meta.ordinals; ordinal++) {
            VdbIvfList list = lists_.read(ordinal);
            if (list.id >= meta.next_id || list.state != VDB_IVF_LIST_LIVE)
                continue;
            VdbBlock steps = 0;
            for (VdbBlock b = list.first; b != VDB_NO_BLOCK; b = clean(ordinal, list.id, b))
                if (++steps > index_.blocks())
                    throw Corrupted{};
        }
    }

  private:
    Index &index_;
    const VdbIvfGeometry &g_;
    Lists lists_;
    uint8_t mask_;
    std::vector<VdbIvfPlace> places_;

    VdbBlock clean(uint32_t ordinal, uint32_t id, VdbBlock block)
    {
        VdbIvfData data;
        VdbTidCount count;
        const void *page = index_.read_data(block);
        uint32_t n = 0;
        require(vdb_ivf_data_read(page, &g_, id, &data));
        require(vdb_ivf_data_count(page, &g_, tid_is_dead, &mask_, &count));
        expect(count.dead + count.left == data.count, "each entry is dead or left");
        if (count.dead > 0) {
            if (g_.slot_bytes > 0)
                n = vdb_ivf_codes_dead(page, &g_, tid_is_dead, &mask_, places_.data());
            vdb_ivf_data_remove(index_.page(block), &g_, tid_is_dead, &mask_);
        }
        for (uint32_t i = 0; i < n; i++)
            free_slot(id, places_[i]);
        if (vdb_ivf_data_roomy(&g_, static_cast<uint32_t>(count.left)) &&
            data.next_room == VDB_IVF_NOT_LISTED && data.next != VDB_NO_BLOCK)
            list_room(ordinal, block);
        return data.next;
    }
    void free_slot(uint32_t id, VdbIvfPlace place)
    {
        VdbBlock block = vdb_ivf_place_block(place);
        VdbIvfValues values;
        require(vdb_ivf_values_read(index_.read(block, VDB_IVF_PAGE_VALUES), &g_, id, &values));
        vdb_ivf_values_remove(index_.page(block), &g_, &place.slot, 1);
    }
    void list_room(uint32_t ordinal, VdbBlock block)
    {
        VdbIvfList list = lists_.read(ordinal);
        VdbIvfData data;
        require(vdb_ivf_data_read(index_.read_data(block), &g_, list.id, &data));
        vdb_ivf_data_set_next_room(index_.page(block), list.room);
        list.room = block;
        lists_.write(ordinal, list);
    }
};

// --- a list's values, read to split it ---

class Reader {
  public:
    std::vector<char> values; // as they are compared, one after the other
    std::vector<char> kept;   // what they were decoded from
    const size_t kept_bytes;

    explicit Reader(Index &index)
        : kept_bytes(index.g.slot_bytes == 0
                         ? 0
                         : vdb_kept_bytes(static_cast<VdbKept>(index.g.kept), index.g.space.dims)),
          index_(index), g_(index.g), decoded_(g_.space.dims)
    {
    }

    // Appends those of a list's first pages.
    void read(const VdbIvfList &list)
    {
        VdbBlock steps = 0;
        for (VdbBlock b = list.first; b != VDB_NO_BLOCK && steps < 3; steps++) {
            Page page;
            VdbIvfData data;
            std::memcpy(&page, index_.read_data(b), sizeof(page));
            require(vdb_ivf_data_read(&page, &g_, list.id, &data));
            if (vdb_ivf_coded(&g_))
                read_coded(&page, list.id);
            for (uint32_t i = 0; !vdb_ivf_coded(&g_) && i < data.count; i++)
                append(vdb_ivf_data_value(&page, &g_, i), g_.value_bytes, values);
            b = data.next;
        }
    }

  private:
    Index &index_;
    const VdbIvfGeometry &g_;
    std::vector<float> decoded_;

    static void append(const void *from, size_t size, std::vector<char> &out)
    {
        const auto *bytes = static_cast<const char *>(from);
        out.insert(out.end(), bytes, bytes + size);
    }
    void read_coded(const void *page, uint32_t id)
    {
        VdbIvfCodes codes;
        VdbIvfValues found;
        std::vector<uint8_t> code(g_.code_dims / 8);
        require(vdb_ivf_codes_read(page, &g_, id, &codes));
        for (uint32_t i = 0; i < codes.count; i++) {
            vdb_ivf_code_get(&g_, &codes, i, code.data());
            if (codes.places == nullptr)
                continue;
            VdbIvfValue value;
            const void *from =
                index_.read(vdb_ivf_place_block(codes.places[i]), VDB_IVF_PAGE_VALUES);
            require(vdb_ivf_values_read(from, &g_, id, &found));
            require(vdb_ivf_value_read(from, &g_, codes.places[i].slot, codes.tids[i], &value));
            auto form = static_cast<VdbKept>(g_.kept);
            vdb_kept_decode(form, g_.space.dims, value.kept, decoded_.data());
            append(decoded_.data(), g_.value_bytes, values);
            append(value.kept, kept_bytes, kept);
        }
    }
};

// Finds centroids among the values of all lists, whatever values they are.
inline void split(Index &index, uint8_t pieces)
{
    Lists lists(index);
    Reader reader(index);
    for (const ListRef &ref : lists.refs)
        reader.read(lists.read(ref.ordinal));
    const std::vector<char> &bytes = reader.values;
    size_t stride = index.g.value_bytes;
    auto count = static_cast<uint32_t>(std::min<size_t>(bytes.size() / stride, 200));
    Block aligned(count * stride + 1);
    if (count > 0)
        std::memcpy(aligned.get(), bytes.data(), count * stride);
    VdbIvfSample sample = {aligned.get(), stride, count};
    uint32_t wanted = 1 + pieces % 4;
    Block memory(vdb_ivf_kmeans_size(&index.g, wanted, count));
    VdbIvfKmeans *km = vdb_ivf_kmeans_init(memory.get(), &index.g, wanted, &sample, 1);
    while (vdb_ivf_kmeans_step(km)) {
    }
    VdbIvfCentroids found = vdb_ivf_kmeans_result(km);
    expect(found.count >= 1 && found.count <= wanted, "as many centroids as wanted, at most");
    Block row(index.g.row_bytes);
    for (uint32_t i = 0; i < count; i++) {
        const char *value = static_cast<const char *>(aligned.get()) + i * stride;
        uint32_t nearest = vdb_ivf_nearest(&index.g, &found, value);
        expect(nearest < found.count, "a value is nearest to one of the centroids");
        VdbIvfRow parts = {static_cast<const char *>(found.values) + nearest * found.stride, value,
                           1, reader.kept.data() + i * reader.kept_bytes};
        vdb_ivf_row_make(&index.g, &parts, row.get());
    }
}

// --- the whole ---

inline void step(Index &index, Input &in)
{
    uint8_t which = in.number<uint8_t>() % 5;
    auto mask = in.number<uint8_t>();
    if (which == 0)
        scan(index, in);
    else if (which == 1)
        insert(index, in);
    else if (which == 2)
        Vacuum(index, mask).run();
    else if (which == 3)
        (void) index.image.check(mask % 2 == 0 ? VDB_NO_BLOCK : 10);
    else
        split(index, mask);
}

inline void steps(Index &index, Input &in)
{
    constexpr uint64_t kPageReads = 3000; // of one step
    for (int n = 0; n < 6 && !in.empty(); n++) {
        index.budget = kPageReads;
        try {
            step(index, in);
        } catch (Corrupted) {
        } catch (Endless) {
        }
    }
}

} // namespace vdb::fuzz
