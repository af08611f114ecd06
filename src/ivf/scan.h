// State of a scan's collector.  See scan_api.h for how it is driven.
#pragma once

#include "core/heap.h"
#include "ivf/page_format.h"
#include "ivf/scan_api.h"
#include "quant/space.h"

namespace vdb::ivf {

// An entry seen.  12 bytes, as many of them may have to be kept.
struct Found {
    float distance; // never NaN
    VdbTid tid;
    uint16_t pad;
};
static_assert(sizeof(Found) == 12);

inline uint64_t tid_key(VdbTid tid)
{
    return uint64_t{tid.block_hi} << 32 | uint64_t{tid.block_lo} << 16 | tid.offset;
}

// A total order: no two entries are equal.
struct NearestFirst {
    bool operator()(const Found &a, const Found &b) const
    {
        return a.distance != b.distance ? a.distance < b.distance : tid_key(a.tid) < tid_key(b.tid);
    }
};

} // namespace vdb::ivf

struct VdbIvfScan {
    VdbIvfGeometry g;
    vdb::Space space;
    const void *query;
    float query_norm;
    VdbIvfOrder order;
    uint32_t limit; // of entries kept

    // [0, next) taken, [next, sorted) in order, [sorted, size) behind them in no order
    vdb::Array<vdb::ivf::Found> found;
    uint32_t next;
    uint32_t sorted;
    uint32_t chunk; // to put in order next

    vdb::ivf::Found now;     // taken last
    vdb::ivf::Found last;    // the last in order of those taken: ahead of `now` for a while after
                             // the window was widened
    float floor;             // entries nearer than this are left out
    bool taken_any;          // in this window: `last` and `now` are of it
    bool rereading;          // leaves out what was taken: not after `last`, or `now` ...
    bool late;               // ... of lists that the window was last widened by
    bool dropped_any;        // in this pass over the window
    vdb::ivf::Found dropped; // the nearest that found no room: what is not before it is dropped too
};
static_assert(std::is_trivially_destructible_v<VdbIvfScan>);
