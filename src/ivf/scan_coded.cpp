// Scanning the lists of a coded index; see scan_coded_api.h.
#include "ivf/scan_coded.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/align.h"
#include "core/half_api.h"
#include "ivf/centroid_codes.h"
#include "quant/bound_api.h"
#include "quant/code_api.h"

namespace vdb::ivf {

namespace {

using Scan = VdbIvfCodedScan;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

// Candidates of the first pass over a window: more cost more than they save unless many are ranked
// (wordnet, 10 rows, 50 ranked: 56 us with 256, 64 with 512, 77 with 1,024).
constexpr uint32_t kFirstRoom = 256;
constexpr uint32_t kRoomPerRanked = 5; // as one in kLeft stays
constexpr uint32_t kLargestFirstRoom = 1u << 16;
constexpr uint32_t kNextRoom = 8;    // times as many in the next pass
constexpr uint32_t kLeft = 4;        // one in so many stays when the room is full
constexpr uint32_t kFirstRows = 256; // 4 KB
constexpr uint32_t kLanes = 32;      // estimates come in blocks of so many

// What the rounding of a query's tables adds to an error, in spreads: of a code whose residual is
// normal, t / spread = sqrt(pi/2 / (pi/2 - 1)).
constexpr float kSlopePerSpread = 1.659F;

// A kept vector's error points anywhere, so that it is a root(dims)-th of its length along the line
// to a query; by so many times that a distance to a kept vector is off at most, in all likelihood.
constexpr double kErrorsOff = 5;

// In strict order: where one row in so many was taken, all are ranked before another is, if there
// is room for them.
constexpr uint32_t kTakenPart = 8;
// So many rows may be taken for one that is lost because its estimate was off by more than was
// reckoned with.
constexpr double kRowsPerLost = 2;
// Who takes no more wants few: to be surer would rank half as many entries more.
constexpr uint32_t kFewTaken = 128;
constexpr uint16_t kLargestSpread = 0x7F7F;

uint32_t page_entries(const Scan &s)
{
    return (s.g.capacity + kLanes - 1) / kLanes * kLanes;
}

void begin_pass(Scan &s)
{
    s.candidates.size = 0;
    s.is_ordered = s.dropped_any = s.late = false;
    s.fed = 0;
}

void begin_window(Scan &s)
{
    begin_pass(s);
    s.ranked_any = s.rereading = false;
}

bool wanted(const Scan &s, CodedKey key)
{
    if (s.rereading && !goes_before(s.late ? s.now : s.last, key))
        return false;
    return !s.dropped_any || goes_before(key, s.dropped);
}

float at_most_largest(double x)
{
    return x < double{kLargest} ? static_cast<float>(x) : kLargest;
}

// Makes room by giving up all but the nearest candidates.
void shrink(Scan &s)
{
    CodedKey key = s.candidates.keep_part(kLeft);
    if (!s.dropped_any || goes_before(key, s.dropped))
        s.dropped = key;
    s.dropped_any = true;
}

uint16_t largest_spread(const VdbIvfCodes &codes)
{
    uint16_t largest = 0;
    for (uint32_t i = 0; i < codes.count; i++)
        largest = std::max(largest, codes.spreads[i]);
    return largest;
}

// Lower bounds of a page's entries; padded to whole blocks, with what is nowhere near.
uint32_t bound_entries(Scan &s, const VdbIvfCodes &codes)
{
    uint32_t padded = (codes.count + kLanes - 1) / kLanes * kLanes;
    if (!s.in_order) {
        std::fill_n(s.lowers, codes.count, 0.0F);
    } else {
        vdb_ivf_codes_estimate(&s.g, &codes, s.estimate, s.base, s.lowers);
        for (uint32_t i = 0; i < codes.count; i++) {
            float lower = s.lowers[i] - s.width * vdb_bits_float(uint32_t{codes.spreads[i]} << 16);
            s.lowers[i] = lower < kLargest ? lower : -kLargest; // overflowed: nothing is known
        }
    }
    std::fill(s.lowers + codes.count, s.lowers + padded, kInfinity);
    return padded;
}

void collect(Scan &s, const VdbIvfCodes &codes)
{
    uint32_t padded = bound_entries(s, codes);
    float limit = s.dropped_any ? std::nextafterf(s.dropped.lower, kInfinity) : kInfinity;
    auto n = static_cast<uint32_t>(s.kernels->less_than(s.near, s.lowers, padded, limit));
    for (uint32_t j = 0; j < n; j++) {
        __builtin_prefetch(codes.tids + s.near[j]);
        if (codes.places != nullptr)
            __builtin_prefetch(codes.places + s.near[j]);
    }
    for (uint32_t j = 0; j < n; j++) {
        uint32_t i = s.near[j];
        VdbIvfPlace place = codes.places != nullptr ? codes.places[i] : VdbIvfPlace{};
        VdbIvfCandidate c = {s.lowers[i], s.list_id, codes.tids[i], place};
        if (wanted(s, key_of(c)))
            s.candidates.push(c);
    }
}

// In the operator's units.
double bound_of(const Scan &s, double lower)
{
    if (s.g.space.metric == VDB_METRIC_L2)
        return lower > 0 ? std::sqrt(lower) : 0;
    return lower;
}

// Part of a kept vector's error by which distances to it are off.
double part_off(const Scan &s)
{
    return std::min(kErrorsOff / std::sqrt(static_cast<double>(s.g.space.dims)), 1.0);
}

// By how many standard errors more than in lower bounds estimates are taken to be off.  Of the
// rows that a scan goes through some are off by more than epsilon, and strict order loses those,
// which matters to who wants many: of n normal errors the largest is about root(2 ln n).
double errors_more(const Scan &s)
{
    if (s.query.order != VDB_IVF_STRICT)
        return 0;
    if (s.taken >= s.fed / kTakenPart && s.fed * sizeof(VdbIvfCodedRow) <= s.limit)
        return std::numeric_limits<double>::infinity();
    if (s.taken <= kFewTaken)
        return 0;
    double n = static_cast<double>(s.taken) / kRowsPerLost;
    return std::max(std::sqrt(2 * std::log(n)) - s.query.epsilon, 0.0);
}

// Notes by how much the bound of a ranked value may be below the operator's result, in all
// likelihood: for the value's error, and for rounding, which is of the rank.
void note_error(Scan &s, const VdbKeptDistance &seen, double bound)
{
    bool ip = s.g.space.metric == VDB_METRIC_IP;
    double error = seen.error * (ip ? std::sqrt(double{s.query.norm}) : 1.0);
    double least = bound + error;
    double rounding = s.g.space.metric == VDB_METRIC_L2 ? seen.raw - least * least
                                                        : (ip ? 0 : 1) - seen.raw - least;
    if (!(rounding < kLargest)) // NaN: a length overflowed
        rounding = std::numeric_limits<double>::infinity();
    s.rounding = std::max(s.rounding, rounding);
    s.off = std::max(s.off, part_off(s) * error);
}

// What no candidate will turn out to be below that was not ranked yet, and neither what its kept
// value says of it.
double least_left(const Scan &s)
{
    if (s.candidates.size == 0 && !s.dropped_any)
        return std::numeric_limits<double>::infinity();
    double lower = s.candidates.size > 0 ? s.candidates.top().lower : s.dropped.lower;
    double more = errors_more(s);
    if (std::isinf(more))
        return -more;
    return bound_of(s, lower - more * s.largest_error - 2 * s.rounding) - 2 * s.off;
}

VdbIvfCandidate pop_candidate(Scan &s)
{
    VdbIvfCandidate c = s.candidates.pop();
    s.now = key_of(c);
    if (!s.ranked_any || goes_before(s.last, s.now))
        s.last = s.now;
    s.ranked_any = true;
    s.ranked_total++;
    return c;
}

bool on_earlier_page(const VdbIvfCandidate &a, const VdbIvfCandidate &b)
{
    VdbBlock x = vdb_ivf_place_block(a.place), y = vdb_ivf_place_block(b.place);
    return x != y ? x < y : a.list_id < b.list_id;
}

void fill_batch(Scan &s)
{
    s.batch_size = std::min(s.candidates.size, kCodedBatch);
    for (uint32_t i = 0; i < s.batch_size; i++)
        s.batch[i] = pop_candidate(s);
    std::sort(s.batch, s.batch + s.batch_size, on_earlier_page);
}

// Whether the row is found too late: nearer than one that the executor may have returned.
bool too_late(const Scan &s, double distance)
{
    return s.query.order == VDB_IVF_STRICT && distance < s.floor;
}

void add_row(Scan &s, VdbTid tid, double bound)
{
    if (s.rows.room() > 0)
        s.rows.push({tid, bound});
}

// The bound may be below that of a row taken before: the executor has returned nothing that is
// beyond the distance all the same.
void rank_value(Scan &s, VdbTid tid, VdbKeptDistance seen)
{
    double bound = vdb_kept_bound(&s.g.space, &seen);
    note_error(s, seen, bound);
    seen.error *= static_cast<float>(part_off(s));
    if (bound < s.floor && too_late(s, vdb_kept_bound(&s.g.space, &seen)))
        return;
    add_row(s, tid, bound);
}

void take_row(Scan &s, VdbIvfCodedRow *row)
{
    s.taken++;
    if (s.in_order) {
        *row = s.rows.pop();
        s.floor = std::max(s.floor, row->bound);
    } else {
        double far = s.query.vector != nullptr ? std::numeric_limits<double>::infinity() : 0;
        *row = {pop_candidate(s).tid, far};
    }
}

// Whether candidates of lists that came late are being ranked that go before one ranked earlier.
bool behind(const Scan &s)
{
    return s.ranked_any && goes_before(s.now, s.last);
}

uint32_t first_room(const Scan &s)
{
    uint64_t room = uint64_t{s.query.expected} * kRoomPerRanked;
    return static_cast<uint32_t>(std::clamp<uint64_t>(room, kFirstRoom, kLargestFirstRoom));
}

void set_room(Scan &s, uint64_t room)
{
    uint64_t most = s.limit / sizeof(VdbIvfCandidate);
    most = most > s.g.capacity ? most - s.g.capacity : 0;
    s.room = static_cast<uint32_t>(std::max<uint64_t>(std::min(room, most), kFirstRoom));
}

} // namespace

} // namespace vdb::ivf

