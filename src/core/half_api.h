/*
 * Conversion between IEEE 754 half precision, kept in a uint16_t, and float32, in portable C.
 *
 * Answers the same bits as the instructions of x86-64 and ARM do, NaN included, so that no stored
 * value depends on the CPU.  For single values and as the reference of the conversion kernels in
 * src/simd.  Free of branches, so that a loop around it runs on vector registers.
 */
#ifndef VDB_CORE_HALF_API_H
#define VDB_CORE_HALF_API_H

#include <string.h>

#include "core/types.h"

static inline uint32_t vdb_float_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static inline float vdb_bits_float(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Exact. */
static inline float vdb_half_to_float(uint16_t half)
{
    const uint32_t magnitude = half & 0x7fffU;
    /* the exponents' biases differ by 112; a product puts the subnormal ones right as well */
    const float scaled = vdb_bits_float(magnitude << 13) * 0x1p112F;
    const uint32_t special = (magnitude >= 0x7c00U ? 0x7f800000U : 0U) |
                             (magnitude > 0x7c00U ? 0x00400000U : 0U); /* a NaN becomes quiet */

    return vdb_bits_float(vdb_float_bits(scaled) | special | (uint32_t) (half & 0x8000U) << 16);
}

/* Rounds to nearest, ties to even; from 65520 on to infinity. */
static inline uint16_t vdb_float_to_half(float x)
{
    const uint32_t sign = vdb_float_bits(x) & 0x80000000U;
    const uint32_t bits = vdb_float_bits(x) ^ sign;
    /* biased anew, plus just under half a unit of the last place kept, or half where that is odd */
    const uint32_t normal = (bits - (112U << 23) + 0xfffU + ((bits >> 13) & 1U)) >> 13;
    /* below 2^-14, adding 0.5 makes the float adder round to the unit of 2^-24 */
    const uint32_t subnormal = vdb_float_bits(vdb_bits_float(bits) + 0.5F) - (126U << 23);
    const uint32_t nan = 0x7e00U | (bits >> 13 & 0x3ffU);
    uint32_t half = bits < (113U << 23) ? subnormal : normal;

    half = bits >= (143U << 23) ? 0x7c00U : half;
    half = bits > (255U << 23) ? nan : half;
    return (uint16_t) (half | sign >> 16);
}

#endif
