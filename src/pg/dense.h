/*
 * What the dense vector types have in common in C: limits and the helpers of their
 * templates (dense_*.h).
 */
#ifndef VDB_PG_DENSE_H
#define VDB_PG_DENSE_H

#include "fmgr.h"

#include "pg/compat.h"

#define VDB_DENSE_MAX_DIM 16000

#define DENSE_PASTE(a, b)          DENSE_PASTE_EXPANDED(a, b)
#define DENSE_PASTE_EXPANDED(a, b) a##b

#endif
