// A rotation of a few rounds: random signs, then a Walsh-Hadamard transform over the largest power
// of two of coordinates, at the beginning and at the end of the vector by turns.  In the middle of
// it each coordinate of the first half is turned by 45 degrees with one of the second, because the
// two transforms may hardly cover each other.  Every step is an isometry and is done in one order,
// so the bits depend on no CPU.
#include "quant/rotation_api.h"

#include <bit>

#include "core/half_api.h"
#include "core/rng.h"
#include "simd/simd_api.h"

namespace vdb {
namespace {

constexpr uint32_t kRounds = 4;
constexpr uint32_t kRoundsOfPower = 3; // of all coordinates at once
// Once both transforms have flattened what stood out: earlier, it would only be copied.
constexpr uint32_t kMixAfter = 1;
constexpr uint32_t kSignWords = 256; // of 64 coordinates: more than a vector has

struct Signs {
    uint64_t words[kRounds][kSignWords];
};

// Fixed for ever: indexes hold rotated vectors.
constexpr Signs make_signs()
{
    Signs signs{};
    uint64_t state = 0x7665'6374'6f72'6462U;

    for (auto &round : signs.words) {
        for (uint64_t &word : round) { // splitmix64
            state += 0x9e37'79b9'7f4a'7c15U;
            word = mix64(state);
        }
    }
    return signs;
}

constexpr Signs kSigns = make_signs();

// 2^(-log / 2)
float hadamard_scale(uint32_t log)
{
    const float power = vdb_bits_float((127 - log / 2) << 23);
    return log % 2 == 0 ? power : power * 0.70710678F;
}

} // namespace
} // namespace vdb

using namespace vdb;

void vdb_rotate(float *x, uint32_t dims) noexcept
{
    const VdbKernels *kernels = vdb_simd_kernels();

    if (dims < 2 || dims > kSignWords * 64)
        return;
    const uint32_t power = std::bit_floor(dims);
    const uint32_t rounds = power == dims ? kRoundsOfPower : kRounds;
    const float scale = hadamard_scale(static_cast<uint32_t>(std::countr_zero(power)));
    for (uint32_t round = 0; round < rounds; round++) {
        kernels->flip(x, kSigns.words[round], dims);
        kernels->hadamard(round % 2 == 0 ? x : x + (dims - power), scale, power);
        if (power != dims && round == kMixAfter)
            kernels->mix(x, x + (dims - dims / 2), dims / 2);
    }
    kernels->make_finite(x, dims);
}

float vdb_rotate_error(uint32_t dims) noexcept
{
    // Each stage of a transform, each product and each turn (of two operations) rounds every
    // coordinate by 2^-24 of it at most; the constants are rounded too.
    const uint32_t steps = kRounds * (static_cast<uint32_t>(std::bit_width(dims)) + 5);
    return static_cast<float>(steps) * 0x1p-24F;
}
