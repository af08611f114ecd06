// The set of visited ids: membership, fullness, growth, against std::set.
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/visited_set.h"

namespace {

std::vector<uint32_t> memory_for(uint32_t slots)
{
    return std::vector<uint32_t>(vdb::VisitedSet::bytes(slots) / sizeof(uint32_t));
}

TEST(VisitedSet, AnswersWhetherTheIdIsNew)
{
    auto memory = memory_for(8);
    vdb::VisitedSet set;

    set.init(memory.data(), 8);
    EXPECT_FALSE(set.contains(0));
    EXPECT_TRUE(set.insert(0));
    EXPECT_FALSE(set.insert(0));
    EXPECT_TRUE(set.contains(0));
    EXPECT_TRUE(set.insert(UINT32_MAX - 1));
    EXPECT_FALSE(set.contains(1));
    EXPECT_EQ(set.size(), 2U);
}

TEST(VisitedSet, RoomEndsAtHalfTheSlots)
{
    auto memory = memory_for(64);
    vdb::VisitedSet set;

    set.init(memory.data(), 64);
    EXPECT_EQ(set.slots(), 64U);
    for (uint32_t left = 32; left > 0; left--) {
        EXPECT_EQ(set.room(), left);
        EXPECT_TRUE(set.insert(left * 1000));
    }
    EXPECT_EQ(set.room(), 0U);
}

TEST(VisitedSet, ClearForgetsAll)
{
    auto memory = memory_for(16);
    vdb::VisitedSet set;

    set.init(memory.data(), 16);
    for (uint32_t id = 0; id < 8; id++)
        set.insert(id);
    set.clear();
    EXPECT_EQ(set.size(), 0U);
    EXPECT_EQ(set.room(), 8U);
    for (uint32_t id = 0; id < 8; id++)
        EXPECT_FALSE(set.contains(id));
}

// Random ids and, worse, dense ones and multiples of powers of two, through every growth.
TEST(VisitedSet, AgreesWithAnOrdinarySetWhileItGrows)
{
    std::mt19937 random(11);
    for (int pattern = 0; pattern < 3; pattern++) {
        std::vector<std::vector<uint32_t>> tables;
        std::set<uint32_t> expected;
        vdb::VisitedSet set;

        tables.push_back(memory_for(2));
        set.init(tables.back().data(), 2);
        for (uint32_t i = 0; i < 20000; i++) {
            const uint32_t spread = random() % 10000;
            const uint32_t id = pattern == 0   ? spread * 429496U
                                : pattern == 1 ? i / 2
                                               : spread << 12;
            if (set.room() == 0) {
                const uint32_t slots = 2 * set.slots();
                tables.push_back(memory_for(slots));
                set.move_to(tables.back().data(), slots);
            }
            ASSERT_EQ(set.insert(id), expected.insert(id).second);
        }
        EXPECT_EQ(set.size(), expected.size());
        for (uint32_t id : expected)
            ASSERT_TRUE(set.contains(id));
        EXPECT_FALSE(set.contains(4294967040U));
    }
}

} // namespace
