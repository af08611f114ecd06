// The nearest nodes found so far of one node of a partition build: bounded, without order, and the
// same in the end in whatever order they were offered.
#pragma once

#include <bit>
#include <cstdint>

namespace vdb::hnsw {

// A node's place in the list of those that are being linked, and its distance.
struct Near {
    float distance;
    uint32_t place;
};

inline bool nearer(const Near &a, const Near &b)
{
    return a.distance < b.distance || (a.distance == b.distance && a.place < b.place);
}

// Distances, which may be negative, are kept as whole numbers of the same order.  After the head
// come `size` places and `size` distances.
struct CandidatePool {
    uint32_t count;
    uint32_t own;      // that must stay: the first ones
    uint32_t farthest; // where, once the pool is full
    uint32_t pad;
    uint32_t data[];

    static constexpr uint64_t bytes(uint32_t size)
    {
        return sizeof(CandidatePool) + 2 * uint64_t{size} * sizeof(uint32_t);
    }

    uint32_t *places() { return data; }
    int32_t *distances(uint32_t size) { return reinterpret_cast<int32_t *>(data + size); }
    float distance(uint32_t size, uint32_t i)
    {
        return std::bit_cast<float>(in_order(distances(size)[i]));
    }

    // Of a float's bits the number that stands for it, and the other way round.
    static int32_t in_order(int32_t bits) { return bits ^ (bits >> 31 & INT32_MAX); }
    static int32_t number_of(float distance) { return in_order(std::bit_cast<int32_t>(distance)); }

    void clear() { count = own = farthest = 0; }

    // Takes in a candidate unless it is there already, or `size` nearer ones are.
    void offer(uint32_t size, Near candidate);

  private:
    void find_farthest(uint32_t size);
};

} // namespace vdb::hnsw
