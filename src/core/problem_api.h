/*
 * What an index checker found wrong: the same for every access method.
 */
#ifndef VDB_CORE_PROBLEM_API_H
#define VDB_CORE_PROBLEM_API_H

#include "core/types.h"

#define VDB_MAX_PROBLEMS      1000 /* reported; later ones are only counted */
#define VDB_PROBLEM_TEXT_SIZE 120

typedef struct VdbProblem {
    VdbBlock block;
    int32_t item; /* what is numbered on such a page, as the text says; -1 = the page */
    char text[VDB_PROBLEM_TEXT_SIZE];
} VdbProblem;

#endif
