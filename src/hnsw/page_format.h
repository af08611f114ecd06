// On-disk structures of the hnsw access method, all of them, and how to find them on a page.
// Knows bytes only: no search, no policy.  README.md draws the pages.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/types.h"
#include "hnsw/hnsw_api.h"

namespace vdb::hnsw {

constexpr uint32_t kPageHeaderSize = 24; // PostgreSQL's PageHeaderData, owned by the shim
constexpr uint32_t kMagic = 0x564E5348;  // "HSNV"
constexpr uint32_t kFormatVersion = 1;

// Special space of every page.
struct PageTrailer {
    uint32_t next_free; // next page of this page's free list (cell and vector pages), VDB_NO_BLOCK
                        // at the end of the list, VDB_HNSW_NOT_LISTED on no list
    uint16_t kind;      // VdbHnswPageKind
    uint16_t page_id;   // VDB_HNSW_PAGE_ID
};
static_assert(sizeof(PageTrailer) == 8);

// Feature flags: a reader refuses an index with a flag it does not know.
constexpr uint32_t kFeatureInlineCodes = 1u << 0;  // slots hold their neighbours' codes
constexpr uint32_t kFeatureExtraColumns = 1u << 1; // reserved: slots hold further index columns
constexpr uint32_t kFeatureKeptChecks = 1u << 2;   // kept vectors have checks
constexpr uint32_t kFeatureSeals = 1u << 3;        // their checks cover norm and first heap tid;
                                                   // cells of heap tids have checks
constexpr uint32_t kKnownFeatures = kFeatureInlineCodes | kFeatureKeptChecks | kFeatureSeals;

// Content of block 0, after the page header.  The first half never changes after CREATE INDEX.
struct MetaPage {
    uint32_t magic;
    uint32_t version;
    uint32_t features;
    uint32_t page_size;
    uint32_t dims;
    uint16_t m;
    uint16_t metric;    // VdbMetric
    uint16_t storage;   // VdbStorage of the column
    uint16_t kept;      // VdbKept
    uint32_t code_dims; // coordinates that codes cover, 0 without codes
    uint64_t seed;      // of the nodes' levels

