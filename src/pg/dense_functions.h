/*
 * Every SQL function of one dense vector type, by subject.
 *
 * A template like dense_type.h, whose parameters it takes too, included by the one source file of a
 * type, which also defines
 *     DENSE_WORD         unsigned integer of an element's size
 *     DENSE_TO_FLOAT(x)  element as float; must be exact
 *     DENSE_FROM_FLOAT(x) float rounded to an element
 *     DENSE_LARGEST      largest float that does not round to an infinite element
 *     DENSE_NTOH(word)   big-endian word in machine order, and back
 *     DENSE_KERNEL(name) kernel of that name in VdbKernels
 * and the functions from_floats and to_floats.
 */
#define DENSE_VDB(function) DENSE_PASTE(DENSE_PASTE(vdb_, DENSE_NAME), _##function)
#define DENSE_FN(function)  DENSE_PASTE(DENSE_NAME, _##function)
#define DENSE_TYPE_NAME     CppAsString2(DENSE_NAME)
#define DENSE_GETARG(n)     DENSE_VDB(from_datum)(PG_GETARG_DATUM(n))

#include "pg/dense_check.h"

#include "pg/dense_aggregate.h"
#include "pg/dense_cast.h"
#include "pg/dense_compare.h"
#include "pg/dense_distance.h"
#include "pg/dense_function.h"
#include "pg/dense_io.h"
