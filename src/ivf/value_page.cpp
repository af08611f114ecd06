// Value pages of a coded index: the kept forms of a list's values, in slots that nobody moves.
//
// A value that takes several slots may begin on one page and have its last slots at the end of the
// next one of the chain, which is older: a page borrows them for the value in its first slot, and
// the older one lends them.  So no page ends with slots that are too few for a value.
#include <algorithm>
#include <bit>

#include "core/half_api.h"
#include "ivf/page_format.h"

namespace vdb::ivf {

uint32_t seal_of(VdbTid tid, float norm)
{
    uint32_t block = uint32_t{tid.block_hi} << 16 | tid.block_lo;
    return block * 0x85EB'CA6BU + tid.offset * 0xC2B2'AE35U + vdb_float_bits(norm) * 0x27D4'EB2FU;
}

namespace {

bool same_tid(VdbTid a, VdbTid b)
{
    return a.block_hi == b.block_hi && a.block_lo == b.block_lo && a.offset == b.offset;
}

// --- slots in use ---

uint32_t first_free(const ValuesHeader &header)
{
    for (uint32_t i = 0; i < kMostSlots / 64; i++)
        if (header.used[i] != UINT64_MAX)
            return i * 64 + static_cast<uint32_t>(std::countr_one(header.used[i]));
    return kMostSlots;
}

// Slots that the page itself has of a value which begins in slot i.
uint32_t slots_here(const void *page, const VdbIvfGeometry &g, uint32_t i)
{
    uint32_t borrowed = i == 0 ? values_of(page)->borrowed : 0;
    return g.slots_per_value - std::min(borrowed, g.slots_per_value);
}

// Where the slots end that the page has not lent.
uint32_t own_end(const void *page, const VdbIvfGeometry &g)
{
    return g.slots_per_page - std::min<uint32_t>(values_of(page)->lent, g.slots_per_page);
}

// The first of so many free slots one after the other; kMostSlots: there are not so many.
uint32_t first_free_run(const void *page, const VdbIvfGeometry &g, uint32_t n)
{
    uint32_t begin = 0;
    for (uint32_t i = 0; i < begin + n && begin + n <= own_end(page, g); i++) {
        if (!slot_used(page, i))
            continue;
        begin = i + slots_here(page, g, i);
        i = begin - 1;
    }
    return begin + n <= own_end(page, g) ? begin : kMostSlots;
}

// The slot for a value which has borrowed so many; one beyond the last: there is none.
uint32_t slot_for(const void *page, const VdbIvfGeometry &g, uint32_t borrowed)
{
    if (g.slots_per_value == 1)
        return first_free(*values_of(page));
    uint32_t i = first_free_run(page, g, g.slots_per_value - borrowed);
    return borrowed == 0 || i == 0 ? i : kMostSlots;
}

// --- a value on one page or two ---

uint32_t value_bytes(const VdbIvfGeometry &g)
{
    return sizeof(SlotHeader) + g.kept_bytes;
}

// Bytes of a value before its last slots, so many of them.  They include both headers.
uint32_t bytes_before(const VdbIvfGeometry &g, uint32_t slots)
{
    return (g.slots_per_value - slots) * g.slot_bytes;
}

void write_value(SlotHeader *to, const VdbIvfGeometry &g, const VdbIvfNewValue &value)
{
    *to = {value.tid, 0, row_header(value.row)->norm};
    std::memcpy(to + 1, static_cast<const char *>(value.row) + kept_offset(g), g.kept_bytes);
    vdb_kept_seal(kept_form(g), g.space.dims, to + 1, seal_of(value.tid, to->norm));
}

// The value in the first slot, put together; nullptr: the older page has no such slots.
const SlotHeader *join(const VdbIvfValuePages &at, const VdbIvfGeometry &g)
{
    uint32_t borrowed = values_of(at.page)->borrowed;
    VdbIvfValues older;
    if (at.older == nullptr ||
        vdb_ivf_values_read(at.older, &g, values_of(at.page)->list_id, &older) != VDB_OK ||
        values_of(at.older)->lent != borrowed)
        return nullptr;
    uint32_t before = bytes_before(g, borrowed);
    auto *joined = static_cast<char *>(at.joined);
    std::memcpy(joined, slot_at(at.page, g, 0), before);
    std::memcpy(joined + before, slot_at(at.older, g, own_end(at.older, g)),
                value_bytes(g) - before);
    return static_cast<const SlotHeader *>(at.joined);
}

} // namespace

} // namespace vdb::ivf

