// Array and Heap over the caller's memory.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "core/heap.h"

namespace {

struct Candidate {
    float distance;
    uint32_t id;
};

struct Nearer {
    bool operator()(const Candidate &a, const Candidate &b) const
    {
        return a.distance < b.distance || (a.distance == b.distance && a.id < b.id);
    }
};

using CandidateHeap = vdb::Heap<Candidate, Nearer>;

std::vector<Candidate> shuffled(uint32_t n)
{
    std::vector<Candidate> result;
    std::mt19937 random(7);

    // Every distance three times, so that ties are met.
    for (uint32_t i = 0; i < n; i++)
        result.push_back({static_cast<float>(i / 3), i});
    std::shuffle(result.begin(), result.end(), random);
    return result;
}

CandidateHeap over(std::vector<Candidate> &memory)
{
    CandidateHeap heap;

    heap.data = memory.data();
    heap.size = 0;
    heap.capacity = static_cast<uint32_t>(memory.size());
    return heap;
}

TEST(Array, RoomCountsDown)
{
    int memory[3];
    vdb::Array<int> array = {memory, 0, 3};

    EXPECT_EQ(array.room(), 3U);
    array.push(5);
    array.push(6);
    EXPECT_EQ(array.room(), 1U);
    EXPECT_EQ(array.size, 2U);
    EXPECT_EQ(array[0], 5);
    EXPECT_EQ(*(array.end() - 1), 6);
}

TEST(Array, MovesToLargerMemoryWithItsContent)
{
    int small[2], large[100];
    vdb::Array<int> array = {small, 0, 2};

    array.push(1);
    array.push(2);
    array.move_to(large, 100);
    EXPECT_EQ(array.data, large);
    EXPECT_EQ(array.room(), 98U);
    array.push(3);
    EXPECT_EQ(std::vector<int>(array.begin(), array.end()), (std::vector<int>{1, 2, 3}));
}

TEST(Array, StartsWithoutMemory)
{
    int memory[4];
    vdb::Array<int> array = {nullptr, 0, 0};

    EXPECT_EQ(array.room(), 0U);
    array.move_to(memory, 4);
    array.push(9);
    EXPECT_EQ(array[0], 9);
}

TEST(Heap, PopsInOrderOfItsComparison)
{
    constexpr uint32_t kCount = 1000;
    std::vector<Candidate> memory(kCount);
    CandidateHeap heap = over(memory);

    for (const Candidate &candidate : shuffled(kCount)) {
        heap.push(candidate);
        for (uint32_t i = 0; i < heap.size; i++)
            ASSERT_FALSE(Nearer()(heap[i], heap.top()));
    }
    for (uint32_t i = 0; i < kCount; i++) {
        EXPECT_EQ(heap.top().id, i);
        EXPECT_EQ(heap.pop().id, i);
    }
    EXPECT_EQ(heap.size, 0U);
}

TEST(Heap, PushAndPopInTurnsKeepTheOrder)
{
    std::vector<Candidate> memory(1000), kept;
    CandidateHeap heap = over(memory);

    for (const Candidate &candidate : shuffled(1000)) {
        heap.push(candidate);
        kept.push_back(candidate);
        if (heap.size % 3 != 0)
            continue;
        const auto first = std::min_element(kept.begin(), kept.end(), Nearer());
        EXPECT_EQ(heap.pop().id, first->id);
        kept.erase(first);
    }
    EXPECT_EQ(heap.size, kept.size());
}

TEST(Heap, MakeOrdersWhatIsThere)
{
    std::vector<Candidate> memory = shuffled(300);
    CandidateHeap heap = over(memory);

    heap.size = 300;
    heap.make();
    for (uint32_t i = 0; i < 300; i++)
        EXPECT_EQ(heap.pop().id, i);
}

TEST(Heap, SortPutsTheFirstToLeaveFirst)
{
    std::vector<Candidate> memory(300);
    CandidateHeap heap = over(memory);

    for (const Candidate &candidate : shuffled(300))
        heap.push(candidate);
    heap.sort();
    for (uint32_t i = 0; i < 300; i++)
        EXPECT_EQ(heap[i].id, i);
}

} // namespace
