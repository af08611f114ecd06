/*
 * What the cost functions of our access methods share.
 */
#ifndef VDB_PG_PLAN_COST_H
#define VDB_PG_PLAN_COST_H

#include "nodes/pathnodes.h"

/* Rows that a scan has to produce for the query's LIMIT, given what filters leave of them; 0 if not
 * known. */
extern double vdb_rows_wanted(PlannerInfo *root, RelOptInfo *rel);
/* Cost of one page of the index from anywhere in it, in memory or not. */
extern double vdb_page_cost(IndexPath *path);

#endif