using namespace vdb::ivf;

// --- pages ---

void vdb_ivf_values_begin(void *page, uint32_t list_id) noexcept
{
    *values_of(page) = {list_id, 0, 0, {}, 0, 0};
}

VdbStatus vdb_ivf_values_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                              VdbIvfValues *values) noexcept
{
    const ValuesHeader *header = values_of(page);
    if (!has_values(*g) || !is_kind(page, *g, VDB_IVF_PAGE_VALUES) ||
        (list_id != VDB_IVF_NO_LIST && header->list_id != list_id))
        return VDB_STALE;
    uint32_t count = 0;
    for (uint64_t used : header->used)
        count += static_cast<uint32_t>(std::popcount(used));
    if (count > g->slots_per_page || header->lent >= g->slots_per_value ||
        header->borrowed >= g->slots_per_value)
        return VDB_CORRUPT;
    VdbBlock room = header->next_room != 0 ? header->next_room : VDB_NO_BLOCK;
    *values = {header->list_id, count, trailer(page, *g)->next, room};
    return VDB_OK;
}

// --- pages with room again ---

bool vdb_ivf_values_roomy(const void *page, const VdbIvfGeometry *g) noexcept
{
    const ValuesHeader *header = values_of(page);
    uint32_t values = 0;
    for (uint64_t used : header->used)
        values += static_cast<uint32_t>(std::popcount(used));
    return g->value_room != 0 && header->next_room == 0 &&
           values * g->slots_per_value * 5 <= g->slots_per_page * 4 &&
           vdb_ivf_values_room(page, g, 0);
}

// On the last page of the chain VDB_NO_BLOCK stays, wherever that is taken off: 0 would say that
// the page before it is not on the chain.
void vdb_ivf_values_push_room(void *newest, void *page, VdbBlock block) noexcept
{
    VdbBlock first = values_of(newest)->next_room;
    values_of(page)->next_room = first != 0 ? first : VDB_NO_BLOCK;
    values_of(newest)->next_room = block;
}

void vdb_ivf_values_pop_room(void *newest, void *page) noexcept
{
    values_of(newest)->next_room = values_of(page)->next_room;
    values_of(page)->next_room = 0;
}

void vdb_ivf_values_pass_room(void *newest, void *newer) noexcept
{
    values_of(newer)->next_room = values_of(newest)->next_room;
    values_of(newest)->next_room = 0;
}

// --- adding ---

uint32_t vdb_ivf_values_spare(const void *older, const VdbIvfGeometry *g) noexcept
{
    uint32_t end = 0;
    if (g->slots_per_value == 1 || values_of(older)->lent > 0)
        return 0;
    for (uint32_t i = 0; i < g->slots_per_page; i++)
        if (slot_used(older, i))
            end = i + slots_here(older, *g, i);
    return std::min(g->slots_per_page - std::min(end, g->slots_per_page), g->slots_per_value - 1);
}

bool vdb_ivf_values_borrow(const void *page, const VdbIvfGeometry *g) noexcept
{
    return g->slots_per_value > 1 && !slot_used(page, 0);
}

bool vdb_ivf_values_room(const void *page, const VdbIvfGeometry *g, uint32_t borrowed) noexcept
{
    return slot_for(page, *g, borrowed) < g->slots_per_page;
}

void vdb_ivf_values_lend(void *older, const VdbIvfGeometry *g, const VdbIvfNewValue *value) noexcept
{
    uint32_t before = bytes_before(*g, value->borrowed);
    const char *kept = static_cast<const char *>(value->row) + kept_offset(*g);
    values_of(older)->lent = static_cast<uint16_t>(value->borrowed);
    std::memcpy(slot_at(older, *g, own_end(older, *g)), kept + before - sizeof(SlotHeader),
                value_bytes(*g) - before);
}

bool vdb_ivf_values_full(void *page, const VdbIvfGeometry *g, VdbIvfNewValue *value) noexcept
{
    if (vdb_ivf_values_room(page, g, 0))
        return false;
    value->borrowed = vdb_ivf_values_spare(page, g);
    if (value->borrowed > 0)
        vdb_ivf_values_lend(page, g, value);
    return true;
}

VdbSpans vdb_ivf_values_parts(const VdbIvfGeometry *g, uint32_t slot) noexcept
{
    uint32_t to = std::min(slot + g->slots_per_value, g->slots_per_page);
    return {2,
            {{kPageHeaderSize, g->slots_offset},
             {g->slots_offset + slot * g->slot_bytes, g->slots_offset + to * g->slot_bytes}}};
}

