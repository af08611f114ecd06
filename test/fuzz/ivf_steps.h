// What a server does with an ivf index, on pages of any content, step by step as src/pg does it, in
// an order that the input chooses: the scans of ivf_scan.h, and what changes pages.
#pragma once

#include "ivf_scan.h"

namespace vdb::fuzz {

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
        if (g_.slots_per_page > 0 && !keep(list, &entry.place)) {
            values_full_ = true;
            return false;
        }
        require(vdb_ivf_coded(&g_) ? vdb_ivf_codes_add(index_.page(at), &g_, entry, row_.get())
                                   : vdb_ivf_data_add(index_.page(at), &g_, tid_, row_.get()));
        return true;
    }
    bool keep(const VdbIvfList &list, VdbIvfPlace *place)
    {
        VdbIvfNewValue value = {tid_, row_.get(), 0};
        uint32_t slot;
        VdbIvfValues values;
        if (list.values == VDB_NO_BLOCK)
            return false;
        require(vdb_ivf_values_read(index_.read(list.values, VDB_IVF_PAGE_VALUES), &g_, list.id,
                                    &values));
        void *page = index_.page(list.values);
        VdbBlock older = values.next;
        if (vdb_ivf_values_borrow(page, &g_) && older != VDB_NO_BLOCK && older != list.values) {
            require(vdb_ivf_values_read(index_.read(older, VDB_IVF_PAGE_VALUES), &g_, list.id,
                                        &values));
            value.borrowed = vdb_ivf_values_spare(index_.page(older), &g_);
        }
        if (!vdb_ivf_values_room(page, &g_, value.borrowed))
            return false;
        expect(vdb_ivf_values_add(page, &g_, &value, &slot) == VDB_OK, "there is room for a value");
        if (value.borrowed > 0)
            vdb_ivf_values_lend(index_.page(older), &g_, &value);
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
            if (g_.slots_per_page > 0)
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
        VdbBlock older = vdb_ivf_value_rest(index_.page(block), &g_, place.slot);
        vdb_ivf_values_remove(index_.page(block), &g_, &place.slot, 1);
        if (older == VDB_NO_BLOCK)
            return;
        require(vdb_ivf_values_read(index_.read(older, VDB_IVF_PAGE_VALUES), &g_, id, &values));
        vdb_ivf_values_return(index_.page(older));
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

    explicit Reader(Index &index)
        : index_(index), g_(index.g), decoded_(g_.space.dims),
          joined_(size_t{g_.slots_per_value} * g_.slot_bytes)
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
    Block joined_;

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
            VdbIvfPlace place = codes.places[i];
            Page from;
            VdbIvfValuePages at = {&from, nullptr, joined_.get()};
            std::memcpy(&from, index_.read(vdb_ivf_place_block(place), VDB_IVF_PAGE_VALUES),
                        sizeof(from));
            require(vdb_ivf_values_read(&from, &g_, id, &found));
            VdbBlock rest = vdb_ivf_value_rest(&from, &g_, place.slot);
            if (rest != VDB_NO_BLOCK) {
                at.older = index_.read(rest, VDB_IVF_PAGE_VALUES);
                require(vdb_ivf_values_read(at.older, &g_, id, &found));
            }
            require(vdb_ivf_value_read(&at, &g_, place.slot, codes.tids[i], &value));
            auto form = static_cast<VdbKept>(g_.kept);
            vdb_kept_decode(form, g_.space.dims, value.kept, decoded_.data());
            append(decoded_.data(), g_.value_bytes, values);
            append(value.kept, g_.kept_bytes, kept);
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
                           1, reader.kept.data() + i * index.g.kept_bytes};
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
