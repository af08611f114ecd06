// The checker's memory, its problem list and the metapage.
#include "hnsw/check.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdarg>

#include "core/problems.h"

namespace vdb::hnsw {

namespace {

constexpr double kNormTolerance = 1e-3; // relative; sums of 16,000 float32 squares stay far below

// Byte offsets of the arrays in the memory block.
struct Layout {
    size_t nodes, blocks, cells, norms, end;
};

bool add_array(size_t *end, uint64_t n, size_t element)
{
    size_t bytes;
    return !__builtin_mul_overflow(n, element, &bytes) && !__builtin_add_overflow(*end, bytes, end);
}

VdbStatus lay_out(const VdbHnswGeometry &g, VdbBlock blocks, Layout *out)
{
    uint64_t nodes = uint64_t{blocks} * g.slots_per_page;
    if (nodes >= VDB_NO_NODE)
        return VDB_TOO_BIG;

    Layout l = {};
    l.nodes = sizeof(VdbHnswCheck);
    l.blocks = l.nodes;
    if (!add_array(&l.blocks, nodes, sizeof(NodeInfo)))
        return VDB_TOO_BIG;
    l.cells = l.blocks;
    if (!add_array(&l.cells, blocks, sizeof(BlockInfo)))
        return VDB_TOO_BIG;
    l.norms = l.cells;
    if (!add_array(&l.norms, uint64_t{blocks} * g.cells_per_cell_page, sizeof(CellInfo)))
        return VDB_TOO_BIG;
    l.end = l.norms;
    if (g.vector_pages > 0 && !add_array(&l.end, nodes, sizeof(NormInfo)))
        return VDB_TOO_BIG;
    *out = l;
    return VDB_OK;
}

static_assert(sizeof(VdbHnswCheck) % 8 == 0);
static_assert(sizeof(NodeInfo) % 8 == 0 && sizeof(BlockInfo) % 8 == 0 && sizeof(CellInfo) % 8 == 0);

const char *metapage_problem(const void *page, uint32_t page_size, VdbHnswGeometry *out)
{
    VdbHnswGeometry sized = {};
    sized.page_size = page_size;
    const PageTrailer *t = trailer(page, sized);
    if (t->page_id != VDB_HNSW_PAGE_ID || t->kind != VDB_HNSW_PAGE_META)
        return "block 0 is not a metapage";

    const MetaPage *meta = meta_of(page);
    if (meta->magic != kMagic)
        return "metapage has a wrong magic number";
    if (meta->version != kFormatVersion)
        return "metapage has an unknown format version";
    if ((meta->features & ~kKnownFeatures) != 0)
        return "metapage asks for unknown features";
    if (meta->page_size != page_size)
        return "metapage has another page size";
    VdbSpace space = {meta->metric, meta->storage, std::max(meta->dims, 1u)};
    if (!vdb_space_valid(&space))
        return "metapage has an unknown vector storage or metric";
    VdbHnswShape shape;
    if (!read_shape(meta, &shape))
        return "metapage has codes by one of its fields and none by another";
    if (vdb_hnsw_geometry(page_size, &shape, out) != VDB_OK)
        return "metapage has impossible dimensions or m";
    return nullptr;
}

} // namespace

bool norm_matches(float stored, double sum)
{
    if (sum > FLT_MAX)
        return stored > FLT_MAX * (1 - kNormTolerance);
    return std::fabs(stored - sum) <= kNormTolerance * sum + FLT_MIN;
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

void VdbHnswCheck::report(VdbBlock block, int32_t item, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vdb::add_problem(problems, &counts.problems, {block, item, {}}, format, args);
    va_end(args);
}

VdbStatus vdb_hnsw_check_geometry(const void *metapage, uint32_t page_size, VdbHnswGeometry *out,
                                  const char **problem) noexcept
{
    *problem = metapage_problem(metapage, page_size, out);
    return *problem == nullptr ? VDB_OK : VDB_CORRUPT;
}

uint32_t vdb_hnsw_check_page_end(const VdbHnswGeometry *g, VdbHnswPageKind kind) noexcept
{
    return page_lower(*g, kind);
}

VdbStatus vdb_hnsw_check_size(const VdbHnswGeometry *g, VdbBlock blocks, size_t *bytes) noexcept
{
    Layout l;
    VdbStatus status = lay_out(*g, blocks, &l);
    if (status == VDB_OK)
        *bytes = l.end;
    return status;
}

VdbHnswCheck *vdb_hnsw_check_begin(void *memory, const VdbHnswGeometry *g, VdbBlock blocks,
                                   VdbBlock heap_blocks) noexcept
{
    Layout l;
    if (lay_out(*g, blocks, &l) != VDB_OK)
        return nullptr;

    char *base = static_cast<char *>(memory);
    VdbHnswCheck *check = reinterpret_cast<VdbHnswCheck *>(base);
    check->g = *g;
    check->blocks = blocks;
    check->heap_blocks = heap_blocks;
    check->cell_total = 0;
    check->cursor = 0;
    check->phase = 0;
    check->free_cell_page = VDB_NO_BLOCK;
    check->free_vector_page = VDB_NO_BLOCK;
    check->counts = {};
    check->counts.root = VDB_NO_NODE;
    check->counts.entry = VDB_NO_NODE;
    check->nodes = reinterpret_cast<NodeInfo *>(base + l.nodes);
    check->by_block = reinterpret_cast<BlockInfo *>(base + l.blocks);
    check->cells = reinterpret_cast<CellInfo *>(base + l.cells);
    check->norms = g->vector_pages > 0 ? reinterpret_cast<NormInfo *>(base + l.norms) : nullptr;

    NodeInfo no_node = {};
    no_node.parent = VDB_NO_NODE;
    no_node.state = NodeState::kFree;
    BlockInfo no_block = {};
    no_block.owner = VDB_NO_NODE;
    no_block.next_free = VDB_HNSW_NOT_LISTED;
    for (uint64_t i = 0; i < check->node_total(); i++)
        check->nodes[i] = no_node;
    for (VdbBlock i = 0; i < blocks; i++)
        check->by_block[i] = no_block;
    for (uint64_t i = 0; check->norms != nullptr && i < check->node_total(); i++)
        check->norms[i] = {};
    return check;
}

const VdbHnswCheckCounts *vdb_hnsw_check_counts(const VdbHnswCheck *check) noexcept
{
    return &check->counts;
}

const VdbProblem *vdb_hnsw_check_problem(const VdbHnswCheck *check, uint32_t i) noexcept
{
    return &check->problems[i];
}
