// Lower bounds of the operators' results; see bound_api.h.
#include "quant/bound_api.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace {

constexpr double kLargest = std::numeric_limits<float>::max();
constexpr double kUnit = 0x1p-24;  // rounding of one float32 operation, relative
constexpr double kTiny = 0x1p-149; // the same where results are subnormal, absolute

// Relative error of a sum of `dims` products in float32, in whatever order it is taken, with some
// roundings more for what is done to its operands.
double sum_error(uint32_t dims)
{
    return (dims + 64) * kUnit;
}

double square(double x)
{
    return x * x;
}

// |q - x| >= |q - x'| - |x - x'|.  Both the sum of the search and that of the operator are rounded.
// raw may have been summed as |q|^2 - 2<q, x'> + |x'|^2, whose terms round, not their sum.
double l2_bound(uint32_t dims, const VdbKeptDistance &seen)
{
    double e = sum_error(dims), tiny = dims * kTiny;
    double q = std::sqrt(double{seen.query_norm} * (1 + e) + tiny);
    double x = std::sqrt(double{seen.norm} * (1 + e) + tiny) + seen.error;
    double raw = std::min(double{seen.raw}, kLargest) * (1 - e) - e * square(q + x) - tiny;
    double distance = std::sqrt(std::max(raw, 0.0)) - seen.error - e * (q + x);
    return std::sqrt(std::max(square(std::max(distance, 0.0)) * (1 - e) - tiny, 0.0));
}

// <q, x> <= <q, x'> + |q| |x - x'|
double ip_bound(uint32_t dims, const VdbKeptDistance &seen)
{
    double e = sum_error(dims), tiny = dims * kTiny;
    double q = std::sqrt(double{seen.query_norm} * (1 + e) + tiny);
    double x = std::sqrt(double{seen.norm} * (1 + e) + tiny) + seen.error;
    return -seen.raw - q * seen.error * (1 + e) - 4 * e * q * x - 2 * tiny;
}

// The same for vectors of length 1.
double cosine_bound(uint32_t dims, const VdbKeptDistance &seen)
{
    double e = sum_error(dims);
    return std::max(1 - seen.raw - seen.error * (1 + e) - 8 * e, 0.0);
}

double bound(const VdbSpace &space, const VdbKeptDistance &seen)
{
    switch (space.metric) {
    case VDB_METRIC_IP:
        return ip_bound(space.dims, seen);
    case VDB_METRIC_COSINE:
        return cosine_bound(space.dims, seen);
    default:
        return l2_bound(space.dims, seen);
    }
}

} // namespace

float vdb_kept_bound(const VdbSpace *space, const VdbKeptDistance *seen) noexcept
{
    if (space->metric == VDB_METRIC_COSINE && (seen->norm == 0 || seen->query_norm == 0))
        return std::numeric_limits<float>::infinity();
    double least = bound(*space, *seen);
    // A NaN of the intermediate results, too, says nothing.
    if (!(least > -kLargest && seen->raw == seen->raw))
        return -std::numeric_limits<float>::infinity();
    auto rounded = static_cast<float>(std::min(least, kLargest));
    return rounded <= least ? rounded
                            : std::nextafterf(rounded, -std::numeric_limits<float>::infinity());
}

bool vdb_kept_norm_fits(uint32_t dims, double square, float norm, float error) noexcept
{
    constexpr double kTolerance = 1e-3; // of the length; sums err far less
    if (norm > kLargest)
        return true; // too long for float32
    double length = std::sqrt(square), tiny = dims * kTiny;
    return length <= std::sqrt(norm + tiny) * (1 + kTolerance) + error &&
           length >= std::sqrt(std::max(norm - tiny, 0.0)) * (1 - kTolerance) - error;
}
