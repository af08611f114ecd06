// Insertion into the in-memory graph: search on each level, choose neighbours, and have them link
// back.  This is where a build spends its time.
#include "hnsw/graph_build.h"

#include "hnsw/dedupe.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kMaxLinks = 2 * VDB_HNSW_MAX_M;
constexpr uint32_t kPrefetchAhead = 4;  // vectors; measured flat from 4 to 12, 18 % slower at 2
constexpr uint32_t kPrefetchLines = 32; // of each; the first 512 dimensions

// What every step works on: one process at one graph.
struct Linker {
    BuildRegion *region;
    BuildScratch *scratch;
    GraphSpace space;

    Point point(VdbNode node) const { return region->point(node); }

    float distance(Point query, VdbNode node) const
    {
        float raw = space.raw(query.vector, region->vector(node), space.units);
        // The node's norm lies on another cache line.
        float norm = space.needs_norm() ? point(node).norm : 0;
        return space.between(raw, query.norm, norm);
    }
};

// The best nodes so far, nearest first.
struct Pool {
    Found *found;
    uint32_t size;
    uint32_t limit;

    bool admits(float distance) const
    {
        return size < limit || distance < found[size - 1].candidate.distance;
    }

    // Where it went; pushes the farthest one out of a full pool.  REQUIRES: admits().
    uint32_t insert(Candidate c)
    {
        uint32_t low = 0, high = size;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            if (nearer(found[middle].candidate, c))
                low = middle + 1;
            else
                high = middle;
        }
        if (size < limit)
            size++;
        std::memmove(found + low + 1, found + low, (size - 1 - low) * sizeof(Found));
        found[low] = {c, false};
        return low;
    }
};

void begin_search(const Linker &in)
{
    if (++in.scratch->epoch > UINT8_MAX) {
        std::memset(in.scratch->visited, 0, in.region->taken().nodes);
        in.scratch->epoch = 1;
    }
}

// True the first time in this search.
bool visit(BuildScratch *scratch, VdbNode node)
{
    uint8_t epoch = static_cast<uint8_t>(scratch->epoch);
    bool first = scratch->visited[node] != epoch;
    scratch->visited[node] = epoch;
    return first;
}

void prefetch_point(const BuildRegion *region, VdbNode node)
{
    const char *v = reinterpret_cast<const char *>(region->vector(node));
    size_t bytes = vdb_value_bytes(&region->geometry.space);
    size_t most = kPrefetchLines * kCacheLine;
    for (size_t at = 0; at < bytes && at < most; at += kCacheLine)
        __builtin_prefetch(v + at);
}

// Copies the ids of a list that others may be changing.
uint32_t read_links(const Links *links, VdbNode *ids)
{
    uint32_t n = links->count.load(std::memory_order_acquire);
    for (uint32_t i = 0; i < n; i++)
        ids[i] = links->ids[i].load(std::memory_order_acquire);
    return n;
}

// Steps to the nearest neighbour as long as that brings it nearer.
Candidate descend(const Linker &in, Point query, Candidate at, uint32_t level)
{
    VdbNode ids[kMaxLinks];
    for (;;) {
        Candidate best = at;
        uint32_t n = read_links(in.region->links(at.node, level), ids);
        for (uint32_t i = 0; i < n && i < kPrefetchAhead; i++)
            prefetch_point(in.region, ids[i]);
        for (uint32_t i = 0; i < n; i++) {
            if (i + kPrefetchAhead < n)
                prefetch_point(in.region, ids[i + kPrefetchAhead]);
            Candidate c = {in.distance(query, ids[i]), ids[i]};
            if (nearer(c, best))
                best = c;
        }
        if (best.node == at.node)
            return at;
        at = best;
    }
}

// Compares the unseen neighbours of a node; returns the first place of the pool that changed.
uint32_t expand(const Linker &in, Point query, const Links *links, Pool *pool)
{
    VdbNode ids[kMaxLinks];
    uint32_t n = read_links(links, ids);
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < n; i++) {
        VdbNode id = ids[i];
        if (!visit(in.scratch, id))
            continue;
        if (fresh < kPrefetchAhead)
            prefetch_point(in.region, id);
        ids[fresh++] = id;
    }

    uint32_t changed = pool->limit;
    for (uint32_t i = 0; i < fresh; i++) {
        if (i + kPrefetchAhead < fresh)
            prefetch_point(in.region, ids[i + kPrefetchAhead]);
        Candidate c = {in.distance(query, ids[i]), ids[i]};
        if (!pool->admits(c.distance))
            continue;
        uint32_t at = pool->insert(c);
        if (at < changed)
            changed = at;
    }
    return changed;
}

uint32_t search(const Linker &in, Point query, Candidate start, uint32_t level, uint32_t ef)
{
    Pool pool = {in.scratch->pool, 0, ef};
    begin_search(in);
    visit(in.scratch, start.node);
    pool.insert(start);
    uint32_t next = 0;
    while (next < pool.size) {
        Found &best = pool.found[next];
        if (best.expanded) {
            next++;
            continue;
        }
        best.expanded = true;
        uint32_t changed = expand(in, query, in.region->links(best.candidate.node, level), &pool);
        next = changed <= next ? changed : next + 1;
    }
    return pool.size;
}

