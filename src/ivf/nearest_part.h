// The nearest few of some hundred elements, found by counting how many are below a limit: a
// register of them is compared at a time, where a partition by comparing two by two mispredicts
// every other branch.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "simd/simd_api.h"

namespace vdb::ivf {

struct NearestPart {
    static constexpr uint32_t kMost = 1024; // elements
    static constexpr uint32_t kLanes = 16;

    alignas(64) float values[kMost]; // to be filled; none is NaN
    uint32_t places[kMost + kLanes]; // of those below the limit, in order
    uint32_t count;                  // of them
    float limit;

    // Finds a limit that `fewest` to `most` of the first n values are below.  False: there is none,
    // or it is not found soon.  REQUIRES: 0 < n <= kMost.
    bool find(uint32_t n, uint32_t fewest, uint32_t most)
    {
        constexpr int kRounds = 16;
        const VdbKernels *kernels = vdb_simd_kernels();
        uint32_t padded = (n + kLanes - 1) / kLanes * kLanes;
        float low = values[kernels->least(values, n)];
        float high = values[kernels->most(values, n)];
        std::fill(values + n, values + padded, std::numeric_limits<float>::infinity());
        for (int i = 0; i < kRounds; i++) {
            limit = low / 2 + high / 2;
            count = static_cast<uint32_t>(kernels->less_than(places, values, padded, limit));
            if (count >= fewest && count <= most)
                return true;
            (count < fewest ? low : high) = limit;
        }
        return false;
    }
};

} // namespace vdb::ivf
