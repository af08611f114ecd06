// Vectors at 8 bits, side by side, for many distances at once (simd_api.h).
#pragma once

#include <cstdint>

#include "simd/simd_api.h"

namespace vdb {

// Room for vectors rounded up to whole blocks of columns.
constexpr uint32_t byte_columns(uint32_t vectors)
{
    return (vectors + VDB_BYTE_COLUMNS - 1) / VDB_BYTE_COLUMNS * VDB_BYTE_COLUMNS;
}

class ByteBlock {
  public:
    // Memory, aligned to 64 bytes, that so many vectors take.
    static uint64_t bytes(uint32_t vectors, uint32_t dims);

    void init(void *memory, uint32_t vectors, uint32_t dims);

    // Makes `x`, relative to `centre`, the i-th vector.
    void put(uint32_t i, const float *x, const float *centre);

    // Makes the i-th vector one that is infinitely far from all others.
    void drop(uint32_t i);

    // Nothing stands behind the first n vectors.
    void close(uint32_t n);

    uint32_t size() const { return size_; }
    uint32_t columns() const { return byte_columns(size_); }
    float scale(uint32_t i) const { return block_.scale[i]; }
    // Squared distance from the centre.
    float norm(uint32_t i) const { return block_.norm[i]; }

    // Squared distances of VDB_BYTE_ROWS vectors from `row`, a multiple of that, to all of `other`:
    // rows of other.columns() floats.
    void distances(uint32_t row, const ByteBlock &other, float *out) const;

  private:
    VdbByteBlock block_;
    uint32_t dims_;
    uint32_t size_;
    const VdbKernels *kernels_;
};

} // namespace vdb
