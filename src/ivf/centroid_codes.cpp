// One-bit codes of centroids: estimates of their distances say which few to compare with a value.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ivf/centroid.h"
#include "ivf/centroid_codes.h"
#include "quant/kept_api.h"
#include "simd/simd_api.h"

// What follows it, each on a cache line: float mean[dims], the codes in blocks of 32, factors,
// spreads and squared norms, of centroids up to a multiple of 32, and the centroids at 8 bits an
// element, each from a cache line on.
struct VdbIvfCentroidCodes {
    uint32_t count;
};
static_assert(std::is_trivially_destructible_v<VdbIvfCentroidCodes>);

namespace {

constexpr uint32_t kBlock = VDB_CODE_BLOCK;
constexpr uint32_t kFewest = 64;        // centroids that are worth a look-up table
constexpr VdbKept kKept = VDB_KEPT_SQ8; // 8 bits an element tell 1 of 1,000 apart
constexpr uint32_t kChunk = 1024;       // estimates at once: 4 KB
constexpr float kSafety = 3;         // standard errors; one nearest of a thousand is missed at most
constexpr size_t kReadAhead = 64;    // bytes beyond codes that kernels may read
constexpr size_t kQueryBytes = 8704; // a look-up table for VDB_IVF_MAX_DIMS

size_t line(size_t n)
{
    return (n + 63) / 64 * 64;
}

VdbCodec codec_of(const VdbIvfGeometry &g)
{
    return {VDB_METRIC_L2, g.space.dims, g.code_dims};
}

// Where the parts lie.
struct Parts {
    uint32_t padded; // centroids, up to whole blocks
    size_t mean, codes, factors, spreads, norms, kept, end;
    size_t stride; // from one kept centroid to the next

    Parts(const VdbIvfGeometry &g, uint32_t count)
        : padded((count + kBlock - 1) / kBlock * kBlock), mean(64),
          codes(mean + line(g.space.dims * sizeof(float))),
          factors(codes + line(size_t{padded} * (g.code_dims / 8) + kReadAhead)),
          spreads(factors + line(padded * sizeof(VdbCodeFactors))),
          norms(spreads + line(padded * sizeof(float))), kept(norms + line(padded * sizeof(float))),
          end(kept), stride(line(vdb_kept_bytes(kKept, g.space.dims)))
    {
        end += stride * count;
    }
};

template <class T> T *part(VdbIvfCentroidCodes *codes, size_t offset)
{
    return reinterpret_cast<T *>(reinterpret_cast<char *>(codes) + offset);
}
template <class T> const T *part(const VdbIvfCentroidCodes *codes, size_t offset)
{
    return part<T>(const_cast<VdbIvfCentroidCodes *>(codes), offset);
}

const float *centroid(const VdbIvfCentroids &centroids, uint32_t i)
{
    return static_cast<const float *>(vdb::ivf::centroid_of(centroids, i));
}

void find_mean(const VdbIvfCentroids &centroids, uint32_t dims, float *mean)
{
    std::fill(mean, mean + dims, 0.F);
    for (uint32_t i = 0; i < centroids.count; i++)
        for (uint32_t j = 0; j < dims; j++)
            mean[j] += centroid(centroids, i)[j] / static_cast<float>(centroids.count);
}

// Squared distances of a value from centroids as the codes have them, chunk by chunk.
struct Estimates {
    const VdbIvfCentroidCodes &codes;
    const VdbCodeQuery &query;
    Parts parts;
    size_t code_bytes;
    float base; // of the value from the centroids' mean

    Estimates(const VdbIvfGeometry &g, const VdbIvfCentroidCodes &of, const VdbCodeQuery &prepared,
              const float *value)
        : codes(of), query(prepared), parts(g, of.count), code_bytes(g.code_dims / 8),
          base(vdb_simd_kernels()->l2_squared(value, part<float>(&of, parts.mean), g.space.dims))
    {
    }

    // Of centroids from `first` on; answers how many.  out: of kChunk elements.
    uint32_t chunk(uint32_t first, float *out) const
    {
        uint32_t n = std::min(kChunk, codes.count - first);
        VdbCodeList list = {part<uint8_t>(&codes, parts.codes) + first * code_bytes,
                            part<VdbCodeFactors>(&codes, parts.factors) + first,
                            kChunk,
                            n,
                            base,
                            1};
        vdb_code_estimate(&query, &list, out);
        return n;
    }
};

// Looks for the nearest centroid, chunk by chunk, by what is kept of them: a quarter of their size.
struct Nearest {
    const VdbIvfGeometry &g;
    const char *kept;
    size_t stride;
    const float *value;
    float distance = std::numeric_limits<float>::infinity();
    uint32_t index = 0;

    void compare(uint32_t i)
    {
        float d = vdb_kept_raw(kKept, VDB_METRIC_L2, g.space.dims, value, kept + stride * i);
        if (d < distance) {
            distance = d;
            index = i;
        }
    }

