// How many lists there are, which of them split, how many a scan looks at, and which.
#include <algorithm>
#include <cmath>

#include "ivf/centroid.h"
#include "ivf/nearest_part.h"

using namespace vdb::ivf;

namespace {

constexpr uint64_t kRowsPerList = 200;      // while an index has up to that many lists
constexpr uint64_t kFewestRowsPerList = 32; // below, centroids are most of the work
constexpr uint64_t kSmallList = 500;        // rows that are not worth splitting
constexpr uint64_t kOvergrown = 2;          // times the mean: then it splits
constexpr uint64_t kSmallPiece = 125;       // rows that no split goes below
constexpr uint64_t kSpareLists = 2; // times the lists wanted there may be, if nobody said how many
constexpr double kAutoProbes = 2.0; // times the root of the lists ...
constexpr double kFewestProbes =
    4; // ... and these, as lists that split are less even than those built
constexpr double kCodedProbes = 2; // times as many where codes make them cheap

uint64_t root_of(uint64_t n)
{
    return static_cast<uint64_t>(std::sqrt(static_cast<double>(n)));
}

bool is_nearer(const VdbIvfRanked &a, const VdbIvfRanked &b)
{
    return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
}

} // namespace

uint32_t vdb_ivf_target_lists(uint32_t option, uint64_t rows) noexcept
{
    uint64_t lists = option > 0 ? std::min<uint64_t>(option, rows / kFewestRowsPerList)
                                : std::min(rows / kRowsPerList, root_of(rows));
    return static_cast<uint32_t>(std::clamp<uint64_t>(lists, 1, VDB_IVF_MAX_LISTS));
}

uint64_t vdb_ivf_sample_rows(uint32_t lists) noexcept
{
    return std::max<uint64_t>(VDB_IVF_MIN_SAMPLE_ROWS, uint64_t{lists} * VDB_IVF_ROWS_PER_SAMPLE);
}

uint32_t vdb_ivf_split_pieces(const VdbIvfSize *size) noexcept
{
    uint64_t rows = std::max(size->rows, size->list_rows);
    uint64_t target = vdb_ivf_target_lists(size->option, rows);
    uint64_t most = size->option > 0 ? target : target * kSpareLists;
    if (size->lists >= most || size->list_rows <= kSmallList ||
        size->list_rows / kOvergrown <= rows / target)
        return 0;
    uint64_t mean = std::max<uint64_t>(rows / target, 1);
    uint64_t pieces = (size->list_rows + mean / 2) / mean;
    pieces = std::min({pieces, size->list_rows / kSmallPiece, most - size->lists + 1});
    return static_cast<uint32_t>(std::clamp<uint64_t>(pieces, 2, VDB_IVF_MAX_PIECES));
}

uint32_t vdb_ivf_auto_probes(uint32_t lists, bool coded) noexcept
{
    double root = std::sqrt(static_cast<double>(lists));
    double probes = (std::ceil(kAutoProbes * root) + kFewestProbes) * (coded ? kCodedProbes : 1.0);
    return std::clamp(static_cast<uint32_t>(probes), 1u, std::max(lists, 1u));
}

uint32_t vdb_ivf_nearest(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                         const void *value) noexcept
{
    return nearest_centroid(Affinity(g->space), *centroids, value).index;
}

void vdb_ivf_rank_lists(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                        const void *query, VdbIvfRanked *out) noexcept
{
    vdb::Space space = vdb::make_space(g->space);
    bool by_product = space.metric == VDB_METRIC_IP || space.metric == VDB_METRIC_COSINE;
    for (uint32_t i = 0; i < centroids->count; i++) {
        float raw = space.raw(query, centroid_of(*centroids, i), space.units);
        out[i] = {vdb::ordered(by_product ? -raw : raw), i};
    }
}

uint32_t vdb_ivf_pick_lists(VdbIvfRanked *ranked, uint32_t count, uint32_t from,
                            uint32_t to) noexcept
{
    NearestPart part;
    uint32_t n = count - from;
    if (to >= count)
        return count;
    if (n <= NearestPart::kMost) {
        for (uint32_t i = 0; i < n; i++)
            part.values[i] = ranked[from + i].distance;
        if (part.find(n, to - from, to - from + (to - from) / 2)) {
            for (uint32_t i = 0; i < part.count; i++)
                std::swap(ranked[from + i], ranked[from + part.places[i]]);
            return from + part.count;
        }
    }
    std::nth_element(ranked + from, ranked + to, ranked + count, is_nearer);
    return to;
}

void vdb_ivf_order_lists(VdbIvfRanked *ranked, uint32_t count, uint32_t from, uint32_t to) noexcept
{
    std::sort(ranked + from, ranked + vdb_ivf_pick_lists(ranked, count, from, to), is_nearer);
}

void vdb_ivf_centroid_norms(const VdbIvfGeometry *g, const VdbIvfCentroids *centroids,
                            float *norms) noexcept
{
    const VdbKernels *kernels = vdb_simd_kernels();
    for (uint32_t i = 0; i < centroids->count; i++) {
        const auto *c = static_cast<const float *>(centroid_of(*centroids, i));
        norms[i] = kernels->inner_product(c, c, g->space.dims);
    }
}
