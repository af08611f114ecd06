// Vacuum of a Store, in the passes of the PostgreSQL shim (src/pg/hnsw_vacuum.c, hnsw_mend.c,
// hnsw_free.c).
#pragma once

#include <functional>

#include "hnsw/vacuum_api.h"
#include "page_store.h"

namespace vdb::hnsw::test {

using IsDeadRow = std::function<bool(uint32_t row)>;

inline bool tid_is_dead(VdbTid tid, void *state)
{
    return (*static_cast<IsDeadRow *>(state))(row_of(tid));
}

class Vacuum {
  public:
    uint64_t removed = 0;
    uint64_t left = 0;

    Vacuum(Store &store, IsDeadRow is_dead)
        : store_(store), g_(store.g), is_dead_(std::move(is_dead)),
          gather_(store, pool_size(store.g) + 1), codes_(store.g, 2 * store.g.m),
          blocks_(static_cast<VdbBlock>(store.pages.size()))
    {
        memories_.push_back(memory(vdb_hnsw_set_size(slots_)));
        dead_ = vdb_hnsw_set_init(memories_.back().get(), slots_);
    }

    void run()
    {
        meta_ = store_.read_meta();
        for_each_page(&Vacuum::remove_tids);
        for_each_page(&Vacuum::settle_page);
        if (vdb_hnsw_set_count(dead_) == 0)
            return;
        mend_pages();
        replace_entry();
        for_each_page(&Vacuum::free_page);
    }

  private:
    Store &store_;
    const VdbHnswGeometry &g_;
    IsDeadRow is_dead_;
    Gatherer gather_;
    Codes codes_;
    VdbBlock blocks_;
    VdbHnswMeta meta_;
    uint32_t slots_ = 16;
    std::vector<Memory> memories_;
    VdbNodeSet *dead_;
    VdbNode best_ = VDB_NO_NODE;
    uint32_t best_level_ = 0;
    bool handed_down_ = false;
    bool crowded_ = false;
    VdbTreeOrder *order_ = nullptr;

    static uint32_t pool_size(const VdbHnswGeometry &g) { return std::max(4 * 2 * g.m, 64u); }

    void for_each_page(void (Vacuum::*visit)(VdbBlock block))
    {
        for (VdbBlock block = VDB_HNSW_FIRST_NODE_BLOCK; block < blocks_; block++)
            (this->*visit)(block);
    }
    uint32_t kind(VdbBlock block) { return vdb_hnsw_page_kind(store_.read_ours(block), kPageSize); }

    // --- pass 1 ---

    void remove_tids(VdbBlock block)
    {
        if (kind(block) != VDB_HNSW_PAGE_NODE && kind(block) != VDB_HNSW_PAGE_CELL)
            return;
        Record record(store_);
        void *page = record.page(block);
        VdbTidCount count = vdb_hnsw_page_count_tids(page, &g_, tid_is_dead, &is_dead_);
        if (count.dead > 0) {
            vdb_hnsw_page_remove_tids(page, &g_, tid_is_dead, &is_dead_);
            record.finish();
        }
        removed += count.dead;
        left += count.left;
    }

    // --- pass 2 ---

