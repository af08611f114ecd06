// Insertion into the in-memory graph: search on each level, choose neighbours, and have them link
// back.  This is where a build spends its time.
#include "hnsw/graph_build.h"

#include "hnsw/dedupe.h"

namespace vdb::hnsw {

namespace {

constexpr uint32_t kMaxLinks = 2 * VDB_HNSW_MAX_M;
constexpr uint32_t kPrefetchAhead = 2; // vectors; fetched while the one before is compared
constexpr uint32_t kPrefetchLines = 8; // of a vector; the hardware follows for the rest

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

void begin_search(const BuildRegion *region, BuildScratch *scratch)
{
    if (++scratch->epoch > UINT8_MAX) {
        std::memset(scratch->visited, 0, region->taken().nodes);
        scratch->epoch = 1;
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
    uint32_t bytes = region->geometry.dims * sizeof(float);
    uint32_t most = kPrefetchLines * kCacheLine;
    for (uint32_t at = 0; at < bytes && at < most; at += kCacheLine)
        __builtin_prefetch(v + at);
}

float distance_to(const BuildRegion *region, const Space &space, Point query, VdbNode node)
{
    float raw = space.raw(query.vector, region->vector(node), space.dims);
    // No metric needs the node's norm, which lies on another cache line.
    return space.between(raw, query.norm_sq, 0);
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
Candidate descend(const BuildRegion *region, const Space &space, Point query, Candidate at,
                  uint32_t level)
{
    VdbNode ids[kMaxLinks];
    for (;;) {
        Candidate best = at;
        uint32_t n = read_links(region->links(at.node, level), ids);
        for (uint32_t i = 0; i < n && i < kPrefetchAhead; i++)
            prefetch_point(region, ids[i]);
        for (uint32_t i = 0; i < n; i++) {
            if (i + kPrefetchAhead < n)
                prefetch_point(region, ids[i + kPrefetchAhead]);
            Candidate c = {distance_to(region, space, query, ids[i]), ids[i]};
            if (nearer(c, best))
                best = c;
        }
        if (best.node == at.node)
            return at;
        at = best;
    }
}

// Compares the unseen neighbours of a node; returns the first place of the pool that changed.
uint32_t expand(const BuildRegion *region, BuildScratch *scratch, const Space &space, Point query,
                const Links *links, Pool *pool)
{
    VdbNode ids[kMaxLinks];
    uint32_t n = read_links(links, ids);
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < n; i++) {
        VdbNode id = ids[i];
        if (!visit(scratch, id))
            continue;
        if (fresh < kPrefetchAhead)
            prefetch_point(region, id);
        ids[fresh++] = id;
    }

    uint32_t changed = pool->limit;
    for (uint32_t i = 0; i < fresh; i++) {
        if (i + kPrefetchAhead < fresh)
            prefetch_point(region, ids[i + kPrefetchAhead]);
        Candidate c = {distance_to(region, space, query, ids[i]), ids[i]};
        if (!pool->admits(c.distance))
            continue;
        uint32_t at = pool->insert(c);
        if (at < changed)
            changed = at;
    }
    return changed;
}

uint32_t search(const BuildRegion *region, BuildScratch *scratch, const Space &space, Point query,
                Candidate start, uint32_t level, uint32_t ef)
{
    Pool pool = {scratch->pool, 0, ef};
    begin_search(region, scratch);
    visit(scratch, start.node);
    pool.insert(start);
    uint32_t next = 0;
    while (next < pool.size) {
        Found &best = pool.found[next];
        if (best.expanded) {
            next++;
            continue;
        }
        best.expanded = true;
        uint32_t changed =
            expand(region, scratch, space, query, region->links(best.candidate.node, level), &pool);
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

// Chooses the new node's neighbours on a level out of the pool and remembers them for link_back().
void choose_links(BuildRegion *region, BuildScratch *scratch, const Space &space, VdbNode node,
                  uint32_t level, uint32_t found)
{
    uint32_t m = region->geometry.m;
    for (uint32_t i = 0; i < found; i++) {
        Candidate c = scratch->pool[i].candidate;
        scratch->edges[i] = {c, region->point(c.node), false};
    }
    select_edges(space, scratch->edges, found, m);
    Links *links = region->links(node, level);
    write_links(links, scratch->edges, found);
    scratch->chosen_count[level] = read_links(links, scratch->chosen + level * m);
}

// Chooses anew among the neighbours of a node whose list is full and one more.
void reselect(BuildRegion *region, BuildScratch *scratch, const Space &space, VdbNode node,
              Links *links, VdbNode added)
{
    Point center = region->point(node);
    Candidate sorted[kMaxLinks + 1];
    VdbNode ids[kMaxLinks + 1];
    uint32_t n = read_links(links, ids);
    ids[n++] = added;
    for (uint32_t i = 0; i < n; i++) {
        if (i + kPrefetchAhead < n)
            prefetch_point(region, ids[i + kPrefetchAhead]);
        Candidate c = {distance_to(region, space, center, ids[i]), ids[i]};
        uint32_t at = i;
        for (; at > 0 && nearer(c, sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = c;
    }
    for (uint32_t i = 0; i < n; i++)
        scratch->edges[i] = {sorted[i], region->point(sorted[i].node), false};
    select_edges(space, scratch->edges, n, n - 1);
    write_links(links, scratch->edges, n);
}

// Gives each chosen neighbour an edge back to the new node, which makes it visible on that level.
void link_back(BuildRegion *region, BuildScratch *scratch, const Space &space, VdbNode node,
               uint32_t level)
{
    const VdbNode *chosen = scratch->chosen + level * region->geometry.m;
    for (uint32_t i = 0; i < scratch->chosen_count[level]; i++) {
        Links *links = region->links(chosen[i], level);
        NodeLock lock(region->node(chosen[i]));
        uint32_t n = peek(links->count);
        if (n == region->max_links(level)) {
            reselect(region, scratch, space, chosen[i], links, node);
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

void raise_max_norm(BuildRegion *region, float norm_sq)
{
    // Floats that are not negative order like their bits.
    uint32_t bits = std::bit_cast<uint32_t>(norm_sq);
    uint32_t seen = peek(region->max_norm_sq);
    while (bits > seen && !region->max_norm_sq.compare_exchange_weak(seen, bits)) {
    }
}

} // namespace

uint32_t search_level(const BuildRegion *region, BuildScratch *scratch, Point query,
                      Candidate start, uint32_t level, uint32_t ef)
{
    return search(region, scratch, region->space(), query, start, level, ef);
}

void link_node(BuildRegion *region, BuildScratch *scratch, VdbNode node)
{
    Point query = region->point(node);
    uint32_t level = region->node(node)->level;
    uint64_t entry = kNoEntry;
    if (region->entry.compare_exchange_strong(entry, entry_of(node, level),
                                              std::memory_order_acq_rel))
        return; // the first node has nobody to link to

    Space space = region->space();
    VdbNode start = static_cast<VdbNode>(entry) - 1;
    uint32_t top = static_cast<uint32_t>(entry >> 32);
    Candidate at = {distance_to(region, space, query, start), start};
    for (uint32_t l = top; l > level; l--)
        at = descend(region, space, query, at, l);

    // All lists of the new node stand before any neighbour shows it to others.
    uint32_t shared = level < top ? level : top;
    for (uint32_t l = shared + 1; l-- > 0;) {
        uint32_t found = search(region, scratch, space, query, at, l, region->ef_construction);
        at = scratch->pool[0].candidate;
        choose_links(region, scratch, space, node, l, found);
    }
    for (uint32_t l = 0; l <= shared; l++)
        link_back(region, scratch, space, node, l);
    raise_entry(region, node, level);
}

} // namespace vdb::hnsw

using namespace vdb::hnsw;

VdbStatus vdb_hnsw_build_add(void *region, void *scratch, const float *vector, float norm_sq,
                             VdbTid tid) noexcept
{
    BuildRegion *r = region_of(region);
    VdbNode node;
    switch (claim_node(r, {vector, norm_sq}, tid, &node)) {
    case Claim::kFull:
        return VDB_FULL;
    case Claim::kOld:
        return attach_tid(r, node, tid) ? VDB_OK : VDB_FULL;
    case Claim::kNew:
        break;
    }
    if (r->geometry.metric == VDB_METRIC_IP)
        raise_max_norm(r, norm_sq);
    link_node(r, static_cast<BuildScratch *>(scratch), node);
    return VDB_OK;
}
