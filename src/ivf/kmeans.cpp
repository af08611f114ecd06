// The k-means machine: which job comes next, and the three phases of a job.
#include "ivf/kmeans.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/align.h"
#include "core/rng.h"
#include "ivf/mean.h"

namespace vdb::ivf {

namespace {

using Kmeans = VdbIvfKmeans;

constexpr uint32_t kFlatLists = 64;        // more are found in two levels
constexpr uint32_t kRounds = 10;           // of Lloyd; later ones change next to nothing
constexpr uint32_t kRefineRounds = 4;      // over everything, after two levels ...
constexpr uint32_t kCoarseRounds = 4;      // ... which then need no more of their own
constexpr double kRefineWork = 200e6;      // distances that those rounds may cost in all
constexpr uint64_t kStepBytes = 256 << 20; // of values read by one step: some milliseconds
constexpr float kSameDirection = 1e-6F;    // 1 - cosine of a float32 vector and itself as centroid,
constexpr float kSameHalfDirection = 5e-4F; // and of a half vector, where that is rounded

const void *member(const Kmeans &km, uint32_t position)
{
    return static_cast<const char *>(km.sample.values) + km.members[position] * km.sample.stride;
}

VdbIvfCentroids centroids_of(const Kmeans &km, uint32_t count)
{
    return {km.job.centroids, km.stride, count};
}

char *centroid(const Kmeans &km, uint32_t i)
{
    return km.job.centroids + i * km.stride;
}

double random_unit(Kmeans &km)
{
    return static_cast<double>(mix64(km.seed + ++km.random_count * 0x9E3779B97F4A7C15u) >> 11) *
           0x1p-53;
}

// How far a member is from a centroid, as a weight: >= 0, and 0 where they are the same.  The zero
// vector, which has no direction, is no farther from one centroid than from another.
float weight_of(const Kmeans &km, uint32_t position, float distance)
{
    if (!km.affinity.by_direction())
        return distance > 0 ? distance : 0;
    float length = km.lengths[km.members[position]];
    float weight = ordered(1 + distance / length);
    bool half = km.g.space.storage == VDB_STORAGE_HALF;
    return length > 0 && weight > (half ? kSameHalfDirection : kSameDirection) ? weight : 0;
}

// How many distances to so many centroids each a step may compute, at least one.
uint32_t slice(const Kmeans &km, uint32_t centroids)
{
    uint64_t bytes = uint64_t{km.g.value_bytes} * std::max(centroids, 1u);
    return static_cast<uint32_t>(std::max<uint64_t>(kStepBytes / bytes, 1));
}

void enter(Kmeans &km, Phase phase)
{
    km.phase = phase;
    km.cursor = km.job.begin;
}

void begin_round(Kmeans &km)
{
    km.moved = 0;
    enter(km, Phase::kAssign);
}

// --- seeds: k-means++ (Arthur and Vassilvitskii 2007) ---

void begin_pass(Kmeans &km, uint32_t position)
{
    std::memcpy(centroid(km, km.job.found), member(km, position), km.g.value_bytes);
    make_centroid(km.affinity, km.sum, centroid(km, km.job.found));
    km.job.found++;
    km.weight_total = 0;
    enter(km, Phase::kSeed);
}

// A member drawn with probability proportional to its weight.
uint32_t draw(Kmeans &km)
{
    double left = random_unit(km) * km.weight_total;
    uint32_t last = km.job.begin;
    for (uint32_t i = km.job.begin; i < km.job.end; i++) {
        if (km.weights[i] == 0)
            continue;
        last = i;
        left -= km.weights[i];
        if (left < 0)
            break;
    }
    return last;
}

void step_seed(Kmeans &km)
{
    uint32_t end = km.job.end - km.cursor > slice(km, 1) ? km.cursor + slice(km, 1) : km.job.end;
    const void *seed = centroid(km, km.job.found - 1);
    for (uint32_t i = km.cursor; i < end; i++) {
        float weight = weight_of(km, i, km.affinity.distance(member(km, i), seed));
        if (km.job.found == 1 || weight < km.weights[i])
            km.weights[i] = weight;
        km.weight_total += km.weights[i];
    }
    km.cursor = end;
    if (end < km.job.end)
        return;
    if (km.job.found < km.job.wanted && km.weight_total > 0)
        begin_pass(km, draw(km));
    else
        begin_round(km);
}

// --- rounds of Lloyd ---

void group_by_list(Kmeans &km)
{
    uint32_t *starts = km.starts;
    std::fill(starts, starts + km.job.found + 2, 0);
    for (uint32_t i = km.job.begin; i < km.job.end; i++)
        starts[km.assigned[i] + 2]++;
    for (uint32_t c = 2; c < km.job.found + 2; c++)
        starts[c] += starts[c - 1];
    for (uint32_t i = km.job.begin; i < km.job.end; i++)
        km.by_list[km.job.begin + starts[km.assigned[i] + 1]++] = km.members[i];
}

uint32_t members_of(const Kmeans &km, uint32_t c)
{
    return km.starts[c + 1] - km.starts[c];
}

// Gives every centroid without members the member that is farthest from its own.
void fill_empty(Kmeans &km)
{
    bool changed = false;
    for (uint32_t c = 0; c < km.job.found; c++) {
        if (members_of(km, c) > 0)
            continue;
        uint32_t farthest = static_cast<uint32_t>(
            std::max_element(km.weights + km.job.begin, km.weights + km.job.end) - km.weights);
        if (km.weights[farthest] == 0)
            break;
        km.assigned[farthest] = c;
        km.weights[farthest] = 0;
        changed = true;
    }
    if (changed)
        group_by_list(km);
}

// Members of a round, some at a time.
void assign(Kmeans &km, uint32_t begin, uint32_t n)
{
    const void *values[VDB_IVF_ASSIGN_ROWS] = {};
    Nearest nearest[VDB_IVF_ASSIGN_ROWS];
    for (uint32_t i = 0; i < n; i++)
        values[i] = member(km, begin + i);
    km.assigner.find(values, n, nearest);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = begin + i;
        km.moved += km.round == 0 || km.assigned[at] != nearest[i].index;
        km.assigned[at] = nearest[i].index;
        km.weights[at] = weight_of(km, at, nearest[i].distance);
    }
}

void step_assign(Kmeans &km)
{
    uint32_t n = slice(km, km.job.found);
    uint32_t end = km.job.end - km.cursor > n ? km.cursor + n : km.job.end;
    if (km.cursor == km.job.begin)
        km.assigner.set(centroids_of(km, km.job.found));
    for (uint32_t i = km.cursor; i < end; i += VDB_IVF_ASSIGN_ROWS)
        assign(km, i, std::min<uint32_t>(end - i, VDB_IVF_ASSIGN_ROWS));
    km.cursor = end;
    if (end < km.job.end)
        return;
    group_by_list(km);
    fill_empty(km);
    km.phase = Phase::kUpdate;
    km.cursor = 0;
}

// Sets a centroid to the mean of its members.
void update(Kmeans &km, uint32_t c)
{
    Mean mean(km.affinity, km.sum);
    for (uint32_t i = km.starts[c]; i < km.starts[c + 1]; i++) {
        uint32_t id = km.by_list[km.job.begin + i];
        mean.add(static_cast<const char *>(km.sample.values) + id * km.sample.stride,
                 km.lengths[id]);
    }
    mean.write(centroid(km, c));
}

// Closes the gaps that centroids without members leave.  Grouping stays as it is.
void drop_empty(Kmeans &km)
{
    uint32_t kept = 0;
    for (uint32_t c = 0; c < km.job.found; c++) {
        if (members_of(km, c) == 0)
            continue;
        if (kept < c)
            std::memcpy(centroid(km, kept), centroid(km, c), km.g.value_bytes);
        km.starts[kept++] = km.starts[c];
    }
    km.starts[kept] = km.job.size();
    km.job.found = kept;
}

void step_update(Kmeans &km)
{
    uint64_t budget = slice(km, 1);
    while (km.cursor < km.job.found) {
        uint32_t n = members_of(km, km.cursor);
        if (n > 0)
            update(km, km.cursor);
        km.cursor++;
        if (n >= budget)
            break;
        budget -= n;
    }
    if (km.cursor < km.job.found)
        return;
    if (++km.round < km.job.rounds && km.moved > km.job.size() / 1000) {
        begin_round(km);
        return;
    }
    drop_empty(km);
    km.phase = Phase::kNextJob;
}

// --- jobs ---

void begin_job(Kmeans &km, const Job &job)
{
    km.job = job;
    km.round = 0;
    if (job.found > 0)
        begin_round(km);
    else
        begin_pass(km, job.begin + static_cast<uint32_t>(random_unit(km) * job.size()));
}

// Rounds over everything that are worth it for so many lists in the end.
uint32_t refine_rounds(const Kmeans &km, uint32_t lists)
{
    double distances = static_cast<double>(km.sample.count) * lists;
    return static_cast<uint32_t>(std::min<double>(kRefineRounds, kRefineWork / distances));
}

// Rounds of each job of two levels.
uint32_t rounds_of_levels(const Kmeans &km)
{
    return refine_rounds(km, km.lists) == kRefineRounds ? kCoarseRounds : kRounds;
}

// The lists of a group: its share of them by its share of the sample, and at least one.
void begin_group(Kmeans &km)
{
    uint64_t begin = km.group_start[km.group];
    uint64_t end = km.group_start[km.group + 1];
    uint64_t spare = km.lists - km.groups;
    uint64_t n = km.sample.count;
    auto wanted = static_cast<uint32_t>(1 + end * spare / n - begin * spare / n);
    begin_job(km, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end), wanted,
                   rounds_of_levels(km), km.centroids + km.found * km.stride, 0});
}

