/*
 * The plain-C face of src/core: what the PostgreSQL shim calls of it directly.
 *
 * Text form of a list of float32 values, "[1,2.5,-3e-2]": the parser behind the input functions of
 * the dense vector types.  Knows nothing of the types' limits but the capacity that the caller
 * gives. Accepts exactly what a loop around strtof() in the C locale accepts (a leading '+',
 * hexadecimal floats, values too small to represent included) and rounds as strtof() does; only
 * faster.
 */
#ifndef VDB_CORE_API_H
#define VDB_CORE_API_H

#include "core/types.h"

VDB_BEGIN_DECLS

typedef enum VdbListStatus {
    VDB_LIST_OK = 0,
    VDB_LIST_NOT_OPENED, /* does not start with '[' */
    VDB_LIST_EMPTY,      /* "[]" */
    VDB_LIST_TOO_LONG,   /* more elements than capacity */
    VDB_LIST_SYNTAX,     /* no number, no ',' or no ']' where there must be one */
    VDB_LIST_RANGE,      /* a finite number beyond the largest: see bad */
    VDB_LIST_NAN,
    VDB_LIST_INFINITE,
    VDB_LIST_JUNK,      /* more than white space behind the end */
    VDB_LIST_UNFINISHED /* no '/' behind the '}' of a sparse list */
} VdbListStatus;

/* The text of a number, within the input. */
typedef struct VdbNumberText {
    const char *start;
    size_t length;
} VdbNumberText;

typedef struct VdbFloatList {
    float *values; /* in: room for capacity elements; out: the first count are set */
    int capacity;
    float largest; /* in: magnitude that a number, rounded to float32, may have */
    int count;
    VdbNumberText bad; /* VDB_LIST_RANGE: that number; its start is NULL where there is none */
} VdbFloatList;

/* REQUIRES: text[length] == '\0'. */
VdbListStatus vdb_parse_float_list(const char *text, size_t length,
                                   VdbFloatList *list) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
