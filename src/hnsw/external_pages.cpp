// Pages of a build by files, one after the other: what a page shows is read, held together, and
// rendered as that of a build in memory.
#include <algorithm>
#include <new>

#include "hnsw/external.h"
#include "hnsw/graph_layout.h"

namespace vdb::hnsw {

namespace {

struct List {
    ListHead head;
    uint32_t ids[2 * VDB_HNSW_MAX_M];
};

struct Copies {
    const Row *first;
    uint32_t count;
};

Copies copies_of(External *x, uint32_t place)
{
    if (x->copies() == 0)
        return {nullptr, 0};
    const Row *begin = x->all_rows() + x->nodes, *end = begin + x->copies();
    const Row *first = std::lower_bound(
        begin, end, place, [](const Row &copy, uint32_t node) { return copy.home < node; });
    uint32_t count = 0;
    while (first + count < end && first[count].home == place)
        count++;
    return {first, count};
}

// Counts the node at that position of the file.
bool count_node(External *x, LayoutTally *tally, uint32_t position)
{
    uint32_t place = x->order()[position];
    uint32_t cells =
        cells_of(x->geometry, level_of(x, x->all_rows()[place]), copies_of(x, place).count);
    tally->look_at(x->geometry, position);
    return tally->count(x->geometry, cells, x->geometry.units);
}

struct Renderer {
    Cache cache;
    BuildScratch *scratch;
    LayoutTally tally;  // of the nodes before `position`
    uint32_t position;  // next node of the file to look at
    uint32_t own_first; // positions of the nodes that are looked at
    uint32_t own_end;
    uint32_t used; // units of their pieces
    uint32_t at;   // of what does not lie on nodes' pages: the node that is under way
    uint32_t item; // and which of its cells or slices
    VdbHnswBuildLayout *layout;

    External *x() const { return cache.x; }
    BuildRegion *region() const { return cache.region; }

    void read_list(uint32_t level, uint32_t place, List *list)
    {
        External *e = x();
        uint64_t i = place;
        if (level > 0)
            i = static_cast<uint64_t>(
                std::lower_bound(e->upper(level), e->upper(level) + e->on_level[level], place) -
                e->upper(level));
        cache.store->read(cache.store->owner, VDB_HNSW_FILE_LISTS,
                          e->lists_at[level] + i * e->list_bytes(level), list,
                          e->list_bytes(level));
    }

    VdbNode hold(uint32_t place)
    {
        VdbNode id = cache.hold(place);
        region()->node(id)->value = x()->positions()[place];
        return id;
    }

    // Nodes whose pieces were in memory are ordinary ones again.
    void forget()
    {
        for (uint32_t p = own_first; p < own_end; p++) {
            VdbNode id = region()->words()[x()->order()[p]];
            if (id != VDB_NO_NODE)
                region()->node(id)->spill = 0;
        }
        own_first = own_end = position;
        used = 0;
        cache.release();
    }

    void put_upper(BuildNode *n, uint32_t place, uint32_t level)
    {
        used += level * region()->upper_units;
        n->upper = used;
        for (uint32_t l = 1; l <= level; l++) {
            List list;
            read_list(l, place, &list);
            Links *links = region()->links(region()->words()[place], l);
            poke(links->count, list.head.count);
            for (uint32_t i = 0; i < list.head.count; i++)
                poke(links->ids[i], x()->positions()[list.ids[i]]);
        }
    }

    void put_copies(BuildNode *n, Copies copies)
    {
        n->tids = 0;
        for (uint32_t i = 0; i < copies.count; i += 2) {
            TidChunk *chunk = static_cast<TidChunk *>(region()->piece(++used));
            *chunk = {n->tids, {unpack_tid(copies.first[i].tid), {}}};
            if (i + 1 < copies.count)
                chunk->tids[1] = unpack_tid(copies.first[i + 1].tid);
            n->tids = used;
        }
        n->extra_tids = copies.count;
    }

    // The next node of the file, with all its lists.
    VdbNode take_next(bool with_edges)
    {
        uint32_t place = x()->order()[position];
        VdbNode id = hold(place);
        BuildNode *n = region()->node(id);
        n->level = static_cast<uint8_t>(level_of(x(), x()->all_rows()[place]));
        if (n->level > 0)
            put_upper(n, place, n->level);
        put_copies(n, copies_of(x(), place));
        if (with_edges) {
            List list;
            read_list(0, place, &list);
            n->pinned = static_cast<uint8_t>(list.head.pinned);
            Links *links = region()->links(id, 0);
            poke(links->count, list.head.count);
            for (uint32_t i = 0; i < list.head.count; i++)
                poke(links->ids[i], hold(list.ids[i]));
        }
        own_end = ++position;
        return id;
    }

    // Takes the nodes of the next page.
    void take_page(bool with_edges)
    {
        forget();
        layout->tids_node = VDB_NO_NODE; // that id may be another node's now
        uint32_t end = std::min(x()->nodes, position + x()->geometry.slots_per_page);
        while (position < end)
            take_next(with_edges);
        for (uint32_t p = own_first; p < own_end; p++) {
            BuildNode *n = region()->node(region()->at_place(p));
            n->spill = static_cast<uint32_t>(tally.spilled);
            n->slices = static_cast<uint32_t>(tally.slices);
            (void) count_node(x(), &tally, p);
        }
    }