void keep_groups(Kmeans &km)
{
    km.groups = km.job.found;
    std::memcpy(km.group_start, km.starts, (km.groups + 1) * sizeof(uint32_t));
    std::swap(km.members, km.by_list);
}

void begin_refinement(Kmeans &km)
{
    uint32_t rounds = refine_rounds(km, km.found);
    km.stage = Stage::kRefine;
    if (rounds > 0) {
        begin_job(km, {0, km.sample.count, km.found, rounds, km.centroids, km.found});
        return;
    }
    km.stage = Stage::kEnd;
    km.phase = Phase::kDone;
}

void next_job(Kmeans &km)
{
    switch (km.stage) {
    case Stage::kGroups:
        keep_groups(km);
        km.stage = Stage::kLists;
        begin_group(km);
        return;
    case Stage::kLists:
        km.found += km.job.found;
        if (++km.group < km.groups)
            begin_group(km);
        else if (km.groups > 0)
            begin_refinement(km);
        else
            km.phase = Phase::kDone;
        return;
    case Stage::kRefine:
        km.found = km.job.found;
        break;
    case Stage::kEnd:
        break;
    }
    km.phase = Phase::kDone;
}

uint32_t groups_for(uint32_t lists)
{
    return lists > kFlatLists ? static_cast<uint32_t>(std::sqrt(static_cast<double>(lists))) : 0;
}

