// One-bit codes of neighbours: factors, the layout of a list's codes, and estimates of their ranks.
#include "quant/code_api.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include <simde/x86/sse2.h>

#include "core/half_api.h"
#include "simd/simd_api.h"

namespace vdb {
namespace {

constexpr uint32_t kBlock = VDB_CODE_BLOCK;
constexpr size_t kLutBytes = 16;  // of a group of 4 dims
constexpr size_t kLutsAtOnce = 4; // groups that a kernel may read together
constexpr uint32_t kMostSum = 65535;

// Rounded to nearest, ties to even; what is too large becomes the largest, NaN 0.
uint16_t bfloat(float x)
{
    constexpr uint32_t kLargest = 0x7f7f;
    const uint32_t bits = vdb_float_bits(x);
    const uint32_t sign = bits >> 31 << 15;
    const uint32_t magnitude = bits & 0x7fff'ffffU;

    if (x != x)
        return 0;
    const uint32_t rounded = (magnitude + 0x7fffU + (magnitude >> 16 & 1)) >> 16;
    return static_cast<uint16_t>(sign | (rounded < kLargest ? rounded : kLargest));
}

float from_bfloat(uint16_t x)
{
    return vdb_bits_float(uint32_t{x} << 16);
}

// `add` is made of the scale as it is kept, so that its rounding shows in the difference of the
// query from u only.
VdbCodeFactors make_factors(uint32_t metric, const VdbCodeParts &parts)
{
    const float slope = parts.absolute > 0 ? parts.square / parts.absolute : 0;
    VdbCodeFactors factors;

    if (metric == VDB_METRIC_L2) {
        factors.scale = bfloat(-2 * slope);
        factors.add = bfloat(parts.square - from_bfloat(factors.scale) * parts.along);
    } else {
        factors.scale = bfloat(-slope);
        factors.add = bfloat(-from_bfloat(factors.scale) * parts.along - parts.dot);
    }
    return factors;
}

// The bfloat16 that is not below x >= 0; NaN is the largest.
uint16_t bfloat_above(float x)
{
    constexpr uint32_t kLargest = 0x7f7f;
    const uint32_t above = (vdb_float_bits(x) + 0xffffU) >> 16;

    return static_cast<uint16_t>(x >= 0 && above < kLargest ? above : kLargest);
}

// What is left of r across the direction of its signs, spread over the other dimensions.  Where
// float32's sums of r overflowed it is the largest there is: the factors say nothing.
uint16_t spread_of(const VdbCodeParts &parts, uint32_t dims)
{
    constexpr double kFinite = std::numeric_limits<double>::max();

    if (parts.absolute == 0)
        return 0;
    const double slope = double{parts.square} / parts.absolute;
    const double across = slope * slope * dims - parts.square;
    if (!(across <= kFinite && parts.square <= std::numeric_limits<float>::max()))
        return bfloat_above(std::numeric_limits<float>::max());
    return bfloat_above(static_cast<float>(std::sqrt((across > 0 ? across : 0) / (dims - 1))));
}

// The block of a list in which a code is, and its place there.
struct Place {
    size_t offset; // of the block's codes
    uint32_t w;    // codes of the block
    uint32_t byte; // of a row
    uint32_t shift;
};

Place place_of(const VdbCodec &codec, uint32_t degree, uint32_t i)
{
    const uint32_t first = i / kBlock * kBlock;
    const uint32_t w = degree - first < kBlock ? degree - first : kBlock;
    const uint32_t half = w / 2;
    const uint32_t j = i - first;
    return {vdb_code_bytes(&codec) * first, w, j % half, j < half ? 0U : 4U};
}

// Sixteen rows of sixteen bytes.
struct Square {
    simde__m128i rows[16];
};

// Rows become columns: each round interleaves the rows with those half the square below.
void transpose(Square *square)
{
    for (int round = 0; round < 4; round++) {
        Square next;
        for (int i = 0; i < 8; i++) {
            next.rows[2 * i] = simde_mm_unpacklo_epi8(square->rows[i], square->rows[i + 8]);
            next.rows[2 * i + 1] = simde_mm_unpackhi_epi8(square->rows[i], square->rows[i + 8]);
        }
        *square = next;
    }
}

// `width` bytes of each of the first n codes, which are `bytes` apart.
Square load_codes(const uint8_t *code, size_t bytes, uint32_t n, size_t width)
{
    Square square;

    for (uint32_t j = 0; j < 16; j++) {
        uint8_t row[16] = {};
        if (j < n && width == 16)
            std::memcpy(row, code + j * bytes, 16);
        else if (j < n)
            std::memcpy(row, code + j * bytes, width);
        std::memcpy(&square.rows[j], row, 16);
    }
    return square;
}

// A block's rows of a byte of its codes, from those of the codes in the low nibbles and in the
// high.
void store_rows(uint8_t *rows, uint32_t half, simde__m128i low, simde__m128i high)
{
    const simde__m128i nibble = simde_mm_set1_epi8(15);
    const simde__m128i above = simde_mm_set1_epi8(static_cast<int8_t>(0xf0));
    const simde__m128i both[2] = {
        simde_mm_or_si128(simde_mm_and_si128(low, nibble),
                          simde_mm_slli_epi16(simde_mm_and_si128(high, nibble), 4)),
        simde_mm_or_si128(simde_mm_srli_epi16(simde_mm_and_si128(low, above), 4),
                          simde_mm_and_si128(high, above)),
    };

    if (half == 16) {
        std::memcpy(rows, both, 32);
    } else {
        std::memcpy(rows, &both[0], half);
        std::memcpy(rows + half, &both[1], half);
    }
}

// The codes of a block: each byte of a code goes to two rows.
void pack_block(const VdbCodec &codec, uint8_t *rows, uint32_t w, const uint8_t *code, uint32_t n)
{
    const size_t bytes = vdb_code_bytes(&codec);
    const uint32_t half = w / 2;

    for (size_t i = 0; i < bytes; i += 16) {
        const size_t width = bytes - i < 16 ? bytes - i : 16;
        Square low = load_codes(code + i, bytes, n < half ? n : half, width);
        Square high = load_codes(code + half * bytes + i, bytes, n > half ? n - half : 0, width);

        transpose(&low);
        if (n > half) // else all zeros
            transpose(&high);
        for (size_t j = 0; j < width; j++, rows += w)
            store_rows(rows, half, low.rows[j], high.rows[j]);
    }
}

} // namespace
} // namespace vdb

