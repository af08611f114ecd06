// Second half of the check: what only all pages together show.  Runs in bounded steps, so that the
// shim can serve a cancel in between.
#include <cmath>

#include "hnsw/check.h"

namespace vdb::hnsw {

namespace {

constexpr uint64_t kStep = 1 << 16; // nodes or blocks a call handles

bool in_tree(NodeState state)
{
    return state == NodeState::kLive || state == NodeState::kTombstone;
}

struct GraphCheck {
    VdbHnswCheck *c;

    NodeInfo &info(VdbNode node) { return c->nodes[node]; }
    bool is_root(VdbNode node) const { return node == c->counts.root; }

    // The cell at that address, nullptr if there is none.
    CellInfo *cell_at(VdbCellRef ref)
    {
        VdbBlock block = vdb_cell_block(ref);
        uint32_t index = ref.offset - 1u;
        if (block >= c->blocks || index >= c->by_block[block].cells)
            return nullptr;
        return &c->cells[c->by_block[block].first_cell + index];
    }

    // The cell a chain of `node` names next, if it exists, has that kind and belongs to it.
    CellInfo *cell(VdbNode node, VdbCellRef ref, CellKind kind)
    {
        VdbBlock block = vdb_cell_block(ref);
        uint32_t index = ref.offset - 1u;
        CellInfo *cell = cell_at(ref);
        if (cell == nullptr) {
            c->report_node(node, "node: links to cell %u of block %u, which does not exist", index,
                           block);
            return nullptr;
        }
        if (cell->kind != kind)
            c->report_node(node, "node: links to cell %u of block %u, which is of kind %u", index,
                           block, static_cast<unsigned>(cell->kind));
        else if (cell->owner != node)
            c->report_node(node, "node: links to cell %u of block %u, which belongs to node %u",
                           index, block, cell->owner);
        else if (cell->linked)
            c->report_node(node, "node: links twice to cell %u of block %u", index, block);
        else {
            cell->linked = true;
            return cell;
        }
        return nullptr;
    }

    void upper_chain(VdbNode node)
    {
        const NodeInfo &n = info(node);
        VdbCellRef ref = n.upper;
        uint32_t level = 1;
        // A detached node gives its cells back from the lowest level up.
        if (n.state == NodeState::kDetached && is_none(ref))
            return;
        if (n.state == NodeState::kDetached && cell_at(ref) != nullptr)
            level = cell_at(ref)->level;
        for (; level <= n.level; level++) {
            if (is_none(ref)) {
                c->report_node(node, "node: level %u but no cell for level %u", n.level, level);
                return;
            }
            CellInfo *found = cell(node, ref, CellKind::kUpper);
            if (found == nullptr)
                return;
            if (found->level != level)
                c->report_node(node, "node: cell for level %u is of level %u", level, found->level);
            ref = found->next;
        }
        if (!is_none(ref))
            c->report_node(node, "node: level %u but more cells", n.level);
    }

    void tid_chain(VdbNode node)
    {
        const NodeInfo &n = info(node);
        uint64_t tids = (n.marks & kHasInlineTid) != 0;
        for (VdbCellRef ref = n.tids; !is_none(ref);) {
            CellInfo *found = cell(node, ref, CellKind::kTids);
            if (found == nullptr)
                return;
            tids += found->count;
            ref = found->next;
        }
        c->counts.empty += n.state == NodeState::kLive && tids == 0;
        if (n.state != NodeState::kLive && tids > (n.marks & kHasInlineTid))
            c->report_node(node, "node: dead but has heap tids in cells");
    }

    // Where the node stands in the tree, apart from the way to the root.
    void tree_place(VdbNode node)
    {
        const NodeInfo &n = info(node);
        if (!in_tree(n.state)) {
            if (n.parent != VDB_NO_NODE)
                c->report_node(n.parent, "node: tree edge leads to node %u, which is %s", node,
                               n.state == NodeState::kFree ? "free" : "detached");
            return;
        }
        if (is_root(node) && n.parent != VDB_NO_NODE)
            c->report_node(n.parent, "node: tree edge leads to the root %u", node);
        if (!is_root(node) && n.parent == VDB_NO_NODE)
            c->report_node(node, "node: no tree edge leads here");
    }

