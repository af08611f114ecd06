// Layout arithmetic of the hnsw pages.
#include "hnsw/page_format.h"

#include <algorithm>
#include <limits>

#include "core/align.h"
#include "core/rng.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kMinCellPayload = 48; // eight heap tids, even where m is tiny

constexpr uint32_t kCacheLine = 64;
constexpr uint32_t kCodesOverrun = 64;      // bytes past codes that an estimate may read
constexpr uint32_t kDefaultSlotUnits = 257; // when nothing is known of the vectors
constexpr uint32_t kHeaderUnits = 2;        // leading units of a kept vector, one with its check

// Distance of a slot's byte from the next start of a cache line, if the slot begins a page.
constexpr uint32_t to_line(uint32_t offset)
{
    return (kCacheLine - (kPageHeaderSize + offset) % kCacheLine) % kCacheLine;
}

// Puts what is read most, vectors or else codes, on cache-line boundaries where no slot of the page
// is lost by it: a distance then takes half the time in cache, and a line less from memory.
void align_lines(VdbHnswGeometry &g, uint32_t room)
{
    uint32_t shift = to_line(vdb_hnsw_coded(&g) ? g.codes_offset : g.vector_offset);
    uint32_t size = g.slot_size + align8(shift);
    size += (kCacheLine - size % kCacheLine) % kCacheLine;
    if ((g.inline_units == 0 && !vdb_hnsw_coded(&g)) || size * g.slots_per_page > room)
        return;
    g.codes_offset += vdb_hnsw_coded(&g) ? shift : 0;
    g.vector_offset += align8(shift);
    g.slot_size = size;
}

// Lays out a slot that keeps so many units of its vector.
void place(VdbHnswGeometry &g, uint32_t inline_units)
{
    g.inline_units = inline_units;
    g.vector_pages = vdb_hnsw_slices(&g, g.units);
    uint32_t end =
        sizeof(NodeHeader) + 2 * g.m * sizeof(VdbNode) + g.vector_pages * sizeof(VdbBlock);
    uint32_t codes_end = 0;
    if (vdb_hnsw_coded(&g)) {
        VdbCodec codec = vdb_hnsw_codec(&g);
        g.factors_offset = end;
        g.codes_offset = end + 2 * g.m * sizeof(VdbCodeFactors);
        end = g.codes_offset + vdb_codes_bytes(&codec, 2 * g.m);
        codes_end = end + kCodesOverrun;
    }
    g.vector_offset = align8(end);
    g.slot_size = align8(std::max(g.vector_offset + g.inline_units * g.unit_size, codes_end));
}

uint32_t least_inside(const VdbHnswGeometry &g)
{
    return g.sealed ? kHeaderUnits : 0;
}

// Units of a vector that the slot keeps when so many pages hold the others: what is left, and at
// least what a check that covers the slot's heap tid stands in.
uint32_t units_inside(const VdbHnswGeometry &g, uint32_t pages)
{
    uint32_t outside = pages * g.units_per_vector_page;
    return std::max(g.units > outside ? g.units - outside : 0, least_inside(g));
}

// Whole slices go to vector pages, as few as do; the slot keeps the remainder.
bool place_dense(VdbHnswGeometry &g, uint32_t room)
{
    for (uint32_t pages = 0;; pages++) {
        place(g, units_inside(g, pages));
        if (g.slot_size <= room)
            return true;
        if (g.inline_units == least_inside(g))
            return false;
    }
}

constexpr uint32_t ceil8(uint32_t n)
{
    return (n + 7) / 8 * 8;
}

// The most coordinates that codes can cover in a slot of at most so many bytes; 0 if not even 8.
uint32_t dims_within(VdbHnswGeometry g, uint32_t inline_units, uint32_t slot_size)
{
    g.code_dims = ceil8(g.space.dims);
    place(g, inline_units);
    while (g.slot_size > slot_size && g.code_dims > 0) {
        uint32_t over = (g.slot_size - slot_size) / (2 * g.m);
        g.code_dims -= std::min(g.code_dims, std::max(over * 8, 8u));
        place(g, inline_units);
    }
    return g.slot_size <= slot_size ? g.code_dims : 0;
}

