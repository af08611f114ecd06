/*
 * What the cost functions of our access methods share.
 */
#include "postgres.h"

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/spccache.h"

#include "pg/plan_cost.h"

/* A page in shared buffers against one that is read in sequence; PostgreSQL's costs do not know the
 * difference. */
#define CACHED_PAGE_COST 0.05

double vdb_rows_wanted(PlannerInfo *root, RelOptInfo *rel)
{
    if (root->limit_tuples <= 0 || rel->rows <= 0)
        return 0;
    return root->limit_tuples * Max(1.0, rel->tuples / rel->rows);
}

double vdb_page_cost(IndexPath *path)
{
    double random_page, seq_page;
    double cached = Min(1.0, (double) effective_cache_size / Max(1.0, path->indexinfo->pages));

    get_tablespace_page_costs(path->indexinfo->reltablespace, &random_page, &seq_page);
    return cached * CACHED_PAGE_COST * seq_page + (1 - cached) * random_page;
}
