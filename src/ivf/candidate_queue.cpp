// See candidate_queue.h.
#include "ivf/candidate_queue.h"

namespace vdb::ivf {

namespace {

constexpr uint32_t kFirstChunk = 32; // about as many are ranked for ten rows

struct NearestFirstOf {
    bool operator()(const VdbIvfCandidate &a, const VdbIvfCandidate &b) const
    {
        return goes_before(key_of(a), key_of(b));
    }
};

struct NearestLast {
    bool operator()(const VdbIvfCandidate &a, const VdbIvfCandidate &b) const
    {
        return goes_before(key_of(b), key_of(a));
    }
};

} // namespace

// Of those that are in no order.
bool CandidateQueue::pick(NearestPart *part, uint32_t fewest, uint32_t most) const
{
    if (rest > NearestPart::kMost)
        return false;
    for (uint32_t i = 0; i < rest; i++)
        part->values[i] = data[i].lower;
    return part->find(rest, fewest, most);
}

void CandidateQueue::order_more()
{
    NearestPart part;
    uint32_t end = rest;
    if (end <= 2 * chunk) {
        rest = 0;
    } else if (pick(&part, chunk, 2 * chunk)) {
        for (uint32_t i = part.count; i-- > 0;)
            std::swap(data[part.places[i]], data[--rest]);
    } else {
        rest -= chunk;
        std::nth_element(data, data + rest, data + end, NearestLast());
    }
    std::sort(data + rest, data + end, NearestLast());
    chunk = std::min(chunk * 2, UINT32_MAX / 4);
}

void CandidateQueue::make()
{
    rest = size;
    chunk = kFirstChunk;
    order_more();
}

CodedKey CandidateQueue::keep_part(uint32_t parts)
{
    NearestPart part;
    uint32_t left = size / parts;
    rest = size;
    if (!pick(&part, left - left / 4, left + left / 4)) {
        std::nth_element(data, data + left, data + size, NearestFirstOf());
        size = left;
        return key_of(data[left]);
    }
    for (uint32_t i = 0; i < part.count; i++)
        std::swap(data[i], data[part.places[i]]);
    CodedKey nearest = key_of(data[part.count]);
    for (uint32_t i = part.count + 1; i < size; i++)
        if (goes_before(key_of(data[i]), nearest))
            nearest = key_of(data[i]);
    size = part.count;
    return nearest;
}

} // namespace vdb::ivf
