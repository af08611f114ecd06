// Choosing a node's edges among its candidates, and offering edges to the nodes that they lead to.
#include "hnsw/partition.h"

#include <algorithm>

namespace vdb::hnsw {

namespace {

constexpr uint32_t kPrefetchAhead = 2; // vectors

struct Chooser {
    BuildRegion *region;
    BuildWork *work;
    uint32_t limit;
    VdbNode node;
    uint32_t n; // candidates; work->near has them, distances from the node and places in the block

    // Candidates at 8 bits relative to the node, so that the near ones are seen sharply.
    void load(uint32_t place)
    {
        node = node_at(region, place);
        const CandidatePool *pool = region->pool(node);
        const uint32_t *places = pool->data;
        n = pool->count;
        for (uint32_t i = 0; i < n; i++) {
            if (i + kPrefetchAhead < n)
                prefetch_at(region, places[i + kPrefetchAhead]);
            work->block.put(i, floats_at(region, places[i]), region->floats(node));
        }
        work->block.close(n);
        for (uint32_t i = 0; i < n; i++)
            work->near[i] = {seen_from_node(i, places[i]), i};
        std::sort(work->near, work->near + n, [places](Near a, Near b) {
            return a.distance < b.distance ||
                   (a.distance == b.distance && places[a.place] < places[b.place]);
        });
        for (uint32_t i = 0; i < n; i += VDB_BYTE_ROWS)
            work->block.distances(i, work->block, work->distances + i * work->block.columns());
        std::fill_n(work->kept, n, false);
    }

    // What candidates are ordered by.
    float seen_from_node(uint32_t i, uint32_t place) const
    {
        if (!is_by_direction(region))
            return work->block.norm(i);
        return region->space().leaning(work->block.norm(i), region->node(node)->norm,
                                       region->node(node_at(region, place))->norm);
    }

    // What the node is ordered by among the edges that are returned to that candidate.  Under inner
    // product it is that with the candidate: else nobody would lead to the very longest nodes,
    // which are far from all others.
    float seen_from_other(uint32_t i) const
    {
        float apart = work->block.norm(i);
        return is_by_direction(region) ? apart - region->node(node)->norm : apart;
    }

    // Whether some kept edge leads to a node from where it is nearer, by that factor.
    bool shadowed(uint32_t i, float factor) const
    {
        const float *row = work->distances + work->near[i].place * work->block.columns();
        float apart = work->block.norm(work->near[i].place);
        for (uint32_t j = 0; j < n; j++)
            if (work->kept[j] && factor * row[work->near[j].place] < apart)
                return true;
        return false;
    }

    // Keeps the `more` ones of the largest inner products with the node among those left out;
    // returns how many there were.
    uint32_t keep_largest(uint32_t more)
    {
        const uint32_t *places = region->pool(node)->places();
        Near ranks[4 * VDB_HNSW_MAX_M];
        uint32_t left = 0;
        for (uint32_t i = 0; i < n; i++) {
            if (work->kept[i])
                continue;
            uint32_t at = work->near[i].place;
            float norm = region->node(node_at(region, places[at]))->norm;
            ranks[left++] = {work->block.norm(at) - norm, i};
        }
        more = std::min(more, left);
        std::nth_element(ranks, ranks + more, ranks + left,
                         [](const Near &a, const Near &b) { return nearer(a, b); });
        for (uint32_t i = 0; i < more; i++)
            work->kept[ranks[i].place] = true;
        return more;
    }

    // Keeps what is not shadowed, then under inner product for half of the room the largest ones,
    // as scans get to long nodes from anywhere; then with less and less strictness until the list
    // is full, then the nearest until there are enough; all, if there is room for them.
    void choose(bool fill, uint32_t enough)
    {
        constexpr float kFactors[] = {1, 1.05f * 1.05f, 1.1f * 1.1f};
        uint32_t kept = 0;
        if (enough > 0 && n <= limit)
            enough = n;
        for (float factor : kFactors) {
            for (uint32_t i = 0; i < n && kept < limit; i++)
                if (!work->kept[i] && !shadowed(i, factor))
                    kept += work->kept[i] = true;
            if (!fill)
                break;
            if (factor == 1 && is_by_direction(region))
                kept += keep_largest((limit - kept) / 2);
        }
        for (uint32_t i = 0; i < n && kept < enough; i++) {
            kept += !work->kept[i];
            work->kept[i] = true;
        }
    }
};

Chooser make_chooser(BuildRegion *r, BuildWork *work)
{
    return {r, work, r->max_links(r->phases.level), VDB_NO_NODE, 0};
}

// Lists of codes cost a scan the same however many there are; without codes each edge costs a
// comparison.
bool fills_lists(const BuildRegion *r)
{
    return r->phases.level == 0 && vdb_hnsw_coded(&r->geometry);
}

} // namespace

void choose_edges(BuildRegion *r, BuildWork *work, uint32_t place)
{
    Chooser chooser = make_chooser(r, work);
    chooser.load(place);
    chooser.choose(fills_lists(r), 0);
    CandidatePool *pool = r->pool(node_at(r, place));
    uint32_t own = 0;
    uint32_t *places = work->found; // the pool is read while it is written
    std::copy_n(pool->places(), chooser.n, places);
    for (uint32_t i = 0; i < chooser.n; i++) {
        if (!work->kept[i])
            continue;
        pool->places()[own] = places[work->near[i].place];
        pool->distances(r->pool_size)[own++] =
            CandidatePool::number_of(chooser.seen_from_other(work->near[i].place));
    }
    pool->own = pool->count = own;
}

void return_edges(BuildRegion *r, uint32_t place)
{
    CandidatePool *pool = r->pool(node_at(r, place));
    for (uint32_t i = 0; i < pool->own; i++) {
        VdbNode other = node_at(r, pool->places()[i]);
        NodeLock lock(r->node(other));
        r->pool(other)->offer(r->pool_size, {pool->distance(r->pool_size, i), place});
    }
}

void link_edges(BuildRegion *r, BuildWork *work, uint32_t place)
{
    VdbNode node = node_at(r, place);
    Chooser chooser = make_chooser(r, work);
    chooser.load(place);
    chooser.choose(fills_lists(r), enough_links(r->geometry, r->phases.level));
    Links *links = r->links(node, r->phases.level);
    uint32_t count = 0;
    for (uint32_t i = 0; i < chooser.n; i++)
        if (work->kept[i])
            poke(links->ids[count++], node_at(r, r->pool(node)->places()[work->near[i].place]));
    poke(links->count, count);
}

} // namespace vdb::hnsw
