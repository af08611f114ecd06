// The memory of a search by estimates; see beam.h.
#include "hnsw/beam.h"

#include <limits>

namespace vdb::hnsw {

namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

constexpr size_t align64(size_t n)
{
    return (n + 63) & ~(size_t) 63;
}

// Nodes to plan for: a search expands little more than ef nodes, and of 32 neighbours of each about
// five turn out to be worth a closer look.
constexpr uint32_t kSeenPerNode = 16;

uint32_t first_seen_slots(uint32_t ef)
{
    uint32_t slots = 1024;
    while (slots < ef * kSeenPerNode && slots < (1u << 18))
        slots *= 2;
    return slots;
}

// An estimate may be anything; infinities stand for other things here.
float finite(float distance)
{
    if (!(distance <= kLargest))
        return kLargest;
    return distance < -kLargest ? -kLargest : distance;
}

// An estimate may write up to a multiple of 32.
constexpr uint32_t kLogOverrun = 32;

uint32_t first_log(uint32_t ef, uint32_t more)
{
    return (std::min(ef, 1000u) * 3 / 2 + 64) * more + kLogOverrun;
}

} // namespace

size_t Beam::first_bytes(uint32_t ef, uint32_t more)
{
    return align64(SeenNodes::bytes(first_seen_slots(ef))) +
           align64(open_capacity(ef) * sizeof(Candidate)) +
           align64((size_t) (ef + 1) * sizeof(Result)) +
           align64((size_t) (ef + more + 64) * sizeof(Result)) +
           EstimateLog::bytes(first_log(ef, more));
}

void Beam::init(void *memory, uint32_t new_ef, uint32_t more)
{
    char *at = static_cast<char *>(memory);
    auto take = [&at](size_t bytes) {
        void *block = at;
        at += align64(bytes);
        return block;
    };
    *this = {};
    ef = new_ef;
    seen.init(take(SeenNodes::bytes(first_seen_slots(ef))), first_seen_slots(ef));
    open.move_to(take(open_capacity(ef) * sizeof(Candidate)), open_capacity(ef));
    done.move_to(take((size_t) (ef + 1) * sizeof(Result)), ef + 1);
    beyond.move_to(take((size_t) (ef + more + 64) * sizeof(Result)), ef + more + 64);
    log.move_to(at, first_log(ef, more));
}

size_t Beam::need(uint32_t more) const
{
    if (open.capacity() < open_capacity(ef))
        return open_capacity(ef) * sizeof(Candidate);
    if (done.capacity < ef + 1)
        return (size_t) (ef + 1) * sizeof(Result);
    if (beyond.room() < more + 1)
        return (size_t) beyond.capacity * 2 * sizeof(Result);
    if (seen.room() < more + limit(ef))
        return SeenNodes::bytes(seen.slots() * 2);
    if (log.room() < more + kLogOverrun)
        return EstimateLog::bytes(log.capacity * 2);
    return 0;
}

void Beam::give(void *memory, uint32_t more)
{
    if (open.capacity() < open_capacity(ef))
        open.move_to(memory, open_capacity(ef));
    else if (done.capacity < ef + 1)
        done.move_to(memory, ef + 1);
    else if (beyond.room() < more + 1)
        beyond.move_to(memory, beyond.capacity * 2);
    else if (seen.room() < more + limit(ef))
        seen.move_to(memory, seen.slots() * 2);
    else if (log.room() < more + kLogOverrun)
        log.move_to(memory, log.capacity * 2);
}

void Beam::start(uint32_t new_ef)
{
    ef = new_ef;
    rejected = false;
    seen.clear();
    open.clear();
    done.size = beyond.size = log.size = 0;
}

void Beam::resume()
{
    settle();
    refill();
}

bool Beam::pop(Candidate *next)
{
    do {
        if (open.size() == 0 && rejected)
            refill();
        if (open.size() == 0)
            return false;
        *next = open.pop();
        bool added;
        float *known = seen.find_or_add(next->node, next->distance, &added);
        if (*known == SeenNodes::kExpanded)
            continue; // was in `open` twice
        *known = SeenNodes::kExpanded;
        return true;
    } while (true);
}

void Beam::add_result(Result result)
{
    if (done.size < ef) {
        done.push(result);
    } else if (FarthestResultFirst()(done.top(), result)) {
        beyond.push(done.pop());
        done.push(result);
    } else {
        beyond.push(result);
    }
    trim();
}

// Drops what is farthest.  Its estimates are in the log.
void Beam::trim()
{
    while (open.size() + done.size > limit(ef)) {
        if (done.size > 0 && (open.size() == 0 || done.top().distance > open.last().distance)) {
            beyond.push(done.pop());
        } else {
            open.drop_last();
            rejected = true;
        }
    }
}

void Beam::add_open(Candidate c)
{
    bool added;
    float *known = seen.find_or_add(c.node, c.distance, &added);
    if (!added) {
        if (*known == SeenNodes::kExpanded)
            return;
        // Two estimates say more than one; that the node then is farther than it seemed to be is
        // most of what they say.
        open.remove({*known, c.node});
        c.distance = *known = *known / 2 + c.distance / 2;
    }
    open.insert(c);
    trim();
}

void Beam::add_logged(uint32_t n)
{
    const float *distances = log.distances + log.size;
    for (uint32_t i = 0; i < n; i++) {
        Candidate c = {finite(distances[i]), log.nodes[log.size + i]};
        float far = bound();
        if (c.distance < far) {
            add_open(c);
        } else {
            rejected = true;
            float *known = seen.find(c.node);
            if (known != nullptr && *known != SeenNodes::kExpanded) {
                bool there = open.remove({*known, c.node});
                c.distance = *known = *known / 2 + c.distance / 2;
                if (there) {
                    open.insert(c);
                    trim();
                }
            }
        }
    }
    log.size += n;
}

// Leaves out of the log the nodes expanded since, and has those once in it that are not but were
// worth a closer look.
void Beam::compact_log()
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log.size; i++) {
        if (seen.find(log.nodes[i]) != nullptr)
            continue;
        log.distances[kept] = finite(log.distances[i]);
        log.nodes[kept++] = log.nodes[i];
    }
    log.size = kept;
    seen.for_each([this](Candidate c) {
        if (c.distance == SeenNodes::kExpanded)
            return;
        log.distances[log.size] = c.distance;
        log.nodes[log.size++] = c.node;
    });
}

// Fills `open` anew with the best that was ever seen.
void Beam::refill()
{
    compact_log();
    open.clear();
    rejected = false;
    for (uint32_t i = 0; i < log.size; i++) {
        if (log.distances[i] < bound()) {
            open.insert({log.distances[i], log.nodes[i]});
            trim();
        } else {
            rejected = true;
        }
    }
    drop_copies();
}

// Leaves each node in `open` once.
void Beam::drop_copies()
{
    open.keep_if([this](Candidate c) {
        bool added = false;
        const float *known =
            seen.room() > 0 ? seen.find_or_add(c.node, c.distance, &added) : seen.find(c.node);
        return known == nullptr || *known >= c.distance;
    });
}

void Beam::settle()
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < beyond.size; i++) {
        if (done.size < ef) {
            done.push(beyond[i]);
        } else if (FarthestResultFirst()(done.top(), beyond[i])) {
            Result worse = done.pop();
            done.push(beyond[i]);
            beyond[kept++] = worse;
        } else {
            beyond[kept++] = beyond[i];
        }
    }
    beyond.size = kept;
}

} // namespace vdb::hnsw
