// A sample of an index's nodes, where searches begin; see entries_api.h.
#include "hnsw/entries_api.h"

#include <cmath>
#include <type_traits>

#include "core/align.h"
#include "hnsw/search.h"

using namespace vdb;
using namespace vdb::hnsw;

namespace {

constexpr uint32_t kEntries = 4096;   // a multiple of 32
constexpr uint32_t kFirstBatch = 256; // of them, whose mean the codes are relative to
constexpr uint32_t kSeeds = 4;        // where a search begins
// Entries to choose them among, for each node of the window: a narrow one is not to spend more on
// where it begins than on itself.  README, Search.
constexpr uint32_t kEntriesPerEf = 96;

constexpr size_t kCodesOverrun = 64; // bytes past codes that an estimate may read

} // namespace

struct VdbHnswEntries {
    VdbHnswGeometry g;
    VdbCodec codec;
    VdbBlock blocks;
    uint32_t looked_at; // pages
    uint32_t count;
    bool coded; // the first batch has come together
    float mean_norm;
    float *mean;
    float *vectors; // of the first batch; then of one node
    VdbNode *nodes;
    float *ranks;
    VdbCodeFactors *factors;
    uint8_t *codes;
    uint8_t *code; // one
};
static_assert(std::is_trivially_destructible_v<VdbHnswEntries>);

namespace {

void put_code(VdbHnswEntries *e, uint32_t i, const float *vector)
{
    vdb_code_make(&e->codec, e->mean, vector, e->code, &e->factors[i]);
    vdb_codes_put(&e->codec, kEntries, e->codes, i, e->code);
}

// The mean of the first batch, and their codes.
void begin_codes(VdbHnswEntries *e)
{
    uint32_t dims = e->g.space.dims;
    for (uint32_t d = 0; d < dims; d++) {
        double sum = 0;
        for (uint32_t i = 0; i < e->count; i++)
            sum += e->vectors[size_t{i} * dims + d];
        e->mean[d] = static_cast<float>(sum / e->count);
    }
    e->mean_norm = vdb_simd_kernels()->inner_product(e->mean, e->mean, dims);
    for (uint32_t i = 0; i < e->count; i++)
        put_code(e, i, e->vectors + size_t{i} * dims);
    e->coded = true;
}

// A live node of the page, the slot with that number if it has one.
const NodeHeader *choose(const VdbHnswEntries *e, const void *page, uint32_t *slot)
{
    uint32_t slots = e->g.slots_per_page;
    for (uint32_t i = 0; i < slots; i++) {
        *slot = (e->looked_at + i) % slots;
        const NodeHeader *node = node_at(page, e->g, *slot);
        if (node->state == NodeState::kLive)
            return node;
    }
    return nullptr;
}

// The query's rank of the mean.
float base_of(const VdbHnswEntries *e, const VdbHnswQuery *query)
{
    auto *q = static_cast<const float *>(query->vector);
    const VdbKernels *k = vdb_simd_kernels();
    if (e->codec.metric == VDB_METRIC_L2)
        return k->l2_squared(q, e->mean, e->g.space.dims);
    float dot = k->inner_product(q, e->mean, e->g.space.dims);
    return e->codec.metric == VDB_METRIC_COSINE ? 1 - dot : -dot;
}

} // namespace

size_t vdb_hnsw_entries_size(const VdbHnswGeometry *g) noexcept
{
    VdbCodec codec = vdb_hnsw_codec(g);
    size_t row = g->space.dims * sizeof(float);
    return align64(sizeof(VdbHnswEntries)) + align64(row) + align64(kFirstBatch * row) +
           kEntries * (sizeof(VdbNode) + sizeof(float) + sizeof(VdbCodeFactors)) +
           align64(vdb_codes_bytes(&codec, kEntries) + kCodesOverrun) +
           align64(vdb_code_bytes(&codec));
}

