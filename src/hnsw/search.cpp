// Best-first search over pages (HNSW paper, algorithms 2 and 5), resumable, without I/O.
#include "hnsw/search.h"

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

constexpr size_t align64(size_t n)
{
    return (n + 63) & ~(size_t) 63;
}

size_t assembled_bytes(const VdbHnswGeometry &g)
{
    return is_sparse(g) && g.vector_pages > 0 ? align64(vdb_value_bytes(&g.space)) : 0;
}

// Most entries that one feed or resume adds to any of the growing containers.
uint32_t growth(const Search &s)
{
    return std::max(max_degree(s.g), s.ef) + 1;
}

void want(Search &s, Want what, VdbBlock block)
{
    s.want = what;
    s.want_block = block;
}

bool can_improve(const Search &s, float distance)
{
    return s.results.size < s.ef || distance < s.results.top().distance;
}

// Whether all that is left to expand is farther than the results.  What is as far as the farthest
// of them is still to be expanded, itself to begin with, or a search for one node would never leave
// its start; where distances are few, as Hamming's are, that finds more for the same ef.
bool is_complete(const Search &s)
{
    return s.results.size >= s.ef && s.results.top().distance < s.frontier.top().distance;
}

void remember(Search &s, Candidate c, bool live, bool in_frontier)
{
    if (s.level == 0 && s.query.purpose == VDB_HNSW_FOR_SCAN)
        s.spare.Array::push({c, live, in_frontier});
}

// A node's distance is known: it joins the frontier and, if it may, the results.
void admit(Search &s, Candidate c, bool live)
{
    if (!can_improve(s, c.distance)) {
        remember(s, c, live, false);
        return;
    }
    s.frontier.push(c);
    if (!live && s.live_only)
        return;
    if (s.results.size == s.ef)
        remember(s, s.results.pop(), true, true);
    s.results.push(c);
}

float distance_of(const Search &s, float raw, float norm)
{
    return s.query.purpose == VDB_HNSW_FOR_SCAN ? s.space.rank(raw, s.query.norm, norm)
                                                : s.space.between(raw, s.query.norm, norm);
}

// An inserted vector's equal is its nearest neighbour, unless nearness is the inner product.
void note_twin(Search &s)
{
    float apart = s.query.norm + s.norm - 2 * s.raw;
    if (s.twin == VDB_NO_NODE || apart < s.twin_distance) {
        s.twin = s.node;
        s.twin_distance = apart;
    }
}

void finish_visit(Search &s)
{
    if (s.query.purpose == VDB_HNSW_FOR_INSERT && s.space.metric == VDB_METRIC_IP && s.live)
        note_twin(s);
    admit(s, {distance_of(s, s.raw, s.norm), s.node}, s.live);
    s.visited_total++;
    want(s, Want::kNothing, VDB_NO_BLOCK);
}

// Takes n units of the node's vector, from the start-th on.
void add_units(Search &s, const void *units, uint32_t start, uint32_t n)
{
    if (is_sparse(s.g))
        std::memcpy(unit_at(s.assembled, s.g, start), units, size_t{n} * s.g.unit_size);
    else
        s.raw += s.space.raw(unit_at(s.query.vector, s.g, start), units, n);
}

VdbStatus feed_visit(Search &s, const void *page)
{
    const NodeHeader *node = node_at(page, s.g, vdb_hnsw_node_slot(&s.g, s.node));
    want(s, Want::kNothing, VDB_NO_BLOCK);
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    // An edge may be older than the node that it leads to: the slot may be free or of a lower
    // level.
    if (node->state == NodeState::kFree || node->level < s.level)
        return VDB_OK;
    s.live = node->state == NodeState::kLive;
    s.norm = node->norm;
    s.units = units_of(node, s.g);
    if (s.units == 0)
        return VDB_CORRUPT;
    s.slice_count = vdb_hnsw_slices(&s.g, s.units);
    if (s.slice_count == 0) {
        s.raw = s.space.raw(s.query.vector, inline_vector(node, s.g), s.units);
        finish_visit(s);
        return VDB_OK;
    }
    std::memcpy(s.slices, vector_blocks(node, s.g), s.slice_count * sizeof(VdbBlock));
    for (uint32_t i = 0; i < s.slice_count; i++)
        if (s.slices[i] == VDB_NO_BLOCK)
            return VDB_OK; // vacuum is taking the node apart, from the last slice on
    s.raw = 0;
    add_units(s, inline_vector(node, s.g), 0, s.g.inline_units);
    s.slice = 0;
    want(s, Want::kSlice, s.slices[0]);
    return VDB_OK;
}

