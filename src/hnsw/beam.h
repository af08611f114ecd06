// What a search by estimates knows: nodes seen and not expanded yet, nearest first, and everything
// it ever saw, for when it goes on.  Over memory that the caller supplies; it never allocates.
#pragma once

#include <limits>

#include "core/heap.h"
#include "hnsw/prune.h"

namespace vdb::hnsw {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Nodes seen, each with its distance as estimated so far, by open addressing.
class SeenNodes {
  public:
    // Distance of a node that was expanded; estimates are above.
    static constexpr float kExpanded = -kInfinity;

    static constexpr size_t bytes(uint32_t slots) { return (size_t) slots * sizeof(Candidate); }

    // REQUIRES: memory of bytes(slots), slots a power of two.
    void init(void *memory, uint32_t slots)
    {
        table_ = static_cast<Candidate *>(memory);
        shift_ = __builtin_clz(slots - 1);
        mask_ = slots - 1;
        clear();
    }
    void clear()
    {
        size_ = 0;
        std::memset(table_, 0xFF, bytes(slots()));
    }
    uint32_t slots() const { return mask_ + 1; }
    // Nodes that can still be added: the table stays at most half full.
    uint32_t room() const { return size_ < slots() / 2 ? slots() / 2 - size_ : 0; }

    // The node's distance, null if it was not seen.
    float *find(VdbNode node)
    {
        Candidate &at = place(node);
        return at.node == node ? &at.distance : nullptr;
    }
    // The node's distance, or the one given if it was not seen.  REQUIRES: room() > 0.
    float *find_or_add(VdbNode node, float distance, bool *added)
    {
        Candidate &at = place(node);
        *added = at.node != node;
        if (*added) {
            at = {distance, node};
            size_++;
        }
        return &at.distance;
    }
    // Moves to a larger table.
    void move_to(void *memory, uint32_t slots)
    {
        const Candidate *old = table_;
        uint32_t old_slots = this->slots();
        init(memory, slots);
        for (uint32_t i = 0; i < old_slots; i++)
            if (old[i].node != VDB_NO_NODE) {
                place(old[i].node) = old[i];
                size_++;
            }
    }

    // What a node's distance is, for each of those seen.
    template <class Visit> void for_each(Visit visit) const
    {
        for (uint32_t i = 0; i <= mask_; i++)
            if (table_[i].node != VDB_NO_NODE)
                visit(table_[i]);
    }

  private:
    // Where the node stands or would stand.
    Candidate &place(VdbNode node)
    {
        uint32_t i = node * 0x9E3779B1u >> shift_;
        while (table_[i].node != node && table_[i].node != VDB_NO_NODE)
            i = (i + 1) & mask_;
        return table_[i];
    }

    Candidate *table_;
    uint32_t mask_;
    uint32_t shift_;
    uint32_t size_;
};

// Nodes to expand, sorted: few enough that moving a part of them costs less than a heap's branches.
class OpenNodes {
  public:
    void clear() { begin_ = end_ = 0; }
    // REQUIRES: memory of `capacity` candidates, capacity >= 2 * size().
    void move_to(void *memory, uint32_t capacity)
    {
        auto *to = static_cast<Candidate *>(memory);
        if (size() > 0)
            std::memcpy(to, data_ + begin_, size() * sizeof(Candidate));
        end_ = size();
        begin_ = 0;
        data_ = to;
        capacity_ = capacity;
    }
    uint32_t size() const { return end_ - begin_; }
    uint32_t capacity() const { return capacity_; }
    const Candidate &operator[](uint32_t i) const { return data_[begin_ + i]; }
    const Candidate &last() const { return data_[end_ - 1]; }
    Candidate pop() { return data_[begin_++]; }
    void drop_last() { end_--; }
    // REQUIRES: size() < capacity().
    void insert(Candidate c)
    {
        if (end_ == capacity_) {
            std::memmove(data_, data_ + begin_, size() * sizeof(Candidate));
            end_ -= begin_;
            begin_ = 0;
        }
        Candidate *at = after(c.distance);
        std::memmove(at + 1, at, (data_ + end_ - at) * sizeof(Candidate));
        *at = c;
        end_++;
    }
    // Drops those of which it is false.
    template <class Predicate> void keep_if(Predicate keep)
    {
        Candidate *to = data_ + begin_;
        for (Candidate *at = to; at < data_ + end_; at++)
            if (keep(*at))
                *to++ = *at;
        end_ = static_cast<uint32_t>(to - data_);
    }
    // Takes out a node of that distance; false if it is not there.
    bool remove(Candidate c)
    {
        Candidate *at = after(c.distance);
        do {
            if (at == data_ + begin_ || at[-1].distance != c.distance)
                return false;
            at--;
        } while (at->node != c.node);
        std::memmove(at, at + 1, (data_ + end_ - at - 1) * sizeof(Candidate));
        end_--;
        return true;
    }

  private:
    // The first that is farther.
    Candidate *after(float distance) const
    {
        Candidate *at = data_ + begin_;
        for (uint32_t n = size(); n > 0;) {
            uint32_t half = n / 2;
            bool right = at[half].distance <= distance;
            at = right ? at + half + 1 : at;
            n = right ? n - half - 1 : half;
        }
        return at;
    }

    Candidate *data_;
    uint32_t begin_;
    uint32_t end_;
    uint32_t capacity_;
};

// Every estimate made, in two columns, so that one that is worth nothing now costs no more than two
// stores.
struct EstimateLog {
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

struct Beam {
    uint32_t ef;
    bool rejected; // something in the log was not put into `open`, or was dropped from it
    SeenNodes seen;
    OpenNodes open;
    Heap<Result, FarthestResultFirst> done; // the nearest expanded ones, at most ef
    Array<Result> beyond;                   // the others
    EstimateLog log;

    // Forgets everything.  Bytes may have to be given before it is used with a larger ef.
    void start(uint32_t new_ef);
    // Goes on behind what was found, the results having been taken.
    void resume();

    // Bytes to give so that `more` nodes can be logged and added; 0 almost always.
    size_t need(uint32_t more) const;
    void give(void *memory, uint32_t more);
    // Bytes to begin with, and their use.
    static size_t first_bytes(uint32_t ef, uint32_t more);
    void init(void *memory, uint32_t ef, uint32_t more);

    // Whether the ef nearest nodes known are all expanded.
    bool complete() const
    {
        return done.size >= ef && (open.size() == 0 || done.top().distance <= open[0].distance);
    }
    // Takes the nearest node that was not expanded; false if none is left.
    bool pop(Candidate *next);
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
    // The window is over: makes `done` the best of all results.
    void settle();

  private:
    // Nodes kept in mind: some more than ef, as tombstones and stale edges are no results.
    static uint32_t limit(uint32_t ef) { return ef + ef / 8 + 16; }
    static uint32_t open_capacity(uint32_t ef) { return 2 * limit(ef) + 2; }
    bool is_full() const { return open.size() + done.size >= limit(ef); }
    // What is not nearer is not among those kept in mind.
    float bound() const
    {
        if (!is_full())
            return kInfinity;
        float last = open.size() > 0 ? open.last().distance : -kInfinity;
        return done.size > 0 ? std::max(last, done.top().distance) : last;
    }
    void add_open(Candidate c);
    void trim();
    void refill();
    void compact_log();
    void drop_copies();
};

} // namespace vdb::hnsw
