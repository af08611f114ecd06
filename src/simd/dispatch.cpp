// placeholder until the kernels land
#include "simd/simd_api.h"
