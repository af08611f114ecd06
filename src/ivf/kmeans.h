// State of the k-means machine: Lloyd's algorithm from k-means++ seeds, run as a series of jobs.
//
// Up to kFlatLists lists are one job over the whole sample.  More are found in two levels: a job
// for about root(lists) groups, one for the lists of each group, and, while that is cheap, a few
// rounds over everything.  See kmeans_api.h for how it is driven.
#pragma once

#include <type_traits>

#include "ivf/assign.h"
#include "ivf/kmeans_api.h"

namespace vdb::ivf {

// k centroids for the members [begin, end).
struct Job {
    uint32_t begin;
    uint32_t end;
    uint32_t wanted;
    uint32_t rounds; // of Lloyd at most
    char *centroids;
    uint32_t found; // seeds so far, at last centroids

    uint32_t size() const { return end - begin; }
};

enum class Phase : uint8_t {
    kPrepare, // the length of every value
    kNextJob,
    kSeed,   // one more seed: its distance to every member
    kAssign, // every member to its nearest centroid
    kUpdate, // every centroid to the mean of its members
    kDone
};

enum class Stage : uint8_t {
    kGroups, // two levels: the groups
    kLists,  // the lists, of the group `group` or of everything
    kRefine, // two levels: all lists over everything
    kEnd
};

} // namespace vdb::ivf

struct VdbIvfKmeans {
    VdbIvfGeometry g;
    vdb::ivf::Affinity affinity;
    VdbIvfAssigner assigner;
    VdbIvfSample sample;
    uint64_t seed;
    uint64_t random_count;
    uint32_t lists;
    size_t stride; // of centroids

    vdb::ivf::Stage stage;
    vdb::ivf::Phase phase;
    vdb::ivf::Job job;
    uint32_t cursor; // how far the phase has come
    uint32_t round;
    uint32_t moved;      // members that changed their centroid in this round
    double weight_total; // kSeed: of all members

    uint32_t groups;       // 0 = one level
    uint32_t group;        // whose lists are being found
    uint32_t found;        // lists of the groups before it
    uint32_t *group_start; // groups + 1 positions in `members`

    char *centroids;       // lists of them
    char *group_centroids; // groups of them
    uint32_t *members;     // indexes into the sample; a job works on a range of them
    uint32_t *by_list;     // the job's members, grouped by their centroid
    uint32_t *assigned;    // by position in `members`
    float *weights;        // by position: how far from its centroid, never NaN or negative
    float *lengths;        // by index into the sample (length_of())
    uint32_t *starts;      // lists + 2: where each centroid's members start in by_list
    double *sum;           // dims
};
static_assert(std::is_trivially_destructible_v<VdbIvfKmeans>);
