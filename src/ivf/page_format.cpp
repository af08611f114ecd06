// Layout arithmetic of the ivf pages.
#include "ivf/page_format.h"

#include <algorithm>

#include "quant/space.h"

namespace vdb::ivf {

namespace {

constexpr uint32_t kCacheLine = 64;
constexpr uint32_t kValueAlign = 8; // where whole cache lines would cost an entry

constexpr uint32_t align_up(uint32_t n, uint32_t to)
{
    return (n + to - 1) / to * to;
}

// What an entry's heap tid and, where distances need it, norm take.
uint32_t entry_head(const VdbIvfGeometry &g)
{
    return sizeof(VdbTid) + (g.norms_offset != 0 ? sizeof(float) : 0);
}

uint32_t heads_end(const VdbIvfGeometry &g)
{
    if (g.norms_offset == 0)
        return kEntriesOffset + g.capacity * sizeof(VdbTid);
    return g.norms_offset + g.capacity * sizeof(float);
}

bool fits(const VdbIvfGeometry &g, uint32_t align, uint32_t stride, uint32_t end)
{
    return align_up(heads_end(g), align) + g.capacity * stride <= end;
}

void set_capacity(VdbIvfGeometry &g, uint32_t capacity)
{
    g.capacity = capacity;
    if (g.norms_offset != 0)
        g.norms_offset = align_up(kEntriesOffset + capacity * sizeof(VdbTid), sizeof(float));
}

// Puts the values of a data page, each on cache lines of its own where no entry is lost by it: a
// distance then takes half the time in cache, and a line less from memory.
void place_values(VdbIvfGeometry &g, uint32_t end)
{
    set_capacity(g, (end - kEntriesOffset) / (g.value_bytes + entry_head(g)));
    while (!fits(g, kValueAlign, g.value_bytes, end))
        set_capacity(g, g.capacity - 1);

    uint32_t spread = align_up(g.value_bytes, kCacheLine);
    g.stride = fits(g, kCacheLine, spread, end) ? spread : g.value_bytes;
    uint32_t align = fits(g, kCacheLine, g.stride, end) ? kCacheLine : kValueAlign;
    g.values_offset = align_up(heads_end(g), align);
}

// --- coded indexes ---

uint32_t coded_entry_bytes(const VdbIvfGeometry &g)
{
    uint32_t bytes = code_bytes(g) + sizeof(VdbCodeFactors) + sizeof(uint16_t) + sizeof(VdbTid);
    return has_values(g) ? bytes + sizeof(VdbIvfPlace) : bytes;
}

// Codes on a cache line where no entry is lost by it: their rows then do not straddle lines.
void place_codes(VdbIvfGeometry &g, uint32_t end)
{
    uint32_t bytes = coded_entry_bytes(g);
    uint32_t lines = align_up(kEntriesOffset, kCacheLine);
    g.capacity = (end - kEntriesOffset) / bytes / 2 * 2;
    g.codes_offset = lines + g.capacity * bytes <= end ? lines : kEntriesOffset;
    g.factors_offset = g.codes_offset + g.capacity * code_bytes(g);
    g.spreads_offset = g.factors_offset + g.capacity * sizeof(VdbCodeFactors);
    g.tids_offset = g.spreads_offset + g.capacity * sizeof(uint16_t);
    g.places_offset = has_values(g) ? g.tids_offset + g.capacity * sizeof(VdbTid) : 0;
}

constexpr uint32_t kSlotsOffset = kPageHeaderSize + sizeof(ValuesHeader);
static_assert(kSlotsOffset % kCacheLine == 0);

// Of the value pages' room, what may stay unused while a value is one slot, as every value in
// more of them may be on two pages; and what is little enough, however many slots it takes.
constexpr uint32_t kWastedByWhole = 8; // one part in so many
constexpr uint32_t kWasted = 16;
constexpr uint32_t kMostSlotsPerValue = 8;

uint32_t slot_bytes(const VdbIvfGeometry &g, uint32_t slots_per_value)
{
    uint32_t value = sizeof(SlotHeader) + g.kept_bytes;
    return align_up((value + slots_per_value - 1) / slots_per_value, sizeof(uint32_t));
}

uint32_t slots_per_page(const VdbIvfGeometry &g, uint32_t slots_per_value)
{
    uint32_t room = g.page_size - sizeof(PageTrailer) - kSlotsOffset;
    return std::min(room / slot_bytes(g, slots_per_value), kMostSlots);
}

// Bytes of values on a page, times the slots of a value.
uint32_t used_bytes(const VdbIvfGeometry &g, uint32_t slots_per_value)
{
    return slots_per_page(g, slots_per_value) * (sizeof(SlotHeader) + g.kept_bytes);
}

void set_slots(VdbIvfGeometry &g, uint32_t slots_per_value)
{
    if (!has_values(g))
        return;
    g.slots_offset = kSlotsOffset;
    g.slots_per_value = slots_per_value;
    g.slot_bytes = slot_bytes(g, slots_per_value);
    g.slots_per_page = slots_per_page(g, slots_per_value);
}

// The slots that a value should take: a pure function of its size and the page's.
uint32_t choose_slots(const VdbIvfGeometry &g)
{
    uint32_t room = g.page_size - sizeof(PageTrailer) - kSlotsOffset;
    uint32_t best = 1;
    if (!has_values(g) || used_bytes(g, 1) >= room - room / kWastedByWhole)
        return best;
    for (uint32_t n = 2; n <= kMostSlotsPerValue; n++) {
        if (used_bytes(g, n) * best > used_bytes(g, best) * n)
            best = n;
        if (used_bytes(g, best) >= (room - room / kWasted) * best)
            break;
    }
    return best;
}

uint32_t coded_page_end(const VdbIvfGeometry &g)
{
    return has_values(g) ? g.places_offset + g.capacity * sizeof(VdbIvfPlace)
                         : g.tids_offset + g.capacity * sizeof(VdbTid);
}

bool valid_kept(uint32_t kept)
{
    return (kept > VDB_KEPT_PLAIN && kept <= VDB_KEPT_RABITQ4) || kept == VDB_IVF_KEPT_HEAP;
}

void place_centroids(VdbIvfGeometry &g, uint32_t end)
{
    uint32_t start = kListsOffset;
    uint32_t lines = align_up(start, kCacheLine);
    g.centroids_per_page = (end - start) / g.stride;
    g.centroids_offset = lines + g.centroids_per_page * g.stride <= end ? lines : start;
}

} // namespace

uint32_t page_lower(const VdbIvfGeometry &g, VdbIvfPageKind kind)
{
    switch (kind) {
    case VDB_IVF_PAGE_META:
        return kPageHeaderSize + sizeof(MetaPage);
    case VDB_IVF_PAGE_DIRECTORY:
        return kListsOffset + g.lists_per_page * sizeof(ListEntry);
    case VDB_IVF_PAGE_CENTROIDS:
        return g.centroids_offset + g.centroids_per_page * g.stride;
    case VDB_IVF_PAGE_DATA:
        return vdb_ivf_coded(&g) ? coded_page_end(g) : g.values_offset + g.capacity * g.stride;
    case VDB_IVF_PAGE_VALUES:
        return g.slots_offset + g.slots_per_page * g.slot_bytes;
    case VDB_IVF_PAGE_FREE:
        break;
    }
    return kPageHeaderSize;
}

VdbStatus read_geometry(const MetaPage &meta, VdbIvfGeometry *out)
{
    VdbSpace column = {meta.metric, meta.storage, meta.dims};
    bool coded = (meta.features & kFeatureCodes) != 0;
    VdbStatus status = coded ? vdb_ivf_coded_geometry(meta.page_size, &column, meta.kept, out)
                             : vdb_ivf_geometry(meta.page_size, &column, out);
    if (status != VDB_OK || meta.kept != out->kept || meta.code_dims != out->code_dims)
        return VDB_CORRUPT;
    out->value_room = (meta.features & kFeatureValueRoom) != 0 ? 1 : 0;
    if (out->value_room != 0 && !has_values(*out))
        return VDB_CORRUPT;
    if ((meta.features & kFeatureSlots) == 0)
        set_slots(*out, 1); // also where it was made before there was more than one
    else if (out->slots_per_value <= 1)
        return VDB_CORRUPT;
    return VDB_OK;
}

} // namespace vdb::ivf

