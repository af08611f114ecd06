// Insertion into a Store, in the steps of the PostgreSQL shim (src/pg/hnsw_insert.c, hnsw_space.c),
// by one session.
#pragma once

#include "page_store.h"

namespace vdb::hnsw::test {

class Inserter {
  public:
    Inserter(Store &store, const Row &row, VdbTid tid)
        : store_(store), g_(store.g), row_(row), kept_(kept(store.g, compared(store.g, row))),
          vector_(decoded(store.g, kept_)), tid_(tid),
          gather_(store, std::max(2 * store.g.m + 2, store.ef_construction + 1)),
          codes_(store.g, 4 * store.g.m + 2), back_(store.g, 4 * store.g.m + 2), edge_(store.g, 1)
    {
        level_ = std::min(vdb_hnsw_level(kSeed, tid, g_.m), g_.cells_per_cell_page);
        links_.resize(level_ + 1);
        blocks_.assign(g_.vector_pages + 1, VDB_NO_BLOCK);
    }

    void insert()
    {
        meta_ = store_.read_meta();
        if (meta_.root == VDB_NO_NODE) {
            put_slices();
            place_root();
            return;
        }
        VdbNode same;
        uint16_t generation;
        if (find_neighborhood(&same, &generation)) {
            add_tid(same, generation);
            return;
        }
        put_slices();
        place_node();
        link_back_all();
        if (level_ > meta_.entry_level)
            raise_entry();
    }

  private:
    struct Plan {
        VdbLinks seen, now;
    };

    Store &store_;
    const VdbHnswGeometry &g_;
    Row row_;
    Stored kept_;   // as it is stored
    Stored vector_; // as it is compared
    VdbTid tid_;
    Gatherer gather_;
    Codes codes_, back_, edge_;
    VdbHnswMeta meta_;
    uint32_t level_;
    VdbNode node_ = VDB_HNSW_NEW_NODE;
    std::vector<VdbLinks> links_;
    std::vector<VdbBlock> blocks_;
    uint32_t back_from_ = 0;
    bool cells_elsewhere_ = false;
    Plan plan_;

    // --- space ---

    VdbBlock find_node_page()
    {
        for (VdbBlock b = VDB_HNSW_FIRST_NODE_BLOCK; b < store_.pages.size(); b++)
            if (page_kind(store_.page(b), g_) == VDB_HNSW_PAGE_NODE &&
                vdb_hnsw_page_free_slot(store_.page(b), &g_) < g_.slots_per_page)
                return b;
        return store_.append(VDB_HNSW_PAGE_NODE);
    }
    VdbBlock find_cell_page(uint32_t cells)
    {
        for (;;) {
            VdbHnswMeta meta = store_.read_meta();
            VdbBlock head = meta.free_cell_page;
            if (head != VDB_NO_BLOCK &&
                vdb_hnsw_page_free_cells(store_.read_of(head, VDB_HNSW_PAGE_CELL), &g_) >= cells)
                return head;
            Record record(store_);
            if (head == VDB_NO_BLOCK) {
                meta.free_cell_page = store_.append(VDB_HNSW_PAGE_CELL);
                vdb_hnsw_page_set_next_free(record.page(meta.free_cell_page), &g_, head);
            } else {
                void *page = record.page(head);
                meta.free_cell_page = vdb_hnsw_page_next_free(page, &g_);
                vdb_hnsw_page_set_next_free(page, &g_, VDB_HNSW_NOT_LISTED);
            }
            vdb_hnsw_meta_write(record.page(0), &meta);
            record.finish();
        }
    }
    void put_slices()
    {
        uint32_t slices = vdb_hnsw_slices(&g_, vdb_hnsw_stored_units(&g_, kept_.data()));
        for (uint32_t i = 0; i < slices; i++) {
            VdbHnswMeta meta = store_.read_meta();
            bool fresh = meta.free_vector_page == VDB_NO_BLOCK;
            blocks_[i] = fresh ? store_.append(VDB_HNSW_PAGE_VECTOR) : meta.free_vector_page;
            Record record(store_);
            void *page = record.page_of(blocks_[i], VDB_HNSW_PAGE_VECTOR);
            if (!fresh) {
                meta.free_vector_page = vdb_hnsw_page_next_free(page, &g_);
                vdb_hnsw_page_set_next_free(page, &g_, VDB_HNSW_NOT_LISTED);
                vdb_hnsw_meta_write(record.page(0), &meta);
            }
            vdb_hnsw_page_put_slice(page, &g_, kept_.data(), i);
            record.finish();
        }
    }

