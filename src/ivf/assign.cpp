// Assigning many values at a time.
#include "ivf/assign.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/align.h"

using namespace vdb;
using namespace vdb::ivf;

namespace {

// An element's rounding moves a squared distance d2 by twice the root of it times an error that is
// evenly spread over one unit of the scale, so that its variance is scale^2 / 12; two distances
// are compared.  What is farther off than so many standard deviations is not the nearest.
constexpr float kDeviations = 3 * 1.4142F;

// Whether 8 bits an element help: their distances are Euclidean.  Under cosine values and
// centroids have unit length, and then that is the same order.
bool compares_bytes(const Affinity &affinity)
{
    bool numbers =
        affinity.space.storage == VDB_STORAGE_FLOAT32 || affinity.space.storage == VDB_STORAGE_HALF;
    return numbers && (affinity.by_direction() || affinity.space.metric == VDB_METRIC_L2);
}

// Byte offsets of the arrays behind the assigner.
struct Layout {
    size_t columns, rows, centre, floats, distances, places, end;
};

Layout lay_out(const Affinity &affinity, uint32_t centroids)
{
    Layout l = {};
    size_t end = align64(sizeof(VdbIvfAssigner));
    auto take = [&end](size_t bytes) {
        size_t start = end;
        end += align64(bytes);
        return start;
    };
    if (compares_bytes(affinity)) {
        uint32_t dims = affinity.space.dims;
        size_t columns = byte_columns(centroids);
        l.columns = take(ByteBlock::bytes(centroids, dims));
        l.rows = take(ByteBlock::bytes(VDB_IVF_ASSIGN_ROWS, dims));
        l.centre = take(dims * sizeof(float));
        l.floats = take(dims * sizeof(float));
        l.distances = take(VDB_BYTE_ROWS * columns * sizeof(float));
        l.places = take((columns + 16) * sizeof(uint32_t));
    }
    l.end = end;
    return l;
}

} // namespace

size_t VdbIvfAssigner::bytes(const VdbSpace &space, uint32_t centroids)
{
    return lay_out(Affinity(space), centroids).end;
}

void VdbIvfAssigner::init(void *memory, const VdbSpace &space, uint32_t centroids)
{
    char *base = static_cast<char *>(memory);
    affinity_ = Affinity(space);
    kernels_ = vdb_simd_kernels();
    by_bytes_ = compares_bytes(affinity_);
    Layout l = lay_out(affinity_, centroids);
    if (!by_bytes_)
        return;
    columns_.init(base + l.columns, centroids, space.dims);
    rows_.init(base + l.rows, VDB_IVF_ASSIGN_ROWS, space.dims);
    std::memset(base + l.rows, 0, ByteBlock::bytes(VDB_IVF_ASSIGN_ROWS, space.dims));
    centre_ = reinterpret_cast<float *>(base + l.centre);
    floats_ = reinterpret_cast<float *>(base + l.floats);
    distances_ = reinterpret_cast<float *>(base + l.distances);
    places_ = reinterpret_cast<uint32_t *>(base + l.places);
}

// The value as float32, of unit length where only its direction counts.
const float *VdbIvfAssigner::as_floats(const void *value, float *room) const
{
    if (affinity_.space.storage == VDB_STORAGE_FLOAT32)
        return static_cast<const float *>(value);
    uint32_t n = affinity_.space.dims;
    kernels_->half_to_float(room, static_cast<const uint16_t *>(value), n);
    double norm = affinity_.by_direction() ? kernels_->squared_norm(room, n) : 0;
    auto scale = static_cast<float>(norm > 0 ? 1 / std::sqrt(norm) : 1);
    for (uint32_t i = 0; i < n && norm > 0; i++)
        room[i] *= scale;
    return room;
}

void VdbIvfAssigner::set(const VdbIvfCentroids &centroids)
{
    centroids_ = centroids;
    if (!by_bytes_)
        return;
    uint32_t n = affinity_.space.dims;
    std::fill(centre_, centre_ + n, 0.0F);
    auto share = static_cast<float>(1.0 / centroids.count);
    for (uint32_t c = 0; c < centroids.count; c++) {
        const float *x = as_floats(centroid_of(centroids, c), floats_);
        for (uint32_t i = 0; i < n; i++)
            centre_[i] += share * x[i];
    }
    coarsest_ = 0;
    for (uint32_t c = 0; c < centroids.count; c++) {
        const float *x = as_floats(centroid_of(centroids, c), floats_);
        columns_.put(c, x, centre_);
        // A centroid without a direction would be nearer than most that have one.
        if (affinity_.by_direction() && kernels_->squared_norm(x, n) == 0)
            columns_.drop(c);
        coarsest_ = std::max(coarsest_, columns_.scale(c));
    }
    columns_.close(centroids.count);
}

// The nearest by what the bytes say of them, and by their floats among those that may be it.
Nearest VdbIvfAssigner::nearest(const void *value, uint32_t row, const float *distances)
{
    uint32_t columns = columns_.columns();
    float least = distances[kernels_->least(distances, columns)];
    float scale = rows_.scale(row);
    float variance = (scale * scale + coarsest_ * coarsest_) / 12;
    float margin = kDeviations * 2 * std::sqrt(least * variance) +
                   variance * static_cast<float>(affinity_.space.dims);
    float limit = std::nextafter(least + margin, std::numeric_limits<float>::infinity());
    size_t n = limit < std::numeric_limits<float>::infinity()
                   ? kernels_->less_than(places_, distances, columns, limit)
                   : 0;
    if (n == 0)
        return nearest_centroid(affinity_, centroids_, value);
    Nearest best = {affinity_.distance(value, centroid_of(centroids_, places_[0])), places_[0]};
    for (size_t i = 1; i < n; i++) {
        float distance = affinity_.distance(value, centroid_of(centroids_, places_[i]));
        if (distance < best.distance)
            best = {distance, places_[i]};
    }
    return best;
}

void VdbIvfAssigner::find(const void *const *values, uint32_t n, Nearest *out)
{
    if (!by_bytes_) {
        for (uint32_t i = 0; i < n; i++)
            out[i] = nearest_centroid(affinity_, centroids_, values[i]);
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        rows_.put(i, as_floats(values[i], floats_), centre_);
    rows_.close(n);
    for (uint32_t i = 0; i < n; i += VDB_BYTE_ROWS) {
        rows_.distances(i, columns_, distances_);
        for (uint32_t j = 0; j < VDB_BYTE_ROWS && i + j < n; j++)
            out[i + j] = nearest(values[i + j], i + j, distances_ + j * columns_.columns());
    }
}

size_t vdb_ivf_assigner_size(const VdbSpace *space, uint32_t centroids) noexcept
{
    return VdbIvfAssigner::bytes(*space, centroids);
}

VdbIvfAssigner *vdb_ivf_assigner_init(void *memory, const VdbSpace *space,
                                      const VdbIvfCentroids *centroids) noexcept
{
    auto *assigner = static_cast<VdbIvfAssigner *>(memory);
    assigner->init(memory, *space, centroids->count);
    assigner->set(*centroids);
    return assigner;
}

void vdb_ivf_assign(VdbIvfAssigner *assigner, const void *const *values, uint32_t n,
                    uint32_t *out) noexcept
{
    Nearest found[VDB_IVF_ASSIGN_ROWS] = {};
    assigner->find(values, n, found);
    for (uint32_t i = 0; i < n; i++)
        out[i] = found[i].index;
}