    void list_cell_page(VdbBlock block)
    {
        Record record(store_);
        void *page = record.page(block);
        if (page_kind(page, g_) != VDB_HNSW_PAGE_CELL ||
            vdb_hnsw_page_next_free(page, &g_) != VDB_HNSW_NOT_LISTED)
            return;
        VdbHnswMeta meta = store_.read_meta();
        vdb_hnsw_page_set_next_free(page, &g_, meta.free_cell_page);
        meta.free_cell_page = block;
        vdb_hnsw_meta_write(record.page(0), &meta);
        record.finish();
    }
    void unlink_cell(VdbNode node, VdbCellRef previous, VdbCellRef cell)
    {
        VdbBlock node_block = vdb_hnsw_node_block(&g_, node);
        Record record(store_);
        void *node_page = record.page_of(node_block, VDB_HNSW_PAGE_NODE);
        void *cell_page = record.page(vdb_cell_block(cell));
        uint32_t count = 0;
        VdbCellRef next;
        VdbNodeTids tids = vdb_hnsw_page_node(node_page, &g_, vdb_hnsw_node_slot(&g_, node));
        if (vdb_hnsw_cell_state(cell_page, &g_, cell, node, &count, &next) == VDB_OK &&
            count == 0 && (previous.offset != 0 || same_tid(tids.chain, cell)))
        {
            if (previous.offset != 0)
                vdb_hnsw_cell_set_next(record.page(vdb_cell_block(previous)), &g_, previous, next);
            else
                vdb_hnsw_page_set_chain(node_page, &g_, node, next);
            vdb_hnsw_cell_free(cell_page, &g_, cell);
            record.finish();
        }
        list_cell_page(vdb_cell_block(cell));
    }
    void shorten_chain(VdbNode node, VdbCellRef chain)
    {
        VdbCellRef previous = {};
        while (chain.offset != 0) {
            uint32_t count;
            VdbCellRef next;
            VdbStatus status = vdb_hnsw_cell_state(store_.read_ours(vdb_cell_block(chain)), &g_,
                                                   chain, node, &count, &next);
            if (status == VDB_STALE)
                return;
            require(status);
            if (count == 0)
                unlink_cell(node, previous, chain);
            else
                previous = chain;
            chain = next;
        }
    }
    VdbNodeTids read_node(VdbNode node)
    {
        return vdb_hnsw_page_node(store_.read_ours(vdb_hnsw_node_block(&g_, node)), &g_,
                                  vdb_hnsw_node_slot(&g_, node));
    }
    void bury(VdbNode node)
    {
        Record record(store_);
        if (vdb_hnsw_page_bury(record.page(vdb_hnsw_node_block(&g_, node)), &g_, node) == VDB_OK)
            record.finish();
    }
    void remember_dead(VdbNode node)
    {
        if (node == meta_.root)
            return;
        if (vdb_hnsw_set_full(dead_)) {
            slots_ *= 2;
            memories_.push_back(memory(vdb_hnsw_set_size(slots_)));
            dead_ = vdb_hnsw_set_move(dead_, memories_.back().get(), slots_);
        }
        vdb_hnsw_set_add(dead_, node);
    }
    void settle_node(VdbNode node)
    {
        VdbNodeTids tids = read_node(node);
        if (tids.live && tids.chain.offset != 0) {
            shorten_chain(node, tids.chain);
            tids = read_node(node);
        }
        if (tids.live && !tids.has_tid && tids.chain.offset == 0) {
            bury(node);
            tids = read_node(node);
        }
        if (tids.dead)
            remember_dead(node);
        if (tids.live && (best_ == VDB_NO_NODE || tids.level > best_level_)) {
            best_ = node;
            best_level_ = tids.level;
        }
    }
    void settle_page(VdbBlock block)
    {
        if (kind(block) != VDB_HNSW_PAGE_NODE)
            return;
        for (uint32_t slot = 0; slot < g_.slots_per_page; slot++)
            settle_node(block * g_.slots_per_page + slot);
    }

    // --- pass 3 ---

