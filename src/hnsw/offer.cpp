// A full list is offered one more edge, and decides by what stands in its own slot.
#include <algorithm>
#include <cmath>
#include <limits>

#include "hnsw/edge_codes.h"
#include "simd/simd_api.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kMostEdges = 2 * VDB_HNSW_MAX_M + 1;
constexpr uint32_t kBitsRoom = (kMostEdges + VDB_CODE_BLOCK) / VDB_CODE_BLOCK * VDB_CODE_BLOCK;
// Shortest edges whose shadows are looked for: 8 lose 1 % of recall on Gaussian rows, none on
// others.
constexpr uint32_t kShadowers = 16;

// The edges of a full list and, last, the one offered.
struct Offer {
    const VdbHnswGeometry &g;
    VdbCodec codec;
    const NodeHeader *node;
    const VdbEdgeCodes *edge;
    uint32_t n; // in the list; the index of the one offered
    float length[kMostEdges];
    // The least square of the distance from a shorter edge's end to this one's, of the square of
    // this one's length.  Less than 1: it is in the other's shadow.
    float exposure[kMostEdges];
};

// Up to a factor that all edges share: a scale grows with the vector's length alone, as rotated
// vectors are all spread alike over their coordinates.
float length_of(VdbCodeFactors factors)
{
    uint32_t bits = uint32_t{factors.scale} << 16;
    float scale;
    std::memcpy(&scale, &bits, sizeof(scale));
    return std::fabs(scale);
}

// Takes account of the shadows between edge i and every other one.
void cast_shadows(Offer &o, uint32_t i, const uint8_t *code, bool both_ways)
{
    uint16_t bits[kBitsRoom];
    float turn = float(M_PI) / static_cast<float>(std::min(o.codec.code_dims, o.codec.dims));
    vdb_codes_apart(&o.codec, max_degree(o.g), codes(o.node, o.g), code, bits);
    for (uint32_t j = 0; j < o.n; j++) {
        bool shorter = o.length[i] < o.length[j];
        float low = shorter ? o.length[i] : o.length[j], high = shorter ? o.length[j] : o.length[i];
        if (j == i || (!shorter && !both_ways) || !(low > 0) || !(high > low))
            continue; // a neutral code says nothing
        float ratio = low / high;
        float exposure = 1 + ratio * (ratio - 2 * std::cos(turn * static_cast<float>(bits[j])));
        float &least = o.exposure[shorter ? j : i];
        least = std::min(least, exposure);
    }
}

void cast_shadow_of(Offer &o, uint32_t i)
{
    uint8_t code[kMaxCodeBytes];
    vdb_codes_get(&o.codec, max_degree(o.g), codes(o.node, o.g), i, code);
    cast_shadows(o, i, code, false);
}

// The edge to do without: of those that may go, the longest that is shadowed, or the longest.
uint32_t least_needed(const Offer &o, uint32_t pinned, bool must)
{
    uint32_t end = must ? o.n : o.n + 1;
    uint32_t least = pinned;
    bool shadowed = false;
    for (uint32_t i = pinned; i < end; i++) {
        bool dark = o.exposure[i] < 1;
        bool worse = dark == shadowed ? o.length[i] > o.length[least] : dark;
        shadowed |= dark;
        least = worse ? i : least;
    }
    return least;
}

// The shortest edges of the list, at most kShadowers; returns how many.
uint32_t shortest(const Offer &o, uint32_t *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < o.n; i++) {
        uint32_t at = count;
        while (at > 0 && o.length[i] < o.length[out[at - 1]])
            at--;
        if (at == kShadowers)
            continue;
        count += count < kShadowers;
        for (uint32_t j = count - 1; j > at; j--)
            out[j] = out[j - 1];
        out[at] = i;
    }
    return count;
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb::hnsw;

bool vdb_hnsw_links_offer(const void *page, const VdbHnswGeometry *g, VdbLinks *now,
                          const VdbEdgeCodes *edge, bool must) noexcept
{
    const NodeHeader *node = node_at(page, *g, vdb_hnsw_node_slot(g, now->node));
    Offer o = {*g, vdb_hnsw_codec(g), node, edge, now->count, {}, {}};
    for (uint32_t i = 0; i < o.n; i++)
        o.length[i] = length_of(code_factors(node, *g)[i]);
    o.length[o.n] = length_of(edge->factors[0]);
    std::fill_n(o.exposure, o.n + 1, std::numeric_limits<float>::max());

    cast_shadows(o, o.n, edge->codes, true);
    uint32_t near[kShadowers];
    uint32_t count = shortest(o, near);
    for (uint32_t i = 0; i < count; i++)
        cast_shadow_of(o, near[i]);
    uint32_t goes = least_needed(o, now->pinned, must);
    if (goes == o.n)
        return false;
    now->ids[goes] = edge->nodes[0];
    return true;
}