    // Takes the next page that has something elsewhere; false: there is none.
    bool take_page_of(uint64_t LayoutTally::*elsewhere)
    {
        while (position < x()->nodes) {
            uint32_t end = std::min(x()->nodes, position + x()->geometry.slots_per_page);
            LayoutTally after = tally;
            for (uint32_t p = position; p < end; p++)
                (void) count_node(x(), &after, p);
            if (after.*elsewhere > tally.*elsewhere) {
                take_page(false);
                return true;
            }
            tally = after;
            position = end;
        }
        return false;
    }

    // Goes on to the next cell or slice that does not lie on its node's page.
    bool next_item(uint64_t LayoutTally::*elsewhere, uint32_t BuildNode::*before)
    {
        for (item++;; item = 0) {
            if (at < own_end) {
                uint64_t here = region()->node(region()->at_place(at))->*before;
                uint64_t end = at + 1 < own_end
                                   ? region()->node(region()->at_place(at + 1))->*before
                                   : tally.*elsewhere;
                if (item < end - here)
                    return true;
                at++;
            } else if (take_page_of(elsewhere)) {
                at = own_first;
            } else {
                return false;
            }
        }
    }

    void cell_page(VdbHnswBuildLayout *layout, VdbBlock block, void *page)
    {
        const VdbHnswGeometry &g = x()->geometry;
        uint32_t first = (block - layout->first_cell_block) * g.cells_per_cell_page;
        for (uint32_t i = 0; i < g.cells_per_cell_page && first + i < layout->spilled_cells; i++)
            if (next_item(&LayoutTally::spilled, &BuildNode::spill))
                fill_spilled_cell(region(), layout, region()->at_place(at), item,
                                  cell_at(page, g, i));
        close_cell_page(*layout, g, block, page);
    }

    void vector_page(void *page)
    {
        if (next_item(&LayoutTally::slices, &BuildNode::slices))
            fill_slice(region(), scratch, region()->at_place(at), item, page);
    }

    void meta_page(VdbHnswBuildLayout *layout, void *page)
    {
        if (x()->nodes > 0) {
            cache.release();
            uint64_t entry = hold(x()->entry);
            region()->entry.store(uint64_t{x()->top} << 32 | (entry + 1),
                                  std::memory_order_relaxed);
        }
        vdb_hnsw_build_render(region(), scratch, layout, VDB_HNSW_META_BLOCK, page);
    }

    // Begins with the first node again.
    void rewind()
    {
        forget();
        tally = {};
        position = own_first = own_end = at = 0;
        item = UINT32_MAX; // the first one comes next
    }
};

struct RenderPlan {
    uint64_t record, scratch, total;

    RenderPlan(const External *x, const BuildRegion *r)
    {
        record = align64(sizeof(Renderer));
        scratch = record + align64(x->record_bytes());
        total = scratch + align64(vdb_hnsw_build_scratch_size(r));
    }
};

} // namespace

} // namespace vdb::hnsw

using namespace vdb;
using namespace vdb::hnsw;

VdbStatus vdb_hnsw_external_layout(void *memory, VdbHnswBuildLayout *layout) noexcept
{
    External *x = external_of(memory);
    LayoutTally tally = {};
    for (uint32_t i = 0; i < x->nodes; i++)
        if (!count_node(x, &tally, i))
            return VDB_TOO_BIG;
    return make_layout(x->geometry, tally, x->nodes, layout);
}

size_t vdb_hnsw_external_render_size(void *memory) noexcept
{
    External *x = external_of(memory);
    uint64_t bytes = x->bytes - x->regions_at;
    bytes -= bytes % kCacheLine;
    uint64_t reserve = piece_units(x) * kUnit;
    BuildRegion *r = make_cache_region(x, x->base() + x->regions_at, bytes,
                                       cache_capacity(x->geometry, x->nodes, bytes - reserve));
    r->used.store(x->nodes, std::memory_order_relaxed);
    r->ordered = 1;
    return RenderPlan(x, r).total;
}

void vdb_hnsw_external_render_init(void *memory, const VdbHnswStore *store, void *work) noexcept
{
    External *x = external_of(memory);
    BuildRegion *r = x->at<BuildRegion>(x->regions_at);
    RenderPlan plan(x, r);
    char *base = static_cast<char *>(work);
    Renderer *renderer = new (work) Renderer();
    renderer->cache.x = x;
    renderer->cache.store = store;
    renderer->cache.region = r;
    renderer->cache.record = base + plan.record;
    renderer->cache.reset();
    renderer->scratch = reinterpret_cast<BuildScratch *>(base + plan.scratch);
    r->order = x->order();
    vdb_hnsw_build_scratch_init(r, renderer->scratch);
    renderer->rewind();
}

void vdb_hnsw_external_render(void *, void *work, VdbHnswBuildLayout *layout, VdbBlock block,
                              void *page) noexcept
{
    Renderer *renderer = static_cast<Renderer *>(work);
    renderer->layout = layout;
    if (block == layout->first_cell_block || block == layout->first_vector_block)
        renderer->rewind();
    switch (vdb_hnsw_build_page_kind(layout, block)) {
    case VDB_HNSW_PAGE_META:
        return renderer->meta_page(layout, page);
    case VDB_HNSW_PAGE_NODE:
        renderer->take_page(true);
        vdb_hnsw_build_render(renderer->region(), renderer->scratch, layout, block, page);
        return;
    case VDB_HNSW_PAGE_CELL:
        return renderer->cell_page(layout, block, page);
    case VDB_HNSW_PAGE_VECTOR:
        return renderer->vector_page(page);
    }
}
