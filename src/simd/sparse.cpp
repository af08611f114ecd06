/*
 * Distances between sparse vectors: two sorted lists walked side by side, in blocks of four.
 *
 * Each element of one block is compared with all four of the other, so that a step has no branch on
 * the data; element by element, the walk waits for a branch foretold wrongly at every other step.
 * Four lanes are what every machine has, so this needs no dispatch: twice as many gain another
 * third.
 */
#include "simd/sparse_api.h"

#include <cmath>

#include <simde/x86/sse2.h>

namespace {

constexpr int32_t kLanes = 4;

struct Block {
    simde__m128i indices;
    simde__m128 values;
    int32_t last; // index
};

// Indices that end a list whose length is no multiple of kLanes.  Above every index; those of the
// two lists differ, as what is equal is taken for a match.
constexpr int32_t kPadA = INT32_MAX;
constexpr int32_t kPadB = INT32_MAX - 1;

struct Columns {
    VdbSparse list;
    int32_t tail_indices[kLanes];
    float tail_values[kLanes];

    Columns(const VdbSparse &sparse, int32_t pad) : list(sparse)
    {
        for (int32_t lane = 0, i = sparse.count / kLanes * kLanes; lane < kLanes; lane++, i++) {
            tail_indices[lane] = i < sparse.count ? sparse.indices[i] : pad;
            tail_values[lane] = i < sparse.count ? sparse.values[i] : 0;
        }
    }

    Block block(int32_t at) const
    {
        const bool whole = list.count - at >= kLanes;
        const int32_t *indices = whole ? list.indices + at : tail_indices;
        const float *values = whole ? list.values + at : tail_values;

        return {simde_mm_loadu_si128(reinterpret_cast<const simde__m128i *>(indices)),
                simde_mm_loadu_ps(values), indices[kLanes - 1]};
    }
};

struct Rows {
    VdbSparseRow list;
    VdbSparseElement tail[kLanes];

    Rows(const VdbSparseRow &row, int32_t pad) : list(row)
    {
        for (int32_t lane = 0, i = row.count / kLanes * kLanes; lane < kLanes; lane++, i++)
            tail[lane] = i < row.count ? row.elements[i] : VdbSparseElement{pad, 0};
    }

