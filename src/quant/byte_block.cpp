// Blocks of vectors at 8 bits.
#include "quant/byte_block.h"

#include <cstring>
#include <limits>

namespace vdb {

namespace {

constexpr uint64_t kLine = 64;

uint64_t steps_of(uint32_t dims)
{
    return (uint64_t{dims} + 3) / 4;
}

uint64_t element_bytes(uint32_t vectors, uint32_t dims)
{
    return byte_columns(vectors) * steps_of(dims) * 4;
}

// Of scales, norms or sums, which are 4 bytes each.
uint64_t array_bytes(uint32_t vectors)
{
    return byte_columns(vectors) * sizeof(float);
}

} // namespace

uint64_t ByteBlock::bytes(uint32_t vectors, uint32_t dims)
{
    static_assert(VDB_BYTE_COLUMNS * sizeof(float) % kLine == 0);
    return element_bytes(vectors, dims) + 3 * array_bytes(vectors);
}

void ByteBlock::init(void *memory, uint32_t vectors, uint32_t dims)
{
    char *at = static_cast<char *>(memory);
    block_.steps = steps_of(dims);
    block_.elements = reinterpret_cast<int8_t *>(at);
    std::memset(at, 0, element_bytes(vectors, dims)); // those of dropped vectors are read, too
    at += element_bytes(vectors, dims);
    block_.scale = reinterpret_cast<float *>(at);
    at += array_bytes(vectors);
    block_.norm = reinterpret_cast<float *>(at);
    at += array_bytes(vectors);
    block_.sum = reinterpret_cast<int32_t *>(at);
    dims_ = dims;
    size_ = 0;
    kernels_ = vdb_simd_kernels();
}

void ByteBlock::put(uint32_t i, const float *x, const float *centre)
{
    uint64_t group = block_.steps * 4 * VDB_BYTE_GROUP;
    int8_t *out = block_.elements + i / VDB_BYTE_GROUP * group + i % VDB_BYTE_GROUP * 4;
    VdbByteVector v = kernels_->byte_quantize(out, x, centre, dims_);
    block_.scale[i] = v.scale;
    block_.norm[i] = v.norm;
    block_.sum[i] = v.sum;
}

void ByteBlock::drop(uint32_t i)
{
    block_.scale[i] = 0; // whatever the elements are
    block_.norm[i] = std::numeric_limits<float>::infinity();
    block_.sum[i] = 0;
}

void ByteBlock::close(uint32_t n)
{
    size_ = n;
    for (uint32_t i = n; i < columns(); i++)
        drop(i);
}

void ByteBlock::distances(uint32_t row, const ByteBlock &other, float *out) const
{
    for (uint32_t c = 0; c < other.size_; c += VDB_BYTE_COLUMNS)
        kernels_->byte_distances(out + c, other.columns(), &block_, row, &other.block_, c);
}

} // namespace vdb
