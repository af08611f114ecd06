// How near a value is to a centroid: what values are assigned and lists are chosen by.
#pragma once

#include "ivf/ivf_api.h"
#include "quant/space.h"

namespace vdb::ivf {

// The index's distance, except that
// - under cosine the zero vector is like any other: it belongs somewhere (spherical k-means);
// - under inner product values go by their Euclidean distance, so that those of a list are alike in
//   direction and in length: then their centroid's product with a query tells what theirs are.
struct Affinity {
    Space space; // in which values and centroids are compared

    explicit Affinity(const VdbSpace &of) : space(make_space(euclidean(of))) {}

    // Centroids have unit length, whatever the values' lengths.
    bool by_direction() const { return space.metric == VDB_METRIC_COSINE; }

    // Never NaN.
    float distance(const void *value, const void *centroid) const
    {
        float raw = space.raw(value, centroid, space.units);
        return ordered(by_direction() ? -raw : raw);
    }

  private:
    static VdbSpace euclidean(VdbSpace space)
    {
        if (space.metric == VDB_METRIC_IP)
            space.metric = VDB_METRIC_L2;
        return space;
    }
};

struct Nearest {
    float distance;
    uint32_t index;
};

inline const void *centroid_of(const VdbIvfCentroids &c, uint32_t i)
{
    return static_cast<const char *>(c.values) + i * c.stride;
}

// Of equally near ones the first.
inline Nearest nearest_centroid(const Affinity &affinity, const VdbIvfCentroids &centroids,
                                const void *value)
{
    Nearest best = {affinity.distance(value, centroids.values), 0};
    for (uint32_t i = 1; i < centroids.count; i++) {
        float distance = affinity.distance(value, centroid_of(centroids, i));
        if (distance < best.distance)
            best = {distance, i};
    }
    return best;
}

} // namespace vdb::ivf
