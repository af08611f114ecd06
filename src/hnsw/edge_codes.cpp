// Codes of edges: made, collected, and moved within slots.
#include "hnsw/edge_codes.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/align.h"

namespace vdb::hnsw {

namespace {

static_assert(std::is_trivially_destructible_v<VdbEdgeCodes>);

constexpr size_t kMaxListBytes = 32768; // of a list's codes, which lie on one page

// One edge's code out of its slot.
struct Edge {
    VdbNode target;
    VdbCodeFactors factors;
    uint8_t code[kMaxCodeBytes];
};

void put_code(NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, VdbCodeFactors factors,
              const uint8_t *code)
{
    VdbCodec codec = vdb_hnsw_codec(&g);
    code_factors(node, g)[at] = factors;
    vdb_codes_put(&codec, max_degree(g), codes(node, g), at, code);
}

void get_code(const NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, uint8_t *code)
{
    VdbCodec codec = vdb_hnsw_codec(&g);
    vdb_codes_get(&codec, max_degree(g), codes(node, g), at, code);
}

void get_edge(const NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, Edge *edge)
{
    edge->target = neighbors(node)[at];
    if (!vdb_hnsw_coded(&g))
        return;
    edge->factors = code_factors(node, g)[at];
    get_code(node, g, at, edge->code);
}

void put_edge(NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, const Edge &edge)
{
    neighbors(node)[at] = edge.target;
    if (vdb_hnsw_coded(&g))
        put_code(node, g, at, edge.factors, edge.code);
}

const uint8_t kNoCode[kMaxCodeBytes] = {};

} // namespace

uint32_t find_code(const VdbEdgeCodes *codes, VdbNode node)
{
    uint32_t i = 0;
    while (i < codes->count && codes->nodes[i] != node)
        i++;
    return i;
}

void put_codes(NodeHeader *node, const VdbHnswGeometry &g, const VdbEdgeCodes *from)
{
    VdbCodec codec = vdb_hnsw_codec(&g);
    size_t bytes = vdb_code_bytes(&codec);
    VdbCodeFactors *factors = code_factors(node, g);
    uint8_t rows[kMaxListBytes];
    std::fill_n(factors, max_degree(g), kNeutral);
    for (uint32_t i = 0; i < node->degree; i++) {
        uint32_t at = from != nullptr ? find_code(from, neighbors(node)[i]) : 0;
        bool known = from != nullptr && at < from->count;
        std::memcpy(rows + i * bytes, known ? from->codes + at * bytes : kNoCode, bytes);
        if (known)
            factors[i] = from->factors[at];
    }
    vdb_codes_pack(&codec, max_degree(g), codes(node, g), rows, node->degree);
}

void replace_codes(NodeHeader *node, const VdbHnswGeometry &g, const VdbLinks &now,
                   const VdbEdgeCodes *from)
{
    VdbCodec codec = vdb_hnsw_codec(&g);
    size_t bytes = vdb_code_bytes(&codec);
    VdbNode *end = neighbors(node) + node->degree;
    VdbCodeFactors factors[2 * VDB_HNSW_MAX_M];
    uint8_t rows[kMaxListBytes];
    // What moves is read before anything is written; what stays is left alone, for a short record.
    uint32_t places[2 * VDB_HNSW_MAX_M];
    uint32_t changed = 0;
    for (uint32_t i = 0; i < now.count; i++) {
        uint32_t known = from != nullptr ? find_code(from, now.ids[i]) : 0;
        auto old =
            static_cast<uint32_t>(std::find(neighbors(node), end, now.ids[i]) - neighbors(node));
        uint8_t *row = rows + changed * bytes;
        if (from != nullptr && known < from->count) {
            factors[changed] = from->factors[known];
            std::memcpy(row, from->codes + known * bytes, bytes);
        } else if (old == i && i < node->degree) {
            continue;
        } else if (old < node->degree) {
            factors[changed] = code_factors(node, g)[old];
            get_code(node, g, old, row);
        } else {
            factors[changed] = kNeutral;
            std::memset(row, 0, bytes);
        }
        places[changed++] = i;
    }
    for (uint32_t i = 0; i < changed; i++)
        put_code(node, g, places[i], factors[i], rows + i * bytes);
}

void copy_edge(NodeHeader *node, const VdbHnswGeometry &g, uint32_t to, uint32_t from)
{
    Edge edge;
    get_edge(node, g, from, &edge);
    put_edge(node, g, to, edge);
}

void swap_edges(NodeHeader *node, const VdbHnswGeometry &g, uint32_t a, uint32_t b)
{
    Edge first, second;
    get_edge(node, g, a, &first);
    get_edge(node, g, b, &second);
    put_edge(node, g, a, second);
    put_edge(node, g, b, first);
}

void put_neutral_edge(NodeHeader *node, const VdbHnswGeometry &g, uint32_t at, VdbNode target)
{
    neighbors(node)[at] = target;
    if (vdb_hnsw_coded(&g))
        put_code(node, g, at, kNeutral, kNoCode);
}

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

size_t vdb_hnsw_codes_size(const VdbHnswGeometry *g, uint32_t capacity) noexcept
{
    VdbCodec codec = vdb_hnsw_codec(g);
    return align8(sizeof(VdbEdgeCodes)) + align8(capacity * sizeof(VdbNode)) +
           align8(capacity * sizeof(VdbCodeFactors)) + capacity * vdb_code_bytes(&codec);
}

VdbEdgeCodes *vdb_hnsw_codes_init(void *memory, const VdbHnswGeometry *g,
                                  uint32_t capacity) noexcept
{
    auto *codes = static_cast<VdbEdgeCodes *>(memory);
    char *at = static_cast<char *>(memory) + align8(sizeof(VdbEdgeCodes));
    *codes = {vdb_hnsw_codec(g), capacity, 0, reinterpret_cast<VdbNode *>(at), nullptr, nullptr};
    at += align8(capacity * sizeof(VdbNode));
    codes->factors = reinterpret_cast<VdbCodeFactors *>(at);
    at += align8(capacity * sizeof(VdbCodeFactors));
    codes->codes = reinterpret_cast<uint8_t *>(at);
    return codes;
}

void vdb_hnsw_codes_clear(VdbEdgeCodes *codes) noexcept
{
    codes->count = 0;
}

void vdb_hnsw_codes_add(VdbEdgeCodes *codes, VdbNode name, const void *u, const void *v) noexcept
{
    if (codes->count == codes->capacity)
        return;
    uint32_t at = codes->count++;
    codes->nodes[at] = name;
    vdb_code_make(&codes->codec, static_cast<const float *>(u), static_cast<const float *>(v),
                  codes->codes + at * vdb_code_bytes(&codes->codec), &codes->factors[at]);
}

bool vdb_hnsw_codes_has(const VdbEdgeCodes *codes, VdbNode name) noexcept
{
    return find_code(codes, name) < codes->count;
}

bool vdb_hnsw_codes_pick(VdbEdgeCodes *to, VdbNode name, const VdbEdgeCodes *from,
                         VdbNode node) noexcept
{
    size_t bytes = vdb_code_bytes(&from->codec);
    uint32_t at = find_code(from, node);
    to->count = 0;
    if (at == from->count)
        return false;
    to->nodes[0] = name;
    to->factors[0] = from->factors[at];
    std::memcpy(to->codes, from->codes + at * bytes, bytes);
    to->count = 1;
    return true;
}
