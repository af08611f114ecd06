// A build by files: what its processes share, and the cache of vectors each of them works on.
//
// Nodes have numbers, *places*, 0 ... nodes - 1: near ones follow each other.  On upper levels a
// node's place is its number among those of the level.  A file's records stand in order of places.
#pragma once

#include "core/align.h"
#include "hnsw/external_api.h"
#include "hnsw/partition.h"

namespace vdb::hnsw {

constexpr uint32_t kMostProcesses = 128;
constexpr uint32_t kMostLevels = VDB_HNSW_MAX_LEVEL + 1;
constexpr uint32_t kFan = kPartitionFan;
constexpr uint32_t kExternalPortion = 512; // nodes

// Start of a row in a file; its vector follows.
struct RowHead {
    float norm;
    VdbTid tid;
    uint16_t pad;
    uint32_t hash;
};
static_assert(sizeof(RowHead) == 16);

// A row in memory.
struct Row {
    uint64_t tid;
    uint32_t row;  // in the files' order
    uint32_t home; // its two nearest leaders; before that the vector's hash; of a copy the place of
                   // its node
};
static_assert(sizeof(Row) == 16);

// Start of a list in a file; ids follow.
struct ListHead {
    uint16_t count;
    uint16_t pinned;
};

// An edge on its way to the node that it leads to.
struct OfferedEdge {
    uint32_t to;
    uint32_t from;
    float distance;
};

// Offered edges to one stretch of nodes; a process's ones are chained in its file.
struct OfferChunk {
    static constexpr uint32_t kEdges = 340;

    uint32_t before; // number of the chunk before + 1, 0: none
    uint32_t count;
    OfferedEdge edges[kEdges];
};

struct External {
    VdbHnswGeometry geometry;
    uint64_t seed;
    uint64_t bytes; // of the memory
    uint32_t ef_construction;
    uint32_t processes; // at most
    uint64_t rows_of[kMostProcesses];

    uint32_t rows;
    uint32_t nodes;
    uint32_t top; // level
    uint32_t entry;
    uint32_t on_level[kMostLevels];    // nodes
    uint32_t upper_start[kMostLevels]; // of each level's places, in upper()
    uint64_t lists_at[kMostLevels];    // of each level's lists, in the file
    bool settled;                      // nodes have their places

    uint64_t rows_at; // offsets
    uint64_t homes_at;
    uint64_t members_at;
    uint64_t longest_at;
    uint64_t upper_at;
    uint64_t heads_at;
    uint64_t regions_at;
    uint64_t region_bytes;
    uint32_t regions;
    uint32_t capacity; // nodes of a region
    std::atomic<uint32_t> joined;

    bool moving; // part of partitioning level 0: nodes move to their places
    uint32_t buckets;
    uint32_t bucket_nodes;
    BuildPhases phases;

    char *base() { return reinterpret_cast<char *>(this); }
    template <class T> T *at(uint64_t offset) { return reinterpret_cast<T *>(base() + offset); }
    Row *all_rows() { return at<Row>(rows_at); } // nodes, then copies
    uint16_t *homes() { return at<uint16_t>(homes_at); }
    // Where a node's leaders stand.
    uint16_t *homes_of(uint32_t place)
    {
        uint64_t i = phases.level == 0 ? all_rows()[place].row : place;
        return homes() + i * kFan;
    }
    uint32_t *members() { return at<uint32_t>(members_at); }
    uint32_t *longest() { return at<uint32_t>(longest_at); } // places of phases.longest, in order
    uint32_t *upper(uint32_t level) { return at<uint32_t>(upper_at) + upper_start[level]; }
    uint32_t *heads(uint32_t process) { return at<uint32_t>(heads_at) + process * buckets; }

    // The file's order, once there is one.
    uint32_t *positions() { return members(); }
    uint32_t *order() { return members() + nodes; }

