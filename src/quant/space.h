// How two values of an index compare, for every form of storage and every metric: the only place
// that tells them apart.  A distance is computed in two steps, so that a value may arrive in
// slices: raw() adds up over slices, rank() turns the sum into a distance.  Smaller is nearer.
#pragma once

#include <limits>

#include "core/types.h"
#include "quant/space_api.h"
#include "simd/simd_api.h"

namespace vdb {

// Sums of huge values may give NaN, which no heap or sort can order.
inline float ordered(float distance)
{
    return distance == distance ? distance : std::numeric_limits<float>::max();
}

struct Space {
    VdbMetric metric;
    VdbStorage storage;
    uint32_t dims;
    uint32_t unit;  // bytes
    uint32_t units; // of a value
    union {
        float (*of_floats)(const float *, const float *, size_t) noexcept;
        float (*of_halves)(const uint16_t *, const uint16_t *, size_t) noexcept;
    };

    // Additive part over n units: squared differences, dot product, absolute differences.
    float raw(const void *a, const void *b, size_t n) const
    {
        if (storage == VDB_STORAGE_FLOAT32)
            return of_floats(static_cast<const float *>(a), static_cast<const float *>(b), n);
        return of_halves(static_cast<const uint16_t *>(a), static_cast<const uint16_t *>(b), n);
    }

    // What a scan orders by: the distance between a query and a stored value, by their norms.
    float rank(float raw, float /* query_norm */, float norm) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            // The zero vector has no angle (SQL says NaN): it sorts after everything else.
            return norm > 0 ? ordered(1 - raw) : std::numeric_limits<float>::max();
        case VDB_METRIC_IP:
            return ordered(-raw);
        default:
            return ordered(raw);
        }
    }

    size_t bytes() const { return size_t{units} * unit; }
};

Space make_space(const VdbSpace &space);

// Norm of n units, which adds up over slices (vdb_value_prepare()); not finite where one of the
// values is not.
double norm_of(const VdbSpace &space, const void *units, uint32_t n);

} // namespace vdb