    // --- planning ---

    bool decides_by_codes(uint32_t level) const
    {
        return level == 0 && vdb_hnsw_coded(&g_) && g_.space.metric != VDB_METRIC_IP;
    }
    const VdbEdgeCodes *edge_codes()
    {
        if (!vdb_hnsw_coded(&g_) || plan_.seen.level > 0)
            return nullptr;
        vdb_hnsw_codes_pick(edge_.codes, node_, back_.codes, plan_.seen.node);
        return edge_.codes;
    }
    void make_codes(VdbNode other)
    {
        if (!vdb_hnsw_coded(&g_) || vdb_hnsw_codes_has(back_.codes, other))
            return;
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_put(gather_.gather, VDB_HNSW_NEW_NODE, vector_.data(), vector_.norm);
        vdb_hnsw_gather_add(gather_.gather, other);
        gather_.run();
        vdb_hnsw_gather_add_codes(gather_.gather, other, codes_.codes, back_.codes);
    }
    bool choose_anew(bool must)
    {
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_add(gather_.gather, plan_.seen.node);
        for (uint32_t i = 0; i < plan_.seen.count; i++)
            vdb_hnsw_gather_add(gather_.gather, plan_.seen.ids[i]);
        gather_.run();
        vdb_hnsw_gather_put(gather_.gather, node_, vector_.data(), vector_.norm);
        vdb_hnsw_gather_choose(gather_.gather, &plan_.now,
                               vdb_hnsw_max_links(&g_, plan_.seen.level),
                               must ? node_ : VDB_NO_NODE);
        return vdb_hnsw_links_find(&plan_.now, node_) < plan_.now.count;
    }
    bool plan_link(VdbNode neighbor, uint32_t level, bool must)
    {
        uint32_t limit = vdb_hnsw_max_links(&g_, level);
        plan_.now = plan_.seen = read_links(store_, neighbor, level);
        if (!plan_.seen.found || vdb_hnsw_links_find(&plan_.seen, node_) < plan_.seen.count)
            return false;
        if (plan_.seen.count < limit) {
            vdb_hnsw_links_add(&plan_.now, node_, false);
            return true;
        }
        if (plan_.seen.pinned >= (must ? VDB_HNSW_MAX_FORCED : limit))
            return false;
        if (!decides_by_codes(level))
            return choose_anew(must);
        return vdb_hnsw_codes_pick(edge_.codes, node_, back_.codes, neighbor) &&
               vdb_hnsw_links_offer(store_.read_ours(plan_.seen.block), &g_, &plan_.now,
                                    edge_.codes, must);
    }
    void pin_new_node()
    {
        vdb_hnsw_links_remove(&plan_.now, vdb_hnsw_links_find(&plan_.now, node_));
        vdb_hnsw_links_add(&plan_.now, node_, true);
    }
    void splice_child()
    {
        uint32_t last = plan_.now.pinned - 1;
        VdbNode child = plan_.now.ids[last];
        uint32_t own = vdb_hnsw_links_find(&links_[0], child);
        if (own == links_[0].count && own == vdb_hnsw_max_links(&g_, 0))
            own--; // full: the farthest makes room
        if (own < links_[0].count)
            vdb_hnsw_links_remove(&links_[0], own);
        vdb_hnsw_links_add(&links_[0], child, true);
        plan_.now.ids[last] = node_;
        make_codes(child);
    }
    bool may_be_parent() const
    {
        return plan_.seen.found && (plan_.seen.live || plan_.seen.node == meta_.root);
    }
    void unsplice()
    {
        VdbLinks &own = links_[0];
        own.count -= own.pinned;
        std::memmove(own.ids, own.ids + own.pinned, sizeof(VdbNode) * own.count);
        own.pinned = 0;
    }
    void plan_parent()
    {
        VdbLinks &own = links_[0];
        unsplice();
        for (uint32_t i = 0; i < own.count; i++)
            if (plan_link(own.ids[i], 0, false) && may_be_parent()) {
                pin_new_node();
                back_from_ = i + 1;
                return;
            }
        back_from_ = own.count;
        for (uint32_t i = 0; i <= own.count; i++) {
            VdbNode neighbor = i < own.count ? own.ids[i] : meta_.root;
            make_codes(neighbor);
            bool planned = plan_link(neighbor, 0, true);
            if (!may_be_parent())
                continue;
            if (planned)
                pin_new_node();
            else
                splice_child();
            return;
        }
        throw Corrupted{}; // the root is gone
    }