    // Of n centroids from `first` on, by the lower ends of their estimates.  lowest: of kChunk
    // elements; what fills up a block of 32 is overwritten.
    void chunk(uint32_t first, uint32_t n, float *lowest)
    {
        std::fill(lowest + n, lowest + (n + kBlock - 1) / kBlock * kBlock,
                  std::numeric_limits<float>::infinity());
        float least[kBlock];
        std::copy_n(lowest, kBlock, least);
        for (uint32_t i = kBlock; i < n; i += kBlock)
            for (uint32_t j = 0; j < kBlock; j++)
                least[j] = lowest[i + j] < least[j] ? lowest[i + j] : least[j];
        float lowest_of_all = *std::min_element(least, least + kBlock);
        auto at = static_cast<uint32_t>(std::find(lowest, lowest + n, lowest_of_all) - lowest);
        compare(first + std::min(at, n - 1)); // a damaged centroid may be no number, and not found
        for (uint32_t i = 0; i < n; i += kBlock) {
            uint32_t nearer = 0; // a sum, which the compiler makes of many at a time
            for (uint32_t j = 0; j < kBlock; j++)
                nearer += lowest[i + j] < distance ? 1 : 0;
            for (uint32_t j = 0; nearer > 0 && j < kBlock; j++)
                if (lowest[i + j] < distance)
                    compare(first + i + j);
        }
    }
};

} // namespace

size_t vdb_ivf_centroid_codes_size(const VdbIvfGeometry *g, uint32_t count) noexcept
{
    return vdb_ivf_coded(g) && count >= kFewest ? Parts(*g, count).end : 0;
}

VdbIvfCentroidCodes *vdb_ivf_centroid_codes_make(const VdbIvfGeometry *g,
                                                 const VdbIvfCentroids *centroids,
                                                 void *memory) noexcept
{
    Parts parts(*g, centroids->count);
    VdbCodec codec = codec_of(*g);
    auto *out = static_cast<VdbIvfCentroidCodes *>(memory);
    auto *mean = part<float>(out, parts.mean);
    auto *factors = part<VdbCodeFactors>(out, parts.factors);
    auto *spreads = part<float>(out, parts.spreads);
    auto *norms = part<float>(out, parts.norms);
    size_t bytes = vdb_code_bytes(&codec);
    uint8_t codes[kBlock * (VDB_IVF_MAX_DIMS / 8)];
    std::memset(memory, 0, parts.end);
    out->count = centroids->count;
    find_mean(*centroids, g->space.dims, mean);
    for (uint32_t first = 0; first < centroids->count; first += kBlock) {
        uint32_t n = std::min(kBlock, centroids->count - first);
        for (uint32_t i = 0; i < n; i++) {
            const float *c = centroid(*centroids, first + i);
            uint16_t spread;
            vdb_code_make_bounded(&codec, mean, c, codes + i * bytes, &factors[first + i], &spread);
            spreads[first + i] = vdb_code_float(spread);
            vdb_kept_encode(kKept, g->space.dims, c,
                            part<char>(out, parts.kept) + parts.stride * (first + i));
            norms[first + i] = vdb_simd_kernels()->inner_product(c, c, g->space.dims);
        }
        vdb_codes_pack(&codec, kBlock, part<uint8_t>(out, parts.codes) + first * bytes, codes, n);
    }
    return out;
}

uint32_t vdb_ivf_nearest_by_codes(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                                  const VdbIvfCentroidCodes *codes, const void *value) noexcept
{
    VdbCodec codec = codec_of(*g);
    if (codes == nullptr || vdb_code_query_size(&codec) > kQueryBytes)
        return vdb_ivf_nearest(g, centroids, value);
    Parts parts(*g, codes->count);
    Nearest nearest = {*g, part<char>(codes, parts.kept), parts.stride,
                       static_cast<const float *>(value)};
    alignas(64) char memory[kQueryBytes];
    float lowest[kChunk];
    VdbCodeQuery *query = vdb_code_query_init(memory, &codec, nearest.value);
    Estimates estimates(*g, *codes, *query, nearest.value);
    float width = 2 * kSafety * std::sqrt(estimates.base);
    for (uint32_t first = 0; first < codes->count; first += kChunk) {
        uint32_t n = estimates.chunk(first, lowest);
        const auto *spreads = part<float>(codes, estimates.parts.spreads) + first;
        for (uint32_t i = 0; i < n; i++)
            lowest[i] -= width * spreads[i];
        nearest.chunk(first, n, lowest);
    }
    return nearest.index;
}

namespace vdb::ivf {

// |q - c|^2 = |q|^2 + |c|^2 - 2 <q, c>, of which |q|^2 is the same for all.
void estimate_lists(const VdbIvfGeometry &g, const VdbIvfCentroidCodes &codes,
                    const VdbCodeQuery &prepared, const float *query, VdbIvfRanked *out)
{
    bool by_product = g.space.metric == VDB_METRIC_IP;
    Estimates estimates(g, codes, prepared, query);
    const auto *norms = part<float>(&codes, estimates.parts.norms);
    float found[kChunk];
    for (uint32_t first = 0; first < codes.count; first += kChunk) {
        uint32_t n = estimates.chunk(first, found);
        for (uint32_t i = 0; i < n; i++) {
            float less = by_product ? norms[first + i] : 0;
            out[first + i] = {ordered(found[i] - less), first + i};
        }
    }
}

} // namespace vdb::ivf