    template <class Edit> VdbStatus edit_tree(Edit edit, VdbNode upper, VdbNode lower)
    {
        Record record(store_);
        void *upper_page = record.page_of(vdb_hnsw_node_block(&g_, upper), VDB_HNSW_PAGE_NODE);
        void *lower_page = record.page_of(vdb_hnsw_node_block(&g_, lower), VDB_HNSW_PAGE_NODE);
        VdbStatus status = edit(upper_page, upper, lower_page, lower, &g_);
        if (status == VDB_OK || status == VDB_FULL)
            record.finish();
        return status;
    }
    template <class Edit> bool hand_to(VdbNode node, Edit edit, const VdbLinks &heirs)
    {
        bool done = false;
        for (uint32_t i = 0; i < heirs.pinned && !done; i++)
            done = edit_tree(edit, node, heirs.ids[i]) == VDB_OK;
        handed_down_ |= done;
        return done;
    }
    bool hand_down_all(VdbNode node)
    {
        if (hand_to(node, vdb_hnsw_hand_down, read_links(store_, node, 0)))
            return true;
        VdbLinks links = read_links(store_, node, 0);
        return links.pinned > 0 &&
               hand_to(node, vdb_hnsw_hand_over, read_links(store_, links.ids[0], 0));
    }
    // An orphan on its way from a tombstone to a node near it.
    struct Move {
        VdbNode from, child;
        VdbLinks seen, now; // the list of the node that takes it
    };
    bool may_take(VdbNode node, Move &move)
    {
        move.now = move.seen = read_links(store_, node, 0);
        return move.seen.found && move.seen.live && move.seen.pinned < vdb_hnsw_max_taken(&g_);
    }
    bool write_move(Move &move)
    {
        vdb_hnsw_links_remove(&move.now, vdb_hnsw_links_find(&move.now, move.child));
        vdb_hnsw_links_add(&move.now, move.child, true);
        Record record(store_);
        void *from = record.page_of(vdb_hnsw_node_block(&g_, move.from), VDB_HNSW_PAGE_NODE);
        VdbStatus status = vdb_hnsw_let_go(from, move.from, move.child, &g_);
        if (status == VDB_OK)
            status = vdb_hnsw_links_write(record.page_of(move.seen.block, VDB_HNSW_PAGE_NODE), &g_,
                                          &move.seen, &move.now, codes_.codes);
        if (status == VDB_OK)
            record.finish();
        return status == VDB_OK;
    }
    bool take_neighbor(VdbNode node, Move &move)
    {
        if (!may_take(node, move) || vdb_hnsw_links_find(&move.seen, move.child) == move.seen.count)
            return false;
        if (codes_.codes != nullptr)
            vdb_hnsw_codes_clear(codes_.codes);
        return write_move(move);
    }
    bool take_in(VdbNode node, Move &move)
    {
        uint32_t limit = vdb_hnsw_max_links(&g_, 0);
        if (!may_take(node, move))
            return false;
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_add(gather_.gather, node);
        vdb_hnsw_gather_add(gather_.gather, move.child);
        for (uint32_t i = 0; i < move.seen.count; i++)
            vdb_hnsw_gather_add(gather_.gather, move.seen.ids[i]);
        gather_.run();
        vdb_hnsw_gather_choose(gather_.gather, &move.now, limit, move.child);
        if (vdb_hnsw_links_find(&move.now, move.child) == move.now.count)
            return false;
        if (codes_.codes != nullptr)
            vdb_hnsw_gather_codes(gather_.gather, &move.now, codes_.codes, nullptr);
        return write_move(move);
    }
    void hang_near(VdbNode from, VdbNode child)
    {
        VdbLinks near = read_links(store_, child, 0);
        Move move = {from, child, {}, {}};
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_add(gather_.gather, child);
        for (uint32_t i = 0; i < near.count; i++)
            if (vdb_hnsw_order_before(order_, near.ids[i], child))
                vdb_hnsw_gather_add(gather_.gather, near.ids[i]);
        gather_.run();
        near.count = near.pinned = 0;
        vdb_hnsw_gather_choose(gather_.gather, &near, vdb_hnsw_max_links(&g_, 0), VDB_NO_NODE);
        for (uint32_t i = 0; i < near.count; i++)
            if (take_neighbor(near.ids[i], move))
                return;
        for (uint32_t i = 0; i < near.count; i++)
            if (take_in(near.ids[i], move))
                return;
    }
    void hang_children_near(VdbNode dead)
    {
        VdbLinks links = read_links(store_, dead, 0);
        for (uint32_t i = 0; i < links.pinned; i++)
            if (!vdb_hnsw_set_has(dead_, links.ids[i]))
                hang_near(dead, links.ids[i]);
    }
    bool adopt(VdbNode parent, VdbNode child)
    {
        if (order_ != nullptr)
            hang_children_near(child);
        VdbStatus status = edit_tree(vdb_hnsw_adopt, parent, child);
        if (status == VDB_FULL && order_ != nullptr)
            crowded_ = true;
        else if (status == VDB_FULL && hand_down_all(child))
            status = edit_tree(vdb_hnsw_adopt, parent, child);
        return status == VDB_OK;
    }
    void adopt_all(VdbNode node)
    {
        for (bool progress = true; progress;) {
            progress = false;
            VdbLinks links = read_links(store_, node, 0);
            for (uint32_t i = 0; i < links.pinned; i++)
                if (vdb_hnsw_set_has(dead_, links.ids[i]))
                    progress |= adopt(node, links.ids[i]);
        }
    }
    void gather_pool(const VdbLinks &seen)
    {
        std::vector<VdbNode> dead;
        auto add_dead = [&](VdbNode node) {
            if (std::find(dead.begin(), dead.end(), node) == dead.end() &&
                dead.size() < pool_size(g_))
                dead.push_back(node);
        };
        vdb_hnsw_gather_clear(gather_.gather);
        vdb_hnsw_gather_add(gather_.gather, seen.node);
        for (uint32_t i = 0; i < seen.count; i++) {
            bool is_dead = vdb_hnsw_set_has(dead_, seen.ids[i]);
            if (is_dead)
                add_dead(seen.ids[i]);
            if (!is_dead || i < seen.pinned)
                vdb_hnsw_gather_add(gather_.gather, seen.ids[i]);
        }
        for (size_t at = 0; at < dead.size() && !vdb_hnsw_gather_full(gather_.gather); at++) {
            VdbLinks through = read_links(store_, dead[at], seen.level);
            for (uint32_t i = 0; i < through.count; i++) {
                if (vdb_hnsw_set_has(dead_, through.ids[i]))
                    add_dead(through.ids[i]);
                else
                    vdb_hnsw_gather_add(gather_.gather, through.ids[i]);
            }
        }
        gather_.run();
    }
    void mend(VdbListName name)
    {
        if (name.level == 0)
            adopt_all(name.node);
        VdbStatus status = VDB_STALE;
        while (status == VDB_STALE && !vdb_hnsw_set_has(dead_, name.node)) {
            VdbLinks seen = read_links(store_, name.node, name.level);
            if (!seen.found)
                return;
            gather_pool(seen);
            VdbLinks now = seen;
            vdb_hnsw_gather_choose(gather_.gather, &now, vdb_hnsw_max_links(&g_, name.level),
                                   VDB_NO_NODE);
            if (codes_.codes != nullptr && name.level == 0)
                vdb_hnsw_gather_codes(gather_.gather, &now, codes_.codes, nullptr);
            Record record(store_);
            status = vdb_hnsw_links_write(record.page(seen.block), &g_, &seen, &now, codes_.codes);
            if (status == VDB_OK)
                record.finish();
        }
    }
    void mend_page(VdbBlock block)
    {
        if (kind(block) != VDB_HNSW_PAGE_NODE && kind(block) != VDB_HNSW_PAGE_CELL)
            return;
        std::vector<VdbListName> names(g_.slots_per_page + g_.cells_per_cell_page);
        names.resize(
            vdb_hnsw_page_lists_into(store_.read_ours(block), &g_, block, dead_, names.data()));
        for (VdbListName name : names)
            mend(name);
    }