    // --- placing ---

    VdbCellRef put_upper(void *page, VdbBlock block)
    {
        VdbCellRef next = {};
        for (uint32_t level = level_; level > 0; level--) {
            links_[level].node = node_;
            links_[level].level = level;
            next = vdb_hnsw_page_put_upper(page, &g_, block, &links_[level], next);
        }
        return next;
    }
    void put_node(void *page, uint32_t slot, VdbCellRef upper)
    {
        VdbNewNode node = {tid_,       level_,       kept_.data(), vector_.norm,
                           &links_[0], codes_.codes, upper,        blocks_.data()};
        vdb_hnsw_page_put_node(page, &g_, slot, &node);
    }
    bool write_node(VdbBlock block, VdbBlock cells)
    {
        Record record(store_);
        void *page = record.page_of(block, VDB_HNSW_PAGE_NODE);
        void *parent = record.page_of(plan_.seen.block, VDB_HNSW_PAGE_NODE);
        VdbBlock cell_block = cells == VDB_NO_BLOCK ? block : cells;
        void *cell_page = record.page(cell_block);
        if (vdb_hnsw_page_free_cells(cell_page, &g_) < level_) {
            cells_elsewhere_ = true;
            return false;
        }
        uint32_t slot = vdb_hnsw_page_free_slot(page, &g_);
        if (slot == g_.slots_per_page || !vdb_hnsw_links_current(parent, &g_, &plan_.seen))
            return false;
        node_ = block * g_.slots_per_page + slot;
        uint32_t at = vdb_hnsw_links_find(&plan_.now, VDB_HNSW_NEW_NODE);
        if (at < plan_.now.count)
            plan_.now.ids[at] = node_;
        put_node(page, slot, put_upper(cell_page, cell_block));
        EXPECT_EQ(vdb_hnsw_links_write(parent, &g_, &plan_.seen, &plan_.now, edge_codes()), VDB_OK);
        record.finish();
        return true;
    }
    void place_node()
    {
        VdbBlock block, cells;
        do {
            block = find_node_page();
            cells = VDB_NO_BLOCK;
            node_ = VDB_HNSW_NEW_NODE;
            plan_parent();
            if (cells_elsewhere_)
                cells = find_cell_page(level_);
        } while (!write_node(block, cells));
    }
    void place_root()
    {
        VdbBlock block = find_node_page();
        Record record(store_);
        void *page = record.page(block);
        uint32_t slot = vdb_hnsw_page_free_slot(page, &g_);
        level_ = 0;
        meta_.root = meta_.entry = block * g_.slots_per_page + slot;
        meta_.entry_level = 0;
        links_[0].count = links_[0].pinned = 0;
        vdb_hnsw_meta_write(record.page(0), &meta_);
        put_node(page, slot, {});
        record.finish();
    }

    // --- the rest ---

