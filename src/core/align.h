// Sizes rounded up, for parts of one block of memory that follow each other.
#pragma once

#include <cstddef>

namespace vdb {

constexpr size_t align8(size_t n)
{
    return (n + 7) & ~size_t{7};
}

constexpr size_t align64(size_t n)
{
    return (n + 63) & ~size_t{63};
}

} // namespace vdb