    void in_edges(VdbNode node)
    {
        const NodeInfo &n = info(node);
        if (n.in_edges == 0)
            return;
        VdbBlock block = vdb_hnsw_node_block(&c->g, node);
        if (c->by_block[block].kind != VDB_HNSW_PAGE_NODE)
            c->report_node(node, "node: %u edges lead to this node, but the page holds no nodes",
                           n.in_edges);
        else if (n.state == NodeState::kTombstone)
            c->counts.tombstone_edges += n.in_edges;
        else if (!in_tree(n.state))
            c->counts.stale_edges += n.in_edges;
        else if (n.in_level > n.level)
            c->counts.stale_edges++; // of a former, higher node in this slot
    }

    void node(VdbNode node)
    {
        in_edges(node);
        tree_place(node);
        if (info(node).state == NodeState::kFree)
            return;
        upper_chain(node);
        tid_chain(node);
    }

    // Follows tree edges backwards until the answer is known, then marks the whole path with it:
    // linear over all nodes.
    void reachability(VdbNode start)
    {
        if (!in_tree(info(start).state))
            return;
        uint8_t found = 0;
        VdbNode at = start;
        while (found == 0) {
            if (is_root(at))
                found = kReachable;
            else if ((info(at).marks & (kReachable | kUnreachable)) != 0)
                found = info(at).marks & (kReachable | kUnreachable);
            else if ((info(at).marks & kOnPath) != 0 || info(at).parent == VDB_NO_NODE)
                found = kUnreachable;
            else {
                info(at).marks |= kOnPath;
                at = info(at).parent;
            }
        }
        for (at = start; (info(at).marks & kOnPath) != 0; at = info(at).parent)
            info(at).marks = static_cast<uint8_t>((info(at).marks & ~kOnPath) | found);
        if (found == kUnreachable && info(start).parent != VDB_NO_NODE)
            c->report_node(start, "node: cannot be reached from the root");
    }

    void vector_slice(VdbBlock block)
    {
        const BlockInfo &b = c->by_block[block];
        if (b.owner == VDB_NO_NODE) {
            c->counts.lost_vectors += b.kind == VDB_HNSW_PAGE_VECTOR && !b.listed;
            return;
        }
        NormInfo &norm = c->norms[b.owner];
        if (b.kind != VDB_HNSW_PAGE_VECTOR) {
            c->report_node(b.owner, "node: block %u should hold a slice of the vector", block);
            norm.sum = NAN;
            return;
        }
        if (b.listed)
            c->report_node(b.owner, "node: vector block %u is on the free list", block);
        bool is_last = !is_sparse(c->g) && b.slice + 1u == c->g.vector_pages;
        double sum = is_last ? b.sum_last : b.sum_full;
        if (!std::isfinite(sum))
            c->report_node(b.owner, "node: vector has a value that is not finite in block %u",
                           block);
        norm.sum += sum;
    }

    // NaN: the vector is known to be damaged.
    void norm(VdbNode node)
    {
        const NormInfo &n = c->norms[node];
        if (info(node).state != NodeState::kFree && std::isfinite(n.sum) &&
            !norm_matches(n.stored, n.sum))
            c->report_node(node, "node: norm is %g instead of %g", double{n.stored}, n.sum);
    }

    void free_list(VdbBlock head, uint8_t kind, const char *what)
    {
        for (VdbBlock at = head; at != VDB_NO_BLOCK; at = c->by_block[at].next_free) {
            if (at >= c->blocks) {
                c->report(0, -1, "free list of %s pages leads to block %u, outside", what, at);
                return;
            }
            BlockInfo &b = c->by_block[at];
            if (b.kind != kind) {
                c->report(at, -1, "page of kind %u on the free list of %s pages", b.kind, what);
                return;
            }
            if (b.listed) {
                c->report(at, -1, "free list of %s pages comes here twice", what);
                return;
            }
            b.listed = true;
        }
    }

