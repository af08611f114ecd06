/*
 * What the templates of the vector types are made of, whatever form a type keeps its elements in
 * (vec_*.h for all of them, dense_*.h for those that keep every element).
 *
 * A type's source file includes this after defining
 *     VEC             name of the C struct, which has a field dim
 *     VEC_NAME        name of the type in SQL, a token
 *     VEC_MAX_DIM     most dimensions
 *     VEC_ELEMENT     C type of an element kept (elements.h knows it)
 *     VEC_ELEMENTS(v), VEC_COUNT(v)  the elements kept, and how many
 *     VEC_TO_FLOAT(x)  element as float, exactly
 *     VEC_WORD, VEC_NTOH(word)  unsigned integer of an element's size; from big-endian and back
 *     VEC_OPENING, VEC_JUNK  the bracket that opens its text; what follows the end wrongly
 */
#ifndef VDB_PG_VEC_H
#define VDB_PG_VEC_H

#include "fmgr.h"

#include "pg/compat.h"

#define VEC_PASTE(a, b)          VEC_PASTE_EXPANDED(a, b)
#define VEC_PASTE_EXPANDED(a, b) a##b

#define VEC_VDB(function) VEC_PASTE(VEC_PASTE(vdb_, VEC_NAME), _##function)
#define VEC_FN(function)  VEC_PASTE(VEC_NAME, _##function)
#define VEC_TYPE_NAME     CppAsString2(VEC_NAME)
#define VEC_GETARG(n)     VEC_VDB(from_datum)(PG_GETARG_DATUM(n))

/* typmod is the number of dimensions that is expected, -1 for any. */
extern void vdb_check_typmod(int32 typmod, int dim);

#endif
