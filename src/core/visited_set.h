// Set of 32-bit ids by open addressing, over memory that the caller supplies.  The id UINT32_MAX is
// not storable.
#pragma once

#include <cstdint>
#include <cstring>

namespace vdb {

class VisitedSet {
  public:
    // Bytes for a table of `slots`, a power of two.
    static constexpr size_t bytes(uint32_t slots) { return (size_t) slots * sizeof(uint32_t); }

    // REQUIRES: memory of bytes(slots).
    void init(void *memory, uint32_t slots)
    {
        table_ = static_cast<uint32_t *>(memory);
        mask_ = slots - 1;
        shift_ = slots > 1 ? __builtin_clz(slots - 1) : 31;
        clear();
    }
    void clear()
    {
        size_ = 0;
        std::memset(table_, 0xFF, bytes(mask_ + 1));
    }
    // True if the id was not in the set.  REQUIRES: room() > 0.
    bool insert(uint32_t id)
    {
        uint32_t i = hash(id);
        while (table_[i] != kEmpty) {
            if (table_[i] == id)
                return false;
            i = (i + 1) & mask_;
        }
        table_[i] = id;
        size_++;
        return true;
    }
    bool contains(uint32_t id) const
    {
        for (uint32_t i = hash(id); table_[i] != kEmpty; i = (i + 1) & mask_)
            if (table_[i] == id)
                return true;
        return false;
    }
    uint32_t size() const { return size_; }
    uint32_t slots() const { return mask_ + 1; }
    // Ids that can still be inserted before probes get long: the table stays at most half full.
    uint32_t room() const { return slots() / 2 - (size_ < slots() / 2 ? size_ : slots() / 2); }
    // Moves to a larger table.
    void move_to(void *memory, uint32_t slots)
    {
        uint32_t *old = table_;
        uint32_t old_slots = mask_ + 1;
        init(memory, slots);
        for (uint32_t i = 0; i < old_slots; i++)
            if (old[i] != kEmpty)
                insert(old[i]);
    }

  private:
    static constexpr uint32_t kEmpty = UINT32_MAX;
    // The top bits of the product (Fibonacci hashing): ids that follow each other spread evenly.
    uint32_t hash(uint32_t id) const { return (id * 0x9E3779B1u >> shift_) & mask_; }

    uint32_t *table_;
    uint32_t mask_;
    uint32_t shift_;
    uint32_t size_;
};

} // namespace vdb
