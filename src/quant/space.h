// How two values of an index compare, for every form of storage and every metric: the only place
// that tells them apart.  A distance is computed in two steps, so that a value may arrive in
// slices: raw() adds up over slices, rank() turns the sum into a distance.  Smaller is nearer.
#pragma once

#include <cmath>
#include <limits>

#include "core/types.h"
#include "quant/space_api.h"
#include "simd/simd_api.h"
#include "simd/sparse_api.h"

namespace vdb {

// Sums of huge values, or a damaged norm, may give NaN, which no heap or sort can order.
inline float ordered(float distance)
{
    return distance == distance ? distance : std::numeric_limits<float>::max();
}

// A sparse value as its kernels take it.
inline VdbSparseRow sparse_row(const void *value)
{
    auto *units = static_cast<const VdbSparseElement *>(value);
    return {units + 1, units->index};
}

struct Space {
    VdbMetric metric;
    VdbStorage storage;
    uint32_t dims;
    uint32_t units; // of a value (vdb_value_units())
    union {
        float (*of_floats)(const float *, const float *, size_t) noexcept;
        float (*of_halves)(const uint16_t *, const uint16_t *, size_t) noexcept;
        float (*of_rows)(VdbSparseRow, VdbSparseRow) noexcept;
        const VdbKernels *of_bits;
    };

    // Additive part over n units: squared differences, dot product, absolute differences, bits that
    // differ (Hamming) or that both have set (Jaccard).  Of sparse vectors it takes the whole,
    // whatever n is.
    float raw(const void *a, const void *b, size_t n) const
    {
        if (storage == VDB_STORAGE_FLOAT32)
            return of_floats(static_cast<const float *>(a), static_cast<const float *>(b), n);
        if (storage == VDB_STORAGE_HALF)
            return of_halves(static_cast<const uint16_t *>(a), static_cast<const uint16_t *>(b), n);
        if (storage == VDB_STORAGE_SPARSE)
            return of_rows(sparse_row(a), sparse_row(b));
        return raw_bits(static_cast<const uint8_t *>(a), static_cast<const uint8_t *>(b), n);
    }

    // What a scan orders by: the distance between a query and a stored value, by their norms.
    float rank(float raw, float query_norm, float norm) const
    {
        switch (metric) {
        case VDB_METRIC_COSINE:
            // The zero vector has no angle (SQL says NaN): it sorts after everything else.
            return norm > 0 ? ordered(float(1 - cosine(raw, query_norm, norm)))
                            : std::numeric_limits<float>::max();
        case VDB_METRIC_IP:
            return ordered(-raw);
        case VDB_METRIC_JACCARD:
            return raw > 0 ? ordered(float(1 - double{raw} / (query_norm + norm - raw))) : 1;
        default:
            return ordered(raw);
        }
    }

    // Cosine of the angle, 0 with the zero vector.  Only float32 is kept at unit length: rounded to
    // half precision, a unit vector points elsewhere.  In double, as the operator computes it: more
    // roundings would change the order of what lies close together.
    double cosine(float raw, float norm_a, float norm_b) const
    {
        if (storage == VDB_STORAGE_FLOAT32)
            return raw;
        return norm_a > 0 && norm_b > 0 ? raw / std::sqrt(double{norm_a} * norm_b) : 0;
    }

    // Whether distances depend on norms.
    bool needs_norm() const
    {
        return metric == VDB_METRIC_JACCARD ||
               (metric == VDB_METRIC_COSINE && storage != VDB_STORAGE_FLOAT32);
    }

  private:
    float raw_bits(const uint8_t *a, const uint8_t *b, size_t n) const
    {
        return static_cast<float>(metric == VDB_METRIC_HAMMING
                                      ? of_bits->bit_hamming(a, b, n)
                                      : of_bits->bit_jaccard_parts(a, b, n).both);
    }
};

Space make_space(const VdbSpace &space);

// Norm of n units, which adds up over slices (vdb_value_prepare()); not finite where one of the
// values is not.
double norm_of(const VdbSpace &space, const void *units, uint32_t n);

} // namespace vdb