/*
 * How many coordinates the codes of a new index cover.  An estimate from the first n of D
 * coordinates errs by about sqrt((pi/2 - n/D) / n) of a distance, so the last ones are worth
 * little:
 *
 * - They are given up where one more slot fits a page by it, down to kLeastShare of them: 384
 *   dimensions at 8 bits and m = 16 take 4 slots a page and not 3 with codes of 336.
 * - A vector in its slot saves each step of a search another page.  For it codes may be as short as
 *   kEnoughDims, which err no more than the full ones of vectors of half as many dimensions.
 * - Where not even those fit beside the vector, whole slices of it go to vector pages, as few as
 * do.
 */
uint32_t choose_code_dims(const VdbHnswGeometry &g, uint32_t room)
{
    constexpr uint32_t kLeastShare = 85; // percent
    constexpr uint32_t kEnoughDims = 768;
    uint32_t most_of = std::max(g.space.dims * kLeastShare / 100, 8u);
    for (uint32_t pages = 0;; pages++) {
        uint32_t inside = units_inside(g, pages);
        for (uint32_t slots = room / (sizeof(NodeHeader) + kCodesOverrun); slots > 0; slots--) {
            uint32_t enough = slots > 1 ? most_of : std::min(most_of, kEnoughDims);
            uint32_t dims = dims_within(g, inside, room / slots);
            if (dims >= enough || (dims > 0 && inside == least_inside(g) && slots == 1))
                return dims;
        }
        if (inside == least_inside(g))
            return 0;
    }
}

// A slot with codes: as with the dense, but the codes have their say.
bool place_coded(VdbHnswGeometry &g, uint32_t room, uint32_t code_dims)
{
    g.code_dims = code_dims > 0 ? code_dims : choose_code_dims(g, room);
    return g.code_dims > 0 && g.code_dims % 8 == 0 && g.code_dims <= ceil8(g.space.dims) &&
           place_dense(g, room);
}

// The slot is filled first: most sparse vectors are far shorter than the longest.
bool place_sparse(VdbHnswGeometry &g, uint32_t room, uint32_t slot_units)
{
    place(g, std::clamp(slot_units, 1u, g.units));
    while (g.slot_size > room && g.inline_units > 1)
        place(g, g.inline_units - 1);
    return g.slot_size <= room && g.vector_pages <= kMaxVectorPages;
}

VdbHnswChecked checked_of(uint32_t features)
{
    return (features & kFeatureKeptChecks) == 0 ? VDB_HNSW_UNCHECKED
           : (features & kFeatureSeals) == 0    ? VDB_HNSW_VECTORS_CHECKED
                                                : VDB_HNSW_ALL_CHECKED;
}

} // namespace

uint32_t page_lower(const VdbHnswGeometry &g, VdbHnswPageKind kind)
{
    switch (kind) {
    case VDB_HNSW_PAGE_META:
        return kPageHeaderSize + sizeof(MetaPage);
    case VDB_HNSW_PAGE_NODE:
        return g.cells_offset + g.cells_per_node_page * g.cell_size;
    case VDB_HNSW_PAGE_CELL:
        return kPageHeaderSize + g.cells_per_cell_page * g.cell_size;
    case VDB_HNSW_PAGE_VECTOR:
        return kPageHeaderSize + g.units_per_vector_page * g.unit_size;
    }
    return kPageHeaderSize;
}

bool read_shape(const MetaPage *meta, VdbHnswShape *shape)
{
    VdbSpace space = {meta->metric, meta->storage, meta->dims};
    if (meta->kept > VDB_KEPT_RABITQ4)
        return false;
    *shape = {space,           meta->m,          static_cast<VdbKept>(meta->kept),
              meta->code_dims, meta->slot_units, checked_of(meta->features)};
    bool coded = (meta->features & kFeatureInlineCodes) != 0;
    return coded == (meta->kept != VDB_KEPT_PLAIN) && coded == (meta->code_dims > 0);
}

void init_page(void *page, const VdbHnswGeometry &g, VdbHnswPageKind kind)
{
    std::memset(static_cast<char *>(page) + kPageHeaderSize, 0, g.page_size - kPageHeaderSize);
    *trailer(page, g) = {VDB_HNSW_NOT_LISTED, static_cast<uint16_t>(kind), VDB_HNSW_PAGE_ID};
    for (uint32_t slot = 0; kind == VDB_HNSW_PAGE_NODE && slot < g.slots_per_page; slot++)
        node_at(page, g, slot)->state = NodeState::kFree;
}

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

uint32_t vdb_hnsw_max_dims(VdbStorage storage) noexcept
{
    switch (storage) {
    case VDB_STORAGE_BIT:
        return VDB_HNSW_MAX_BITS;
    case VDB_STORAGE_SPARSE:
        return VDB_HNSW_MAX_SPARSE_DIMS;
    default:
        return VDB_HNSW_MAX_DIMS;
    }
}

