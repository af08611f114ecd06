/*
 * Sparse lists of float32 elements, the plain-C face: the elements of a vector that are not zero,
 * with their positions.  Their text form, "{1:1.5,3:2}/5", the rules for positions, and sums of
 * many lists.
 */
#ifndef VDB_CORE_SPARSE_API_H
#define VDB_CORE_SPARSE_API_H

#include "core/core_api.h"

VDB_BEGIN_DECLS

/* Elements as two arrays, aligned as their types are.  Indices count from 0 and ascend; functions
 * that only read may be given others, and then answer nonsense but touch nothing outside of the
 * arrays. */
typedef struct VdbSparse {
    const int32_t *indices;
    const float *values;
    int32_t count;
} VdbSparse;

typedef struct VdbSparseElement {
    int32_t index;
    float value;
} VdbSparseElement;

/* A list as parsed.  Numbers are those that strtol() and strtof() read, but that an integer out of
 * range becomes the nearest one (an index one less). */
typedef struct VdbSparseList {
    VdbSparseElement *elements; /* in: room for capacity; out: those that are not 0, by index */
    int32_t capacity;           /* of elements in the text, zeros included */
    int32_t count;
    int32_t dim;       /* the number behind the '/', whatever it is */
    VdbNumberText bad; /* VDB_LIST_RANGE: that number; its start is NULL where there is none */
} VdbSparseList;

/* Answers no VDB_LIST_EMPTY.  The indices may be out of bounds, or there more than once.
 * REQUIRES: text[length] == '\0'. */
VdbListStatus vdb_parse_sparse_list(const char *text, size_t length,
                                    VdbSparseList *list) VDB_NOEXCEPT;

typedef enum VdbIndexFault {
    VDB_INDEX_OK = 0,
    VDB_INDEX_OUT_OF_BOUNDS, /* not from 0 to dim - 1 */
    VDB_INDEX_UNORDERED,     /* less than the one before it */
    VDB_INDEX_DUPLICATE
} VdbIndexFault;

/* The first fault of indices. */
VdbIndexFault vdb_sparse_check_indices(const int32_t *indices, int32_t count,
                                       int32_t dim) VDB_NOEXCEPT;

/* A sum of lists, in double precision: its indices ascend, there is room for capacity. */
typedef struct VdbSparseSum {
    int32_t *indices;
    double *values;
    int32_t count;
    int32_t capacity;
} VdbSparseSum;

/* Adding a list takes two steps, as room may have to be made between them.  The first adds to the
 * elements that the sum has and answers how many it lacks, the second inserts these. REQUIRES: the
 * list's indices ascend; room for the new ones. */
int32_t vdb_sparse_sum_add(VdbSparseSum *sum, VdbSparse list) VDB_NOEXCEPT;
void vdb_sparse_sum_insert(VdbSparseSum *sum, VdbSparse list, int32_t missing) VDB_NOEXCEPT;

/* The same two steps with another sum. */
int32_t vdb_sparse_sum_add_sum(VdbSparseSum *sum, const VdbSparseSum *other) VDB_NOEXCEPT;
void vdb_sparse_sum_insert_sum(VdbSparseSum *sum, const VdbSparseSum *other,
                               int32_t missing) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
