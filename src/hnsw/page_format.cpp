// Layout arithmetic of the hnsw pages.
#include "hnsw/page_format.h"

#include <algorithm>
#include <limits>

#include "core/rng.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kMinCellPayload = 48; // eight heap tids, even where m is tiny

constexpr uint32_t align8(uint32_t n)
{
    return (n + 7) & ~7u;
}

constexpr uint32_t kCacheLine = 64;
constexpr uint32_t kDefaultSlotUnits = 257; // when nothing is known of the vectors

// Puts vectors on cache-line boundaries where no slot of the page is lost by it: a distance then
// takes half the time in cache, and a line less from memory.
void align_vectors(VdbHnswGeometry &g, uint32_t room)
{
    uint32_t begin = kPageHeaderSize + g.vector_offset;
    uint32_t offset = g.vector_offset + (kCacheLine - begin % kCacheLine) % kCacheLine;
    uint32_t size = offset + g.inline_units * g.unit_size;
    size += (kCacheLine - size % kCacheLine) % kCacheLine;
    if (g.inline_units == 0 || size * g.slots_per_page > room)
        return;
    g.vector_offset = offset;
    g.slot_size = size;
}

// Lays out a slot that keeps so many units of its vector.
void place(VdbHnswGeometry &g, uint32_t inline_units)
{
    g.inline_units = inline_units;
    g.vector_pages = vdb_hnsw_slices(&g, g.units);
    g.vector_offset =
        align8(sizeof(NodeHeader) + 2 * g.m * sizeof(VdbNode) + g.vector_pages * sizeof(VdbBlock));
    g.slot_size = align8(g.vector_offset + g.inline_units * g.unit_size);
}

// Whole slices go to vector pages, as few as do; the slot keeps the remainder.
bool place_dense(VdbHnswGeometry &g, uint32_t room)
{
    for (uint32_t pages = 0;; pages++) {
        uint32_t outside = pages * g.units_per_vector_page;
        place(g, g.units > outside ? g.units - outside : 0);
        if (g.slot_size <= room)
            return true;
        if (g.inline_units == 0)
            return false;
    }
}

// The slot is filled first: most sparse vectors are far shorter than the longest.
bool place_sparse(VdbHnswGeometry &g, uint32_t room, uint32_t slot_units)
{
    place(g, std::clamp(slot_units, 1u, g.units));
    while (g.slot_size > room && g.inline_units > 1)
        place(g, g.inline_units - 1);
    return g.slot_size <= room && g.vector_pages <= kMaxVectorPages;
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

void init_page(void *page, const VdbHnswGeometry &g, VdbHnswPageKind kind)
{
    std::memset(static_cast<char *>(page) + kPageHeaderSize, 0, g.page_size - kPageHeaderSize);
    *trailer(page, g) = {VDB_HNSW_NOT_LISTED, static_cast<uint16_t>(kind), VDB_HNSW_PAGE_ID};
    for (uint32_t slot = 0; kind == VDB_HNSW_PAGE_NODE && slot < g.slots_per_page; slot++)
        node_at(page, g, slot)->state = NodeState::kFree;
}

} // namespace vdb::hnsw

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

VdbStatus vdb_hnsw_geometry(uint32_t page_size, const VdbSpace *space, uint32_t m,
                            uint32_t slot_units, VdbHnswGeometry *out) noexcept
{
    if (!vdb_space_valid(space) ||
        space->dims > vdb_hnsw_max_dims(static_cast<VdbStorage>(space->storage)) ||
        m < VDB_HNSW_MIN_M || m > VDB_HNSW_MAX_M || page_size < 4096)
        return VDB_TOO_BIG;

    VdbHnswGeometry g = {};
    uint32_t room = page_size - kPageHeaderSize - sizeof(PageTrailer);
    g.page_size = page_size;
    g.m = m;
    g.space = *space;
    g.unit_size = vdb_unit_size(space);
    g.units = vdb_value_units(space);
    g.units_per_vector_page = room / g.unit_size;

    if (!(is_sparse(g) ? place_sparse(g, room, slot_units) : place_dense(g, room)))
        return VDB_TOO_BIG;
    g.slots_per_page = room / g.slot_size;
    align_vectors(g, room);

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
    uint32_t best = sizes[n - 1];
    double best_cost = std::numeric_limits<double>::max();
    for (uint32_t i = 0; i < kTries; i++) {
        VdbHnswGeometry g;
        uint32_t candidate = sizes[(n - 1) * (i + 1) / kTries];
        if (vdb_hnsw_geometry(page_size, space, m, candidate, &g) != VDB_OK)
            continue;
        double pages = static_cast<double>(n) / g.slots_per_page;
        for (uint32_t j = 0; j < n; j++)
            pages += vdb_hnsw_slices(&g, sizes[j]);
        if (pages < best_cost) {
            best_cost = pages;
            best = candidate;
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