void begin(Kmeans &km)
{
    if (km.sample.count == 0) {
        std::memset(km.centroids, 0, km.stride);
        km.found = 1;
        km.phase = Phase::kDone;
        return;
    }
    km.groups = groups_for(km.lists);
    km.stage = km.groups > 0 ? Stage::kGroups : Stage::kLists;
    if (km.groups > 0)
        begin_job(km, {0, km.sample.count, km.groups, rounds_of_levels(km), km.group_centroids, 0});
    else
        begin_job(km, {0, km.sample.count, km.lists, kRounds, km.centroids, 0});
}

void step_prepare(Kmeans &km)
{
    uint32_t n = km.sample.count - km.cursor;
    uint32_t end = km.cursor + std::min(n, slice(km, 1));
    for (uint32_t i = km.cursor; i < end; i++) {
        km.members[i] = i;
        km.lengths[i] = length_of(km.affinity, static_cast<const char *>(km.sample.values) +
                                                   i * km.sample.stride);
    }
    km.cursor = end;
    if (end == km.sample.count)
        begin(km);
}

// Byte offsets of the arrays in the memory block.
struct Layout {
    size_t centroids, group_centroids, group_start, members, by_list, assigned, weights, lengths,
        starts, sum, assigner, end;
};

Layout lay_out(const VdbIvfGeometry &g, uint32_t lists, size_t count)
{
    size_t stride = align64(g.value_bytes);
    size_t groups = groups_for(lists);
    Layout l = {};
    size_t end = align64(sizeof(Kmeans));
    auto take = [&end](size_t bytes) {
        size_t start = end;
        end += align64(bytes);
        return start;
    };
    l.centroids = take(lists * stride);
    l.group_centroids = take(groups * stride);
    l.group_start = take((groups + 1) * sizeof(uint32_t));
    l.members = take(count * sizeof(uint32_t));
    l.by_list = take(count * sizeof(uint32_t));
    l.assigned = take(count * sizeof(uint32_t));
    l.weights = take(count * sizeof(float));
    l.lengths = take(count * sizeof(float));
    l.starts = take((size_t{lists} + 2) * sizeof(uint32_t));
    l.sum = take(g.space.dims * sizeof(double));
    l.assigner = take(VdbIvfAssigner::bytes(g.space, lists));
    l.end = end;
    return l;
}

} // namespace

} // namespace vdb::ivf

