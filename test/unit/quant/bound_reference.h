// What the operators of vector say of two vectors, and the bound of it that an index with codes
// tells the executor from what it keeps.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "quant/bound_api.h"
#include "quant/kept_api.h"
#include "quant/rotation_api.h"
#include "simd/simd_api.h"

namespace vdb::test::bounds {

using Row = std::vector<float>;

inline double clamped(double cosine)
{
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

inline double cosine(VdbCosineParts parts)
{
    double norms = double{parts.norm_a} * parts.norm_b;
    return std::isinf(norms) ? std::numeric_limits<double>::quiet_NaN()
                             : clamped(double{parts.dot} / std::sqrt(norms));
}

inline Row of_length_one(Row row)
{
    double sum = 0;
    for (float x : row)
        sum += double{x} * x;
    for (float &x : row)
        x = sum > 0 ? static_cast<float>(x / std::sqrt(sum)) : x;
    return row;
}

// As the operators of vector do it.
inline double operator_result(VdbMetric metric, const Row &a, const Row &b)
{
    const VdbKernels *k = vdb_simd_kernels();
    size_t n = a.size();
    if (metric == VDB_METRIC_L2)
        return std::sqrt(double{k->l2_squared(a.data(), b.data(), n)});
    if (metric == VDB_METRIC_IP)
        return -double{k->inner_product(a.data(), b.data(), n)};
    VdbCosineParts parts = k->cosine_parts(a.data(), b.data(), n);
    if (parts.norm_a < 1e-28F || parts.norm_b < 1e-28F) {
        Row unit_a = of_length_one(a), unit_b = of_length_one(b);
        return 1 - cosine(k->cosine_parts(unit_a.data(), unit_b.data(), n));
    }
    return 1 - cosine(parts);
}

// A value as an index with codes works on it.
struct Working {
    Row row;
    float norm;
};

inline Working working(VdbMetric metric, Row row)
{
    VdbSpace space = {static_cast<uint32_t>(metric), VDB_STORAGE_FLOAT32,
                      static_cast<uint32_t>(row.size())};
    float norm = vdb_value_prepare(&space, row.data());
    vdb_rotate(row.data(), space.dims);
    return {row, norm};
}

inline float bound(VdbMetric metric, VdbKept kept, const Row &query, const Row &row, float *error)
{
    auto dims = static_cast<uint32_t>(row.size());
    Working q = working(metric, query), x = working(metric, row);
    std::vector<uint32_t> blob(vdb_kept_bytes(kept, dims) / 4);
    vdb_kept_encode(kept, dims, x.row.data(), blob.data());
    *error = vdb_kept_error(kept, blob.data());
    VdbKeptDistance seen = {vdb_kept_raw(kept, metric, dims, q.row.data(), blob.data()), q.norm,
                            x.norm, *error};
    VdbSpace space = {static_cast<uint32_t>(metric), VDB_STORAGE_FLOAT32, dims};
    return vdb_kept_bound(&space, &seen);
}

} // namespace vdb::test::bounds
