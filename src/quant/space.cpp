// Spaces: sizes, the choice of kernels, and the form in which an index keeps a value.
#include "quant/space.h"

#include <algorithm>
#include <cmath>

#include "core/half_api.h"

namespace vdb {

namespace {

float float_of(float x)
{
    return x;
}
float float_of(uint16_t x)
{
    return vdb_half_to_float(x);
}

template <typename Element> double sum_of_squares(const Element *values, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += double{float_of(values[i])} * float_of(values[i]);
    return sum;
}

void scale_to_unit_length(float *values, uint32_t n)
{
    double norm = std::sqrt(sum_of_squares(values, n));
    for (uint32_t i = 0; norm > 0 && i < n; i++)
        values[i] = static_cast<float>(values[i] / norm);
}

float bits_set(const void *bytes, size_t n)
{
    const auto *bits = static_cast<const uint8_t *>(bytes);
    return static_cast<float>(vdb_simd_kernels()->bit_jaccard_parts(bits, bits, n).both);
}

double sparse_norm(const void *units, uint32_t n)
{
    auto *elements = static_cast<const VdbSparseElement *>(units);
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += double{elements[i].value} * elements[i].value;
    return sum;
}

// Makes vectors whose squares lose digits in float32, or vanish, longer by a power of two, which
// changes no angle and no digit: the operator is exact for those too.
void lengthen(VdbSparseElement *units, uint32_t n)
{
    constexpr double kLeastNorm = 1e-28;
    float largest = 0;
    int exponent;
    for (uint32_t i = 0; i < n; i++)
        largest = std::max(largest, std::fabs(units[i].value));
    if (largest == 0 || sparse_norm(units, n) >= kLeastNorm)
        return;
    (void) std::frexp(largest, &exponent);
    for (uint32_t i = 0; i < n; i++)
        units[i].value = std::ldexp(units[i].value, -exponent);
}

template <typename Element> void drop_negative_zeros(Element *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) // each is written, so that the compiler takes many at a time
        values[i] = float_of(values[i]) == 0 ? Element{0} : values[i];
}

} // namespace

Space make_space(const VdbSpace &space)
{
    const VdbKernels *k = vdb_simd_kernels();
    Space s = {};
    s.metric = static_cast<VdbMetric>(space.metric);
    s.storage = static_cast<VdbStorage>(space.storage);
    s.dims = space.dims;
    s.units = vdb_value_units(&space);
    switch (s.storage) {
    case VDB_STORAGE_FLOAT32:
        s.of_floats = s.metric == VDB_METRIC_L2   ? k->l2_squared
                      : s.metric == VDB_METRIC_L1 ? k->l1
                                                  : k->inner_product;
        break;
    case VDB_STORAGE_HALF:
        s.of_halves = s.metric == VDB_METRIC_L2   ? k->half_l2_squared
                      : s.metric == VDB_METRIC_L1 ? k->half_l1
                                                  : k->half_inner_product;
        break;
    case VDB_STORAGE_SPARSE:
        s.of_rows = s.metric == VDB_METRIC_L2   ? vdb_sparse_row_l2_squared
                    : s.metric == VDB_METRIC_L1 ? vdb_sparse_row_l1
                                                : vdb_sparse_row_inner_product;
        break;
    case VDB_STORAGE_BIT:
        s.of_bits = k;
        break;
    }
    return s;
}

double norm_of(const VdbSpace &space, const void *units, uint32_t n)
{
    if (space.storage == VDB_STORAGE_BIT)
        return bits_set(units, n);
    if (space.storage == VDB_STORAGE_SPARSE)
        return sparse_norm(units, n);
    if (space.storage == VDB_STORAGE_HALF)
        return sum_of_squares(static_cast<const uint16_t *>(units), n);
    return sum_of_squares(static_cast<const float *>(units), n);
}

} // namespace vdb

using namespace vdb;

bool vdb_space_valid(const VdbSpace *space) noexcept
{
    bool of_numbers = space->metric >= VDB_METRIC_L2 && space->metric <= VDB_METRIC_L1;
    bool of_bits = space->metric == VDB_METRIC_HAMMING || space->metric == VDB_METRIC_JACCARD;
    switch (space->storage) {
    case VDB_STORAGE_FLOAT32:
    case VDB_STORAGE_HALF:
    case VDB_STORAGE_SPARSE:
        return space->dims > 0 && of_numbers;
    case VDB_STORAGE_BIT:
        return space->dims > 0 && of_bits;
    default:
        return false;
    }
}

uint32_t vdb_unit_size(const VdbSpace *space) noexcept
{
    switch (space->storage) {
    case VDB_STORAGE_BIT:
        return 1;
    case VDB_STORAGE_HALF:
        return sizeof(uint16_t);
    case VDB_STORAGE_SPARSE:
        return sizeof(VdbSparseElement);
    default:
        return sizeof(float);
    }
}

uint32_t vdb_value_units(const VdbSpace *space) noexcept
{
    switch (space->storage) {
    case VDB_STORAGE_BIT:
        return space->dims / 8 + (space->dims % 8 != 0);
    case VDB_STORAGE_SPARSE:
        return 1 + (space->dims < VDB_MAX_SPARSE_ELEMENTS ? space->dims : VDB_MAX_SPARSE_ELEMENTS);
    default:
        return space->dims;
    }
}

uint32_t vdb_units_of(const VdbSpace *space, const void *value) noexcept
{
    uint32_t most = vdb_value_units(space);
    if (space->storage != VDB_STORAGE_SPARSE)
        return most;
    // A negative count is a huge one here.
    auto count = static_cast<uint32_t>(static_cast<const VdbSparseElement *>(value)->index);
    return count < most ? count + 1 : 0;
}

size_t vdb_value_bytes(const VdbSpace *space) noexcept
{
    return size_t{vdb_value_units(space)} * vdb_unit_size(space);
}

float vdb_value_prepare(const VdbSpace *space, void *value) noexcept
{
    const VdbKernels *k = vdb_simd_kernels();
    if (space->storage == VDB_STORAGE_BIT)
        return bits_set(value, vdb_value_units(space));
    if (space->storage == VDB_STORAGE_SPARSE) {
        auto *units = static_cast<VdbSparseElement *>(value);
        if (space->metric == VDB_METRIC_COSINE)
            lengthen(units, vdb_units_of(space, value));
        return static_cast<float>(sparse_norm(units, vdb_units_of(space, value)));
    }
    if (space->storage == VDB_STORAGE_HALF) {
        auto *halves = static_cast<uint16_t *>(value);
        drop_negative_zeros(halves, space->dims);
        return k->half_inner_product(halves, halves, space->dims);
    }
    auto *floats = static_cast<float *>(value);
    drop_negative_zeros(floats, space->dims);
    if (space->metric == VDB_METRIC_COSINE)
        scale_to_unit_length(floats, space->dims);
    return k->inner_product(floats, floats, space->dims);
}
