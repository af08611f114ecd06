// Rows of a build by files: written as they come, then sorted out: which are copies of others, and
// in what order nodes stand in all other files.
#include <algorithm>
#include <new>

#include "hnsw/dedupe.h"
#include "hnsw/external.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kNotACopy = UINT32_MAX;
constexpr uint64_t kMostRows = UINT32_MAX / kFan - 1;

// Bytes of what all processes share, for so many rows, without what upper levels and offers take.
uint64_t shared_bytes(const VdbHnswGeometry &g, uint64_t rows)
{
    return align64(sizeof(External)) + align64(rows * sizeof(Row)) +
           align64(rows * kFan * sizeof(uint16_t)) + align64(rows * kFan * sizeof(uint32_t)) +
           (is_by_direction(g) ? kPartNodes * sizeof(uint32_t) : 0);
}

uint64_t record_bytes(const VdbHnswGeometry &g)
{
    return align8(sizeof(RowHead) + vdb_value_bytes(&g.space));
}

// Nodes of a stretch whose candidates are in memory at once; about a megabyte, if there are few.
uint32_t bucket_nodes(const External *x)
{
    constexpr uint64_t kBytes = 1024 * 1024;
    constexpr uint64_t kMostBuckets = 512;
    return static_cast<uint32_t>(
        std::max(kBytes / x->pool_bytes(), (x->nodes + kMostBuckets - 1) / kMostBuckets));
}

void write_row(const VdbHnswStore *store, uint32_t process, uint64_t i, const VdbHnswGeometry &g,
               const void *vector, RowHead head)
{
    size_t bytes = vdb_value_bytes(&g.space);
    head.hash = static_cast<uint32_t>(hash_vector(vector, bytes));
    uint64_t at = i * record_bytes(g);
    store->write(store->owner, rows_file(process), at, &head, sizeof(head));
    store->write(store->owner, rows_file(process), at + sizeof(head), vector, bytes);
}

uint64_t pack(VdbTid tid)
{
    return uint64_t{tid.block_hi} << 32 | uint64_t{tid.block_lo} << 16 | tid.offset;
}

void load_rows(External *x, const VdbHnswStore *store)
{
    Row *rows = x->all_rows();
    for (uint32_t i = 0; i < x->rows; i++) {
        RowHead head;
        RowPlace at = find_row(x, i);
        store->read(store->owner, at.file, at.offset, &head, sizeof(head));
        rows[i] = {pack(head.tid), i, head.hash};
    }
}

// Rows with one hash, of which the first with a vector is its node: marks the others.
class Deduper {
  public:
    External *x;
    const VdbHnswStore *store;
    char *first, *other; // two vectors
    uint32_t loaded = UINT32_MAX;

    void mark(Row *rows, uint32_t n)
    {
        for (uint32_t i = 0; i < n; i++)
            rows[i].home = kNotACopy;
        for (uint32_t i = 0; n > 1 && i < n; i++)
            for (uint32_t j = i + 1; rows[i].home == kNotACopy && j < n; j++)
                if (rows[j].home == kNotACopy && equal(rows[i].row, rows[j].row))
                    rows[j].home = rows[i].row;
    }

  private:
    void load(uint32_t row, char *to)
    {
        RowPlace at = find_row(x, row);
        store->read(store->owner, at.file, at.offset + sizeof(RowHead), to, bytes());
    }
    size_t bytes() const { return vdb_value_bytes(&x->geometry.space); }

    bool equal(uint32_t a, uint32_t b)
    {
        if (loaded != a)
            load(a, first);
        loaded = a;
        load(b, other);
        return std::memcmp(first, other, bytes()) == 0;
    }
};

// Brings nodes to the front, in the order of their heap tids.
void sort_rows(External *x, const VdbHnswStore *store, char *room)
{
    Row *rows = x->all_rows(), *end = rows + x->rows;
    std::sort(rows, end, [](const Row &a, const Row &b) {
        return a.home < b.home || (a.home == b.home && a.tid < b.tid);
    });
    Deduper deduper = {};
    deduper.x = x;
    deduper.store = store;
    deduper.first = room;
    deduper.other = room + x->record_bytes();
    for (uint32_t i = 0, j; i < x->rows; i = j) {
        for (j = i + 1; j < x->rows && rows[j].home == rows[i].home;)
            j++;
        deduper.mark(rows + i, j - i);
    }
    std::sort(rows, end, [](const Row &a, const Row &b) {
        bool first = a.home == kNotACopy, second = b.home == kNotACopy;
        return first != second ? first : a.tid < b.tid;
    });
    x->nodes = 0;
    while (x->nodes < x->rows && rows[x->nodes].home == kNotACopy)
        x->nodes++;
}

