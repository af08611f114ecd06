// Pages of a coded index: rows as they are carried to them, and codes on data pages.
//
// Codes lie packed in blocks of 32, as FastScan wants them, but for the last block while it is not
// full: there each code is in one piece, so that adding one changes few bytes of the page.
#include <algorithm>
#include <cmath>

#include "ivf/page_format.h"

using namespace vdb::ivf;

namespace {

constexpr uint32_t kBlock = VDB_CODE_BLOCK;
constexpr uint32_t kMostCodeBytes = VDB_IVF_MAX_DIMS / 8;
constexpr uint32_t kReadAhead = 64; // bytes beyond the codes that kernels may read
constexpr float kLongest = 1e30F;   // coordinate that a code is taken to stand for

const uint8_t *row_code(const void *row)
{
    return static_cast<const uint8_t *>(row) + sizeof(RowHeader);
}

uint8_t *codes_of(void *page, const VdbIvfGeometry &g)
{
    return at<uint8_t>(page, g.codes_offset);
}

// The page's arrays.
struct Entries {
    VdbTid *tids;
    VdbIvfPlace *places; // nullptr: there are none
    VdbCodeFactors *factors;
    uint16_t *spreads;

    Entries(void *page, const VdbIvfGeometry &g)
        : tids(tids_of(page, g)),
          places(has_values(g) ? at<VdbIvfPlace>(page, g.places_offset) : nullptr),
          factors(at<VdbCodeFactors>(page, g.factors_offset)),
          spreads(at<uint16_t>(page, g.spreads_offset))
    {
    }

    void move(uint32_t to, uint32_t from)
    {
        tids[to] = tids[from];
        if (places != nullptr)
            places[to] = places[from];
        factors[to] = factors[from];
        spreads[to] = spreads[from];
    }
};

// Packs the block that begins with entry `first`, whose w codes are in one piece each.
void pack_block(void *page, const VdbIvfGeometry &g, uint32_t first, uint32_t w)
{
    VdbCodec codec = vdb_ivf_codec(&g);
    uint8_t *block = codes_of(page, g) + size_t{first} * code_bytes(g);
    uint8_t codes[kBlock * kMostCodeBytes];
    std::memcpy(codes, block, size_t{w} * code_bytes(g));
    vdb_codes_pack(&codec, w, block, codes, w);
}

// What estimates read of the page that comes next, loaded into the CPU's cache a part at a time: it
// keeps few loads under way.
struct Ahead {
    static constexpr uint32_t kLine = 64;

    const char *page; // nullptr: there is none
    uint32_t at, end, part;

    Ahead(const void *next, const VdbIvfGeometry &g)
        : page(static_cast<const char *>(next)), at(0),
          end(g.spreads_offset + g.capacity * sizeof(uint16_t)),
          part((end / (g.capacity / kBlock + 1) + kLine - 1) / kLine * kLine)
    {
        if (page != nullptr)
            __builtin_prefetch(trailer(page, g));
    }

    void load(uint32_t to)
    {
        for (; page != nullptr && at < to; at += kLine)
            __builtin_prefetch(page + at);
    }
    void load_part() { load(std::min(at + part, end)); }
    void load_rest() { load(end); }
};

// Elements [from, to) of an array on a page.
template <class T> VdbSpan elements(uint32_t array, uint32_t from, uint32_t to)
{
    return {array + from * uint32_t{sizeof(T)}, array + to * uint32_t{sizeof(T)}};
}

} // namespace