VdbHnswEntries *vdb_hnsw_entries_init(void *memory, const VdbHnswGeometry *g,
                                      VdbBlock blocks) noexcept
{
    auto *e = static_cast<VdbHnswEntries *>(memory);
    char *at = static_cast<char *>(memory) + align64(sizeof(VdbHnswEntries));
    auto take = [&at](size_t bytes) {
        void *block = at;
        at += align64(bytes);
        return block;
    };
    *e = {};
    e->g = *g;
    e->codec = vdb_hnsw_codec(g);
    e->blocks = blocks;
    e->mean = static_cast<float *>(take(g->space.dims * sizeof(float)));
    e->vectors = static_cast<float *>(take(kFirstBatch * g->space.dims * sizeof(float)));
    e->nodes = static_cast<VdbNode *>(take(kEntries * sizeof(VdbNode)));
    e->ranks = static_cast<float *>(take(kEntries * sizeof(float)));
    e->factors = static_cast<VdbCodeFactors *>(take(kEntries * sizeof(VdbCodeFactors)));
    e->codes = static_cast<uint8_t *>(take(vdb_codes_bytes(&e->codec, kEntries) + kCodesOverrun));
    e->code = static_cast<uint8_t *>(take(vdb_code_bytes(&e->codec)));
    std::memset(e->codes, 0, vdb_codes_bytes(&e->codec, kEntries) + kCodesOverrun);
    std::memset(e->factors, 0, kEntries * sizeof(VdbCodeFactors));
    return e;
}

// Pages in an order that is spread over the index at any time: bit by bit from the top.
VdbBlock vdb_hnsw_entries_next(const VdbHnswEntries *e) noexcept
{
    if (e->looked_at == kEntries || e->blocks <= VDB_HNSW_FIRST_NODE_BLOCK)
        return VDB_NO_BLOCK;
    uint32_t reversed = 0;
    for (uint32_t bit = 1; bit < kEntries; bit *= 2)
        reversed = reversed * 2 + ((e->looked_at & bit) != 0);
    uint64_t pages = e->blocks - VDB_HNSW_FIRST_NODE_BLOCK;
    return VDB_HNSW_FIRST_NODE_BLOCK + static_cast<VdbBlock>(reversed * pages / kEntries);
}

void vdb_hnsw_entries_feed(VdbHnswEntries *e, const void *page) noexcept
{
    VdbBlock block = vdb_hnsw_entries_next(e);
    uint32_t slot;
    const NodeHeader *node = vdb_hnsw_page_kind(page, e->g.page_size) == VDB_HNSW_PAGE_NODE
                                 ? choose(e, page, &slot)
                                 : nullptr;
    e->looked_at++;
    if (node != nullptr) {
        uint32_t dims = e->g.space.dims;
        float *vector = e->vectors + (e->coded ? 0 : size_t{e->count} * dims);
        vdb_kept_decode(e->g.kept, dims, inline_vector(node, e->g), vector);
        e->nodes[e->count] = block * e->g.slots_per_page + slot;
        if (e->coded)
            put_code(e, e->count, vector);
        e->count++;
    }
    if (!e->coded && e->count > 0 && (e->count == kFirstBatch || e->looked_at == kEntries))
        begin_codes(e);
}

uint32_t vdb_hnsw_entries_count(const VdbHnswEntries *e) noexcept
{
    return e->coded ? e->count : 0;
}

void vdb_hnsw_search_start_near(VdbHnswSearch *s, const VdbHnswQuery *query, VdbHnswEntries *e,
                                VdbNode root, uint32_t ef) noexcept
{
    vdb_hnsw_search_start(s, query, VDB_NO_NODE, root, 0, ef);
    // any first ones of them are spread over the index
    uint32_t n = static_cast<uint32_t>(std::min<uint64_t>(e->count, uint64_t{ef} * kEntriesPerEf));
    VdbCodeList list = {e->codes, e->factors, kEntries, n, base_of(e, query), 1};
    if (e->codec.metric == VDB_METRIC_IP)
        list.a = e->mean_norm > 0 ? std::sqrt(query->norm / e->mean_norm) : 0;
    vdb_code_estimate(s->code_query, &list, e->ranks);
    for (uint32_t i = 0; i < kSeeds; i++) {
        size_t best = vdb_simd_kernels()->least(e->ranks, n);
        s->beam.add({e->ranks[best], e->nodes[best]});
        e->ranks[best] = std::numeric_limits<float>::max();
    }
}