void count_levels(External *x)
{
    for (uint32_t i = 0; i < x->nodes; i++) {
        uint32_t level = level_of(x, x->all_rows()[i]);
        x->top = std::max(x->top, level);
        for (uint32_t l = 0; l <= level; l++)
            x->on_level[l]++;
    }
    for (uint32_t l = 1; l < x->top; l++)
        x->upper_start[l + 1] = x->upper_start[l] + x->on_level[l];
    for (uint32_t l = 0; l < x->top; l++)
        x->lists_at[l + 1] = x->lists_at[l] + x->on_level[l] * x->list_bytes(l);
}

// The memory after the rows; false if it does not do.
bool divide(External *x, uint32_t processes)
{
    uint64_t upper = 0;
    for (uint32_t l = 1; l <= x->top; l++)
        upper += x->on_level[l];
    x->bucket_nodes = bucket_nodes(x);
    x->buckets = (x->nodes + x->bucket_nodes - 1) / x->bucket_nodes;
    x->upper_at = shared_bytes(x->geometry, x->rows);
    x->heads_at = x->upper_at + align64(upper * sizeof(uint32_t));
    x->regions_at = x->heads_at + align64(uint64_t{x->processes} * x->buckets * sizeof(uint32_t));
    uint64_t pieces = align64(piece_units(x) * kUnit);
    if (x->regions_at + pieces > x->bytes)
        return false;
    uint64_t least = std::min<uint64_t>(least_capacity(x->geometry), x->nodes);
    for (x->regions = processes; x->regions > 0 && x->regions_at < x->bytes; x->regions--) {
        x->region_bytes = (x->bytes - x->regions_at) / x->regions / kCacheLine * kCacheLine;
        x->capacity = cache_capacity(x->geometry, x->nodes, x->region_bytes);
        if (x->capacity >= least &&
            cache_bytes(x->geometry, x->nodes, least) + pieces <= x->bytes - x->regions_at)
            return true;
    }
    return false;
}

// Copies learn their nodes' places.
void place_copies(External *x)
{
    Row *rows = x->all_rows(), *copies = rows + x->nodes, *end = rows + x->rows;
    auto of_row = [](const Row &copy, uint32_t row) { return copy.home < row; };
    std::sort(copies, end, [](const Row &a, const Row &b) {
        return a.home < b.home || (a.home == b.home && a.tid < b.tid);
    });
    // A copy's own row is not needed any more.
    for (uint32_t i = 0; x->copies() > 0 && i < x->nodes; i++)
        for (Row *c = std::lower_bound(copies, end, rows[i].row, of_row);
             c < end && c->home == rows[i].row; c++)
            c->row = i;
    for (Row *c = copies; c < end; c++)
        c->home = c->row;
    std::sort(copies, end, [](const Row &a, const Row &b) {
        return a.home < b.home || (a.home == b.home && a.tid < b.tid);
    });
}

void list_levels(External *x)
{
    uint32_t filled[kMostLevels] = {};
    x->entry = 0;
    uint32_t highest = 0;
    for (uint32_t i = 0; i < x->nodes; i++) {
        uint32_t level = level_of(x, x->all_rows()[i]);
        for (uint32_t l = 1; l <= level; l++)
            x->upper(l)[filled[l]++] = i;
        if (level > highest) {
            highest = level;
            x->entry = i;
        }
    }
}

} // namespace

RowPlace find_row(const External *x, uint32_t row)
{
    uint32_t process = 0;
    uint64_t i = row;
    for (; process + 1 < x->processes && i >= x->rows_of[process]; process++)
        i -= x->rows_of[process];
    return {rows_file(process), i * x->record_bytes()};
}

