// What a candidate pool takes in.
#include "hnsw/candidate_pool.h"

namespace vdb::hnsw {

namespace {

// Where a place is among the first n, n if nowhere.  Looks at all: that takes no branches.
uint32_t find(const uint32_t *places, uint32_t n, uint32_t place)
{
    uint32_t found = n;
    for (uint32_t i = 0; i < n; i++)
        found = places[i] == place ? i : found;
    return found;
}

} // namespace

void CandidatePool::find_farthest(uint32_t size)
{
    const int32_t *d = distances(size);
    int32_t most = INT32_MIN;
    for (uint32_t i = own; i < size; i++)
        most = d[i] > most ? d[i] : most;
    uint32_t last = 0;
    for (uint32_t i = own; i < size; i++)
        last = d[i] == most && places()[i] >= last ? places()[i] : last;
    farthest = own + find(places() + own, size - own, last);
}

void CandidatePool::offer(uint32_t size, Near candidate)
{
    int32_t number = number_of(candidate.distance);
    if (own == size)
        return;
    if (count == size && !nearer(candidate, {distance(size, farthest), places()[farthest]}))
        return;
    uint32_t at = find(places(), count, candidate.place);
    if (at < count) {
        // The same pair compared in another leaf: its distance was rounded otherwise.
        if (at < own || number >= distances(size)[at])
            return;
        distances(size)[at] = number;
    } else {
        at = count < size ? count++ : farthest;
        places()[at] = candidate.place;
        distances(size)[at] = number;
    }
    if (count == size)
        find_farthest(size);
}

} // namespace vdb::hnsw
