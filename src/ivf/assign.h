// Values to their nearest centroids, many values at a time: at 8 bits an element first
// (quant/byte_block.h), and those centroids exactly that are near enough to be the nearest.
//
// Where 8 bits say nothing (bits, L1) every centroid is compared exactly.
#pragma once

#include <type_traits>

#include "ivf/assign_api.h"
#include "ivf/centroid.h"
#include "quant/byte_block.h"

struct VdbIvfAssigner {
    // Memory, aligned to 64 bytes, for up to so many centroids.
    static size_t bytes(const VdbSpace &space, uint32_t centroids);

    void init(void *memory, const VdbSpace &space, uint32_t centroids);

    // The centroids to choose from; they must stay until the next ones are set.
    void set(const VdbIvfCentroids &centroids);

    // REQUIRES: n <= VDB_IVF_ASSIGN_ROWS.  The distances are exact.
    void find(const void *const *values, uint32_t n, vdb::ivf::Nearest *out);

  private:
    const float *as_floats(const void *value, float *room) const;
    vdb::ivf::Nearest nearest(const void *value, uint32_t row, const float *distances);

    vdb::ivf::Affinity affinity_;
    const VdbKernels *kernels_;
    VdbIvfCentroids centroids_;
    bool by_bytes_;
    float coarsest_;         // scale of the centroids
    vdb::ByteBlock columns_; // the centroids
    vdb::ByteBlock rows_;    // values
    float *centre_;          // the mean of the centroids
    float *floats_;          // a value
    float *distances_;       // VDB_BYTE_ROWS rows of columns_.columns()
    uint32_t *places_;       // as many as a row has
};
static_assert(std::is_trivially_destructible_v<VdbIvfAssigner>);
