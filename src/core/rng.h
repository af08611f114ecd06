// Small deterministic random source.  Same seed, same numbers, on every platform.
#pragma once

#include <cstdint>

namespace vdb {

// Finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that spreads every bit.
constexpr uint64_t mix64(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

} // namespace vdb