VdbStatus feed_slice(Search &s, const void *page)
{
    add_units(s, slice_vector(page), slice_start(s.g, s.slice), slice_units(s.g, s.units, s.slice));
    if (++s.slice < s.slice_count) {
        want(s, Want::kSlice, s.slices[s.slice]);
        return VDB_OK;
    }
    if (is_sparse(s.g))
        s.raw = s.space.raw(s.query.vector, s.assembled, s.units);
    finish_visit(s);
    return VDB_OK;
}

VdbStatus fill_batch(Search &s, const VdbNode *ids, uint32_t n)
{
    s.batch_size = s.batch_next = s.batch_named = 0;
    want(s, Want::kNothing, VDB_NO_BLOCK);
    for (uint32_t i = 0; i < n; i++) {
        if (ids[i] == VDB_NO_NODE)
            return VDB_CORRUPT;
        if (s.visited.insert(ids[i]))
            s.batch[s.batch_size++] = ids[i];
    }
    return VDB_OK;
}

// Follows the chain of upper-level cells as far as this page goes.
VdbStatus feed_cell(Search &s, const void *page)
{
    VdbBlock here = s.want_block;
    while (!is_none(s.cell) && vdb_cell_block(s.cell) == here) {
        uint32_t index = s.cell.offset - 1;
        if (index >= cell_count(page, s.g))
            return VDB_CORRUPT;
        const CellHeader *cell = cell_at(page, s.g, index);
        if (cell->kind != CellKind::kUpper || cell->owner != s.node || cell->level > s.level ||
            cell->level <= s.cell_level)
            break; // the node has gone since it was seen
        s.cell_level = cell->level;
        if (cell->count > s.g.m)
            return VDB_CORRUPT;
        if (cell->level == s.level)
            return fill_batch(s, cell_neighbors(cell), cell->count);
        s.cell = cell->next;
    }
    if (is_none(s.cell) || vdb_cell_block(s.cell) == here)
        return fill_batch(s, nullptr, 0);
    want(s, Want::kCell, vdb_cell_block(s.cell));
    return VDB_OK;
}

VdbStatus feed_expand(Search &s, const void *page)
{
    const NodeHeader *node = node_at(page, s.g, vdb_hnsw_node_slot(&s.g, s.node));
    if (!valid_state(node->state))
        return VDB_CORRUPT;
    if (node->state == NodeState::kFree)
        return fill_batch(s, nullptr, 0);
    if (s.level == 0) {
        if (node->degree > max_degree(s.g))
            return VDB_CORRUPT;
        return fill_batch(s, neighbors(node), node->degree);
    }
    s.cell = node->upper;
    s.cell_level = 0;
    return feed_cell(s, page);
}

// Starts a layer from nodes whose distances are known already.
void begin_layer(Search &s, uint32_t level, uint32_t ef)
{
    s.level = level;
    s.ef = ef;
    s.live_only = level == 0 || s.query.purpose == VDB_HNSW_FOR_INSERT;
    s.visited.clear();
    s.frontier.size = s.results.size = s.spare.size = 0;
    s.batch_size = s.batch_next = s.batch_named = 0;
    s.sorted = false;
    s.twin = VDB_NO_NODE;
    want(s, Want::kNothing, VDB_NO_BLOCK);
}

void plan_visit(Search &s, VdbNode node)
{
    if (s.visited.insert(node))
        s.batch[s.batch_size++] = node;
}

} // namespace

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

size_t vdb_hnsw_search_size(const VdbHnswGeometry *g, uint32_t ef) noexcept
{
    return assembled_bytes(*g) + align64(sizeof(VdbHnswSearch)) +
           align64(VisitedSet::bytes(initial_table(ef))) +
           align64(initial_list(ef) * sizeof(Candidate)) +
           align64((size_t) (ef + 1) * sizeof(Candidate)) +
           align64(2 * (size_t) initial_list(ef) * sizeof(Spare));
}

VdbHnswSearch *vdb_hnsw_search_init(void *memory, const VdbHnswGeometry *g, uint32_t ef) noexcept
{
    auto *s = static_cast<VdbHnswSearch *>(memory);
    *s = {};
    s->g = *g;
    char *at = static_cast<char *>(memory) + align64(sizeof(VdbHnswSearch));
    auto take = [&at](size_t bytes) {
        void *block = at;
        at += align64(bytes);
        return block;
    };
    s->visited.init(take(VisitedSet::bytes(initial_table(ef))), initial_table(ef));
    s->frontier.move_to(take(initial_list(ef) * sizeof(Candidate)), initial_list(ef));
    s->results.move_to(take((size_t) (ef + 1) * sizeof(Candidate)), ef + 1);
    s->assembled = static_cast<char *>(take(assembled_bytes(*g)));
    s->spare.move_to(take(2 * (size_t) initial_list(ef) * sizeof(Spare)), 2 * initial_list(ef));
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
    plan_visit(*s, entry);
    if (level == 0)
        plan_visit(*s, root);
}

