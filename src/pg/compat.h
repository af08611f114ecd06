/*
 * Every difference between the PostgreSQL versions we support (15 to 18) that our code would see.
 * No other file tests PG_VERSION_NUM.
 */
#ifndef VDB_PG_COMPAT_H
#define VDB_PG_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "vectordb needs PostgreSQL 15 or later"
#endif

#endif
