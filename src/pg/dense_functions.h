/*
 * Every SQL function of one dense vector type, by subject.
 *
 * A template like dense_type.h, whose parameters it takes too, included by the one source file of a
 * type, which also defines
 *     DENSE_WORD         unsigned integer of an element's size
 *     DENSE_TO_FLOAT(x)  element as float; must be exact
 *     DENSE_LARGEST      largest float that does not round to an infinite element
 *     DENSE_VANISHING    largest float that rounds to a zero element
 *     DENSE_NTOH(word)   big-endian word in machine order, and back
 *     DENSE_KERNEL(name) kernel of that name in VdbKernels
 * and the functions from_floats and to_floats.
 */
#define VEC             DENSE
#define VEC_NAME        DENSE_NAME
#define VEC_MAX_DIM     VDB_DENSE_MAX_DIM
#define VEC_ELEMENT     DENSE_ELEMENT
#define VEC_ELEMENTS(v) ((v)->x)
#define VEC_COUNT(v)    ((v)->dim)
#define VEC_TO_FLOAT(x) DENSE_TO_FLOAT(x)
#define VEC_WORD        DENSE_WORD
#define VEC_NTOH(word)  DENSE_NTOH(word)
#define VEC_OPENING     "["
#define VEC_JUNK        "Junk after closing right brace."
#include "pg/vec.h"

#define DENSE_VDB(function) VEC_VDB(function)
#define DENSE_FN(function)  VEC_FN(function)
#define DENSE_TYPE_NAME     VEC_TYPE_NAME
#define DENSE_GETARG(n)     VEC_GETARG(n)

#include "pg/vec_array.h"
#include "pg/vec_dim.h"
#include "pg/vec_elements.h"

#include "pg/dense_check.h"

#include "pg/dense_aggregate.h"
#include "pg/dense_cast.h"
#include "pg/dense_compare.h"
#include "pg/dense_distance.h"
#include "pg/dense_function.h"
#include "pg/dense_hash.h"
#include "pg/dense_io.h"
