// Candidates of a coded scan, which leave nearest first.
#pragma once

#include "core/heap.h"
#include "ivf/nearest_part.h"
#include "ivf/scan.h"
#include "ivf/scan_coded_api.h"

namespace vdb::ivf {

// A place in the order in which entries are ranked: total, and the same whenever a page is read.
struct CodedKey {
    float lower; // never NaN
    uint64_t tid;
};

inline CodedKey key_of(const VdbIvfCandidate &c)
{
    return {c.lower, tid_key(c.tid)};
}

inline bool goes_before(CodedKey a, CodedKey b)
{
    return a.lower != b.lower ? a.lower < b.lower : a.tid < b.tid;
}

// Few of those collected ever leave: an array of which the nearest part is put in order when one of
// it is wanted, more of it each time.
struct CandidateQueue : Array<VdbIvfCandidate> {
    uint32_t rest;  // [0, rest) are in no order and come after the others, which are in order,
                    // the nearest last
    uint32_t chunk; // to be put in order next

    // To be called when some were pushed, before one is looked at.
    void make();
    const VdbIvfCandidate &top() const { return data[size - 1]; }
    VdbIvfCandidate pop()
    {
        VdbIvfCandidate c = data[--size];
        if (size == rest)
            order_more();
        return c;
    }
    // Gives up all but about the nearest of so many parts; answers the nearest of those given up.
    CodedKey keep_part(uint32_t parts);

  private:
    bool pick(NearestPart *part, uint32_t fewest, uint32_t most) const;
    void order_more();
};

} // namespace vdb::ivf