VdbStatus lay_out(External *x, const VdbHnswStore *store, uint32_t processes)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < x->processes; i++)
        rows += x->rows_of[i];
    if (rows > kMostRows || shared_bytes(x->geometry, rows) + 2 * x->record_bytes() > x->bytes)
        return VDB_TOO_BIG;
    x->rows = static_cast<uint32_t>(rows);
    x->rows_at = align64(sizeof(External));
    x->homes_at = x->rows_at + align64(rows * sizeof(Row));
    x->members_at = x->homes_at + align64(rows * kFan * sizeof(uint16_t));
    load_rows(x, store);
    x->longest_at = x->members_at + align64(rows * kFan * sizeof(uint32_t));
    sort_rows(x, store, x->base() + shared_bytes(x->geometry, rows));
    count_levels(x);
    return divide(x, processes) ? VDB_OK : VDB_TOO_BIG;
}

void settle(External *x)
{
    Row *rows = x->all_rows();
    for (uint32_t i = 0; i < x->nodes; i++) {
        const uint16_t *homes = x->homes() + uint64_t{rows[i].row} * kFan;
        rows[i].home = uint32_t{homes[0]} << 16 | (x->phases.fan > 1 ? homes[1] : 0);
    }
    std::sort(rows, rows + x->nodes, [](const Row &a, const Row &b) {
        return a.home < b.home || (a.home == b.home && a.tid < b.tid);
    });
    place_copies(x);
    list_levels(x);
}

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

bool vdb_hnsw_external_possible(const VdbHnswGeometry *g, size_t bytes, uint64_t rows,
                                uint32_t processes) noexcept
{
    if (!is_partitioned(*g) || rows > kMostRows || processes == 0 || processes > kMostProcesses)
        return false;
    uint64_t offers = uint64_t{processes} * 1024 * sizeof(uint32_t);
    uint64_t upper = rows / (g->m - 1) * 3 / 2 * sizeof(uint32_t) + 4096;
    uint64_t nodes = std::min<uint64_t>(least_capacity(*g), rows);
    return shared_bytes(*g, rows) + offers + upper + cache_bytes(*g, rows, nodes) <= bytes;
}

void vdb_hnsw_external_begin(void *region, size_t bytes, const VdbHnswStore *store,
                             uint32_t process, uint32_t processes) noexcept
{
    const BuildRegion *r = region_of(region);
    uint64_t rows = 0;
    for (VdbNode i = 0; i < r->taken().nodes; i++) {
        const BuildNode *n = r->node(i);
        write_row(store, process, rows++, r->geometry, r->vector(i), {n->norm, n->heap_tid, 0, 0});
        for (uint32_t chunk = n->tids; chunk != 0;) {
            const TidChunk *c = static_cast<const TidChunk *>(r->piece(chunk));
            for (VdbTid tid : c->tids)
                if (tid.offset != 0)
                    write_row(store, process, rows++, r->geometry, r->vector(i),
                              {n->norm, tid, 0, 0});
            chunk = c->next;
        }
    }
    VdbHnswGeometry geometry = r->geometry;
    uint64_t seed = r->seed;
    uint32_t ef = r->ef_construction;
    External *x = new (region) External();
    x->geometry = geometry;
    x->seed = seed;
    x->ef_construction = ef;
    x->bytes = bytes;
    x->processes = processes;
    x->rows_of[process] = rows;
}

void vdb_hnsw_external_add(void *memory, const VdbHnswStore *store, uint32_t process,
                           const void *vector, float norm, VdbTid tid) noexcept
{
    External *x = external_of(memory);
    write_row(store, process, x->rows_of[process]++, x->geometry, vector, {norm, tid, 0, 0});
}

bool vdb_hnsw_external_row(const void *memory, const VdbHnswStore *store, uint64_t i, void *vector,
                           float *norm, VdbTid *tid) noexcept
{
    const External *x = external_of(memory);
    uint64_t rows = 0;
    for (uint32_t p = 0; p < x->processes; p++)
        rows += x->rows_of[p];
    if (i >= rows || i > UINT32_MAX)
        return false;
    RowPlace at = find_row(x, static_cast<uint32_t>(i));
    RowHead head;
    store->read(store->owner, at.file, at.offset, &head, sizeof(head));
    store->read(store->owner, at.file, at.offset + sizeof(head), vector,
                vdb_value_bytes(&x->geometry.space));
    *norm = head.norm;
    *tid = head.tid;
    return true;
}

uint32_t vdb_hnsw_external_nodes(const void *memory) noexcept
{
    return external_of(memory)->nodes;
}