    void feed_order(VdbBlock block) { vdb_hnsw_order_feed(order_, &g_, block, store_.read(block)); }
    void read_order()
    {
        memories_.push_back(memory(vdb_hnsw_order_size(&g_, blocks_)));
        order_ = vdb_hnsw_order_begin(memories_.back().get(), &g_, blocks_);
        for_each_page(&Vacuum::feed_order);
        vdb_hnsw_order_finish(order_, meta_.root);
    }
    void mend_pages()
    {
        constexpr int kRounds = 16;
        handed_down_ = true;
        for (int round = 0; (handed_down_ || crowded_) && round < kRounds; round++) {
            bool in_order = !crowded_;
            order_ = nullptr;
            if (in_order)
                read_order();
            crowded_ = handed_down_ = false;
            for_each_page(&Vacuum::mend_page);
        }
    }

    // --- pass 4 ---

    void replace_entry()
    {
        meta_ = store_.read_meta();
        if (meta_.entry == VDB_NO_NODE || !vdb_hnsw_set_has(dead_, meta_.entry))
            return;
        meta_.entry = best_ != VDB_NO_NODE ? best_ : meta_.root;
        meta_.entry_level = best_ != VDB_NO_NODE ? best_level_ : 0;
        Record record(store_);
        vdb_hnsw_meta_write(record.page(0), &meta_);
        record.finish();
    }
    void free_slices(VdbNode node)
    {
        for (uint32_t i = 0; i < g_.vector_pages; i++) {
            Record record(store_);
            VdbBlock slice = vdb_hnsw_page_take_slice(
                record.page_of(vdb_hnsw_node_block(&g_, node), VDB_HNSW_PAGE_NODE), &g_, node);
            if (slice == VDB_NO_BLOCK)
                return;
            VdbHnswMeta meta = store_.read_meta();
            vdb_hnsw_page_set_next_free(record.page_of(slice, VDB_HNSW_PAGE_VECTOR), &g_,
                                        meta.free_vector_page);
            meta.free_vector_page = slice;
            vdb_hnsw_meta_write(record.page(0), &meta);
            record.finish();
        }
    }
    void free_upper(VdbNode node)
    {
        for (;;) {
            VdbCellRef upper;
            Record record(store_);
            void *page = record.page_of(vdb_hnsw_node_block(&g_, node), VDB_HNSW_PAGE_NODE);
            if (!vdb_hnsw_page_detached(page, &g_, node, &upper) || upper.offset == 0)
                return;
            require(vdb_hnsw_page_free_upper(page, &g_, node, record.page(vdb_cell_block(upper))));
            record.finish();
            list_cell_page(vdb_cell_block(upper));
        }
    }
    void free_node(VdbNode node)
    {
        free_slices(node);
        free_upper(node);
        Record record(store_);
        void *page = record.page_of(vdb_hnsw_node_block(&g_, node), VDB_HNSW_PAGE_NODE);
        if (vdb_hnsw_page_free_node(page, &g_, node) == VDB_OK)
            record.finish();
    }
    void free_page(VdbBlock block)
    {
        for (uint32_t slot = 0; slot < g_.slots_per_page; slot++)
            if (vdb_hnsw_set_has(dead_, block * g_.slots_per_page + slot))
                free_node(block * g_.slots_per_page + slot);
    }
};

// Removes the rows of which that is true.
inline void vacuum(Store &store, IsDeadRow is_dead)
{
    Vacuum(store, std::move(is_dead)).run();
}

} // namespace vdb::hnsw::test
