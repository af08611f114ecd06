// Collecting entries and handing them out nearest first.
#include "ivf/scan.h"

#include <algorithm>
#include <limits>

namespace vdb::ivf {

namespace {

using Scan = VdbIvfScan;

constexpr uint32_t kFirstEntries = 4096; // 48 KB
constexpr uint32_t kFirstChunk = 64;     // most scans take no more than a few rows
constexpr uint32_t kHeapChunk = 256;     // up to here a heap beats a partition

void begin_pass(Scan &s)
{
    s.found.size = s.next = s.sorted = 0;
    s.chunk = kFirstChunk;
    s.dropped_any = s.late = false;
}

void begin_window(Scan &s)
{
    begin_pass(s);
    s.taken_any = s.rereading = false;
}

void raise_floor(Scan &s)
{
    if (s.taken_any)
        s.floor = std::max(s.floor, s.last.distance);
}

// Makes room by giving up the farther half of what was collected.
void shrink(Scan &s)
{
    uint32_t half = s.found.size / 2;
    Found *begin = s.found.begin();
    std::nth_element(begin, begin + half, s.found.end(), NearestFirst());
    if (!s.dropped_any || NearestFirst()(begin[half], s.dropped))
        s.dropped = begin[half];
    s.dropped_any = true;
    s.found.size = half;
}

// Whether entries of lists that came late are being taken that go before one taken earlier.
bool behind(const Scan &s)
{
    return s.taken_any && NearestFirst()(s.now, s.last);
}

bool wanted(const Scan &s, const Found &f)
{
    NearestFirst before;
    if (f.distance < s.floor || (s.rereading && !before(s.late ? s.now : s.last, f)))
        return false;
    return !s.dropped_any || before(f, s.dropped);
}

// Under cosine: what rank() needs to know of an entry.  Of values at unit length only whether it is
// the zero vector, which sorts last.
float norm_of(const Scan &s, const void *page, uint32_t i, float raw)
{
    if (s.g.norms_offset != 0)
        return norms_of(page, s.g)[i];
    const void *value = value_at(page, s.g, i);
    return raw == 0 ? s.space.raw(value, value, s.space.units) : 1;
}

float rank_of(const Scan &s, const void *page, uint32_t i)
{
    if (s.query == nullptr)
        return 0;
    float raw = s.space.raw(s.query, value_at(page, s.g, i), s.space.units);
    float norm = s.space.metric == VDB_METRIC_COSINE ? norm_of(s, page, i, raw) : 1;
    return s.space.rank(raw, s.query_norm, norm);
}

// The n-th nearest of the unordered rest, by a heap of n: most entries cost one comparison.
void order_by_heap(Scan &s, uint32_t n)
{
    Found *rest = s.found.begin() + s.sorted;
    NearestFirst before;
    std::make_heap(rest, rest + n, before);
    for (Found *f = rest + n; f < s.found.end(); f++) {
        if (before(*f, rest[0])) {
            std::pop_heap(rest, rest + n, before);
            std::swap(*f, rest[n - 1]);
            std::push_heap(rest, rest + n, before);
        }
    }
    std::sort_heap(rest, rest + n, before);
}

void order_by_partition(Scan &s, uint32_t n)
{
    Found *rest = s.found.begin() + s.sorted;
    if (rest + n < s.found.end())
        std::nth_element(rest, rest + n, s.found.end(), NearestFirst());
    std::sort(rest, rest + n, NearestFirst());
}

void order_chunk(Scan &s)
{
    uint32_t n = std::min(s.chunk, s.found.size - s.sorted);
    if (n <= kHeapChunk)
        order_by_heap(s, n);
    else
        order_by_partition(s, n);
    s.sorted += n;
    s.chunk = s.chunk < (1u << 24) ? s.chunk * 4 : s.chunk;
}

} // namespace

} // namespace vdb::ivf

using namespace vdb;
using namespace vdb::ivf;

size_t vdb_ivf_scan_size(void) noexcept
{
    return sizeof(VdbIvfScan);
}

