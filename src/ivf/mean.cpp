// Means of values of every storage form.
#include "ivf/mean.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/half_api.h"
#include "ivf/kmeans_api.h"

namespace vdb::ivf {

namespace {

void store(float *values, uint32_t i, double x)
{
    values[i] = static_cast<float>(x);
}
void store(uint16_t *values, uint32_t i, double x)
{
    values[i] = vdb_float_to_half(static_cast<float>(x));
}

constexpr uint32_t kHalvesAtOnce = 256;

void add_halves(double *sum, const uint16_t *values, uint32_t n, double scale)
{
    const VdbKernels *kernels = vdb_simd_kernels();
    for (uint32_t i = 0; i < n; i += kHalvesAtOnce) {
        float some[kHalvesAtOnce];
        uint32_t m = std::min(n - i, kHalvesAtOnce);
        kernels->half_to_float(some, values + i, m);
        kernels->add_scaled(sum + i, some, scale, m);
    }
}

void add_bits(double *sum, const uint8_t *bits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        sum[i] += bits[i / 8] >> (7 - i % 8) & 1;
}

template <class Element>
void write_numbers(Element *target, const double *sum, uint32_t n, double scale)
{
    for (uint32_t i = 0; i < n; i++)
        store(target, i, sum[i] * scale);
}

// The majority of every bit; a draw goes by the position, so that it favours neither value.
void write_bits(uint8_t *target, const double *sum, uint32_t n, double count)
{
    std::fill(target, target + (n + 7) / 8, 0);
    for (uint32_t i = 0; i < n; i++)
        if (2 * sum[i] > count || (2 * sum[i] == count && i % 2 == 1))
            target[i / 8] |= static_cast<uint8_t>(0x80 >> i % 8);
}

double length_of_sum(const double *sum, uint32_t n)
{
    double norm = 0;
    for (uint32_t i = 0; i < n; i++)
        norm += sum[i] * sum[i];
    return std::sqrt(norm);
}

} // namespace

float length_of(const Affinity &affinity, const void *value)
{
    if (!affinity.by_direction())
        return 0;
    VdbSpace space = {affinity.space.metric, affinity.space.storage, affinity.space.dims};
    double length = std::sqrt(norm_of(space, value, affinity.space.units));
    return static_cast<float>(std::min<double>(length, std::numeric_limits<float>::max()));
}

void make_centroid(const Affinity &affinity, double *scratch, void *value)
{
    if (!affinity.by_direction())
        return;
    Mean mean(affinity, scratch);
    mean.add(value, length_of(affinity, value));
    mean.write(value);
}

Mean::Mean(const Affinity &affinity, double *sum) : affinity_(affinity), sum_(sum)
{
    std::fill(sum, sum + affinity.space.dims, 0);
}

void Mean::add(const void *value, float length)
{
    uint32_t n = affinity_.space.dims;
    double scale = !affinity_.by_direction() ? 1 : length > 0 ? 1.0 / length : 0;
    switch (affinity_.space.storage) {
    case VDB_STORAGE_FLOAT32:
        vdb_simd_kernels()->add_scaled(sum_, static_cast<const float *>(value), scale, n);
        break;
    case VDB_STORAGE_HALF:
        add_halves(sum_, static_cast<const uint16_t *>(value), n, scale);
        break;
    default:
        add_bits(sum_, static_cast<const uint8_t *>(value), n);
    }
    count_++;
}

void Mean::write(void *target) const
{
    uint32_t n = affinity_.space.dims;
    double divisor = affinity_.by_direction() ? length_of_sum(sum_, n) : count_;
    if (!(divisor > 0))
        return;
    switch (affinity_.space.storage) {
    case VDB_STORAGE_FLOAT32:
        write_numbers(static_cast<float *>(target), sum_, n, 1 / divisor);
        break;
    case VDB_STORAGE_HALF:
        write_numbers(static_cast<uint16_t *>(target), sum_, n, 1 / divisor);
        break;
    default:
        write_bits(static_cast<uint8_t *>(target), sum_, n, count_);
    }
}

} // namespace vdb::ivf

using namespace vdb::ivf;

extern "C" double vdb_ivf_drift(const VdbIvfGeometry *g, const VdbIvfSample *values,
                                const void *from, const void *to) noexcept
{
    const Affinity affinity(g->space);
    double before = 0, after = 0;
    for (uint32_t i = 0; i < values->count; i++) {
        const void *value = static_cast<const char *>(values->values) + i * values->stride;
        const double length =
            length_of(affinity, value); // what -<value, centroid> is less than 0 by
        before += length + affinity.distance(value, from);
        after += length + affinity.distance(value, to);
    }
    return before > 0 ? 1 - after / before : 0;
}
