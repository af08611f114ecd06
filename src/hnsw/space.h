// How two vectors of one index compare, for every metric: the only place that tells metrics apart.
// A distance is computed in two steps, so that a vector may arrive in slices: raw() adds up over
// slices, between() or rank() turn the sum into a distance.  Smaller is nearer.
#pragma once

#include <cmath>
#include <limits>

#include "core/types.h"
#include "hnsw/hnsw_api.h"
#include "simd/simd_api.h"

namespace vdb::hnsw {

// A vector as the index stores it (cosine: normalised), with its squared norm.
struct Point {
    const float *vector;
    float norm_sq;
};

struct Space {
    VdbMetric metric;
    uint32_t dims;
    float (*kernel)(const float *, const float *, size_t) noexcept;

    // Additive part: squared differences, dot product, or absolute differences over n dimensions.
    float raw(const float *a, const float *b, size_t n) const { return kernel(a, b, n); }

    // What a scan orders by.  norm_sq is the stored vector's.
    float rank(float raw, float norm_sq) const { return ordered(rank_of(raw, norm_sq)); }

    // What edges are chosen by, seen from a.  Under inner product it is the distance to kReach * a:
    // b's squared norm counts against it.  With the inner product alone the longest vectors are
    // everybody's neighbours, and rows at the edge of the data that only few directions lead to
    // are lost (README.md, difference 6).
    float between(float raw, float /* norm_sq_a */, float norm_sq_b) const
    {
        return ordered(metric == VDB_METRIC_COSINE ? 1 - raw
                       : metric == VDB_METRIC_IP   ? norm_sq_b - 2 * kReach * raw
                                                   : raw);
    }

    float between(Point a, Point b) const
    {
        return between(raw(a.vector, b.vector, dims), a.norm_sq, b.norm_sq);
    }

  private:
    static constexpr float kReach = 4; // measured against 1, 1.5, 2 and 16

    // Sums of huge values may give NaN, which no heap or sort can order.
    static float ordered(float distance)
    {
        return distance == distance ? distance : std::numeric_limits<float>::max();
    }

    float rank_of(float raw, float norm_sq) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            // The zero vector has no angle (SQL says NaN): it sorts after everything else.
            return norm_sq > 0 ? 1 - raw : std::numeric_limits<float>::max();
        case VDB_METRIC_IP:
            return -raw;
        default:
            return raw;
        }
    }
};

inline Space make_space(const VdbHnswGeometry &g)
{
    const VdbKernels *k = vdb_simd_kernels();
    auto metric = static_cast<VdbMetric>(g.metric);
    return {metric, g.dims,
            metric == VDB_METRIC_L2   ? k->l2_squared
            : metric == VDB_METRIC_L1 ? k->l1
                                      : k->inner_product};
}

} // namespace vdb::hnsw