// Writes a list that only the caller may change now.
void write_links(Links *links, const Edge *edges, uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (edges[i].keep)
            links->ids[kept++].store(edges[i].candidate.node, std::memory_order_release);
    links->count.store(kept, std::memory_order_release);
}

// Selects among the n edges in the scratch those of the node on a level.
void select_links(const Linker &in, VdbNode node, uint32_t level, uint32_t n)
{
    select_edges(in.space,
                 {in.point(node).norm, in.region->max_links(level),
                  enough_links(in.region->geometry, level)},
                 in.scratch->edges, n);
}

// Chooses the new node's neighbours on a level out of the pool and remembers them for link_back().
void choose_links(const Linker &in, VdbNode node, uint32_t level, uint32_t found)
{
    for (uint32_t i = 0; i < found; i++) {
        Candidate c = in.scratch->pool[i].candidate;
        in.scratch->edges[i] = {c, in.point(c.node), false};
    }
    select_links(in, node, level, found);
    Links *links = in.region->links(node, level);
    write_links(links, in.scratch->edges, found);
    in.scratch->chosen_count[level] = read_links(links, in.scratch->chosen_on(level));
}

// Chooses anew among the neighbours of a node whose list is full and one more.
void reselect(const Linker &in, VdbNode node, uint32_t level, VdbNode added)
{
    Links *links = in.region->links(node, level);
    Point center = in.point(node);
    Candidate sorted[kMaxLinks + 1];
    VdbNode ids[kMaxLinks + 1];
    uint32_t n = read_links(links, ids);
    ids[n++] = added;
    for (uint32_t i = 0; i < n; i++) {
        if (i + kPrefetchAhead < n)
            prefetch_point(in.region, ids[i + kPrefetchAhead]);
        Candidate c = {in.distance(center, ids[i]), ids[i]};
        uint32_t at = i;
        for (; at > 0 && nearer(c, sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = c;
    }
    for (uint32_t i = 0; i < n; i++)
        in.scratch->edges[i] = {sorted[i], in.point(sorted[i].node), false};
    select_links(in, node, level, n);
    write_links(links, in.scratch->edges, n);
}

// Gives each chosen neighbour an edge back to the new node, which makes it visible on that level.
void link_back(const Linker &in, VdbNode node, uint32_t level)
{
    const VdbNode *chosen = in.scratch->chosen_on(level);
    for (uint32_t i = 0; i < in.scratch->chosen_count[level]; i++) {
        Links *links = in.region->links(chosen[i], level);
        NodeLock lock(in.region->node(chosen[i]));
        uint32_t n = peek(links->count);
        if (n == in.region->max_links(level)) {
            reselect(in, chosen[i], level, node);
        } else {
            links->ids[n].store(node, std::memory_order_release);
            links->count.store(n + 1, std::memory_order_release);
        }
    }
}

constexpr uint64_t kNoEntry = 0;

constexpr uint64_t entry_of(VdbNode node, uint32_t level)
{
    return uint64_t{level} << 32 | (node + 1);
}

void raise_entry(BuildRegion *region, VdbNode node, uint32_t level)
{
    uint64_t seen = region->entry.load(std::memory_order_relaxed);
    while (level > seen >> 32 && !region->entry.compare_exchange_weak(seen, entry_of(node, level),
                                                                      std::memory_order_release,
                                                                      std::memory_order_relaxed))
    {
    }
}

} // namespace

uint32_t search_bottom(BuildRegion *region, BuildScratch *scratch, Point query, VdbNode start,
                       uint32_t ef)
{
    Linker in = {region, scratch, region->space()};
    return search(in, query, {in.distance(query, start), start}, 0, ef);
}

void link_node(BuildRegion *region, BuildScratch *scratch, VdbNode node)
{
    Point query = region->point(node);
    uint32_t level = region->node(node)->level;
    uint64_t entry = kNoEntry;
    if (region->entry.compare_exchange_strong(entry, entry_of(node, level),
                                              std::memory_order_acq_rel))
        return; // the first node has nobody to link to

    Linker in = {region, scratch, region->space()};
    VdbNode start = static_cast<VdbNode>(entry) - 1;
    uint32_t top = static_cast<uint32_t>(entry >> 32);
    Candidate at = {in.distance(query, start), start};
    for (uint32_t l = top; l > level; l--)
        at = descend(in, query, at, l);

    // All lists of the new node stand before any neighbour shows it to others.
    uint32_t shared = level < top ? level : top;
    for (uint32_t l = shared + 1; l-- > 0;) {
        uint32_t found = search(in, query, at, l, region->ef_construction);
        at = scratch->pool[0].candidate;
        choose_links(in, node, l, found);
    }
    for (uint32_t l = 0; l <= shared; l++)
        link_back(in, node, l);
    raise_entry(region, node, level);
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

VdbStatus vdb_hnsw_build_add(void *region, void *scratch, const void *vector, float norm,
                             VdbTid tid) noexcept
{
    BuildRegion *r = region_of(region);
    VdbNode node;
    switch (claim_node(r, {vector, norm}, tid, &node)) {
    case Claim::kFull:
        return VDB_FULL;
    case Claim::kOld:
        return attach_tid(r, node, tid) ? VDB_OK : VDB_FULL;
    case Claim::kNew:
        break;
    }
    if (r->pool_at > 0)
        return VDB_OK;
    link_node(r, static_cast<BuildScratch *>(scratch), node);
    return VDB_OK;
}