    Block block(int32_t at) const
    {
        const VdbSparseElement *from = list.count - at >= kLanes ? list.elements + at : tail;
        const auto *halves = reinterpret_cast<const simde__m128i *>(from);
        const simde__m128 low = simde_mm_castsi128_ps(simde_mm_loadu_si128(halves));
        const simde__m128 high = simde_mm_castsi128_ps(simde_mm_loadu_si128(halves + 1));

        return {simde_mm_castps_si128(simde_mm_shuffle_ps(low, high, 0x88)),
                simde_mm_shuffle_ps(low, high, 0xdd), from[kLanes - 1].index};
    }
};

int32_t index_of(const VdbSparse &list, int32_t i)
{
    return list.indices[i];
}

int32_t index_of(const VdbSparseRow &list, int32_t i)
{
    return list.elements[i].index;
}

double value_of(const VdbSparse &list, int32_t i)
{
    return static_cast<double>(list.values[i]);
}

double value_of(const VdbSparseRow &list, int32_t i)
{
    return static_cast<double>(list.elements[i].value);
}

using Pair = simde__m128d;

Pair magnitude(Pair x)
{
    return simde_mm_andnot_pd(simde_mm_set1_pd(-0.0), x);
}

// Terms of two elements of equal index; zero where the second is zero, which stands for none.
struct Product {
    static Pair term(Pair a, Pair b) { return simde_mm_mul_pd(a, b); }
};

// What |a - b| is more than |a| + |b|.
struct Overlap {
    static Pair term(Pair a, Pair b)
    {
        const Pair apart = simde_mm_add_pd(magnitude(a), magnitude(b));
        return simde_mm_sub_pd(magnitude(simde_mm_sub_pd(a, b)), apart);
    }
};

struct Magnitude {
    static Pair term(Pair a, Pair) { return magnitude(a); }
};

// A sum over four lanes.  Every sum here adds in the same order, so that the product of a vector
// with itself is its norm to the bit.
template <class Term> struct Sum {
    Pair low = simde_mm_setzero_pd();
    Pair high = simde_mm_setzero_pd();

    void add(simde__m128 a, simde__m128 b)
    {
        const Pair low_term = Term::term(simde_mm_cvtps_pd(a), simde_mm_cvtps_pd(b));
        const Pair high_term = Term::term(simde_mm_cvtps_pd(simde_mm_movehl_ps(a, a)),
                                          simde_mm_cvtps_pd(simde_mm_movehl_ps(b, b)));
        low = simde_mm_add_pd(low, low_term);
        high = simde_mm_add_pd(high, high_term);
    }

    double total() const
    {
        const Pair both = simde_mm_add_pd(low, high);
        return simde_mm_cvtsd_f64(both) + simde_mm_cvtsd_f64(simde_mm_unpackhi_pd(both, both));
    }
};

// The values of y at the indices of x, zero where y has none: compares with y turned by `lanes`.
template <int kTurn> simde__m128 values_at(simde__m128i indices, const Block &y)
{
    const simde__m128i turned = simde_mm_shuffle_epi32(y.indices, kTurn);
    const simde__m128 equal = simde_mm_castsi128_ps(simde_mm_cmpeq_epi32(indices, turned));

    return simde_mm_and_ps(equal, simde_mm_shuffle_ps(y.values, y.values, kTurn));
}

template <class Term, class List> double sum_of_matches(const List &a, const List &b)
{
    Sum<Term> sum;
    int32_t i = 0;
    int32_t j = 0;

    while (i < a.list.count && j < b.list.count) {
        const Block x = a.block(i);
        const Block y = b.block(j);
        const simde__m128 near =
            simde_mm_or_ps(values_at<0xe4>(x.indices, y), values_at<0x39>(x.indices, y));
        const simde__m128 far =
            simde_mm_or_ps(values_at<0x4e>(x.indices, y), values_at<0x93>(x.indices, y));

        sum.add(x.values, simde_mm_or_ps(near, far));
        i += x.last <= y.last ? kLanes : 0;
        j += y.last <= x.last ? kLanes : 0;
    }
    return sum.total();
}

template <class Term, class List> double sum_of_all(const List &a)
{
    Sum<Term> sum;

    for (int32_t i = 0; i < a.list.count; i += kLanes) {
        const Block x = a.block(i);
        sum.add(x.values, x.values);
    }
    return sum.total();
}

struct SquaredDifference {
    static double term(double a, double b) { return (a - b) * (a - b); }
};

struct AbsoluteDifference {
    static double term(double a, double b) { return std::fabs(a - b); }
};

// The distance from its definition, element by element.  Each step takes the lower of the two
// indices, and as the other side's value a zero unless the indices are equal.
template <class Term, class List> double walk(const List &a, const List &b)
{
    double sum = 0;
    double rest_a = 0;
    double rest_b = 0;
    int32_t i = 0;
    int32_t j = 0;

    while (i < a.count && j < b.count) {
        const int32_t at_a = index_of(a, i);
        const int32_t at_b = index_of(b, j);

        sum += Term::term(at_a <= at_b ? value_of(a, i) : 0, at_b <= at_a ? value_of(b, j) : 0);
        i += at_a <= at_b;
        j += at_b <= at_a;
    }
    for (; i < a.count; i++)
        rest_a += Term::term(value_of(a, i), 0);
    for (; j < b.count; j++)
        rest_b += Term::term(value_of(b, j), 0);
    return sum + (rest_a + rest_b);
}

// A distance less than this part of the terms that it is the difference of has lost too many of its
// digits: a sum of 16,000 doubles is sure to 1e-12 of its terms, and a float wants 6e-8.
constexpr double kSure = 1e-4;

// The order in which two lists are compared, whichever is given first: the shorter before the
// longer, of equal ones that with the lower index where they differ first.
template <class List> bool in_order(const List &a, const List &b)
{
    if (a.count != b.count)
        return a.count < b.count;
    for (int32_t i = 0; i < a.count; i++) {
        if (index_of(a, i) != index_of(b, i))
            return index_of(a, i) < index_of(b, i);
    }
    return true;
}

template <class View, class List> double l2_squared(const List &a, const List &b)
{
    const View x(a, kPadA);
    const View y(b, kPadB);
    const double apart = sum_of_all<Product>(x) + sum_of_all<Product>(y);
    const double result = apart - 2 * sum_of_matches<Product>(x, y);

    return result >= kSure * apart ? result : walk<SquaredDifference>(a, b);
}

template <class View, class List> double inner_product(const List &a, const List &b)
{
    return sum_of_matches<Product>(View(a, kPadA), View(b, kPadB));
}

template <class View, class List> double l1(const List &a, const List &b)
{
    const View x(a, kPadA);
    const View y(b, kPadB);
    const double apart = sum_of_all<Magnitude>(x) + sum_of_all<Magnitude>(y);
    const double result = apart + sum_of_matches<Overlap>(x, y);

    return result >= kSure * apart ? result : walk<AbsoluteDifference>(a, b);
}

template <class List>
float ordered(double (*distance)(const List &, const List &), const List &a, const List &b)
{
    return static_cast<float>(in_order(a, b) ? distance(a, b) : distance(b, a));
}

} // namespace

float vdb_sparse_l2_squared(VdbSparse a, VdbSparse b) noexcept
{
    return ordered(l2_squared<Columns, VdbSparse>, a, b);
}

float vdb_sparse_inner_product(VdbSparse a, VdbSparse b) noexcept
{
    return ordered(inner_product<Columns, VdbSparse>, a, b);
}

float vdb_sparse_l1(VdbSparse a, VdbSparse b) noexcept
{
    return ordered(l1<Columns, VdbSparse>, a, b);
}

VdbCosineParts vdb_sparse_cosine_parts(VdbSparse a, VdbSparse b) noexcept
{
    return {vdb_sparse_inner_product(a, b),
            static_cast<float>(sum_of_all<Product>(Columns(a, kPadA))),
            static_cast<float>(sum_of_all<Product>(Columns(b, kPadB)))};
}

float vdb_sparse_row_l2_squared(VdbSparseRow a, VdbSparseRow b) noexcept
{
    return ordered(l2_squared<Rows, VdbSparseRow>, a, b);
}

float vdb_sparse_row_inner_product(VdbSparseRow a, VdbSparseRow b) noexcept
{
    return ordered(inner_product<Rows, VdbSparseRow>, a, b);
}

float vdb_sparse_row_l1(VdbSparseRow a, VdbSparseRow b) noexcept
{
    return ordered(l1<Rows, VdbSparseRow>, a, b);
}
