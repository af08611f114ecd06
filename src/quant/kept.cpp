// Kept forms of rotated vectors: their sizes.
#include "quant/kept_api.h"

namespace vdb {
namespace {

constexpr size_t kHeader = 8; // error bound and scale
constexpr size_t kRow = 32;   // coordinates of 4 bits in one row, which is 16 bytes

size_t element_bytes(VdbKept kept, uint32_t dims)
{
    switch (kept) {
    case VDB_KEPT_HALF:
        return dims * sizeof(uint16_t);
    case VDB_KEPT_SQ8:
        return dims;
    case VDB_KEPT_RABITQ4:
        return (size_t{dims} + kRow - 1) / kRow * (kRow / 2);
    default:
        return dims * sizeof(float);
    }
}

} // namespace
} // namespace vdb

size_t vdb_kept_bytes(VdbKept kept, uint32_t dims) noexcept
{
    return vdb::kHeader + (vdb::element_bytes(kept, dims) + 3) / 4 * 4;
}
