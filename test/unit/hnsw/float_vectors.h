// Geometries and stored vectors of float32, as most tests want them.
#pragma once

#include "hnsw/page_format.h"

namespace vdb::hnsw::test {

inline VdbStatus float_geometry(uint32_t page_size, uint32_t dims, uint32_t m, VdbMetric metric,
                                VdbHnswGeometry *g)
{
    VdbHnswShape shape = {{static_cast<uint32_t>(metric), VDB_STORAGE_FLOAT32, dims},
                          m,
                          VDB_KEPT_PLAIN,
                          0,
                          0,
                          VDB_HNSW_UNCHECKED};
    return vdb_hnsw_geometry(page_size, &shape, g);
}

inline float *inline_floats(NodeHeader *node, const VdbHnswGeometry &g)
{
    return static_cast<float *>(inline_vector(node, g));
}
inline const float *inline_floats(const NodeHeader *node, const VdbHnswGeometry &g)
{
    return static_cast<const float *>(inline_vector(node, g));
}

inline float *slice_floats(void *page)
{
    return static_cast<float *>(slice_vector(page));
}
inline const float *slice_floats(const void *page)
{
    return static_cast<const float *>(slice_vector(page));
}

} // namespace vdb::hnsw::test
