// Damage to the pages of an index, as the input has it: bytes overwritten, flipped, pages exchanged
// or lost.  The same for every access method.
#pragma once

#include <algorithm>
#include <vector>

#include "fuzz.h"

namespace vdb::fuzz {

template <class Page> void damage_once(std::vector<Page> &pages, Input &in)
{
    auto kind = in.number<uint8_t>();
    char *bytes = reinterpret_cast<char *>(&pages[in.below(static_cast<uint32_t>(pages.size()))]);
    uint32_t at = in.below(sizeof(Page));
    if (kind % 8 < 4) { // up to 16 bytes
        uint32_t room = static_cast<uint32_t>(sizeof(Page)) - at;
        in.copy(bytes + at, std::min<uint32_t>(1 + kind / 8 % 16, room));
    } else if (kind % 8 < 6) {
        bytes[at] ^= static_cast<char>(1 << kind / 8 % 8);
    } else if (kind % 8 == 6) {
        std::memcpy(bytes, &pages[at % pages.size()], sizeof(Page));
    } else if (pages.size() > 2 && at % 4 == 0) {
        pages.pop_back();
    } else {
        std::memset(bytes + at, kind, std::min<size_t>(sizeof(Page) - at, 200));
    }
}

template <class Page> void damage(std::vector<Page> &pages, Input &in)
{
    for (uint32_t n = in.number<uint8_t>() % 24; n > 0; n--)
        damage_once(pages, in);
}

// Writes what damage() reads: bytes at a place of a block.
inline void seed_damage(Seed &seed, uint16_t block, uint16_t at, const std::string &bytes)
{
    seed.number<uint8_t>(static_cast<uint8_t>((bytes.size() - 1) * 8)).number(block).number(at);
    seed.append(bytes.data(), bytes.size());
}

// The index that make() makes of the i-th form; all are made the first time one is asked for.
template <class Index, class Form, size_t n>
const Index &made_once(const Form (&forms)[n], Index (*make)(const Form &), uint32_t i)
{
    static const auto *all = [&forms, make] {
        auto *made = new std::vector<Index>;
        for (const Form &form : forms)
            made->push_back(make(form));
        return made;
    }();
    return (*all)[i % n];
}

} // namespace vdb::fuzz