VdbSpans vdb_ivf_values_add_parts(const void *page, const VdbIvfGeometry *g,
                                  uint32_t borrowed) noexcept
{
    uint32_t i = slot_for(page, *g, borrowed);
    if (i >= g->slots_per_page)
        return {1, {{kPageHeaderSize, g->slots_offset}}};
    VdbSpans parts = vdb_ivf_values_parts(g, i);
    parts.spans[1].to -= borrowed * g->slot_bytes;
    return parts;
}

VdbSpans vdb_ivf_values_lend_parts(const VdbIvfGeometry *g, uint32_t borrowed) noexcept
{
    uint32_t end = g->slots_offset + g->slots_per_page * g->slot_bytes;
    return {2, {{kPageHeaderSize, g->slots_offset}, {end - borrowed * g->slot_bytes, end}}};
}

VdbStatus vdb_ivf_values_add(void *page, const VdbIvfGeometry *g, const VdbIvfNewValue *value,
                             uint32_t *slot) noexcept
{
    ValuesHeader *header = values_of(page);
    uint32_t i = slot_for(page, *g, value->borrowed);
    if (i >= g->slots_per_page)
        return VDB_FULL;
    if (value->borrowed > 0) {
        SlotHeader whole[kLargestPage / sizeof(SlotHeader)];
        write_value(whole, *g, *value);
        std::memcpy(slot_at(page, *g, i), whole, bytes_before(*g, value->borrowed));
    } else {
        write_value(slot_at(page, *g, i), *g, *value);
    }
    if (i == 0)
        header->borrowed = static_cast<uint16_t>(value->borrowed);
    header->used[i / 64] |= uint64_t{1} << i % 64;
    *slot = i;
    return VDB_OK;
}

// --- reading ---

VdbBlock vdb_ivf_value_rest(const void *page, const VdbIvfGeometry *g, uint32_t slot) noexcept
{
    VdbIvfValues values;
    if (g->slots_per_value == 1 || slot != 0 || values_of(page)->borrowed == 0 ||
        vdb_ivf_values_read(page, g, VDB_IVF_NO_LIST, &values) != VDB_OK || !slot_used(page, 0))
        return VDB_NO_BLOCK;
    return values.next;
}

VdbStatus vdb_ivf_value_read(const VdbIvfValuePages *at, const VdbIvfGeometry *g, uint32_t slot,
                             VdbTid tid, VdbIvfValue *out) noexcept
{
    VdbIvfValue value;
    VdbStatus status = vdb_ivf_value_at(at, g, slot, &value);
    if (status != VDB_OK)
        return status;
    if (!vdb_ivf_value_intact(g, &value))
        return VDB_CORRUPT;
    if (!same_tid(tid, value.tid))
        return VDB_STALE;
    *out = value;
    return VDB_OK;
}

VdbStatus vdb_ivf_value_at(const VdbIvfValuePages *at, const VdbIvfGeometry *g, uint32_t slot,
                           VdbIvfValue *out) noexcept
{
    if (slot >= kMostSlots || !slot_used(at->page, slot))
        return VDB_STALE;
    if (slot + slots_here(at->page, *g, slot) > own_end(at->page, *g))
        return VDB_CORRUPT;
    bool split = slot == 0 && values_of(at->page)->borrowed > 0;
    const SlotHeader *value = split ? join(*at, *g) : slot_at(at->page, *g, slot);
    if (value == nullptr)
        return VDB_CORRUPT;
    *out = {value + 1, value->norm, value->tid};
    return VDB_OK;
}

bool vdb_ivf_value_intact(const VdbIvfGeometry *g, const VdbIvfValue *value) noexcept
{
    return vdb_kept_sealed(kept_form(*g), g->space.dims, value->kept,
                           seal_of(value->tid, value->norm));
}

// --- removing ---

void vdb_ivf_values_remove(void *page, const VdbIvfGeometry *g, const uint16_t *slots,
                           uint32_t n) noexcept
{
    ValuesHeader *header = values_of(page);
    for (uint32_t i = 0; i < n; i++) {
        if (slots[i] >= g->slots_per_page)
            continue;
        header->used[slots[i] / 64] &= ~(uint64_t{1} << slots[i] % 64);
        if (slots[i] == 0)
            header->borrowed = 0;
    }
}

void vdb_ivf_values_return(void *older) noexcept
{
    values_of(older)->lent = 0;
}