using namespace vdb;
using namespace vdb::ivf;

size_t vdb_ivf_coded_scan_size(const VdbIvfGeometry *g) noexcept
{
    VdbCodec codec = vdb_ivf_codec(g);
    size_t entries = align64(g->capacity) + kLanes;
    return align64(sizeof(VdbIvfCodedScan)) + align64(vdb_code_query_size(&codec)) +
           entries * (sizeof(float) + sizeof(uint32_t));
}

VdbIvfCodedScan *vdb_ivf_coded_init(void *memory, const VdbIvfGeometry *g, size_t budget) noexcept
{
    auto *s = static_cast<VdbIvfCodedScan *>(memory);
    VdbCodec codec = vdb_ivf_codec(g);
    char *rest = static_cast<char *>(memory) + align64(sizeof(*s));
    *s = {};
    s->g = *g;
    s->kernels = vdb_simd_kernels();
    s->limit = std::min<size_t>(budget, UINT32_MAX);
    s->codes_of_query = rest;
    s->lowers = reinterpret_cast<float *>(rest + align64(vdb_code_query_size(&codec)));
    s->near = reinterpret_cast<uint32_t *>(s->lowers + page_entries(*s));
    return s;
}

void vdb_ivf_coded_start(VdbIvfCodedScan *s, const VdbIvfCodedQuery *query) noexcept
{
    VdbCodec codec = vdb_ivf_codec(&s->g);
    s->query = *query;
    s->in_order =
        query->vector != nullptr && (s->g.space.metric != VDB_METRIC_COSINE || query->norm > 0);
    if (s->in_order)
        s->estimate = vdb_code_query_init(s->codes_of_query, &codec, query->vector);
    s->rows.size = s->batch_size = 0;
    s->off = s->rounding = 0;
    s->ranked_total = 0;
    s->taken = 0;
    s->largest_error = 0;
    s->floor = -std::numeric_limits<double>::infinity();
    set_room(*s, first_room(*s));
    begin_window(*s);
}

