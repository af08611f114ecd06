// Best-first search over pages (HNSW paper, algorithms 2 and 5), resumable, without I/O: its memory
// and its steps.  What a step does stands in search_visit.cpp, or in search_codes.cpp.
#include "hnsw/search.h"

#include "core/align.h"

namespace vdb::hnsw {

namespace {

using Search = VdbHnswSearch;

constexpr uint32_t kMinTable = 1024;

// Visited ids to plan for: a search at m = 16 sees about 16 nodes per result kept.
uint32_t initial_table(uint32_t ef)
{
    uint32_t slots = kMinTable;
    while (slots < ef * 32 && slots < (1u << 20))
        slots *= 2;
    return slots;
}

uint32_t initial_list(uint32_t ef)
{
    return ef + 2 * VDB_HNSW_MAX_M + 512;
}

size_t assembled_bytes(const VdbHnswGeometry &g)
{
    return assembles(g) && g.vector_pages > 0 ? align64((size_t) g.units * g.unit_size) : 0;
}

// The ef that the containers of a search node by node begin with: where there are codes, upper
// layers are all that it is for, mostly with an ef of 1.
uint32_t ef_of_visits(const VdbHnswGeometry &g, uint32_t ef)
{
    return vdb_hnsw_coded(&g) ? 1 : ef;
}

size_t bytes_of_visits(uint32_t ef)
{
    return align64(VisitedSet::bytes(initial_table(ef))) +
           align64(initial_list(ef) * sizeof(Candidate)) +
           align64((size_t) (ef + 1) * sizeof(Candidate)) +
           align64(2 * (size_t) initial_list(ef) * sizeof(Spare));
}

size_t bytes_of_codes(const VdbHnswGeometry &g, uint32_t ef)
{
    if (!vdb_hnsw_coded(&g))
        return 0;
    VdbCodec codec = vdb_hnsw_codec(&g);
    return align64(vdb_code_query_size(&codec)) + align64(Beam::first_bytes(ef, max_degree(g)));
}

// Most entries that one feed or resume adds to any of the growing containers.
uint32_t growth(const Search &s)
{
    return std::max(max_degree(s.g), s.ef) + 1;
}

// Estimates are of the rank in a scan.  Insertion goes by the same distance, but for inner product.
bool goes_by_codes(const Search &s)
{
    return vdb_hnsw_coded(&s.g) && s.level == 0 &&
           (s.query.purpose == VDB_HNSW_FOR_SCAN || s.space.metric != VDB_METRIC_IP);
}

void begin_layer(Search &s, uint32_t level, uint32_t ef)
{
    s.level = level;
    s.ef = ef;
    s.live_only = level == 0 || s.query.purpose == VDB_HNSW_FOR_INSERT;
    s.by_codes = goes_by_codes(s);
    s.sorted = false;
    s.twin = VDB_NO_NODE;
    s.doubted = VDB_NO_NODE;
    want(s, Want::kNothing, VDB_NO_BLOCK);
    if (s.by_codes) {
        begin_hops(s);
        return;
    }
    s.visited.clear();
    s.frontier.size = s.results.size = s.spare.size = 0;
    s.batch_size = s.batch_next = s.batch_named = 0;
}

// Nodes found on the layer above, as far as they are known already.
void begin_from(Search &s, const Candidate *seeds, uint32_t n, bool all_live)
{
    for (uint32_t i = 0; i < n; i++) {
        if (s.by_codes) {
            s.beam.add(seeds[i]);
        } else if (!all_live) {
            plan_visit(s, seeds[i].node); // whether it may be a result must be looked up
        } else if (s.visited.insert(seeds[i].node)) {
            s.frontier.push(seeds[i]);
            s.results.push(seeds[i]);
            if (s.results.size > s.ef)
                s.results.pop();
        }
    }
    if (s.level == 0 && !s.by_codes)
        plan_visit(s, s.root);
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

size_t vdb_hnsw_search_size(const VdbHnswGeometry *g, uint32_t ef) noexcept
{
    return align64(sizeof(VdbHnswSearch)) + 64 + bytes_of_visits(ef_of_visits(*g, ef)) +
           assembled_bytes(*g) + bytes_of_codes(*g, ef);
}

VdbHnswSearch *vdb_hnsw_search_init(void *memory, const VdbHnswGeometry *g, uint32_t ef) noexcept
{
    auto *s = static_cast<VdbHnswSearch *>(memory);
    *s = {};
    s->g = *g;
    char *at = static_cast<char *>(memory) + align64(sizeof(VdbHnswSearch));
    at += -reinterpret_cast<uintptr_t>(at) & 63;
    auto take = [&at](size_t bytes) {
        void *block = at;
        at += align64(bytes);
        return block;
    };
    uint32_t first = ef_of_visits(*g, ef);
    s->visited.init(take(VisitedSet::bytes(initial_table(first))), initial_table(first));
    s->frontier.move_to(take(initial_list(first) * sizeof(Candidate)), initial_list(first));
    s->results.move_to(take((size_t) (first + 1) * sizeof(Candidate)), first + 1);
    s->spare.move_to(take(2 * (size_t) initial_list(first) * sizeof(Spare)),
                     2 * initial_list(first));
    s->assembled = static_cast<char *>(take(assembled_bytes(*g)));
    if (vdb_hnsw_coded(g)) {
        VdbCodec codec = vdb_hnsw_codec(g);
        s->code_memory = take(vdb_code_query_size(&codec));
        s->beam.init(take(Beam::first_bytes(ef, max_degree(*g))), ef, max_degree(*g));
    }
    return s;
}

void vdb_hnsw_search_start(VdbHnswSearch *s, const VdbHnswQuery *query, VdbNode entry, VdbNode root,
                           uint32_t level, uint32_t ef) noexcept
{
    s->query = *query;
    s->space = make_space(s->g);
    s->root = root;
    s->visited_total = 0;
    begin_layer(*s, level, ef);
    if (s->by_codes) {
        if (entry != VDB_NO_NODE)
            s->beam.add({std::numeric_limits<float>::lowest(), entry});
        return;
    }
    plan_visit(*s, entry);
    if (level == 0)
        plan_visit(*s, root);
}

VdbBlock vdb_hnsw_search_next(VdbHnswSearch *s) noexcept
{
    if (s->want != Want::kNothing)
        return s->want_block;
    return s->by_codes ? next_hop(*s) : next_visit(*s);
}

VdbBlock vdb_hnsw_search_upcoming(VdbHnswSearch *s, uint32_t window, uint32_t *offset) noexcept
{
    VdbNode node = s->by_codes ? upcoming_hop(*s) : upcoming_visit(*s, window);
    if (node == VDB_NO_NODE)
        return VDB_NO_BLOCK;
    *offset = kPageHeaderSize + vdb_hnsw_node_slot(&s->g, node) * s->g.slot_size;
    return vdb_hnsw_node_block(&s->g, node);
}

uint32_t vdb_hnsw_search_ahead(const VdbHnswSearch *s, uint32_t max, VdbBlock *blocks) noexcept
{
    VdbNode nodes[VDB_HNSW_MAX_AHEAD];
    max = std::min<uint32_t>(max, VDB_HNSW_MAX_AHEAD);
    uint32_t n = s->by_codes ? hops_ahead(*s, max, nodes) : visits_ahead(*s, max, nodes);
    for (uint32_t i = 0; i < n; i++)
        blocks[i] = vdb_hnsw_node_block(&s->g, nodes[i]);
    return n;
}

size_t vdb_hnsw_search_need(VdbHnswSearch *s) noexcept
{
    if (s->by_codes) {
        s->beam.tidy(max_degree(s->g));
        return s->beam.need(max_degree(s->g));
    }
    if (s->results.capacity <= s->ef)
        return (size_t) (s->ef + 1) * sizeof(Candidate);
    uint32_t more = growth(*s);
    if (s->visited.room() < more)
        return VisitedSet::bytes(s->visited.slots() * 2);
    if (s->frontier.room() < more)
        return (size_t) s->frontier.capacity * 2 * sizeof(Candidate);
    if (s->spare.room() < more)
        return (size_t) s->spare.capacity * 2 * sizeof(Spare);
    return 0;
}

void vdb_hnsw_search_give(VdbHnswSearch *s, void *memory, size_t size) noexcept
{
    uint32_t more = growth(*s);
    s->given += size;
    if (s->by_codes)
        s->beam.give(memory, max_degree(s->g));
    else if (s->results.capacity <= s->ef)
        s->results.move_to(memory, s->ef + 1);
    else if (s->visited.room() < more)
        s->visited.move_to(memory, s->visited.slots() * 2);
    else if (s->frontier.room() < more)
        s->frontier.move_to(memory, s->frontier.capacity * 2);
    else if (s->spare.room() < more)
        s->spare.move_to(memory, s->spare.capacity * 2);
}

VdbStatus vdb_hnsw_search_feed(VdbHnswSearch *s, const void *page) noexcept
{
    switch (s->want) {
    case Want::kHop:
        return feed_hop(*s, page);
    case Want::kVisit:
        return feed_visit(*s, page);
    case Want::kExpand:
        return feed_expand(*s, page);
    case Want::kSlice:
        if (page_kind(page, s->g) != VDB_HNSW_PAGE_VECTOR)
            return VDB_CORRUPT;
        if (add_slice(*s, page))
            s->by_codes ? finish_hop(*s) : finish_visit(*s);
        return VDB_OK;
    case Want::kCell:
        return has_cells(page, s->g) ? feed_cell(*s, page) : VDB_CORRUPT;
    case Want::kNothing:
        break;
    }
    return VDB_OK;
}

uint32_t vdb_hnsw_search_level(const VdbHnswSearch *s) noexcept
{
    return s->level;
}

void vdb_hnsw_search_descend(VdbHnswSearch *s, uint32_t ef) noexcept
{
    // The spare list is empty above layer 0: its memory holds the seeds meanwhile.
    uint32_t n = s->results.size;
    auto *seeds = reinterpret_cast<Candidate *>(s->spare.data);
    std::memcpy(seeds, s->results.data, n * sizeof(Candidate));
    bool all_live = s->live_only;
    begin_layer(*s, s->level - 1, ef);
    begin_from(*s, seeds, n, all_live);
}

uint32_t vdb_hnsw_search_found(VdbHnswSearch *s, VdbNode *nodes, uint32_t max) noexcept
{
    if (s->by_codes)
        return found_by_hops(*s, nodes, max);
    s->results.sort(); // farthest first: still a heap
    uint32_t n = std::min(max, s->results.size);
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = s->results[s->results.size - 1 - i].node;
    if (s->twin != VDB_NO_NODE && n > 0)
        nodes[n - 1] = s->twin;
    return n;
}

bool vdb_hnsw_search_take(VdbHnswSearch *s, VdbHnswFound *found) noexcept
{
    if (s->by_codes)
        return take_by_hops(*s, found);
    if (!s->sorted) {
        s->results.sort(); // farthest first, so that the nearest is taken from the end
        s->sorted = true;
    }
    if (s->results.size == 0)
        return false;
    const Candidate &c = s->results[--s->results.size];
    *found = {c.node, c.distance, {0, 0, 0}, true};
    return true;
}

bool vdb_hnsw_search_peek(const VdbHnswSearch *s, uint32_t i, VdbTid *heap_tid) noexcept
{
    const Array<Result> &done = s->beam.done;
    if (!s->by_codes || i >= done.size)
        return false;
    *heap_tid = done[done.size - 1 - i].heap_tid;
    return heap_tid->offset != 0;
}

bool vdb_hnsw_search_leftovers(VdbHnswSearch *s, uint32_t max) noexcept
{
    if (!s->by_codes)
        return false;
    s->sorted = false;
    return s->beam.take_beyond(max) > 0;
}

void vdb_hnsw_search_widen(VdbHnswSearch *s, uint32_t ef) noexcept
{
    s->ef = std::max(s->ef, ef);
    s->beam.ef = s->ef;
}

void vdb_hnsw_search_hold_back(VdbHnswSearch *s) noexcept
{
    s->holds_back = true;
}

bool vdb_hnsw_search_resume(VdbHnswSearch *s) noexcept
{
    s->sorted = false;
    return s->by_codes ? resume_hops(*s) : resume_visits(*s);
}

bool vdb_hnsw_search_drain(VdbHnswSearch *s) noexcept
{
    s->sorted = false;
    return s->by_codes ? drain_hops(*s) : drain_visits(*s);
}

uint64_t vdb_hnsw_search_visited(const VdbHnswSearch *s) noexcept
{
    return s->visited_total;
}

size_t vdb_hnsw_search_memory(const VdbHnswSearch *s) noexcept
{
    return s->given;
}
