// The memory of a search by estimates; see beam.h.
#include "hnsw/beam.h"

#include <limits>
#include <utility>

#include "core/align.h"

namespace vdb::hnsw {

namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

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

// Estimates: 256 KB.  Most searches never have so many.
constexpr uint32_t kLogWorthTidying = 1u << 15;

uint32_t first_log(uint32_t ef, uint32_t more)
{
    return (std::min(ef, 1000u) * 3 / 2 + 64) * more + kLogOverrun;
}

} // namespace

size_t Beam::first_bytes(uint32_t ef, uint32_t more)
{
    return align64(SeenNodes::bytes(first_seen_slots(ef))) +
           align64(Columns::bytes(limit(ef) + 1)) + align64((size_t) (ef + 1) * sizeof(Result)) +
           align64((size_t) (ef + more + 64) * sizeof(Result)) +
           Columns::bytes(first_log(ef, more));
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
    kernels = vdb_simd_kernels();
    seen.init(take(SeenNodes::bytes(first_seen_slots(ef))), first_seen_slots(ef));
    open.move_to(take(Columns::bytes(limit(ef) + 1)), limit(ef) + 1);
    done.move_to(take((size_t) (ef + 1) * sizeof(Result)), ef + 1);
    beyond.move_to(take((size_t) (ef + more + 64) * sizeof(Result)), ef + more + 64);
    log.move_to(at, first_log(ef, more));
}

void Columns::sift_down(uint32_t i, uint32_t n)
{
    for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && nodes[child + 1] > nodes[child])
            child++;
        if (nodes[i] >= nodes[child])
            return;
        swap(i, child);
    }
}

void Columns::merge_equal()
{
    for (uint32_t i = size / 2; i-- > 0;)
        sift_down(i, size);
    for (uint32_t n = size; n > 1;) {
        swap(0, --n);
        sift_down(0, n);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < size;) {
        VdbNode node = nodes[i];
        double sum = 0;
        uint32_t first = i;
        for (; i < size && nodes[i] == node; i++)
            sum += distances[i];
        distances[kept] = static_cast<float>(sum / (i - first));
        nodes[kept++] = node;
    }
    size = kept;
}

void Beam::tidy(uint32_t more)
{
    if (log.room() >= more + kLogOverrun || log.capacity < kLogWorthTidying)
        return;
    forget_seen();
    if (log.size > log.capacity / 2)
        log.merge_equal();
    crowded = log.size > log.capacity / 2; // it would soon be full again
}

size_t Beam::need(uint32_t more) const
{
    if (open.capacity <= limit(ef))
        return Columns::bytes(limit(ef) + 1);
    if (done.capacity < ef + 1)
        return (size_t) (ef + 1) * sizeof(Result);
    if (beyond.room() < more + 1)
        return (size_t) beyond.capacity * 2 * sizeof(Result);
    if (seen.room() < more + limit(ef))
        return SeenNodes::bytes(seen.slots() * 2);
    if (crowded || log.room() < more + kLogOverrun)
        return Columns::bytes(log.capacity * 2);
    return 0;
}

void Beam::give(void *memory, uint32_t more)
{
    if (open.capacity <= limit(ef))
        open.move_to(memory, limit(ef) + 1);
    else if (done.capacity < ef + 1)
        done.move_to(memory, ef + 1);
    else if (beyond.room() < more + 1)
        beyond.move_to(memory, beyond.capacity * 2);
    else if (seen.room() < more + limit(ef))
        seen.move_to(memory, seen.slots() * 2);
    else if (crowded || log.room() < more + kLogOverrun) {
        log.move_to(memory, log.capacity * 2);
        crowded = false;
    }
}

void Beam::start(uint32_t new_ef)
{
    ef = new_ef;
    crowded = rejected = false;
    last_dropped = kInfinity;
    compared = 0;
    seen.clear();
    open.size = done.size = beyond.size = log.size = 0;
}

void Beam::resume()
{
    settle();
    done.make(); // by distance again
    compared = 0;
    refill();
}

bool Beam::find_best()
{
    if (open.size == 0 && rejected)
        refill();
    if (open.size == 0)
        return false;
    best = static_cast<uint32_t>(kernels->least(open.distances, open.size));
    return true;
}

VdbNode Beam::take_best()
{
    VdbNode node = open.nodes[best];
    remove(best);
    seen.find(node)->at = Seen::kExpanded;
    return node;
}

