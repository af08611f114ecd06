/*
 * From a column's operator class to the space of an index, and from a column's value to the form
 * that the index keeps: the same for every access method and type.
 */
#ifndef VDB_PG_INDEX_VALUE_H
#define VDB_PG_INDEX_VALUE_H

#include "utils/relcache.h"

#include "quant/space_api.h"

/* Support functions of an operator class, numbered as pgvector numbers them. */
#define VDB_DISTANCE_PROC 1
#define VDB_NORM_PROC     2

/* A value in the form that an index keeps, palloc'd on a cache line (which halves the time of a
 * comparison), and its norm (quant/space_api.h). */
typedef struct VdbIndexValue {
    const void *data;
    float norm;
} VdbIndexValue;

/* The space of an index's first column; dims 0 where the column has no dimensions.  Raises
 * FEATURE_NOT_SUPPORTED for a type or an operator class that is not known. */
extern VdbSpace vdb_index_space(Relation index);

/* Whether an index in that space can be one on its column and operator class as they are now. */
extern bool vdb_space_fits(Relation index, const VdbSpace *space);

/* Detoasts, checks the dimensions and converts; in the current memory context. */
extern VdbIndexValue vdb_form_value(const VdbSpace *space, Datum value);

/* The same for what a scan searches for: another number of dimensions is the query's mistake. Every
 * row is as near to NULL as any other, so its place is taken by zeros. */
extern VdbIndexValue vdb_form_query(const VdbSpace *space, Datum value, bool isnull);

/* Both for an index that keeps float32 vectors of a column of vectors or halves: in the column's
 * space, with float32 for its storage. */
extern VdbIndexValue vdb_form_float_value(const VdbSpace *column, Datum value);
extern VdbIndexValue vdb_form_float_query(const VdbSpace *column, Datum value, bool isnull);

#endif
