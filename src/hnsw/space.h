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
    // What insertion searches by and orders candidates by, seen from a.  Under inner product it is
    // the distance to kReach * a: b's squared norm counts against it (README.md, difference 6).
    // The zero vector is routed by like any other.
    float between(float raw, float norm_a, float norm_b) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            return ordered(float(1 - cosine(raw, norm_a, norm_b)));
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

    // How far apart a and b are, from between(a, b): a third node nearer to b than a is shadows the
    // edge from a to b.  Under inner product it is the squared Euclidean distance, as the longest
    // vector would shadow all others.
    float apart(float between, float norm_a, float norm_b) const
    {
        return metric == VDB_METRIC_IP ? norm_a + norm_b + (between - norm_b) / kReach : between;
    }

    float apart(Point a, Point b) const { return apart(between(a, b), a.norm, b.norm); }

    // Orders as between(a, b) does the nodes seen from a, by the squared Euclidean distance and
    // both norms; where these are equal, it is the distance.  Only under inner product.
    float leaning(float apart, float norm_a, float norm_b) const
    {
        return apart + (1 - 1 / kReach) * (norm_a - norm_b);
    }

    // leaning(a, b) of it seen from b.
    float turned(float leaning, float norm_a, float norm_b) const
    {
        return leaning + 2 * (1 - 1 / kReach) * (norm_b - norm_a);
    }

    // b's rank in a scan for a, from between(a, b); only under inner product.
    float rank_of(float between, float norm_b) const
    {
        return ordered((between - norm_b) / (2 * kReach));
    }

    // Whether between() looks at norms.
    bool needs_norm() const { return metric == VDB_METRIC_IP || Space::needs_norm(); }

  private:
    static constexpr float kReach = 8; // measured against 1, 1.5, 2, 3, 4, 6, 16 and 1000
};

inline GraphSpace make_space(const VdbHnswGeometry &g)
{
    return {vdb::make_space(g.space)};
}

} // namespace vdb::hnsw
