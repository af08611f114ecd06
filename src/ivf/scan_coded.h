// State of a scan of a coded index.  See scan_coded_api.h for how it is driven.
#pragma once

#include "core/heap.h"
#include "ivf/candidate_queue.h"
#include "ivf/page_format.h"
#include "ivf/scan.h"
#include "ivf/scan_coded_api.h"

namespace vdb::ivf {

// Entries ranked at a time: their pages' cache lines are loaded together.
constexpr uint32_t kCodedBatch = 16;

struct NearestRowFirst {
    bool operator()(const VdbIvfCodedRow &a, const VdbIvfCodedRow &b) const
    {
        return a.bound != b.bound ? a.bound < b.bound : tid_key(a.tid) < tid_key(b.tid);
    }
};

} // namespace vdb::ivf

struct VdbIvfCodedScan {
    VdbIvfGeometry g;
    const VdbKernels *kernels;
    VdbIvfCodedQuery query;
    bool in_order;          // false: all rows are equally near, or as far
    VdbCodeQuery *estimate; // what `codes_of_query` is made into
    void *codes_of_query;   // these three are in the scan's own memory
    float *lowers;          // of a page's entries
    uint32_t *near;         // which of them are wanted
    size_t limit;           // of bytes for candidates

    // the list whose pages are fed
    uint32_t list_id;
    const void *ahead; // the page after the one fed next, or nullptr
    VdbIvfBase base;
    float error_per_spread; // standard error of an estimate
    float width;            // lower bounds are that many spreads below the estimates

    vdb::ivf::CandidateQueue candidates;
    uint32_t room;   // candidates before the farthest are given up
    bool is_ordered; // no page was fed since
    vdb::Heap<VdbIvfCodedRow, vdb::ivf::NearestRowFirst> rows;
    VdbIvfCandidate batch[vdb::ivf::kCodedBatch];
    uint32_t batch_size;

    uint32_t ranked_total;
    uint64_t fed;        // entries in this pass over the window
    uint64_t taken;      // rows
    float largest_error; // standard error of any entry fed
    double off;          // by how much bounds of kept values may be below results ...
    double rounding;     // ... and ranks, for the rounding of either
    double floor; // the largest bound of a row taken: what the executor returned is not beyond it
    vdb::ivf::CodedKey now;     // ranked last
    vdb::ivf::CodedKey last;    // the last in order of those ranked: ahead of `now` for a while
                                // after the window was widened
    bool ranked_any;            // in this window: `last` and `now` are of it
    bool rereading;             // leaves out what was ranked: not after `last`, or `now` ...
    bool late;                  // ... of lists that the window was last widened by
    bool dropped_any;           // in this pass over the window
    vdb::ivf::CodedKey dropped; // the first that found no room: what is not before it is dropped
};
static_assert(std::is_trivially_destructible_v<VdbIvfCodedScan>);
