// Sums of many sparse lists.  After a few of them most indices of a list are there already, so
// these are found by galloping, without a look at what lies between them.
#include "core/sparse_api.h"

namespace {

// The first position from `from` on whose index is not below the one sought, in steps that double:
// the cost grows with the logarithm of the distance.
int32_t gallop(const int32_t *indices, int32_t count, int32_t from, int32_t sought)
{
    int32_t step = 1;
    int32_t low = from; // everything before it is below
    while (step <= count - low && indices[low + step - 1] < sought) {
        low += step;
        if (step <= INT32_MAX / 2)
            step *= 2;
    }
    int32_t high = step <= count - low ? low + step - 1 : count; // not below, or the end
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (indices[middle] < sought)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

template <class List> int32_t add(VdbSparseSum *sum, const List &list)
{
    int32_t missing = 0;
    int32_t at = 0;

    for (int32_t i = 0; i < list.count; i++) {
        at = gallop(sum->indices, sum->count, at, list.indices[i]);
        if (at < sum->count && sum->indices[at] == list.indices[i])
            sum->values[at] += static_cast<double>(list.values[i]);
        else
            missing++;
    }
    return missing;
}

// Merged from the end on, so that every element moves once, into room that is free.
template <class List> void insert(VdbSparseSum *sum, const List &list, int32_t missing)
{
    int32_t from = sum->count - 1;
    int32_t to = from + missing;

    sum->count += missing;
    for (int32_t i = list.count - 1; i >= 0 && to > from; i--) {
        while (from >= 0 && sum->indices[from] > list.indices[i]) {
            sum->indices[to] = sum->indices[from];
            sum->values[to--] = sum->values[from--];
        }
        if (from >= 0 && sum->indices[from] == list.indices[i])
            continue;
        sum->indices[to] = list.indices[i];
        sum->values[to--] = static_cast<double>(list.values[i]);
    }
}

} // namespace

int32_t vdb_sparse_sum_add(VdbSparseSum *sum, VdbSparse list) noexcept
{
    return add(sum, list);
}

void vdb_sparse_sum_insert(VdbSparseSum *sum, VdbSparse list, int32_t missing) noexcept
{
    insert(sum, list, missing);
}

int32_t vdb_sparse_sum_add_sum(VdbSparseSum *sum, const VdbSparseSum *other) noexcept
{
    return add(sum, *other);
}

void vdb_sparse_sum_insert_sum(VdbSparseSum *sum, const VdbSparseSum *other,
                               int32_t missing) noexcept
{
    insert(sum, *other, missing);
}
