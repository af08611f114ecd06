// Kept forms of rotated vectors.  A blob is a header and the coordinates; whatever its bytes are,
// reading it only gives wrong numbers.  Encoding is done in one order of float operations, so the
// bytes depend on no CPU.
#include "quant/kept_api.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/half_api.h"
#include "quant/rotation_api.h"
#include "simd/simd_api.h"

namespace vdb {
namespace {

struct Header {
    float error; // bound of |x - decoded x|
    float scale; // a coordinate is its element times this
};
static_assert(sizeof(Header) == 8);

constexpr size_t kChunk = 256;  // coordinates that are converted at once
constexpr size_t kRow = 32;     // coordinates of 4 bits in one row, which is 16 bytes
constexpr float kTiny = 1e-30F; // a vector of smaller coordinates is kept as zero
constexpr size_t kLanes = 8;    // of sums

float largest_magnitude(const float *x, uint32_t dims)
{
    float largest = 0;

    for (uint32_t i = 0; i < dims; i++)
        largest = std::fabs(x[i]) > largest ? std::fabs(x[i]) : largest;
    return largest;
}

// A power of two, so that all halves are normal numbers and as exact as they can be.
float encode_halves(uint32_t dims, const float *x, uint16_t *out)
{
    constexpr int kHighest = 15; // the largest coordinate becomes less than 2^15
    const VdbKernels *kernels = vdb_simd_kernels();
    int exponent = 0;
    float scaled[kChunk];

    std::frexp(largest_magnitude(x, dims), &exponent);
    const int shift = exponent - kHighest < -126 ? -126 : exponent - kHighest;
    const float inverse = vdb_bits_float(static_cast<uint32_t>(127 - shift) << 23);
    for (size_t i = 0; i < dims; i += kChunk) {
        const size_t n = dims - i < kChunk ? dims - i : kChunk;

        for (size_t j = 0; j < n; j++)
            scaled[j] = x[i + j] * inverse;
        kernels->float_to_half(out + i, scaled, n);
    }
    return vdb_bits_float(static_cast<uint32_t>(127 + shift) << 23);
}

float encode_bytes(uint32_t dims, const float *x, int8_t *out)
{
    const float largest = largest_magnitude(x, dims);

    if (!(largest >= kTiny)) {
        std::memset(out, 0, dims);
        return 0;
    }
    const float inverse = 127 / largest;
    for (uint32_t i = 0; i < dims; i++) {
        const float element = x[i] * inverse;
        out[i] = static_cast<int8_t>(
            static_cast<int32_t>(element < 0 ? element - 0.5F : element + 0.5F));
    }
    return largest / 127;
}

// The element, 0 to 15, that stands for y = x / scale; elements stand for -7.5 to 7.5.
inline int32_t nibble_of(float y)
{
    const float shifted = y + 8;
    const float low = shifted > 0 ? shifted : 0;
    return static_cast<int32_t>(low < 15 ? low : 15);
}

// How well elements of that step keep x: the best factor of them is dot / square * step, and the
// square of what is then left falls as dot^2 / square * step^2 rises.
struct Fit {
    double dot;
    double square;
    double gain;
};

Fit fit_nibbles(uint32_t dims, const float *x, float step)
{
    const float inverse = 1 / step;
    float dots[kLanes] = {}, squares[kLanes] = {};
    uint32_t i = 0;
    const auto add = [&](uint32_t at, uint32_t lane) {
        const float y = x[at] * inverse;
        const float element = static_cast<float>(nibble_of(y)) - 7.5F;
        dots[lane] += y * element;
        squares[lane] += element * element;
    };

    for (; dims - i >= kLanes; i += kLanes) {
        for (uint32_t j = 0; j < kLanes; j++)
            add(i + j, j);
    }
    for (uint32_t j = 0; i + j < dims; j++)
        add(i + j, j);
    Fit fit{0, 0, 0};
    for (uint32_t j = 0; j < kLanes; j++) {
        fit.dot += dots[j];
        fit.square += squares[j];
    }
    fit.gain = fit.dot * fit.dot / fit.square * (double{step} * step);
    return fit;
}

float encode_nibbles(uint32_t dims, const float *x, uint8_t *out)
{
    // In standard deviations of a coordinate.  0.335 is the best for many normal ones.
    static constexpr float kSteps[] = {0.24F, 0.28F, 0.31F, 0.335F, 0.36F, 0.4F};
    const double square = vdb_simd_kernels()->squared_norm(x, dims);
    const auto deviation = static_cast<float>(std::sqrt(square / dims));
    float best = largest_magnitude(x, dims) / 8;

    std::memset(out, 0, (dims + kRow - 1) / kRow * (kRow / 2));
    if (!(deviation >= kTiny))
        return 0;
    Fit fit = fit_nibbles(dims, x, best);
    for (float step : kSteps) {
        const Fit other = fit_nibbles(dims, x, step * deviation);
        if (other.gain > fit.gain) {
            fit = other;
            best = step * deviation;
        }
    }
    const float inverse = 1 / best;
    for (uint32_t i = 0; i < dims; i++) {
        const auto nibble = static_cast<uint32_t>(nibble_of(x[i] * inverse));
        uint8_t *pair = out + i / kRow * (kRow / 2) + i % (kRow / 2);
        *pair = static_cast<uint8_t>(*pair | nibble << (i % kRow < kRow / 2 ? 0 : 4));
    }
    return static_cast<float>(fit.dot / fit.square * best);
}

// The element of a coordinate; templated like the kernels.
inline float element(const float *c, size_t i)
{
    return c[i];
}

inline float element(const uint16_t *c, size_t i)
{
    return vdb_half_to_float(c[i]);
}

inline float element(const int8_t *c, size_t i)
{
    return c[i];
}

inline float element(const uint8_t *c, size_t i)
{
    const uint8_t pair = c[i / kRow * (kRow / 2) + i % (kRow / 2)];
    return static_cast<float>(i % kRow < kRow / 2 ? pair & 15 : pair >> 4) - 7.5F;
}

template <class Element>
double squared_error(uint32_t dims, const float *x, const Element *c, float scale)
{
    double sums[kLanes] = {};

    for (uint32_t i = 0; i < dims; i++) {
        const double difference = double{x[i]} - double{scale} * element(c, i);
        sums[i % kLanes] += difference * difference;
    }
    for (size_t lanes = kLanes / 2; lanes > 0; lanes /= 2) {
        for (size_t j = 0; j < lanes; j++)
            sums[j] += sums[j + lanes];
    }
    return sums[0];
}

template <class Element>
void decode_elements(uint32_t dims, const Element *c, float scale, float *x)
{
    for (uint32_t i = 0; i < dims; i++)
        x[i] = scale * element(c, i);
}

// That, the rounding of the rotation, and that of decoding and of these sums.
float error_bound(uint32_t dims, const float *x, double squared)
{
    const double norm = std::sqrt(vdb_simd_kernels()->squared_norm(x, dims));
    const double slack = (double{vdb_rotate_error(dims)} + 0x1p-23) * norm;
    const auto bound = static_cast<float>(std::sqrt(squared) * (1 + 1e-6) + slack);

    // A rotated vector of such a length may have been cut (vdb_rotate()).
    if (!(norm < double{std::numeric_limits<float>::max()}))
        return std::numeric_limits<float>::infinity();
    return std::nextafter(bound, std::numeric_limits<float>::infinity()) +
           std::numeric_limits<float>::min();
}

size_t element_bytes(VdbKept kept, uint32_t dims)
{
    switch (kept) {
    case VDB_KEPT_HALF:
        return dims * sizeof(uint16_t);
    case VDB_KEPT_SQ8:
        return dims;
    case VDB_KEPT_RABITQ4:
        return (size_t{dims} + kRow - 1) / kRow * (kRow / 2);
    default:
        return dims * sizeof(float);
    }
}

// Calls function(elements) with a pointer of their type.
template <class Function> auto with_elements(VdbKept kept, const void *elements, Function function)
{
    switch (kept) {
    case VDB_KEPT_HALF:
        return function(static_cast<const uint16_t *>(elements));
    case VDB_KEPT_SQ8:
        return function(static_cast<const int8_t *>(elements));
    case VDB_KEPT_RABITQ4:
        return function(static_cast<const uint8_t *>(elements));
    default:
        return function(static_cast<const float *>(elements));
    }
}

} // namespace
} // namespace vdb

