// The queue of candidates: nearest first, whatever their number and however many are equal.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "ivf/candidate_queue.h"
#include "values.h"

using namespace vdb::ivf;
using namespace vdb::ivf::test;

namespace {

// How lower bounds may lie.
enum class Kind {
    kRandom,
    kEqual,
    kFew,
    kHuge
};

VdbIvfCandidate candidate(Kind kind, uint32_t i, std::mt19937 &random)
{
    float lower = std::normal_distribution<float>()(random);
    if (kind == Kind::kEqual)
        lower = 1;
    if (kind == Kind::kFew)
        lower = std::floor(lower);
    if (kind == Kind::kHuge)
        lower = i % 7 == 0 ? -std::numeric_limits<float>::max() : lower * 1e38F;
    return {lower, 1, tid_of_row(i), {}};
}

struct Queue {
    std::vector<VdbIvfCandidate> memory;
    CandidateQueue queue = {};

    Queue(Kind kind, uint32_t n, unsigned seed) : memory(n)
    {
        std::mt19937 random(seed);
        std::vector<uint32_t> rows(n);
        for (uint32_t i = 0; i < n; i++)
            rows[i] = i;
        std::shuffle(rows.begin(), rows.end(), random);
        queue.move_to(memory.data(), n);
        for (uint32_t i : rows)
            queue.push(candidate(kind, i, random));
    }

    // All that are left, as they leave.
    std::vector<CodedKey> drain()
    {
        std::vector<CodedKey> keys;
        queue.make();
        while (queue.size > 0) {
            CodedKey top = key_of(queue.top());
            keys.push_back(key_of(queue.pop()));
            EXPECT_EQ(top.tid, keys.back().tid);
        }
        return keys;
    }
};

constexpr Kind kKinds[] = {Kind::kRandom, Kind::kEqual, Kind::kFew, Kind::kHuge};
constexpr uint32_t kSizes[] = {0, 1, 2, 31, 64, 65, 300, 1024, 1025, 5000};

TEST(CandidateQueue, LeavesNearestFirst)
{
    for (Kind kind : kKinds)
        for (uint32_t n : kSizes) {
            std::vector<CodedKey> keys = Queue(kind, n, n + 1).drain();
            EXPECT_EQ(keys.size(), n);
            EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end(), goes_before));
        }
}

TEST(CandidateQueue, GoesOnAfterMoreCame)
{
    Queue q(Kind::kRandom, 1000, 5);
    std::vector<CodedKey> seen;
    q.queue.size = 600; // the others come later
    q.queue.make();
    for (int i = 0; i < 100; i++)
        seen.push_back(key_of(q.queue.pop()));
    for (uint32_t i = 600; i < 1000; i++)
        q.queue.push(q.memory[i]);
    std::vector<CodedKey> rest = q.drain();
    EXPECT_EQ(rest.size(), 900u);
    EXPECT_TRUE(std::is_sorted(rest.begin(), rest.end(), goes_before));
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end(), goes_before));
}

TEST(CandidateQueue, KeepsWhatIsBeforeTheNearestGivenUp)
{
    for (Kind kind : kKinds)
        for (uint32_t n : {16u, 300u, 1024u, 5000u}) {
            Queue q(kind, n, n);
            std::vector<CodedKey> all = Queue(kind, n, n).drain();
            CodedKey dropped = q.queue.keep_part(4);
            EXPECT_LE(q.queue.size, n / 4 + n / 16);
            EXPECT_GE(q.queue.size, n / 4 - n / 16);
            uint32_t left = q.queue.size;
            std::vector<CodedKey> keys = q.drain();
            for (uint32_t i = 0; i < left; i++)
                EXPECT_EQ(keys[i].tid, all[i].tid);
            EXPECT_EQ(dropped.tid, all[left].tid);
        }
}

} // namespace
