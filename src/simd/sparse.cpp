/*
 * Distances between sparse vectors: two sorted lists walked side by side.
 *
 * Which list is ahead is as good as random, so the walk has no branch on it: each step takes the
 * lower of the two indices, and as the other side's value a zero unless the indices are equal.
 */
#include "simd/sparse_api.h"

#include <cmath>

namespace {

struct SquaredDifference {
    static double term(double a, double b) { return (a - b) * (a - b); }
};

struct Product {
    static double term(double a, double b) { return a * b; }
};

struct AbsoluteDifference {
    static double term(double a, double b) { return std::fabs(a - b); }
};

/* The terms of one list's elements from `from` on against zeros. */
template <class Term> double rest(VdbSparse a, int32_t from)
{
    double sum = 0;
    for (int32_t i = from; i < a.count; i++)
        sum += Term::term(a.values[i], 0);
    return sum;
}

template <class Term> float sum_of_terms(VdbSparse a, VdbSparse b)
{
    double sum = 0;
    int32_t i = 0;
    int32_t j = 0;

    while (i < a.count && j < b.count) {
        const int32_t at_a = a.indices[i];
        const int32_t at_b = b.indices[j];
        const double value_a = at_a <= at_b ? a.values[i] : 0.0F;
        const double value_b = at_b <= at_a ? b.values[j] : 0.0F;

        sum += Term::term(value_a, value_b);
        i += at_a <= at_b;
        j += at_b <= at_a;
    }
    return static_cast<float>(sum + (rest<Term>(a, i) + rest<Term>(b, j)));
}

float norm_squared(VdbSparse a)
{
    double sum = 0;
    for (int32_t i = 0; i < a.count; i++)
        sum += double{a.values[i]} * a.values[i];
    return static_cast<float>(sum);
}

} // namespace

float vdb_sparse_l2_squared(VdbSparse a, VdbSparse b) noexcept
{
    return sum_of_terms<SquaredDifference>(a, b);
}

float vdb_sparse_inner_product(VdbSparse a, VdbSparse b) noexcept
{
    return sum_of_terms<Product>(a, b);
}

float vdb_sparse_l1(VdbSparse a, VdbSparse b) noexcept
{
    return sum_of_terms<AbsoluteDifference>(a, b);
}

VdbCosineParts vdb_sparse_cosine_parts(VdbSparse a, VdbSparse b) noexcept
{
    return {vdb_sparse_inner_product(a, b), norm_squared(a), norm_squared(b)};
}
