// How the graph compares vectors: as a scan does (quant/space.h), and by the distance that edges
// are chosen by.
#pragma once

#include "hnsw/hnsw_api.h"
#include "quant/space.h"

namespace vdb::hnsw {

// A vector as the index stores it, with its norm.
struct Point {
    const void *vector;
    float norm;
};

struct GraphSpace : Space {
    // What edges are chosen by, seen from a.  Under inner product it is the distance to kReach * a:
    // b's squared norm counts against it.  With the inner product alone the longest vectors are
    // everybody's neighbours, and rows at the edge of the data that only few directions lead to
    // are lost (README.md, difference 6).  The zero vector is routed by like any other.
    float between(float raw, float norm_a, float norm_b) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            return ordered(1 - cosine(raw, norm_a, norm_b));
        case VDB_METRIC_IP:
            return ordered(norm_b - 2 * kReach * raw);
        default:
            return rank(raw, norm_a, norm_b);
        }
    }

    float between(Point a, Point b) const
    {
        return between(raw(a.vector, b.vector, units), a.norm, b.norm);
    }

    // Whether between() looks at norms.
    bool needs_norm() const { return metric == VDB_METRIC_IP || Space::needs_norm(); }

  private:
    static constexpr float kReach = 4; // measured against 1, 1.5, 2 and 16
};

inline GraphSpace make_space(const VdbHnswGeometry &g)
{
    return {vdb::make_space(g.space)};
}

} // namespace vdb::hnsw