using namespace vdb;

struct VdbCodeQuery {
    const VdbKernels *kernels;
    uint32_t code_dims;
    float step;
    float bias;
    alignas(64) uint8_t luts[];
};

namespace {

size_t lut_bytes(const VdbCodec &codec)
{
    const size_t groups = codec.code_dims / 4;
    return (groups + kLutsAtOnce - 1) / kLutsAtOnce * kLutsAtOnce * kLutBytes;
}

// The last block of a list, or one whose factors are fewer than a kernel takes.
void estimate_block(const VdbCodeQuery &query, const VdbCodeList &list, uint32_t first,
                    float *ranks)
{
    const uint32_t w = list.degree - first < kBlock ? list.degree - first : kBlock;
    const VdbCodeScale scale{list.base, list.a, query.step, query.bias};
    const auto *codes = static_cast<const uint8_t *>(list.codes);
    const VdbCodeFactors *factors = list.factors + first;
    VdbCodeFactors padded[kBlock];
    uint16_t sums[kBlock] = {};

    query.kernels->code_sums(sums, query.luts, codes + size_t{query.code_dims} / 8 * first,
                             query.code_dims / 4, w);
    if (w < kBlock) {
        for (uint32_t i = 0; i < kBlock; i++)
            padded[i] = i < w ? factors[i] : VdbCodeFactors{0, 0};
        factors = padded;
    }
    query.kernels->code_ranks(ranks + first, &scale, sums, &factors->add);
}

} // namespace

void vdb_code_make(const VdbCodec *codec, const float *u, const float *v, uint8_t *code,
                   VdbCodeFactors *factors) noexcept
{
    *factors = make_factors(
        codec->metric, vdb_simd_kernels()->code_make(u, v, codec->dims, codec->code_dims, code));
}

void vdb_code_make_bounded(const VdbCodec *codec, const float *u, const float *v, uint8_t *code,
                           VdbCodeFactors *factors, uint16_t *spread) noexcept
{
    const VdbCodeParts parts =
        vdb_simd_kernels()->code_make(u, v, codec->dims, codec->code_dims, code);

    *factors = make_factors(codec->metric, parts);
    *spread = spread_of(parts, codec->dims);
}

float vdb_code_float(uint16_t bfloat) noexcept
{
    return from_bfloat(bfloat);
}