size_t vdb_ivf_coded_need(const VdbIvfCodedScan *s) noexcept
{
    if (s->candidates.capacity < s->room + s->g.capacity)
        return (size_t{s->room} + s->g.capacity) * sizeof(VdbIvfCandidate);
    if (s->rows.room() < kCodedBatch)
        return std::max(size_t{s->rows.capacity} * 2, size_t{kFirstRows}) * sizeof(VdbIvfCodedRow);
    return 0;
}

void *vdb_ivf_coded_give(VdbIvfCodedScan *s, void *memory, size_t size) noexcept
{
    bool for_rows = s->candidates.capacity >= s->room + s->g.capacity;
    void *old = for_rows ? static_cast<void *>(s->rows.data) : s->candidates.data;
    if (for_rows)
        s->rows.move_to(memory, static_cast<uint32_t>(size / sizeof(VdbIvfCodedRow)));
    else
        s->candidates.move_to(memory, static_cast<uint32_t>(size / sizeof(VdbIvfCandidate)));
    return old;
}

void vdb_ivf_coded_list(VdbIvfCodedScan *s, const VdbIvfCodedList *list) noexcept
{
    s->list_id = list->id;
    s->width = s->error_per_spread = 0;
    if (!s->in_order)
        return;
    float noise = vdb_code_query_noise(s->estimate) * kSlopePerSpread;
    double apart = list->distance; // |q - u|^2, or |q - a u|^2 for the a that makes it least
    if (s->g.space.metric == VDB_METRIC_L2) {
        s->base = {list->distance, 1};
    } else {
        double dot = -double{list->distance};
        double a = list->norm > 0 ? dot / list->norm : 0;
        bool usable = std::fabs(a) <= kLargest;
        s->base = {s->g.space.metric == VDB_METRIC_COSINE ? 1 + list->distance : list->distance,
                   usable ? static_cast<float>(a) : 1};
        apart = s->query.norm - (usable ? a * dot : 0);
    }
    double error = std::sqrt(std::max(apart, 0.0) + double{noise} * noise);
    error *= s->g.space.metric == VDB_METRIC_L2 ? 2 : 1;
    s->error_per_spread = at_most_largest(error);
    s->width = at_most_largest(error * s->query.epsilon);
}

