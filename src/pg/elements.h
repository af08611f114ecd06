/*
 * Elements of vector types as floats, so that loops run over floats whatever the elements are:
 * floats themselves, or halves, which the kernels of src/simd convert by the block.
 *
 *     const float *AS_FLOATS(buffer, x, count)     count elements from x on
 *     float *OPEN_FLOATS(buffer, x, count)         the same, to be changed, and
 *     void CLOSE_FLOATS(x, values, count)          made elements again, rounded
 *
 *     double SQUARED_NORM(x, count)                sum of their squares: see VdbKernels
 *
 * The buffer holds VDB_BLOCK floats and is used only where elements are no floats.
 */
#ifndef VDB_PG_ELEMENTS_H
#define VDB_PG_ELEMENTS_H

#include "simd/simd_api.h"

#define VDB_BLOCK 1024 /* floats: 4 kB; a multiple of 8 */

#define AS_FLOATS(buffer, x, count)                                                                \
    _Generic(*(x), float : as_floats_of_floats, uint16 : as_floats_of_halves)(buffer, x, count)
#define OPEN_FLOATS(buffer, x, count)                                                              \
    _Generic(*(x), float : open_floats_of_floats, uint16 : open_floats_of_halves)(buffer, x, count)
#define CLOSE_FLOATS(x, values, count)                                                             \
    _Generic(*(x), float                                                                           \
             : close_floats_of_floats, uint16                                                      \
             : close_floats_of_halves)(x, values, count)

#define SQUARED_NORM(x, count)                                                                     \
    _Generic(*(x), float                                                                           \
             : vdb_simd_kernels()->squared_norm, uint16                                            \
             : vdb_simd_kernels()->half_squared_norm)(x, (size_t) (count))

static inline const float *as_floats_of_floats(float *buffer, const float *x, int count)
{
    return x;
}

static inline float *open_floats_of_floats(float *buffer, float *x, int count)
{
    return x;
}

static inline void close_floats_of_floats(float *x, const float *values, int count) {}

static inline float *open_floats_of_halves(float *buffer, const uint16 *x, int count)
{
    vdb_simd_kernels()->half_to_float(buffer, x, (size_t) count);
    return buffer;
}

static inline const float *as_floats_of_halves(float *buffer, const uint16 *x, int count)
{
    return open_floats_of_halves(buffer, x, count);
}

static inline void close_floats_of_halves(uint16 *x, const float *values, int count)
{
    vdb_simd_kernels()->float_to_half(x, values, (size_t) count);
}

#endif