    void named_node(VdbNode node, const char *what)
    {
        if (node == VDB_NO_NODE) {
            if (c->counts.live + c->counts.tombstones > 0)
                c->report(0, -1, "index has nodes but no %s", what);
        } else if (node >= c->node_total())
            c->report(0, -1, "%s %u is outside the index", what, node);
        else if (info(node).state == NodeState::kFree)
            c->report(0, -1, "%s %u is a free slot", what, node);
    }

    void metapage()
    {
        VdbNode root = c->counts.root;
        VdbNode entry = c->counts.entry;
        named_node(root, "root");
        named_node(entry, "entry point");
        if (root < c->node_total() && info(root).state == NodeState::kDetached)
            c->report(0, -1, "root %u is detached", root);
        // The entry may be: vacuum replaces it after detaching it.
        if (entry < c->node_total() && info(entry).state != NodeState::kFree &&
            info(entry).level != c->counts.entry_level)
            c->report(0, -1, "entry point %u is of level %u instead of %u", entry,
                      info(entry).level, c->counts.entry_level);
        free_list(c->free_cell_page, VDB_HNSW_PAGE_CELL, "cell");
        free_list(c->free_vector_page, VDB_HNSW_PAGE_VECTOR, "vector");
    }

    void off_lists(VdbBlock block)
    {
        const BlockInfo &b = c->by_block[block];
        if (b.kind != 0 && !b.listed && b.next_free != VDB_HNSW_NOT_LISTED &&
            b.kind != VDB_HNSW_PAGE_META)
            c->report(block, -1, "page is on no free list but links to block %u", b.next_free);
    }

    // Cells linked by nobody.  One with heap tids hides rows from every scan.
    void cells_of(VdbBlock block)
    {
        const BlockInfo &b = c->by_block[block];
        for (uint32_t i = 0; i < b.cells; i++) {
            const CellInfo &cell = c->cells[b.first_cell + i];
            if (cell.kind == CellKind::kFree || cell.linked)
                continue;
            if (cell.kind == CellKind::kTids && cell.count > 0)
                c->report(block, static_cast<int32_t>(i),
                          "cell: has heap tids but is not linked by its owner %u", cell.owner);
            else
                c->counts.lost_cells++;
        }
    }

    // Calls f for the next kStep of n; true when the phase has more to do.
    template <class F> bool each(uint64_t n, F f)
    {
        uint64_t end = n - c->cursor < kStep ? n : c->cursor + kStep;
        for (; c->cursor < end; c->cursor++)
            f(static_cast<uint32_t>(c->cursor));
        return c->cursor < n;
    }

    bool run_phase()
    {
        switch (c->phase) {
        case 0:
            metapage();
            return false;
        case 1:
            return each(c->node_total(), [this](VdbNode n) { node(n); });
        case 2:
            return each(c->node_total(), [this](VdbNode n) { reachability(n); });
        case 3:
            return each(c->blocks, [this](VdbBlock b) {
                off_lists(b);
                cells_of(b);
                vector_slice(b);
            });
        default:
            return c->norms != nullptr && each(c->node_total(), [this](VdbNode n) { norm(n); });
        }
    }
};

constexpr uint32_t kPhases = 5;

} // namespace

} // namespace vdb::hnsw

bool vdb_hnsw_check_finish(VdbHnswCheck *check) noexcept
{
    if (check->phase < vdb::hnsw::kPhases && !vdb::hnsw::GraphCheck{check}.run_phase()) {
        check->phase++;
        check->cursor = 0;
    }
    return check->phase < vdb::hnsw::kPhases;
}