void vdb_ivf_coded_ahead(VdbIvfCodedScan *s, const void *page) noexcept
{
    s->ahead = page;
}

VdbStatus vdb_ivf_coded_feed(VdbIvfCodedScan *s, const void *page) noexcept
{
    VdbIvfCodes codes;
    VdbStatus status = vdb_ivf_codes_read(page, &s->g, s->list_id, &codes);
    if (status != VDB_OK)
        return status;
    if (s->candidates.capacity < s->room + s->g.capacity)
        return VDB_FULL;
    uint16_t spread = s->in_order ? largest_spread(codes) : 0;
    if (spread > kLargestSpread)
        return VDB_CORRUPT;
    s->largest_error = std::max(
        s->largest_error, at_most_largest(double{s->error_per_spread} * vdb_code_float(spread)));
    s->fed += codes.count;
    if (s->candidates.size >= s->room)
        shrink(*s);
    s->is_ordered = false;
    codes.ahead = s->ahead;
    s->ahead = nullptr;
    collect(*s, codes);
    return VDB_OK;
}

bool vdb_ivf_coded_ready(VdbIvfCodedScan *s) noexcept
{
    if (!s->is_ordered)
        s->candidates.make();
    s->is_ordered = true;
    if (!s->in_order)
        return s->candidates.size > 0;
    return s->rows.size > 0 && s->rows.top().bound <= least_left(*s);
}