void vdb_codes_get(const VdbCodec *codec, uint32_t degree, const void *codes, uint32_t i,
                   uint8_t *code) noexcept
{
    const Place place = place_of(*codec, degree, i);
    const uint8_t *row = static_cast<const uint8_t *>(codes) + place.offset + place.byte;

    for (size_t j = 0; j < vdb_code_bytes(codec); j++, row += place.w) {
        const uint32_t low = row[0] >> place.shift & 15;
        const uint32_t high = row[place.w / 2] >> place.shift & 15;
        code[j] = static_cast<uint8_t>(low | high << 4);
    }
}

void vdb_codes_put(const VdbCodec *codec, uint32_t degree, void *codes, uint32_t i,
                   const uint8_t *code) noexcept
{
    const Place place = place_of(*codec, degree, i);
    uint8_t *row = static_cast<uint8_t *>(codes) + place.offset + place.byte;
    const uint32_t others = 0xf0U >> place.shift;

    for (size_t j = 0; j < vdb_code_bytes(codec); j++, row += place.w) {
        uint8_t *second = row + place.w / 2;
        *row = static_cast<uint8_t>((*row & others) | (code[j] & 15U) << place.shift);
        *second = static_cast<uint8_t>((*second & others) | (code[j] >> 4U) << place.shift);
    }
}

void vdb_codes_pack(const VdbCodec *codec, uint32_t degree, void *codes, const uint8_t *code,
                    uint32_t n) noexcept
{
    const size_t bytes = vdb_code_bytes(codec);

    for (uint32_t first = 0; first < degree; first += kBlock) {
        const uint32_t w = degree - first < kBlock ? degree - first : kBlock;
        pack_block(*codec, static_cast<uint8_t *>(codes) + bytes * first, w, code + bytes * first,
                   n <= first      ? 0
                   : n - first < w ? n - first
                                   : w);
    }
}

size_t vdb_code_query_size(const VdbCodec *codec) noexcept
{
    return sizeof(VdbCodeQuery) + lut_bytes(*codec);
}

VdbCodeQuery *vdb_code_query_init(void *memory, const VdbCodec *codec, const float *query) noexcept
{
    static_assert(std::is_trivially_destructible_v<VdbCodeQuery>);
    auto *prepared = static_cast<VdbCodeQuery *>(memory);
    const size_t groups = codec->code_dims / 4;
    const size_t whole = (codec->dims < codec->code_dims ? codec->dims : codec->code_dims) / 4;
    // The coordinates of the last group may be fewer than 4, and those of the one after it none.
    float rest[8] = {};
    float most = 0, total = 0;

    prepared->kernels = vdb_simd_kernels();
    prepared->code_dims = codec->code_dims;
    if (whole < groups)
        std::memcpy(rest, query + 4 * whole, (codec->dims - 4 * whole) * sizeof(float));
    for (size_t g = 0; g < groups; g++) {
        const float *q = g < whole ? query + 4 * g : rest + 4 * (g - whole);
        const float sum = (std::fabs(q[0]) + std::fabs(q[1])) + (std::fabs(q[2]) + std::fabs(q[3]));
        most = sum > most ? sum : most;
        total += sum;
    }
    // A group's entries are 0 to `highest`, so that sums stay in 16 bits, and stand for 0 to twice
    // its absolute sum.
    const auto highest = static_cast<float>(kMostSum / groups < 255 ? kMostSum / groups : 255);
    const float inverse = highest * 0.5F / most;
    const bool usable = most > 0 && total <= std::numeric_limits<float>::max() &&
                        inverse <= std::numeric_limits<float>::max();
    prepared->step = usable ? most / (highest * 0.5F) : 0;
    prepared->bias = usable ? -total : 0;
    std::memset(prepared->luts, 0, lut_bytes(*codec));
    if (usable) {
        prepared->kernels->code_luts(prepared->luts, query, inverse, whole);
        prepared->kernels->code_luts(prepared->luts + whole * kLutBytes, rest, inverse,
                                     groups - whole);
    }
    return prepared;
}

// Each group's entry is off by up to half a step either way.
float vdb_code_query_noise(const VdbCodeQuery *query) noexcept
{
    return query->step * std::sqrt(static_cast<float>(query->code_dims / 4) / 12);
}

void vdb_code_estimate(const VdbCodeQuery *query, const VdbCodeList *list, float *ranks) noexcept
{
    for (uint32_t first = 0; first < list->count; first += kBlock)
        estimate_block(*query, *list, first, ranks);
}