using namespace vdb;
using namespace vdb::ivf;

size_t vdb_ivf_kmeans_size(const VdbIvfGeometry *g, uint32_t lists, uint32_t count) noexcept
{
    return lay_out(*g, lists, count).end;
}

VdbIvfKmeans *vdb_ivf_kmeans_init(void *memory, const VdbIvfGeometry *g, uint32_t lists,
                                  const VdbIvfSample *sample, uint64_t seed) noexcept
{
    Layout l = lay_out(*g, lists, sample->count);
    char *base = static_cast<char *>(memory);
    auto *km = reinterpret_cast<VdbIvfKmeans *>(base);
    std::memset(base, 0, sizeof(*km));
    km->g = *g;
    km->affinity = Affinity(g->space);
    km->sample = *sample;
    km->seed = seed;
    km->lists = lists;
    km->stride = align64(g->value_bytes);
    km->centroids = base + l.centroids;
    km->group_centroids = base + l.group_centroids;
    km->group_start = reinterpret_cast<uint32_t *>(base + l.group_start);
    km->members = reinterpret_cast<uint32_t *>(base + l.members);
    km->by_list = reinterpret_cast<uint32_t *>(base + l.by_list);
    km->assigned = reinterpret_cast<uint32_t *>(base + l.assigned);
    km->weights = reinterpret_cast<float *>(base + l.weights);
    km->lengths = reinterpret_cast<float *>(base + l.lengths);
    km->starts = reinterpret_cast<uint32_t *>(base + l.starts);
    km->sum = reinterpret_cast<double *>(base + l.sum);
    km->assigner.init(base + l.assigner, g->space, lists);
    km->phase = Phase::kPrepare;
    return km;
}

bool vdb_ivf_kmeans_step(VdbIvfKmeans *km) noexcept
{
    switch (km->phase) {
    case Phase::kPrepare:
        step_prepare(*km);
        break;
    case Phase::kSeed:
        step_seed(*km);
        break;
    case Phase::kAssign:
        step_assign(*km);
        break;
    case Phase::kUpdate:
        step_update(*km);
        break;
    case Phase::kNextJob:
        next_job(*km);
        break;
    case Phase::kDone:
        break;
    }
    return km->phase != Phase::kDone;
}

VdbIvfCentroids vdb_ivf_kmeans_result(const VdbIvfKmeans *km) noexcept
{
    return {km->centroids, km->stride, km->found};
}