namespace vdb::ivf {

void remove_coded(void *page, const VdbIvfGeometry &g, VdbIsDead is_dead, void *state)
{
    DataHeader *header = data_of(page);
    Entries entries(page, g);
    VdbCodec codec = vdb_ivf_codec(&g);
    uint8_t codes[kLargestPage]; // of those that stay, each in one piece
    VdbIvfCodes old;
    uint32_t kept = 0;
    if (vdb_ivf_codes_read(page, &g, VDB_IVF_NO_LIST, &old) != VDB_OK)
        return;
    for (uint32_t i = 0; i < old.count; i++) {
        if (is_dead(entries.tids[i], state))
            continue;
        vdb_ivf_code_get(&g, &old, i, codes + size_t{kept} * code_bytes(g));
        entries.move(kept++, i);
    }
    if (kept == old.count)
        return;
    uint32_t packed = packed_entries(g, kept);
    uint8_t *out = codes_of(page, g);
    vdb_codes_pack(&codec, packed, out, codes, packed);
    std::memcpy(out + size_t{packed} * code_bytes(g), codes + size_t{packed} * code_bytes(g),
                size_t{kept - packed} * code_bytes(g));
    header->count = static_cast<uint16_t>(kept);
}

} // namespace vdb::ivf

// --- rows ---

void vdb_ivf_row_make(const VdbIvfGeometry *g, const VdbIvfRow *row, void *out) noexcept
{
    if (!vdb_ivf_coded(g)) {
        std::memcpy(out, row->value, g->value_bytes);
        return;
    }
    VdbCodec codec = vdb_ivf_codec(g);
    auto *header = static_cast<RowHeader *>(out);
    auto *code = static_cast<uint8_t *>(out) + sizeof(RowHeader);
    auto *kept = static_cast<uint8_t *>(out) + kept_offset(*g);
    std::memset(out, 0, kept_offset(*g));
    header->norm = row->norm;
    vdb_code_make_bounded(&codec, static_cast<const float *>(row->centroid),
                          static_cast<const float *>(row->value), code, &header->factors,
                          &header->spread);
    if (!has_values(*g))
        return;
    if (row->kept != nullptr)
        std::memcpy(kept, row->kept, g->kept_bytes);
    else
        vdb_kept_encode(kept_form(*g), g->space.dims, static_cast<const float *>(row->value), kept);
}

// --- codes ---

VdbStatus vdb_ivf_codes_read(const void *page, const VdbIvfGeometry *g, uint32_t list_id,
                             VdbIvfCodes *codes) noexcept
{
    VdbIvfData data;
    VdbStatus status = vdb_ivf_data_read(page, g, list_id, &data);
    if (status != VDB_OK)
        return status;
    const auto *all = at<uint8_t>(page, g->codes_offset);
    uint32_t packed = packed_entries(*g, data.count);
    *codes = {data.count,
              packed,
              data.next,
              tids_of(page, *g),
              has_values(*g) ? at<VdbIvfPlace>(page, g->places_offset) : nullptr,
              at<VdbCodeFactors>(page, g->factors_offset),
              at<uint16_t>(page, g->spreads_offset),
              all,
              all + size_t{packed} * code_bytes(*g),
              nullptr};
    return VDB_OK;
}

void vdb_ivf_codes_estimate(const VdbIvfGeometry *g, const VdbIvfCodes *codes,
                            const VdbCodeQuery *query, VdbIvfBase base, float *ranks) noexcept
{
    Ahead ahead(codes->ahead, *g);
    VdbCodeList list = {nullptr, nullptr, 0, 0, base.rank, base.a};
    for (uint32_t first = 0; first < codes->packed; first += kBlock) {
        list.codes = codes->codes + size_t{first} * code_bytes(*g);
        list.factors = codes->factors + first;
        list.degree = g->capacity - first;
        list.count = std::min(codes->packed - first, kBlock);
        ahead.load_part();
        vdb_code_estimate(query, &list, ranks + first);
    }
    ahead.load_rest();
    if (codes->packed == codes->count)
        return;
    VdbCodec codec = vdb_ivf_codec(g);
    uint8_t open[kBlock * kMostCodeBytes + kReadAhead];
    list.codes = open;
    list.factors = codes->factors + codes->packed;
    list.degree = std::min(g->capacity - codes->packed, kBlock);
    list.count = codes->count - codes->packed;
    vdb_codes_pack(&codec, list.degree, open, codes->open, list.count);
    vdb_code_estimate(query, &list, ranks + codes->packed);
}