VdbStatus vdb_hnsw_geometry(uint32_t page_size, const VdbHnswShape *shape,
                            VdbHnswGeometry *out) noexcept
{
    const VdbSpace *space = &shape->space;
    uint32_t m = shape->m;
    bool coded = shape->kept != VDB_KEPT_PLAIN;
    if (coded && (!vdb_hnsw_codable(space) || shape->kept > VDB_KEPT_RABITQ4))
        return VDB_TOO_BIG;
    if (!vdb_space_valid(space) ||
        space->dims > vdb_hnsw_max_dims(static_cast<VdbStorage>(space->storage)) ||
        m < VDB_HNSW_MIN_M || m > VDB_HNSW_MAX_M || page_size < 4096)
        return VDB_TOO_BIG;

    VdbHnswGeometry g = {};
    uint32_t room = page_size - kPageHeaderSize - sizeof(PageTrailer);
    g.page_size = page_size;
    g.m = m;
    g.space = *space;
    g.source = static_cast<VdbStorage>(space->storage);
    g.kept = shape->kept;
    g.checked = coded && shape->checked != VDB_HNSW_UNCHECKED;
    g.sealed = coded && shape->checked == VDB_HNSW_ALL_CHECKED;
    g.unit_size = vdb_unit_size(space);
    g.units = vdb_value_units(space);
    if (coded) {
        g.space.storage = VDB_STORAGE_FLOAT32;
        g.unit_size = sizeof(uint32_t);
        g.units = static_cast<uint32_t>(vdb_kept_bytes(g.kept, space->dims) / sizeof(uint32_t));
    }
    g.units_per_vector_page = room / g.unit_size;

    if (!(coded          ? place_coded(g, room, shape->code_dims)
          : is_sparse(g) ? place_sparse(g, room, shape->slot_units)
                         : place_dense(g, room)))
        return VDB_TOO_BIG;
    g.slots_per_page = room / g.slot_size;
    align_lines(g, room);

    uint32_t payload = m * sizeof(VdbNode);
    if (payload < kMinCellPayload)
        payload = kMinCellPayload;
    g.cell_size = align8(sizeof(CellHeader) + payload);
    g.tids_per_cell = (g.cell_size - sizeof(CellHeader)) / sizeof(VdbTid);
    g.cells_offset = kPageHeaderSize + g.slots_per_page * g.slot_size;
    g.cells_per_node_page = (room - g.slots_per_page * g.slot_size) / g.cell_size;
    g.cells_per_cell_page = room / g.cell_size;
    *out = g;
    return VDB_OK;
}

uint32_t vdb_hnsw_choose_slot_units(uint32_t page_size, const VdbSpace *space, uint32_t m,
                                    uint32_t *sizes, uint32_t n) noexcept
{
    constexpr uint32_t kTries = 64;
    if (n == 0)
        return kDefaultSlotUnits;
    std::sort(sizes, sizes + n);
    VdbHnswShape shape = {*space, m, VDB_KEPT_PLAIN, 0, 0, VDB_HNSW_UNCHECKED};
    uint32_t best = sizes[n - 1];
    double best_cost = std::numeric_limits<double>::max();
    for (uint32_t i = 0; i < kTries; i++) {
        VdbHnswGeometry g;
        shape.slot_units = sizes[(n - 1) * (i + 1) / kTries];
        if (vdb_hnsw_geometry(page_size, &shape, &g) != VDB_OK)
            continue;
        double pages = static_cast<double>(n) / g.slots_per_page;
        for (uint32_t j = 0; j < n; j++)
            pages += vdb_hnsw_slices(&g, sizes[j]);
        if (pages < best_cost) {
            best_cost = pages;
            best = shape.slot_units;
        }
    }
    return best;
}

uint32_t vdb_hnsw_level(uint64_t seed, VdbTid tid, uint32_t m) noexcept
{
    uint64_t key = (uint64_t) tid.block_hi << 32 | (uint64_t) tid.block_lo << 16 | tid.offset;
    uint64_t bits = vdb::mix64(seed ^ vdb::mix64(key + 0x9E3779B97F4A7C15u));
    // P(level >= l) = m^-l, in integers so that every platform agrees.
    uint64_t bound = UINT64_MAX;
    uint32_t level = 0;
    while (level < VDB_HNSW_MAX_LEVEL && bits < (bound /= m))
        level++;
    return level;
}
