/*
 * Planner costs of an hnsw index scan.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "pg/hnsw.h"
#include "pg/plan_cost.h"

/* Nodes whose distance a search for `ef` nodes computes: measured to grow as ef^0.8, and with the
 * degree. */
static double nodes_visited(double tuples, double ef, int m)
{
    return Min(tuples, 2.2 * m * pow(ef, 0.8));
}

/* Cost of looking at one node: its page, in memory or not, and one distance.  That costs the same
 * for any number of dimensions, as it does in the sequential scan that this is compared with. */
static double node_cost(IndexPath *path)
{
    return vdb_page_cost(path) + cpu_index_tuple_cost + cpu_operator_cost;
}

void hnswcostestimate(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
                      Cost *total_cost, Selectivity *selectivity, double *correlation,
                      double *pages)
{
    double tuples = Max(1.0, path->indexinfo->tuples);
    double ef = hnsw_ef_search;
    int m = VDB_HNSW_DEFAULT_M; /* of an index that a planner extension only imagines */
    double per_node;

    *selectivity = 1;
    *correlation = 0;
    *pages = path->indexinfo->pages;
    if (path->indexorderbys == NIL) {
        /* the index gives rows in order of distance and nothing else */
        *startup_cost = *total_cost = get_float8_infinity();
        return;
    }
    if (!path->indexinfo->hypothetical) {
        Relation index = index_open(path->indexinfo->indexoid, NoLock);

        m = hnsw_index(index).geometry.m;
        index_close(index, NoLock);
    }

    if (hnsw_iterative_scan != HNSW_ITERATIVE_SCAN_OFF)
        ef = Max(ef, Min(tuples, vdb_rows_wanted(root, path->indexinfo->rel)));
    per_node = node_cost(path);
    *startup_cost = nodes_visited(tuples, ef, m) * per_node;
    *total_cost = *startup_cost + tuples * per_node;
}