VdbIvfCodedNext vdb_ivf_coded_next(VdbIvfCodedScan *s, VdbIvfCodedRow *row) noexcept
{
    if (vdb_ivf_coded_ready(s)) {
        take_row(*s, row);
        return VDB_IVF_CODED_ROW;
    }
    if (s->candidates.size == 0)
        return VDB_IVF_CODED_DRY;
    fill_batch(*s);
    return VDB_IVF_CODED_RANK;
}

const VdbIvfCandidate *vdb_ivf_coded_batch(const VdbIvfCodedScan *s, uint32_t *n) noexcept
{
    *n = s->batch_size;
    return s->batch;
}

VdbStatus vdb_ivf_coded_rank(VdbIvfCodedScan *s, const VdbIvfValuePages *at, uint32_t *i) noexcept
{
    VdbKept kept = kept_form(s->g);
    auto metric = static_cast<VdbMetric>(s->g.space.metric);
    const VdbIvfCandidate first = s->batch[*i];
    VdbIvfValues values;
    VdbStatus status = vdb_ivf_values_read(at->page, &s->g, first.list_id, &values);
    if (status != VDB_OK)
        return status;
    for (; *i < s->batch_size; ++*i) {
        const VdbIvfCandidate &c = s->batch[*i];
        if (on_earlier_page(first, c))
            break;
        VdbIvfValue value;
        status = vdb_ivf_value_read(at, &s->g, c.place.slot, c.tid, &value);
        if (status == VDB_STALE)
            continue;
        if (status != VDB_OK)
            return status;
        float raw = vdb_kept_raw(kept, metric, s->g.space.dims, s->query.vector, value.kept);
        VdbKeptDistance seen = {raw, s->query.norm, value.norm, vdb_kept_error(kept, value.kept)};
        rank_value(*s, c.tid, seen);
    }
    return VDB_OK;
}

void vdb_ivf_coded_ranked(VdbIvfCodedScan *s, uint32_t i, double distance) noexcept
{
    if (!too_late(*s, distance))
        add_row(*s, s->batch[i].tid, distance);
}

bool vdb_ivf_coded_again(VdbIvfCodedScan *s) noexcept
{
    bool again = s->dropped_any;
    begin_pass(*s);
    s->rereading = s->ranked_any;
    if (again)
        set_room(*s, uint64_t{s->room} * kNextRoom);
    return again;
}

void vdb_ivf_coded_window(VdbIvfCodedScan *s) noexcept
{
    begin_window(*s);
}

bool vdb_ivf_coded_widen(VdbIvfCodedScan *s) noexcept
{
    if (s->query.order != VDB_IVF_STRICT || !s->in_order || s->dropped_any)
        return false;
    if (behind(*s) && s->candidates.size > 0)
        return false;
    s->now = s->last;
    s->rereading = s->late = false; // all that was not ranked is in memory
    return true;
}

void vdb_ivf_coded_late(VdbIvfCodedScan *s) noexcept
{
    s->late = true;
}

uint32_t vdb_ivf_coded_left(const VdbIvfCodedScan *s) noexcept
{
    return s->candidates.size + s->rows.size;
}

uint32_t vdb_ivf_coded_ranked_total(const VdbIvfCodedScan *s) noexcept
{
    return s->ranked_total;
}

bool vdb_ivf_coded_estimate_lists(const VdbIvfCodedScan *s, const VdbIvfCentroidCodes *codes,
                                  VdbIvfRanked *out) noexcept
{
    if (codes == nullptr || !s->in_order)
        return false;
    estimate_lists(s->g, *codes, *s->estimate, s->query.vector, out);
    return true;
}