using namespace vdb;

size_t vdb_kept_bytes(VdbKept kept, uint32_t dims) noexcept
{
    return sizeof(Header) + (element_bytes(kept, dims) + 3) / 4 * 4;
}

void vdb_kept_encode(VdbKept kept, uint32_t dims, const float *x, void *out) noexcept
{
    auto *header = static_cast<Header *>(out);
    void *elements = header + 1;

    // The last bytes may be padding.
    std::memset(static_cast<uint8_t *>(out) + vdb_kept_bytes(kept, dims) - 4, 0, 4);
    switch (kept) {
    case VDB_KEPT_HALF:
        header->scale = encode_halves(dims, x, static_cast<uint16_t *>(elements));
        break;
    case VDB_KEPT_SQ8:
        header->scale = encode_bytes(dims, x, static_cast<int8_t *>(elements));
        break;
    case VDB_KEPT_RABITQ4:
        header->scale = encode_nibbles(dims, x, static_cast<uint8_t *>(elements));
        break;
    default:
        header->scale = 1;
        std::memcpy(elements, x, dims * sizeof(float));
        break;
    }
    const double squared = with_elements(
        kept, elements, [&](auto *c) { return squared_error(dims, x, c, header->scale); });
    header->error = error_bound(dims, x, squared);
}

void vdb_kept_decode(VdbKept kept, uint32_t dims, const void *in, float *x) noexcept
{
    auto *header = static_cast<const Header *>(in);

    with_elements(kept, header + 1, [&](auto *c) { decode_elements(dims, c, header->scale, x); });
}

float vdb_kept_error(VdbKept kept, const void *in) noexcept
{
    auto *header = static_cast<const Header *>(in);

    (void) kept;
    return header->error >= 0 ? header->error : std::numeric_limits<float>::infinity();
}

float vdb_kept_raw(VdbKept kept, VdbMetric metric, uint32_t dims, const float *query,
                   const void *in) noexcept
{
    auto *header = static_cast<const Header *>(in);
    const void *elements = header + 1;
    const VdbKernels *kernels = vdb_simd_kernels();
    const float scale = header->scale;
    const bool l2 = metric == VDB_METRIC_L2;

    switch (kept) {
    case VDB_KEPT_HALF:
        return (l2 ? kernels->half_kept_l2 : kernels->half_kept_dot)(
            query, static_cast<const uint16_t *>(elements), scale, dims);
    case VDB_KEPT_SQ8:
        return (l2 ? kernels->byte_kept_l2 : kernels->byte_kept_dot)(
            query, static_cast<const int8_t *>(elements), scale, dims);
    case VDB_KEPT_RABITQ4:
        return (l2 ? kernels->nibble_kept_l2 : kernels->nibble_kept_dot)(
            query, static_cast<const uint8_t *>(elements), scale, dims);
    default:
        return (l2 ? kernels->l2_squared
                   : kernels->inner_product)(query, static_cast<const float *>(elements), dims);
    }
}
