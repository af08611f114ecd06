/*
 * Entry point of the shared library: magic block, GUCs that belong to no access method.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "simd/simd_api.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {}
