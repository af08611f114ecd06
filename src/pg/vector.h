/*
 * The vector type as C code sees it: float4 elements.
 */
#ifndef VDB_PG_VECTOR_H
#define VDB_PG_VECTOR_H

#include "pg/dense.h"

#define DENSE         Vector
#define DENSE_NAME    vector
#define DENSE_ELEMENT float
#include "pg/dense_type.h"

#endif
