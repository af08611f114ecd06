// Kept forms of rotated vectors.  A blob is a header and the coordinates; whatever its bytes are,
// reading it only gives wrong numbers.  Encoding is done in one order of float operations, so the
// bytes depend on no CPU.
#include "quant/kept_api.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <simde/x86/sse2.h>

#include "core/half_api.h"
#include "quant/rotation_api.h"
#include "simd/simd_api.h"

namespace vdb {
namespace {

struct Header {
    float error; // bound of |x - decoded x|; the low half of its bits is the check
    float scale; // a coordinate is its element times this
};
static_assert(sizeof(Header) == 8);

constexpr uint32_t kCheckBits = 0xFFFFU; // of Header::error
constexpr uint32_t kExponentBits = 0x7F80'0000U;

constexpr size_t kChunk = 256;  // coordinates that are converted at once
constexpr size_t kRow = 32;     // coordinates of 4 bits in one row, which is 16 bytes
constexpr float kTiny = 1e-30F; // a vector of smaller coordinates is kept as zero
constexpr size_t kLanes = 8;    // of sums
constexpr float kLargest = std::numeric_limits<float>::max();

// By the bits, which order as the magnitudes do: a loop that compilers put into registers.
float largest_magnitude(const float *x, uint32_t dims)
{
    int32_t largest = 0;

    for (uint32_t i = 0; i < dims; i++) {
        const auto bits = static_cast<int32_t>(vdb_float_bits(x[i]) & 0x7fff'ffffU);
        largest = bits > largest ? bits : largest;
    }
    return vdb_bits_float(static_cast<uint32_t>(largest));
}

// A power of two, so that all halves are normal numbers and as exact as they can be.
float encode_halves(uint32_t dims, const float *x, uint16_t *out)
{
    constexpr int kHighest = 15; // the largest coordinate becomes less than 2^15
    constexpr int kMaxExponent = 128;
    const VdbKernels *kernels = vdb_simd_kernels();
    int exponent = 0;
    float scaled[kChunk];

    std::frexp(largest_magnitude(x, dims), &exponent);
    const int shift = exponent - kHighest < -126 ? -126 : exponent - kHighest;
    const float inverse = vdb_bits_float(static_cast<uint32_t>(127 - shift) << 23);
    // the next half is 2^15, which may stand for infinity
    const float most = exponent == kMaxExponent ? 0x1p15F - 0x1p4F : 0x1p15F;
    for (size_t i = 0; i < dims; i += kChunk) {
        const size_t n = dims - i < kChunk ? dims - i : kChunk;

        for (size_t j = 0; j < n; j++)
            scaled[j] = std::clamp(x[i + j] * inverse, -most, most);
        kernels->float_to_half(out + i, scaled, n);
    }
    return vdb_bits_float(static_cast<uint32_t>(127 + shift) << 23);
}

// The scale, or the largest one by which the largest element stays finite.
float scale_for(float scale, float largest_element)
{
    return scale * largest_element <= kLargest ? scale
                                               : std::nextafter(kLargest / largest_element, 0.0F);
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
        const uint32_t sign = vdb_float_bits(element) & 0x8000'0000U;
        const float half = vdb_bits_float(sign | vdb_float_bits(0.5F));
        out[i] = static_cast<int8_t>(static_cast<int32_t>(element + half));
    }
    return scale_for(largest / 127, 127);
}

// The elements, 0 to 15, that stand for y = x / scale; elements stand for -7.5 to 7.5.
simde__m128i nibbles_of(simde__m128 y)
{
    const simde__m128 cell = simde_mm_add_ps(y, simde_mm_set1_ps(8));
    const simde__m128 most = simde_mm_min_ps(cell, simde_mm_set1_ps(15));
    return simde_mm_cvttps_epi32(simde_mm_max_ps(most, simde_mm_setzero_ps()));
}

// How well elements of that step keep x: the best factor of them is dot / square * step, and the
// square of what is then left falls as dot^2 / square * step^2 rises.
struct Fit {
    double dot;
    double square;
    double gain;
};

struct FitSums {
    simde__m128 dot[2];
    simde__m128 square[2];
};

void add_fit(FitSums *sums, const float *x, simde__m128 inverse)
{
    for (size_t j = 0; j < 2; j++) {
        const simde__m128 y = simde_mm_mul_ps(simde_mm_loadu_ps(x + 4 * j), inverse);
        const simde__m128 element =
            simde_mm_sub_ps(simde_mm_cvtepi32_ps(nibbles_of(y)), simde_mm_set1_ps(7.5F));
        sums->dot[j] = simde_mm_add_ps(sums->dot[j], simde_mm_mul_ps(y, element));
        sums->square[j] = simde_mm_add_ps(sums->square[j], simde_mm_mul_ps(element, element));
    }
}

double sum_of_lanes(const simde__m128 *v)
{
    float lanes[kLanes];
    double sum = 0;

    std::memcpy(lanes, v, sizeof(lanes));
    for (float lane : lanes)
        sum += lane;
    return sum;
}

Fit fit_nibbles(uint32_t dims, const float *x, float step)
{
    const simde__m128 inverse = simde_mm_set1_ps(1 / step);
    const simde__m128 none = simde_mm_setzero_ps();
    FitSums sums{{none, none}, {none, none}};
    uint32_t i = 0;
    double padding = 0; // what elements of no coordinate add to the squares

    for (; dims - i >= kLanes; i += kLanes)
        add_fit(&sums, x + i, inverse);
    if (i < dims) {
        float rest[kLanes] = {};
        std::memcpy(rest, x + i, (dims - i) * sizeof(float));
        add_fit(&sums, rest, inverse);
        padding = 0.25 * (kLanes - (dims - i));
    }
    Fit fit{sum_of_lanes(sums.dot), sum_of_lanes(sums.square) - padding, 0};
    fit.gain = fit.dot * fit.dot / fit.square * (double{step} * step);
    return fit;
}

// Sixteen elements.
simde__m128i half_row(const float *x, simde__m128 inverse)
{
    simde__m128i four[4];

    for (size_t j = 0; j < 4; j++)
        four[j] = nibbles_of(simde_mm_mul_ps(simde_mm_loadu_ps(x + 4 * j), inverse));
    return simde_mm_packus_epi16(simde_mm_packs_epi32(four[0], four[1]),
                                 simde_mm_packs_epi32(four[2], four[3]));
}

void store_nibbles(uint32_t dims, const float *x, float scale, uint8_t *out)
{
    const simde__m128 inverse = simde_mm_set1_ps(1 / scale);

    for (uint32_t i = 0; i < dims; i += kRow, out += kRow / 2) {
        const uint32_t count = dims - i < kRow ? dims - i : kRow;
        float row[kRow] = {};
        std::memcpy(row, x + i, count * sizeof(float));
        const simde__m128i low = half_row(row, inverse);
        const simde__m128i high = half_row(row + kRow / 2, inverse);
        const simde__m128i both = simde_mm_or_si128(low, simde_mm_slli_epi16(high, 4));
        std::memcpy(out, &both, kRow / 2);
    }
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
    store_nibbles(dims, x, best, out);
    return scale_for(static_cast<float>(fit.dot / fit.square * best), 7.5F);
}

// n elements as floats, not scaled yet.  first: a multiple of kRow, as the others' count is.
void load_elements(const float *c, size_t first, size_t n, float *x)
{
    std::memcpy(x, c + first, n * sizeof(float));
}

void load_elements(const uint16_t *c, size_t first, size_t n, float *x)
{
    vdb_simd_kernels()->half_to_float(x, c + first, n);
}

void load_elements(const int8_t *c, size_t first, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = c[first + i];
}

void load_elements(const uint8_t *c, size_t first, size_t n, float *x)
{
    constexpr size_t kHalf = kRow / 2;

    for (size_t i = 0; i < n; i += kRow) {
        const uint8_t *row = c + (first + i) / 2;
        float elements[kRow];

        for (size_t j = 0; j < kHalf; j++) {
            elements[j] = static_cast<float>(row[j] & 15) - 7.5F;
            elements[kHalf + j] = static_cast<float>(row[j] >> 4) - 7.5F;
        }
        std::memcpy(x + i, elements, (n - i < kRow ? n - i : kRow) * sizeof(float));
    }
}

// Calls function(first, n, elements) for all, some at a time.
template <class Element, class Function>
void for_elements(const Element *c, uint32_t dims, Function function)
{
    float elements[kChunk];

    for (size_t i = 0; i < dims; i += kChunk) {
        const size_t n = dims - i < kChunk ? dims - i : kChunk;
        load_elements(c, i, n, elements);
        function(i, n, elements);
    }
}

void add_squared_errors(double *sums, const float *x, const float *elements, double scale, size_t n)
{
    size_t i = 0;

    for (; n - i >= kLanes; i += kLanes) {
        for (size_t j = 0; j < kLanes; j++) {
            const double difference = double{x[i + j]} - scale * elements[i + j];
            sums[j] += difference * difference;
        }
    }
    for (size_t j = 0; i + j < n; j++) {
        const double difference = double{x[i + j]} - scale * elements[i + j];
        sums[j] += difference * difference;
    }
}

template <class Element>
double squared_error(uint32_t dims, const float *x, const Element *c, float scale)
{
    double sums[kLanes] = {};

    for_elements(c, dims, [&](size_t first, size_t n, const float *elements) {
        add_squared_errors(sums, x + first, elements, scale, n);
    });
    for (size_t lanes = kLanes / 2; lanes > 0; lanes /= 2) {
        for (size_t j = 0; j < lanes; j++)
            sums[j] += sums[j + lanes];
    }
    return sums[0];
}

template <class Element>
void decode_elements(uint32_t dims, const Element *c, float scale, float *x)
{
    for_elements(c, dims, [&](size_t first, size_t n, const float *elements) {
        for (size_t i = 0; i < n; i++)
            x[first + i] = scale * elements[i];
    });
}

// That, the rounding of the rotation, and that of decoding and of these sums.
float error_bound(uint32_t dims, const float *x, double squared)
{
    const double norm = std::sqrt(vdb_simd_kernels()->squared_norm(x, dims));
    const double slack = (double{vdb_rotate_error(dims)} + 0x1p-23) * norm;
    const auto bound = static_cast<float>(std::sqrt(squared) * (1 + 1e-6) + slack);

    // A rotated vector of such a length may have been cut (vdb_rotate()).
    if (!(norm < double{kLargest}))
        return std::numeric_limits<float>::infinity();
    return std::nextafter(bound, std::numeric_limits<float>::infinity()) +
           std::numeric_limits<float>::min();
}

// 16 bits of everything but themselves.  A sum, as it is made anew for each node that a search
// compares: the product spreads it, so that no single wrong bit goes unnoticed.
uint32_t check_of(VdbKept kept, uint32_t dims, const void *blob, uint32_t beside)
{
    const auto *bytes = static_cast<const uint8_t *>(blob);
    const size_t words = vdb_kept_bytes(kept, dims) / sizeof(uint32_t);
    uint32_t sum =
        beside + (vdb_float_bits(static_cast<const Header *>(blob)->error) & ~kCheckBits);

    sum += vdb_simd_kernels()->sum_words(bytes + sizeof(uint32_t), words - 1);
    return (sum * 0x9E37'79B1U) >> 16;
}

// The next greater number of 16 bits, with the check as its low half; infinity stays itself, and
// has no check.
float error_with_check(VdbKept kept, uint32_t dims, void *blob)
{
    auto *header = static_cast<Header *>(blob);
    const uint32_t up = (vdb_float_bits(header->error) + kCheckBits) & ~kCheckBits;

    header->error = vdb_bits_float(up < kExponentBits ? up : kExponentBits);
    return up < kExponentBits ? vdb_bits_float(up | check_of(kept, dims, blob, 0)) : header->error;
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
    const double squared = kept == VDB_KEPT_FULL ? 0 : with_elements(kept, elements, [&](auto *c) {
        return squared_error(dims, x, c, header->scale);
    });
    header->error = error_bound(dims, x, squared);
    header->error = error_with_check(kept, dims, out);
}

bool vdb_kept_intact(VdbKept kept, uint32_t dims, const void *in) noexcept
{
    return vdb_kept_sealed(kept, dims, in, 0);
}

void vdb_kept_seal(VdbKept kept, uint32_t dims, void *blob, uint32_t beside) noexcept
{
    auto *header = static_cast<Header *>(blob);
    const uint32_t error = vdb_float_bits(header->error);

    if (error != kExponentBits)
        header->error = vdb_bits_float((error & ~kCheckBits) | check_of(kept, dims, blob, beside));
}

bool vdb_kept_sealed(VdbKept kept, uint32_t dims, const void *in, uint32_t beside) noexcept
{
    const uint32_t error = vdb_float_bits(static_cast<const Header *>(in)->error);

    return error == kExponentBits || (error & kCheckBits) == check_of(kept, dims, in, beside);
}

void vdb_kept_mark(void *blob, uint16_t mark) noexcept
{
    auto *header = static_cast<Header *>(blob);
    const uint32_t error = vdb_float_bits(header->error);

    if (error != kExponentBits)
        header->error = vdb_bits_float(error ^ mark);
}

bool vdb_kept_marked(VdbKept kept, uint32_t dims, const void *in, uint16_t mark) noexcept
{
    const uint32_t error = vdb_float_bits(static_cast<const Header *>(in)->error) ^ mark;

    return error == (kExponentBits ^ mark) || (error & kCheckBits) == check_of(kept, dims, in, 0);
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
    // With the check it is a little greater than the bound was.
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
