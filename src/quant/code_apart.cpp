// Codes compared with each other: the same kernel that adds up what a query's tables say of each
// nibble counts the bits in which it differs from another code's.
#include <array>
#include <bit>
#include <cstring>

#include "quant/code_api.h"
#include "simd/simd_api.h"

namespace vdb {
namespace {

constexpr uint32_t kBlock = VDB_CODE_BLOCK;
constexpr uint32_t kGroupsAtOnce = 256; // of 4 dims: 4 KB of tables
constexpr uint32_t kTable = 16;         // bytes of a group

// For each value of a nibble: in how many bits the others differ from it.
constexpr auto kDifferences = [] {
    std::array<uint8_t, 16 *kTable> bits = {};
    for (uint32_t i = 0; i < 16; i++)
        for (uint32_t j = 0; j < kTable; j++)
            bits[i * kTable + j] = static_cast<uint8_t>(std::popcount(i ^ j));
    return bits;
}();

// Tables of n groups of a code, from an even one on.
void fill_tables(const uint8_t *code, uint32_t n, uint8_t *tables)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t nibble = code[i / 2] >> (i % 2 * 4) & 15;
        std::memcpy(tables + i * kTable, &kDifferences[nibble * kTable], kTable);
    }
}

} // namespace
} // namespace vdb

using namespace vdb;

void vdb_codes_apart(const VdbCodec *codec, uint32_t degree, const void *codes, const uint8_t *code,
                     uint16_t *bits) noexcept
{
    const VdbKernels *kernels = vdb_simd_kernels();
    uint32_t groups = codec->code_dims / 4;
    alignas(64) uint8_t tables[(kGroupsAtOnce + 3) * kTable];
    std::memset(bits, 0, (degree + kBlock - 1) / kBlock * kBlock * sizeof(*bits));
    for (uint32_t at = 0; at < groups; at += kGroupsAtOnce) {
        uint32_t n = groups - at < kGroupsAtOnce ? groups - at : kGroupsAtOnce;
        fill_tables(code + at / 2, n, tables);
        std::memset(tables + size_t{n} * kTable, 0, 3 * kTable);
        for (uint32_t first = 0; first < degree; first += kBlock) {
            uint32_t w = degree - first < kBlock ? degree - first : kBlock;
            const uint8_t *rows = static_cast<const uint8_t *>(codes) +
                                  vdb_code_bytes(codec) * first + size_t{at} * (w / 2);
            uint16_t sums[kBlock] = {};
            kernels->code_sums(sums, tables, rows, n, w);
            for (uint32_t i = 0; i < w; i++)
                bits[first + i] = static_cast<uint16_t>(bits[first + i] + sums[i]);
        }
    }
}
