// What a search by estimates knows: nodes seen and not expanded yet, nearest first, and everything
// it ever saw, for when it goes on.  Over memory that the caller supplies; it never allocates.
#pragma once

#include <limits>

#include "core/heap.h"
#include "hnsw/prune.h"
#include "simd/simd_api.h"

namespace vdb::hnsw {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What is known of a node that was worth a closer look.
struct Seen {
    static constexpr uint32_t kExpanded = UINT32_MAX;
    static constexpr uint32_t kNowhere = UINT32_MAX - 1;

    float distance; // as estimated so far
    uint32_t at;    // where it stands among the nodes to expand
};

// Those nodes, by open addressing.  Ids stand by themselves: most questions need no more.
class SeenNodes {
  public:
    static constexpr size_t bytes(uint32_t slots)
    {
        return slots * (sizeof(VdbNode) + sizeof(Seen));
    }

    // REQUIRES: memory of bytes(slots), slots a power of two.
    void init(void *memory, uint32_t slots)
    {
        seen_ = static_cast<Seen *>(memory);
        nodes_ = reinterpret_cast<VdbNode *>(seen_ + slots);
        shift_ = __builtin_clz(slots - 1);
        mask_ = slots - 1;
        clear();
    }
    void clear()
    {
        size_ = 0;
        std::memset(nodes_, 0xFF, slots() * sizeof(VdbNode));
    }
    uint32_t slots() const { return mask_ + 1; }
    // Nodes that can still be added: the table stays at most half full.
    uint32_t room() const { return size_ < slots() / 2 ? slots() / 2 - size_ : 0; }

    // Null if it was not seen.
    Seen *find(VdbNode node)
    {
        uint32_t i = place(node);
        return nodes_[i] == node ? &seen_[i] : nullptr;
    }
    // REQUIRES: room() > 0.
    Seen *find_or_add(VdbNode node, bool *added)
    {
        uint32_t i = place(node);
        *added = nodes_[i] != node;
        nodes_[i] = node;
        size_ += *added;
        return &seen_[i];
    }
    // Whether more than one look is needed to say that the node is expanded, or not seen and
    // farther than `bound`.  No branches: for half of all nodes it is true.
    bool matters(Candidate c, float bound) const
    {
        uint32_t i = first(c.node);
        bool vacant = nodes_[i] == VDB_NO_NODE;
        bool expanded = (nodes_[i] == c.node) & (seen_[i].at == Seen::kExpanded);
        return !(vacant & !(c.distance < bound)) & !expanded;
    }
    template <class Visit> void for_each(Visit visit)
    {
        for (uint32_t i = 0; i <= mask_; i++)
            if (nodes_[i] != VDB_NO_NODE)
                visit(nodes_[i], seen_[i]);
    }
    // Moves to a larger table.
    void move_to(void *memory, uint32_t slots)
    {
        SeenNodes old = *this;
        init(memory, slots);
        old.for_each([this](VdbNode node, Seen seen) {
            bool added;
            *find_or_add(node, &added) = seen;
        });
    }

  private:
    uint32_t first(VdbNode node) const { return node * 0x9E3779B1u >> shift_; }
    // Where the node stands or would stand.
    uint32_t place(VdbNode node) const
    {
        uint32_t i = first(node);
        while (nodes_[i] != node && nodes_[i] != VDB_NO_NODE)
            i = (i + 1) & mask_;
        return i;
    }

    Seen *seen_;
    VdbNode *nodes_;
    uint32_t mask_;
    uint32_t shift_;
    uint32_t size_;
};

// Nodes and distances, as two columns.
struct Columns {
    float *distances;
    VdbNode *nodes;
    uint32_t size;
    uint32_t capacity;

    static constexpr size_t bytes(uint32_t capacity)
    {
        return (size_t) capacity * (sizeof(float) + sizeof(VdbNode));
    }
    void move_to(void *memory, uint32_t n)
    {
        auto *to = static_cast<float *>(memory);
        auto *to_nodes = reinterpret_cast<VdbNode *>(to + n);
        if (size > 0) {
            std::memcpy(to, distances, size * sizeof(float));
            std::memcpy(to_nodes, nodes, size * sizeof(VdbNode));
        }
        distances = to;
        nodes = to_nodes;
        capacity = n;
    }
    uint32_t room() const { return capacity - size; }
    uint32_t add(Candidate c)
    {
        distances[size] = c.distance;
        nodes[size] = c.node;
        return size++;
    }
    // Leaves a node in it once, with the mean of its distances.  In no order afterwards.
    void merge_equal();