using namespace vdb::ivf;

uint32_t vdb_ivf_max_dims(VdbStorage storage) noexcept
{
    switch (storage) {
    case VDB_STORAGE_FLOAT32:
        return VDB_IVF_MAX_DIMS;
    case VDB_STORAGE_HALF:
        return VDB_IVF_MAX_HALF_DIMS;
    case VDB_STORAGE_BIT:
        return VDB_IVF_MAX_BIT_DIMS;
    default:
        return 0;
    }
}

VdbStatus vdb_ivf_geometry(uint32_t page_size, const VdbSpace *space, VdbIvfGeometry *out) noexcept
{
    if (!vdb_space_valid(space) || space->metric == VDB_METRIC_JACCARD ||
        page_size > kLargestPage ||
        space->dims > vdb_ivf_max_dims(static_cast<VdbStorage>(space->storage)))
        return VDB_TOO_BIG;

    VdbIvfGeometry g = {};
    uint32_t end = page_size - sizeof(PageTrailer);
    g.page_size = page_size;
    g.space = *space;
    g.source = space->storage;
    g.value_bytes = g.row_bytes = static_cast<uint32_t>(vdb_value_bytes(space));
    g.tids_offset = kEntriesOffset;
    g.norms_offset = vdb::make_space(*space).needs_norm();
    set_capacity(g, 1);
    if (page_size < 4096 || !fits(g, kValueAlign, g.value_bytes, end))
        return VDB_TOO_BIG;
    place_values(g, end);
    place_centroids(g, end);
    g.lists_per_page = (end - kListsOffset) / sizeof(ListEntry);
    *out = g;
    return VDB_OK;
}

VdbStatus vdb_ivf_coded_geometry(uint32_t page_size, const VdbSpace *column, uint32_t kept,
                                 VdbIvfGeometry *out) noexcept
{
    if (page_size < 4096 || page_size > kLargestPage || !vdb_ivf_codable(column) ||
        !valid_kept(kept))
        return VDB_TOO_BIG;

    VdbIvfGeometry g = {};
    uint32_t end = page_size - sizeof(PageTrailer);
    g.page_size = page_size;
    g.space = {column->metric, VDB_STORAGE_FLOAT32, column->dims};
    g.source = column->storage;
    g.kept = kept;
    g.code_dims = align_up(column->dims, 8);
    g.value_bytes = g.stride = static_cast<uint32_t>(vdb_value_bytes(&g.space));
    if (kept != VDB_IVF_KEPT_HEAP)
        g.kept_bytes =
            static_cast<uint32_t>(vdb_kept_bytes(static_cast<VdbKept>(kept), column->dims));
    g.row_bytes = kept_offset(g) + g.kept_bytes;
    place_codes(g, end);
    set_slots(g, 1);
    place_centroids(g, end);
    g.lists_per_page = (end - kListsOffset) / sizeof(ListEntry);
    if (g.centroids_per_page == 0 || (has_values(g) && g.slots_per_page == 0))
        return VDB_TOO_BIG;
    set_slots(g, choose_slots(g));
    g.value_room = has_values(g) ? 1 : 0;
    *out = g;
    return VDB_OK;
}
