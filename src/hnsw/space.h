// How two vectors of one index compare, for every metric: the only place that tells metrics apart.
// A distance is computed in two steps, so that a vector may arrive in slices: raw() adds up over
// slices, between() or rank() turn the sum into a distance.  Smaller is nearer.
#pragma once

#include <cmath>
#include <limits>

#include "core/types.h"
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
    float max_norm_sq; // inner product: the squared norm that vectors are lifted to
    float (*kernel)(const float *, const float *, size_t) noexcept;

    // Additive part: squared differences, dot product, or absolute differences over n dimensions.
    float raw(const float *a, const float *b, size_t n) const { return kernel(a, b, n); }

    // What a scan orders by.  norm_sq is the stored vector's.
    float rank(float raw, float norm_sq) const { return ordered(rank_of(raw, norm_sq)); }

    // What edges are chosen by: a metric (or monotone in one) for every opclass, so that the graph
    // stays connected.  Inner product is lifted to Euclidean distance by one more coordinate, h(x)
    // = sqrt(max_norm_sq - |x|^2), after Bachrach et al. (RecSys'14); a query has h = 0, so rank()
    // orders as the lifted distance does.
    float between(float raw, float norm_sq_a, float norm_sq_b) const
    {
        return ordered(between_of(raw, norm_sq_a, norm_sq_b));
    }

    float between(Point a, Point b) const
    {
        return between(raw(a.vector, b.vector, dims), a.norm_sq, b.norm_sq);
    }

  private:
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

    float between_of(float raw, float norm_sq_a, float norm_sq_b) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            return 1 - raw;
        case VDB_METRIC_IP: {
            float lift = lifted(norm_sq_a) - lifted(norm_sq_b);
            return norm_sq_a + norm_sq_b - 2 * raw + lift * lift;
        }
        default:
            return raw;
        }
    }

    float lifted(float norm_sq) const
    {
        return norm_sq < max_norm_sq ? std::sqrt(max_norm_sq - norm_sq) : 0;
    }
};

inline Space make_space(VdbMetric metric, uint32_t dims, float max_norm_sq)
{
    const VdbKernels *k = vdb_simd_kernels();
    return {metric, dims, max_norm_sq,
            metric == VDB_METRIC_L2   ? k->l2_squared
            : metric == VDB_METRIC_L1 ? k->l1
                                      : k->inner_product};
}

} // namespace vdb::hnsw
