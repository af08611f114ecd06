/*
 * The halfvec type as C code sees it: elements of half precision (core/half_api.h).
 */
#ifndef VDB_PG_HALFVEC_H
#define VDB_PG_HALFVEC_H

#include "pg/dense.h"

#define DENSE         HalfVector
#define DENSE_NAME    halfvec
#define DENSE_ELEMENT uint16
#include "pg/dense_type.h"

#endif