    VdbNode root;  // root of the pinned tree; never freed once set
    VdbNode entry; // a node of the highest level, where a search starts
    uint32_t entry_level;
    VdbBlock free_cell_page;   // head of the list of cell pages with room
    VdbBlock free_vector_page; // head of the list of unused vector pages
    uint32_t slot_units;       // sparse: units of a vector that a slot has room for
    uint32_t reserved[8];
};
static_assert(sizeof(MetaPage) == 96);

constexpr uint32_t kMaxVectorPages = 32; // 128,008 bytes in slices of at least 4,064

// What a slot holds.  No state is 0 or another likely byte: a search looks at a slot's state
// instead of the page's kind, which would cost it one more cache miss, and so notices a page that
// is not what it should be.
enum class NodeState : uint8_t {
    kFree = 0xB0, // the slot may be taken
    kLive = 0xB1,
    kTombstone = 0xB2, // no heap tids left; still routes
    kDetached = 0xB3   // a tombstone out of the tree: no pinned edge in or out, may be freed
};

inline bool valid_state(NodeState state)
{
    return (static_cast<uint8_t>(state) & 0xFC) == 0xB0;
}

// Start of a slot.  Then: VdbNode neighbors[2m] (the first `pinned` of them are the tree edges),
// VdbBlock vector_blocks[vector_pages], with codes VdbCodeFactors[2m] and the neighbours' codes
// (quant/code_api.h), and the first inline_units units of the stored vector.
struct NodeHeader {
    NodeState state;
    uint8_t level;
    uint8_t degree;      // level-0 edges in use, <= 2m
    uint8_t pinned;      // leading edges that are tree edges, <= degree
    uint16_t generation; // grows each time the slot is taken again
    VdbTid heap_tid;     // first heap tid; offset 0 = none here (look in the cells)
    VdbCellRef tids;     // cell with more heap tids
    VdbCellRef upper;    // cell of the level-1 neighbours, which links to that of level 2, ...
    float norm;          // of the stored vector (quant/space_api.h); 0 = the zero vector
};
static_assert(sizeof(NodeHeader) == 28);

enum class CellKind : uint8_t {
    kFree = 0,
    kUpper = 1,
    kTids = 2
};

// Start of a cell.  Then VdbNode neighbors[m] (kUpper) or VdbTid tids[tids_per_cell] (kTids).
struct CellHeader {
    CellKind kind;
    uint8_t level;  // kUpper: the level of these neighbours, >= 1
    uint16_t count; // entries in use
    VdbNode owner;
    VdbCellRef next; // kUpper: the cell one level up; kTids: more tids
    uint16_t check;  // kTids, with kFeatureSeals: of all but `next` (seal.h); else 0
};
static_assert(sizeof(CellHeader) == 16);

inline PageTrailer *trailer(void *page, const VdbHnswGeometry &g)
{
    return reinterpret_cast<PageTrailer *>(static_cast<char *>(page) + g.page_size -
                                           sizeof(PageTrailer));
}
inline const PageTrailer *trailer(const void *page, const VdbHnswGeometry &g)
{
    return trailer(const_cast<void *>(page), g);
}

inline VdbHnswPageKind page_kind(const void *page, const VdbHnswGeometry &g)
{
    return static_cast<VdbHnswPageKind>(trailer(page, g)->kind);
}

inline bool has_cells(const void *page, const VdbHnswGeometry &g)
{
    uint32_t kind = vdb_hnsw_page_kind(page, g.page_size);
    return kind == VDB_HNSW_PAGE_NODE || kind == VDB_HNSW_PAGE_CELL;
}

inline NodeHeader *node_at(void *page, const VdbHnswGeometry &g, uint32_t slot)
{
    return reinterpret_cast<NodeHeader *>(static_cast<char *>(page) + kPageHeaderSize +
                                          slot * g.slot_size);
}
inline const NodeHeader *node_at(const void *page, const VdbHnswGeometry &g, uint32_t slot)
{
    return node_at(const_cast<void *>(page), g, slot);
}

inline VdbNode *neighbors(NodeHeader *node)
{
    return reinterpret_cast<VdbNode *>(node + 1);
}
inline const VdbNode *neighbors(const NodeHeader *node)
{
    return reinterpret_cast<const VdbNode *>(node + 1);
}

inline uint32_t max_degree(const VdbHnswGeometry &g)
{
    return 2 * g.m;
}

// Blocks of the vector's slices, in order.
inline VdbBlock *vector_blocks(NodeHeader *node, const VdbHnswGeometry &g)
{
    return neighbors(node) + max_degree(g);
}
inline const VdbBlock *vector_blocks(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return neighbors(node) + max_degree(g);
}

// The codes of a list's neighbours, and their factors.  REQUIRES: the index has codes.
inline VdbCodeFactors *code_factors(NodeHeader *node, const VdbHnswGeometry &g)
{
    return reinterpret_cast<VdbCodeFactors *>(reinterpret_cast<char *>(node) + g.factors_offset);
}
inline const VdbCodeFactors *code_factors(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return code_factors(const_cast<NodeHeader *>(node), g);
}
inline void *codes(NodeHeader *node, const VdbHnswGeometry &g)
{
    return reinterpret_cast<char *>(node) + g.codes_offset;
}
inline const void *codes(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return codes(const_cast<NodeHeader *>(node), g);
}

inline void *inline_vector(NodeHeader *node, const VdbHnswGeometry &g)
{
    return reinterpret_cast<char *>(node) + g.vector_offset;
}
inline const void *inline_vector(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return reinterpret_cast<const char *>(node) + g.vector_offset;
}

// Where unit i of a stored vector in memory stands.
inline void *unit_at(void *vector, const VdbHnswGeometry &g, uint32_t i)
{
    return static_cast<char *>(vector) + size_t{i} * g.unit_size;
}
inline const void *unit_at(const void *vector, const VdbHnswGeometry &g, uint32_t i)
{
    return static_cast<const char *>(vector) + size_t{i} * g.unit_size;
}

inline bool is_sparse(const VdbHnswGeometry &g)
{
    return g.space.storage == VDB_STORAGE_SPARSE;
}

// Units of the vector in a slot; 0 if that is damaged.
inline uint32_t units_of(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return is_sparse(g) ? vdb_units_of(&g.space, inline_vector(node, g)) : g.units;
}

// Those of them that are in the slot.
inline uint32_t units_in_slot(const VdbHnswGeometry &g, uint32_t units)
{
    return units < g.inline_units ? units : g.inline_units;
}

// The slice of a vector of so many units that its i-th vector page holds: first unit and count.
inline uint32_t slice_start(const VdbHnswGeometry &g, uint32_t i)
{
    return g.inline_units + i * g.units_per_vector_page;
}
inline uint32_t slice_units(const VdbHnswGeometry &g, uint32_t units, uint32_t i)
{
    uint32_t left = units - slice_start(g, i);
    return left < g.units_per_vector_page ? left : g.units_per_vector_page;
}
inline void *slice_vector(void *page)
{
    return static_cast<char *>(page) + kPageHeaderSize;
}
inline const void *slice_vector(const void *page)
{
    return static_cast<const char *>(page) + kPageHeaderSize;
}

// Cells of a node or cell page.
inline uint32_t cell_count(const void *page, const VdbHnswGeometry &g)
{
    return page_kind(page, g) == VDB_HNSW_PAGE_NODE ? g.cells_per_node_page : g.cells_per_cell_page;
}
// REQUIRES: the page is a node or cell page and index < cell_count(page, g).
inline CellHeader *cell_at(void *page, const VdbHnswGeometry &g, uint32_t index)
{
    uint32_t start = page_kind(page, g) == VDB_HNSW_PAGE_NODE ? g.cells_offset : kPageHeaderSize;
    return reinterpret_cast<CellHeader *>(static_cast<char *>(page) + start + index * g.cell_size);
}
inline const CellHeader *cell_at(const void *page, const VdbHnswGeometry &g, uint32_t index)
{
    return cell_at(const_cast<void *>(page), g, index);
}
inline VdbNode *cell_neighbors(CellHeader *cell)
{
    return reinterpret_cast<VdbNode *>(cell + 1);
}
inline const VdbNode *cell_neighbors(const CellHeader *cell)
{
    return reinterpret_cast<const VdbNode *>(cell + 1);
}
inline VdbTid *cell_tids(CellHeader *cell)
{
    return reinterpret_cast<VdbTid *>(cell + 1);
}
inline const VdbTid *cell_tids(const CellHeader *cell)
{
    return reinterpret_cast<const VdbTid *>(cell + 1);
}

inline MetaPage *meta_of(void *page)
{
    return reinterpret_cast<MetaPage *>(static_cast<char *>(page) + kPageHeaderSize);
}
inline const MetaPage *meta_of(const void *page)
{
    return meta_of(const_cast<void *>(page));
}

inline VdbCellRef make_cell_ref(VdbBlock block, uint32_t index)
{
    return {static_cast<uint16_t>(block >> 16), static_cast<uint16_t>(block & 0xFFFF),
            static_cast<uint16_t>(index + 1)};
}
inline bool is_none(VdbTid ref)
{
    return ref.offset == 0;
}
inline bool same_tid(VdbTid a, VdbTid b)
{
    return a.block_hi == b.block_hi && a.block_lo == b.block_lo && a.offset == b.offset;
}

// What the metapage says of the index; false if its features and values disagree.
bool read_shape(const MetaPage *meta, VdbHnswShape *shape);

// Bytes of a page of that kind that are in use, counted from the page's start: the shim's pd_lower.
uint32_t page_lower(const VdbHnswGeometry &g, VdbHnswPageKind kind);

// Clears everything after the page header and stamps the page with its kind.
void init_page(void *page, const VdbHnswGeometry &g, VdbHnswPageKind kind);

} // namespace vdb::hnsw