    void link_back(VdbNode neighbor, uint32_t level)
    {
        VdbStatus status = VDB_STALE;
        while (status == VDB_STALE && plan_link(neighbor, level, false)) {
            Record record(store_);
            status = vdb_hnsw_links_write(record.page(plan_.seen.block), &g_, &plan_.seen,
                                          &plan_.now, edge_codes());
            if (status == VDB_OK)
                record.finish();
        }
    }
    void link_back_all()
    {
        for (uint32_t level = 0; level <= level_; level++)
            for (uint32_t i = level == 0 ? back_from_ : 0; i < links_[level].count; i++)
                link_back(links_[level].ids[i], level);
    }
    void raise_entry()
    {
        meta_ = store_.read_meta();
        if (level_ <= meta_.entry_level)
            return;
        meta_.entry = node_;
        meta_.entry_level = level_;
        Record record(store_);
        vdb_hnsw_meta_write(record.page(0), &meta_);
        record.finish();
    }
    VdbStatus add_tid_once(VdbNode node, uint16_t generation, VdbBlock fresh)
    {
        VdbCellRef chain = {};
        VdbBlock block = vdb_hnsw_node_block(&g_, node);
        Record record(store_);
        void *page = record.page_of(block, VDB_HNSW_PAGE_NODE);
        VdbStatus status = vdb_hnsw_page_add_tid(page, &g_, node, generation, tid_, &chain);
        if (status == VDB_FULL && fresh != VDB_NO_BLOCK) {
            void *cells = record.page_of(fresh, VDB_HNSW_PAGE_CELL);
            if (vdb_hnsw_page_free_cells(cells, &g_) > 0) {
                vdb_hnsw_page_set_chain(
                    page, &g_, node, vdb_hnsw_page_put_tid(cells, &g_, fresh, node, tid_, chain));
                status = VDB_OK;
            }
        } else if (status == VDB_FULL && chain.offset != 0 && vdb_cell_block(chain) != block) {
            status = vdb_hnsw_cell_add_tid(
                record.page_of(vdb_cell_block(chain), VDB_HNSW_PAGE_CELL), &g_, chain, node, tid_);
        }
        if (status == VDB_OK)
            record.finish();
        return status;
    }
    void add_tid(VdbNode node, uint16_t generation)
    {
        VdbStatus status = add_tid_once(node, generation, VDB_NO_BLOCK);
        while (status == VDB_FULL)
            status = add_tid_once(node, generation, find_cell_page(1));
        require(status); // nobody else takes the node away meanwhile
    }

    bool choose_neighbors(VdbHnswSearch *search, uint32_t level, VdbNode *same,
                          uint16_t *generation)
    {
        std::vector<VdbNode> found(store_.ef_construction);
        found.resize(vdb_hnsw_search_found(search, found.data(), store_.ef_construction));
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_put(gather_.gather, VDB_HNSW_NEW_NODE, vector_.data(), vector_.norm);
        for (VdbNode id : found)
            vdb_hnsw_gather_add(gather_.gather, id);
        gather_.run();
        if (level == 0 &&
            vdb_hnsw_gather_find_equal(gather_.gather, kept_.data(), same, generation))
            return true;
        links_[level].count = links_[level].pinned = 0;
        vdb_hnsw_gather_choose(gather_.gather, &links_[level], vdb_hnsw_max_links(&g_, level),
                               VDB_NO_NODE);
        if (level == 0 && vdb_hnsw_coded(&g_))
            vdb_hnsw_gather_codes(gather_.gather, &links_[0], codes_.codes, back_.codes);
        return false;
    }
    bool find_neighborhood(VdbNode *same, uint16_t *generation)
    {
        uint32_t ef = store_.ef_construction;
        Searcher search(store_, row_, ef, VDB_HNSW_FOR_INSERT);
        uint32_t level = meta_.entry_level;
        search.start(meta_.entry, meta_.root, level, level > level_ ? 1 : ef);
        for (;;) {
            search.run();
            if (level <= level_ && choose_neighbors(search.s, level, same, generation))
                return true;
            if (level == 0)
                return false;
            level--;
            vdb_hnsw_search_descend(search.s, level > level_ ? 1 : ef);
        }
    }
};

inline void insert(Store &store, const Row &row, uint32_t id)
{
    Inserter(store, row, tid_of(id)).insert();
}

} // namespace vdb::hnsw::test