VdbBlock vdb_hnsw_search_next(VdbHnswSearch *s) noexcept
{
    if (s->want != Want::kNothing)
        return s->want_block;
    if (s->batch_next < s->batch_size) {
        s->node = s->batch[s->batch_next++];
        want(*s, Want::kVisit, vdb_hnsw_node_block(&s->g, s->node));
        return s->want_block;
    }
    if (s->frontier.size == 0 || is_complete(*s))
        return VDB_NO_BLOCK;
    s->node = s->frontier.pop().node;
    want(*s, Want::kExpand, vdb_hnsw_node_block(&s->g, s->node));
    return s->want_block;
}

VdbBlock vdb_hnsw_search_upcoming(VdbHnswSearch *s, uint32_t window, uint32_t *offset) noexcept
{
    s->batch_named = std::max(s->batch_named, s->batch_next);
    if (s->batch_named >= std::min(s->batch_size, s->batch_next + window))
        return VDB_NO_BLOCK;
    VdbNode node = s->batch[s->batch_named++];
    *offset = kPageHeaderSize + vdb_hnsw_node_slot(&s->g, node) * s->g.slot_size;
    return vdb_hnsw_node_block(&s->g, node);
}

size_t vdb_hnsw_search_need(const VdbHnswSearch *s) noexcept
{
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
    if (s->results.capacity <= s->ef)
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
    case Want::kVisit:
        return feed_visit(*s, page);
    case Want::kExpand:
        return feed_expand(*s, page);
    case Want::kSlice:
        return page_kind(page, s->g) == VDB_HNSW_PAGE_VECTOR ? feed_slice(*s, page) : VDB_CORRUPT;
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
    for (uint32_t i = 0; i < n; i++) {
        if (!all_live) {
            plan_visit(*s, seeds[i].node); // whether it may be a result must be looked up
        } else if (s->visited.insert(seeds[i].node)) {
            s->frontier.push(seeds[i]);
            s->results.push(seeds[i]);
            if (s->results.size > ef)
                s->results.pop();
        }
    }
    if (s->level == 0)
        plan_visit(*s, s->root);
}

uint32_t vdb_hnsw_search_found(VdbHnswSearch *s, VdbNode *nodes, uint32_t max) noexcept
{
    s->results.sort(); // farthest first: still a heap
    uint32_t n = std::min(max, s->results.size);
    for (uint32_t i = 0; i < n; i++)
        nodes[i] = s->results[s->results.size - 1 - i].node;
    if (s->twin != VDB_NO_NODE && n > 0)
        nodes[n - 1] = s->twin;
    return n;
}

bool vdb_hnsw_search_take(VdbHnswSearch *s, VdbNode *node, float *distance) noexcept
{
    if (!s->sorted) {
        s->results.sort(); // farthest first, so that the nearest is taken from the end
        s->sorted = true;
    }
    if (s->results.size == 0)
        return false;
    const Candidate &c = s->results[--s->results.size];
    *node = c.node;
    *distance = c.distance;
    return true;
}

void vdb_hnsw_search_widen(VdbHnswSearch *s, uint32_t ef) noexcept
{
    s->ef = std::max(s->ef, ef);
}

bool vdb_hnsw_search_resume(VdbHnswSearch *s) noexcept
{
    s->sorted = false;
    s->spare.make();
    while (s->spare.size > 0 && s->results.size < s->ef && s->frontier.room() > 0) {
        Spare best = s->spare.pop();
        if (!best.in_frontier)
            s->frontier.push(best.candidate);
        if (best.live)
            s->results.push(best.candidate);
    }
    return s->results.size > 0 || s->frontier.size > 0;
}

bool vdb_hnsw_search_drained(const VdbHnswSearch *s) noexcept
{
    return s->results.size == 0 && s->spare.size == 0;
}

uint64_t vdb_hnsw_search_visited(const VdbHnswSearch *s) noexcept
{
    return s->visited_total;
}

size_t vdb_hnsw_search_memory(const VdbHnswSearch *s) noexcept
{
    return s->given;
}