  private:
    void swap(uint32_t i, uint32_t j)
    {
        std::swap(distances[i], distances[j]);
        std::swap(nodes[i], nodes[j]);
    }
    void sift_down(uint32_t i, uint32_t n);
};

// An expanded node that may be returned.
struct Result {
    float distance;
    VdbNode node;
    float bound; // the operator's value is not below
    VdbTid heap_tid;
    bool more; // there may be further heap tids
};
struct FarthestResultFirst {
    bool operator()(const Result &a, const Result &b) const
    {
        return a.distance > b.distance || (a.distance == b.distance && a.node > b.node);
    }
};

// The order of results.
struct LeastBoundFirst {
    bool operator()(const Result &a, const Result &b) const
    {
        return a.bound < b.bound || (a.bound == b.bound && a.node < b.node);
    }
};

struct Beam {
    uint32_t ef;
    bool crowded;  // the log has little to forget, and is to grow
    bool rejected; // something in the log was not put into `open`, or was dropped from it
    float last_dropped;
    uint32_t best;     // the nearest node of `open`, once find_best() has looked
    uint32_t compared; // results of this window
    const VdbKernels *kernels;
    SeenNodes seen;
    // Nodes to expand, in no order: their distances change with each estimate, and looking through
    // all of them a few times a hop costs less than keeping them in order.
    Columns open;
    Heap<Result, FarthestResultFirst> done; // the nearest expanded ones, at most ef
    Array<Result> beyond;                   // the others
    Columns log;                            // every estimate made

    // Forgets everything.  Bytes may have to be given before it is used with a larger ef.
    void start(uint32_t new_ef);
    // Goes on behind what was found, the results having been taken.
    void resume();

    // Forgets estimates that say nothing new, where the log would have to grow otherwise.
    void tidy(uint32_t more);
    // Bytes to give so that `more` nodes can be logged and added; 0 almost always.
    size_t need(uint32_t more) const;
    void give(void *memory, uint32_t more);
    // Bytes to begin with, and their use.
    static size_t first_bytes(uint32_t ef, uint32_t more);
    void init(void *memory, uint32_t ef, uint32_t more);

    // Finds the nearest node that was not expanded; false if none is left.
    bool find_best();
    // Whether the ef nearest nodes known are all expanded.  Far from all vectors these are about as
    // far as each other, and estimates err by more, so that there always is one that looks nearer:
    // a window ends then when it has compared many times what others do.  REQUIRES: find_best().
    bool complete() const
    {
        return (done.size >= ef && done.top().distance <= open.distances[best]) ||
               compared >= most_compared();
    }
    // Takes it, to be expanded.  REQUIRES: find_best().
    VdbNode take_best();
    // A node was expanded and may be returned.
    void add_result(Result result);
    // Estimates were written behind the end of the log: they join it, and `open` where they may.
    void add_logged(uint32_t n);
    void add(Candidate c)
    {
        log.distances[log.size] = c.distance;
        log.nodes[log.size] = c.node;
        add_logged(1);
    }
    // The window is over: makes `done` the ef results with the least bounds, the order in which
    // they are taken, so that no result left behind comes before one taken.
    void settle();
    // Makes the best of the others the results; answers how many.  REQUIRES: no results are left.
    uint32_t take_beyond(uint32_t max);

  private:
    // Nodes kept in mind: some more than ef, as tombstones and stale edges are no results.
    static uint32_t limit(uint32_t ef) { return ef + ef / 8 + 16; }
    // Ordinary windows compare 1.4 ef nodes.
    uint32_t most_compared() const { return 8 * ef + 256; }
    // What is not nearer is not among them.
    float bound() const { return open.size + done.size < limit(ef) ? kInfinity : last_dropped; }
    void add_open(Candidate c);
    void remove(uint32_t i);
    void trim();
    void refill();
    void forget_seen();
};

} // namespace vdb::hnsw