    uint32_t copies() const { return rows - nodes; }
    uint64_t record_bytes() const
    {
        return align8(sizeof(RowHead) + vdb_value_bytes(&geometry.space));
    }
    uint64_t pool_bytes() const { return CandidatePool::bytes(pool_size(geometry)); }
    uint32_t max_links(uint32_t level) const { return level == 0 ? 2 * geometry.m : geometry.m; }
    uint64_t list_bytes(uint32_t level) const
    {
        return sizeof(ListHead) + uint64_t{max_links(level)} * sizeof(uint32_t);
    }
    // A level's place as one of the bottom.
    uint32_t bottom_place(uint32_t level, uint32_t place)
    {
        return level == 0 ? place : upper(level)[place];
    }
};

inline External *external_of(void *memory)
{
    return static_cast<External *>(memory);
}
inline External *external_of(const void *memory)
{
    return static_cast<External *>(const_cast<void *>(memory));
}

constexpr uint32_t rows_file(uint32_t process)
{
    return VDB_HNSW_COMMON_FILES + VDB_HNSW_FILES_PER_PROCESS * process;
}
constexpr uint32_t offers_file(uint32_t process)
{
    return rows_file(process) + 1;
}

inline VdbTid unpack_tid(uint64_t tid)
{
    return {static_cast<uint16_t>(tid >> 32), static_cast<uint16_t>(tid >> 16),
            static_cast<uint16_t>(tid)};
}

inline uint32_t level_of(const External *x, const Row &row)
{
    return vdb_hnsw_level(x->seed, unpack_tid(row.tid), x->geometry.m);
}

// What a process sees: a region whose nodes are those held at the moment, by their places.
class Cache {
  public:
    External *x;
    const VdbHnswStore *store;
    BuildRegion *region;
    char *record; // of a file

    // Empties it.  Places are those of the phase's level.
    void reset();

    // From now on what is held afterwards stays until the next call.
    void release() { stamp_++; }
    VdbNode hold(uint32_t place);

    // Reads a node's record.
    void read(uint32_t place);
    const RowHead *head() const { return reinterpret_cast<const RowHead *>(record); }
    const char *vector() const { return record + sizeof(RowHead); }

  private:
    uint32_t stamp_;
    uint32_t hand_;

    VdbNode make_room();
};

// Bytes of a region that holds `capacity` of so many nodes, and the reverse (never more than all).
uint64_t cache_bytes(const VdbHnswGeometry &g, uint64_t nodes, uint64_t capacity);
uint32_t cache_capacity(const VdbHnswGeometry &g, uint64_t nodes, uint64_t bytes);
BuildRegion *make_cache_region(External *x, void *memory, uint64_t bytes, uint32_t capacity);

// Fewest nodes that a cache is good for: a page's and all that they lead to.
inline uint64_t least_capacity(const VdbHnswGeometry &g)
{
    uint64_t of_page = uint64_t{g.slots_per_page} * (2 * g.m + 1) + 2;
    uint64_t of_node = pool_size(g) + 1;
    return 256 + (of_page > of_node ? of_page : of_node);
}

// Units of the pieces of one page's nodes at most, as all copies may be one node's.
inline uint64_t piece_units(const External *x)
{
    const VdbHnswGeometry &g = x->geometry;
    return x->copies() / 2 + uint64_t{g.slots_per_page} * (x->top * upper_list_units(g) + 1) + 1;
}

// After a phase: to the next one, level by level from the bottom (external_begin.cpp); VDB_TOO_BIG
// where the memory does not do.
VdbStatus next_phase(External *x, const VdbHnswStore *store, uint32_t processes);
void prepare_phase(External *x);

// The steps between phases (external_rows.cpp).  Reads all rows' heads, finds equal vectors, and
// divides the memory.
VdbStatus lay_out(External *x, const VdbHnswStore *store, uint32_t processes);
// Gives nodes their places, by their two nearest leaders.
void settle(External *x);

// Where the row with that number stands, in which file.
struct RowPlace {
    uint32_t file;
    uint64_t offset;
};
RowPlace find_row(const External *x, uint32_t row);

} // namespace vdb::hnsw