VdbIvfScan *vdb_ivf_scan_init(void *memory, const VdbIvfGeometry *g, size_t budget) noexcept
{
    auto *s = static_cast<VdbIvfScan *>(memory);
    *s = {};
    s->g = *g;
    s->space = make_space(g->space);
    size_t most = std::min<size_t>(budget / sizeof(Found), UINT32_MAX / 4);
    s->limit = std::max(static_cast<uint32_t>(most), 2 * g->capacity);
    return s;
}

void vdb_ivf_scan_start(VdbIvfScan *s, const void *query, float query_norm,
                        VdbIvfOrder order) noexcept
{
    s->query = query;
    s->query_norm = query_norm;
    s->order = order;
    s->floor = -std::numeric_limits<float>::infinity();
    begin_window(*s);
}

size_t vdb_ivf_scan_need(const VdbIvfScan *s) noexcept
{
    if (s->found.room() >= s->g.capacity || s->found.capacity >= s->limit)
        return 0;
    uint32_t more = std::max(s->found.capacity * 2, std::max(kFirstEntries, 2 * s->g.capacity));
    return std::min(more, s->limit) * sizeof(Found);
}

void vdb_ivf_scan_give(VdbIvfScan *s, void *memory, size_t size) noexcept
{
    s->found.move_to(memory, static_cast<uint32_t>(size / sizeof(Found)));
}

VdbStatus vdb_ivf_scan_feed(VdbIvfScan *s, const void *page, uint32_t list_id) noexcept
{
    VdbIvfData data;
    VdbStatus status = vdb_ivf_data_read(page, &s->g, list_id, &data);
    if (status != VDB_OK)
        return status;
    if (s->found.capacity < 2 * s->g.capacity)
        return VDB_FULL;
    if (s->found.room() < data.count)
        shrink(*s);
    const VdbTid *tids = tids_of(page, s->g);
    for (uint32_t i = 0; i < data.count; i++) {
        Found f = {rank_of(*s, page, i), tids[i], 0};
        if (wanted(*s, f))
            s->found.push(f);
    }
    return VDB_OK;
}

bool vdb_ivf_scan_take(VdbIvfScan *s, VdbTid *tid, float *distance) noexcept
{
    if (s->next == s->sorted) {
        if (s->sorted == s->found.size)
            return false;
        order_chunk(*s);
    }
    const Found &f = s->found[s->next++];
    // A list added late may hold an entry as far as the last one, with a smaller tid.
    s->now = f;
    if (!s->taken_any || NearestFirst()(s->last, f))
        s->last = f;
    s->taken_any = true;
    *tid = f.tid;
    *distance = f.distance;
    return true;
}

bool vdb_ivf_scan_again(VdbIvfScan *s) noexcept
{
    bool again = s->dropped_any;
    begin_pass(*s);
    s->rereading = s->taken_any;
    return again;
}

void vdb_ivf_scan_window(VdbIvfScan *s) noexcept
{
    if (s->order == VDB_IVF_STRICT)
        raise_floor(*s);
    begin_window(*s);
}

uint32_t vdb_ivf_scan_left(const VdbIvfScan *s) noexcept
{
    return s->found.size - s->next;
}

void vdb_ivf_scan_late(VdbIvfScan *s) noexcept
{
    s->late = true;
}

bool vdb_ivf_scan_widen(VdbIvfScan *s) noexcept
{
    if (s->order != VDB_IVF_STRICT || s->query == nullptr || s->dropped_any)
        return false;
    if (behind(*s) && vdb_ivf_scan_left(s) > 0)
        return false;
    raise_floor(*s);
    s->now = s->last;
    s->rereading = s->late = false; // all that is not taken is in memory
    // What is left loses its order, so its end may fill the gap at the front.
    uint32_t left = s->found.size - s->next;
    Found *begin = s->found.begin();
    std::copy(std::max(begin + s->next, s->found.end() - s->next), s->found.end(), begin);
    s->found.size = left;
    s->next = s->sorted = 0;
    s->chunk = kFirstChunk;
    return true;
}
