/*
 * Every difference between the PostgreSQL versions we support (15 to 18) that our code would see.
 * No other file tests PG_VERSION_NUM.
 */
#ifndef VDB_PG_COMPAT_H
#define VDB_PG_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "vectordb needs PostgreSQL 15 or later"
#endif

/* varlena macros left postgres.h in 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Input functions report bad input softly from 16 on (pg_input_is_valid, COPY ... ON_ERROR). */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy_value, ...) ereport(ERROR, __VA_ARGS__)
#endif

/* Modules have a name and a version from 18 on. */
#if PG_VERSION_NUM >= 180000
#define VDB_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "vectordb", .version = "1.0")
#else
#define VDB_MODULE_MAGIC PG_MODULE_MAGIC
#endif

#endif