// Takes the i-th node out of `open`; the last takes its place.
void Beam::remove(uint32_t i)
{
    seen.find(open.nodes[i])->at = Seen::kNowhere;
    open.size--;
    if (i == open.size)
        return;
    open.distances[i] = open.distances[open.size];
    open.nodes[i] = open.nodes[open.size];
    seen.find(open.nodes[i])->at = i;
}

void Beam::add_result(Result result)
{
    compared++;
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
    while (open.size + done.size > limit(ef)) {
        size_t farthest = open.size > 0 ? kernels->most(open.distances, open.size) : 0;
        last_dropped = open.size > 0 ? open.distances[farthest] : -kInfinity;
        if (done.size > 0 && done.top().distance > last_dropped) {
            last_dropped = done.top().distance;
            beyond.push(done.pop());
        } else {
            remove(static_cast<uint32_t>(farthest));
            rejected = true;
        }
    }
}

// A node that is nearer than bound(), or was seen before.
void Beam::add_open(Candidate c)
{
    bool added;
    Seen *known = seen.find_or_add(c.node, &added);
    if (added) {
        *known = {c.distance, Seen::kNowhere};
    } else if (known->at == Seen::kExpanded) {
        return;
    } else {
        // Several estimates say more than one.  That it was a lucky one that made the node look
        // near is most of what they say.
        known->distance = known->distance / 2 + c.distance / 2;
    }
    if (known->at != Seen::kNowhere) {
        open.distances[known->at] = known->distance;
    } else if (known->distance < bound()) {
        known->at = open.add({known->distance, c.node});
        trim();
    } else {
        rejected = true;
    }
}

void Beam::add_logged(uint32_t n)
{
    uint8_t hits[2 * VDB_HNSW_MAX_M];
    uint32_t count = 0;
    float *distances = log.distances + log.size;
    const VdbNode *nodes = log.nodes + log.size;
    float farthest = bound();
    for (uint32_t i = 0; i < n; i++) {
        distances[i] = finite(distances[i]);
        hits[count] = static_cast<uint8_t>(i);
        count += seen.matters({distances[i], nodes[i]}, farthest);
    }
    log.size += n;
    rejected |= count < n;
    for (uint32_t i = 0; i < count; i++) {
        Candidate c = {distances[hits[i]], nodes[hits[i]]};
        if (c.distance < bound() || seen.find(c.node) != nullptr)
            add_open(c);
        else
            rejected = true;
    }
}

// Leaves out of the log what is known better: of nodes that were worth a closer look one entry is
// left, none of those expanded since.  There was one at least, so that the log only gets shorter.
void Beam::forget_seen()
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log.size; i++) {
        if (seen.find(log.nodes[i]) != nullptr)
            continue;
        log.distances[kept] = log.distances[i];
        log.nodes[kept++] = log.nodes[i];
    }
    log.size = kept;
    seen.for_each([this](VdbNode node, Seen &known) {
        if (known.at != Seen::kExpanded)
            log.add({known.distance, node});
    });
}

// Fills `open` anew with the best that was ever seen.
void Beam::refill()
{
    open.size = 0;
    forget_seen();
    seen.for_each([](VdbNode, Seen &known) {
        if (known.at != Seen::kExpanded)
            known.at = Seen::kNowhere;
    });
    rejected = false;
    last_dropped = kInfinity;
    for (uint32_t i = 0; i < log.size; i++) {
        if (log.distances[i] < bound() && seen.room() > 0)
            add_open({log.distances[i], log.nodes[i]});
        else
            rejected = true;
    }
}

void Beam::settle()
{
    LeastBoundFirst before;
    std::make_heap(done.begin(), done.end(), before);
    for (uint32_t i = 0; i < beyond.size;) {
        if (done.size < ef) {
            done.Array::push(beyond[i]);
            beyond[i] = beyond[--beyond.size];
            std::push_heap(done.begin(), done.end(), before);
            continue;
        }
        if (before(beyond[i], done[0])) {
            std::pop_heap(done.begin(), done.end(), before);
            std::swap(done[done.size - 1], beyond[i]);
            std::push_heap(done.begin(), done.end(), before);
        }
        i++;
    }
}

uint32_t Beam::take_beyond(uint32_t max)
{
    uint32_t n = std::min(max, beyond.size);
    std::nth_element(beyond.begin(), beyond.begin() + n, beyond.end(), LeastBoundFirst());
    for (uint32_t i = 0; i < n; i++)
        done.push(beyond[i]);
    std::move(beyond.begin() + n, beyond.end(), beyond.begin());
    beyond.size -= n;
    return n;
}

} // namespace vdb::hnsw
