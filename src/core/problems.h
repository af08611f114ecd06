// Writing down what an index checker finds (problem_api.h).
#pragma once

#include <cstdarg>
#include <cstdio>

#include "core/problem_api.h"

namespace vdb {

// Adds one to the count and, while there is room for VDB_MAX_PROBLEMS, to the list.
inline void add_problem(VdbProblem *list, uint64_t *count, VdbProblem where, const char *format,
                        va_list args)
{
    uint64_t n = (*count)++;
    if (n >= VDB_MAX_PROBLEMS)
        return;
    list[n] = where;
    vsnprintf(list[n].text, sizeof(list[n].text), format, args);
}

} // namespace vdb