void vdb_ivf_code_get(const VdbIvfGeometry *g, const VdbIvfCodes *codes, uint32_t i,
                      uint8_t *code) noexcept
{
    VdbCodec codec = vdb_ivf_codec(g);
    if (i < codes->packed)
        vdb_codes_get(&codec, g->capacity, codes->codes, i, code);
    else
        std::memcpy(code, codes->open + size_t{i - codes->packed} * code_bytes(*g), code_bytes(*g));
}

// The mean magnitude of r's coordinates, if they are normal: the scale is t = |r|^2 / |r|_1, and of
// normal ones |r|_1^2 = 2 / pi dims |r|^2.
void vdb_ivf_code_value(const VdbIvfGeometry *g, const VdbIvfCodes *codes, uint32_t i,
                        const void *centroid, float *value) noexcept
{
    constexpr float kMeanPerScale = 0.6366F; // 2 / pi
    const auto *u = static_cast<const float *>(centroid);
    uint8_t code[kMostCodeBytes];
    float t = std::fabs(vdb_code_float(codes->factors[i].scale));
    if (g->space.metric == VDB_METRIC_L2)
        t /= 2;
    if (!(t <= kLongest))
        t = 0;
    vdb_ivf_code_get(g, codes, i, code);
    for (uint32_t j = 0; j < g->space.dims; j++)
        value[j] = u[j] + ((code[j / 8] >> j % 8 & 1) != 0 ? t : -t) * kMeanPerScale;
}

VdbSpans vdb_ivf_codes_add_parts(const void *page, const VdbIvfGeometry *g) noexcept
{
    return vdb_ivf_codes_parts(g, data_of(page)->count);
}

VdbSpans vdb_ivf_codes_parts(const VdbIvfGeometry *g, uint32_t i) noexcept
{
    uint32_t first = packed_entries(*g, i + 1) > i ? i / kBlock * kBlock : i;
    VdbSpans parts = {
        5,
        {{kPageHeaderSize, kEntriesOffset},
         elements<uint8_t>(g->codes_offset, first * code_bytes(*g), (i + 1) * code_bytes(*g)),
         elements<VdbCodeFactors>(g->factors_offset, i, i + 1),
         elements<uint16_t>(g->spreads_offset, i, i + 1),
         elements<VdbTid>(g->tids_offset, i, i + 1)}};
    if (has_values(*g))
        parts.spans[parts.count++] = elements<VdbIvfPlace>(g->places_offset, i, i + 1);
    return parts;
}

VdbStatus vdb_ivf_codes_add(void *page, const VdbIvfGeometry *g, VdbIvfEntry entry,
                            const void *row) noexcept
{
    DataHeader *header = data_of(page);
    Entries entries(page, *g);
    uint32_t i = header->count;
    if (i >= g->capacity)
        return VDB_FULL;
    entries.tids[i] = entry.tid;
    if (entries.places != nullptr)
        entries.places[i] = entry.place;
    entries.factors[i] = row_header(row)->factors;
    entries.spreads[i] = row_header(row)->spread;
    std::memcpy(codes_of(page, *g) + size_t{i} * code_bytes(*g), row_code(row), code_bytes(*g));
    header->count++;
    if (packed_entries(*g, i + 1) > i)
        pack_block(page, *g, i / kBlock * kBlock, i % kBlock + 1);
    return VDB_OK;
}

uint32_t vdb_ivf_codes_dead(const void *page, const VdbIvfGeometry *g, VdbIsDead is_dead,
                            void *state, VdbIvfPlace *places) noexcept
{
    VdbIvfCodes codes;
    uint32_t n = 0;
    if (!has_values(*g) || vdb_ivf_codes_read(page, g, VDB_IVF_NO_LIST, &codes) != VDB_OK)
        return 0;
    for (uint32_t i = 0; i < codes.count; i++)
        if (is_dead(codes.tids[i], state))
            places[n++] = codes.places[i];
    return n;
}
