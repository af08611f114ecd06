/*
 * Planner costs of an ivf index scan.
 */
#include "postgres.h"

#include <math.h>

#include "access/genam.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/float.h"
#include "utils/rel.h"
#include "utils/spccache.h"

#include "pg/ivf.h"
#include "pg/plan_cost.h"

/* Entries that the codes of a page estimate in the time of one comparison of values: 1.3 ns against
 * 15 to 30. */
#define ESTIMATES_PER_COMPARISON 16

/* Entries ranked by their values for each row that is wanted, and the least: 40 to 50 for 10. */
#define RANKED_PER_ROW 3
#define LEAST_RANKED   30

/* How many lists there are and how many a scan begins with. */
typedef struct Lists {
    double lists;
    double probes;
    bool coded;
    double pages; /* of codes */
} Lists;

static Lists lists_of(const IndexPath *path)
{
    Lists l = {.lists = 1, .probes = 1};

    if (path->indexinfo->hypothetical) {
        /* of an index that a planner extension only imagines */
        uint32 lists = vdb_ivf_target_lists(0, (uint64) Max(path->indexinfo->tuples, 1.0));

        l = (Lists){.lists = lists, .probes = vdb_ivf_auto_probes(lists, false)};
    } else {
        Relation index = index_open(path->indexinfo->indexoid, NoLock);
        IvfIndex ii = ivf_index(index);
        VdbIvfMeta meta = ivf_read_meta(index, &ii);

        l.lists = Max(meta.lists, 1);
        l.probes = ivf_probes(index, &ii, (uint32) l.lists).first;
        l.coded = vdb_ivf_coded(&ii.geometry);
        l.pages = l.coded ? meta.data_pages : 0;
        index_close(index, NoLock);
    }
    return l;
}

/* Of an entry of a coded index: its value, on a page of its own or in the table. */
static double ranking_cost(IndexPath *path)
{
    return vdb_page_cost(path) + cpu_operator_cost;
}

void ivfcostestimate(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup_cost,
                     Cost *total_cost, Selectivity *selectivity, double *correlation, double *pages)
{
    double tuples = Max(1.0, path->indexinfo->tuples);
    /* Values that the table keeps out of line cost its sequential scan nothing in the planner's
     * eyes, so they must not cost more here. */
    double index_pages = Min(path->indexinfo->pages, path->indexinfo->rel->pages);
    double share, all;
    Lists l;

    *selectivity = 1;
    *correlation = 0;
    *pages = path->indexinfo->pages;
    if (path->indexorderbys == NIL) {
        /* the index gives rows in order of distance and nothing else */
        *startup_cost = *total_cost = get_float8_infinity();
        return;
    }
    l = lists_of(path);
    share = l.probes / l.lists;
    if (ivf_iterative_scan() != IVF_ITERATIVE_SCAN_OFF)
        share = Max(share, Min(1.0, vdb_rows_wanted(root, path->indexinfo->rel) / tuples));
    if (l.coded)
        index_pages = Min(index_pages, l.pages);
    all = index_pages * vdb_page_cost(path) +
          tuples * cpu_operator_cost / (l.coded ? ESTIMATES_PER_COMPARISON : 1);
    /* all of a list is read before its first row comes out, and every entry is compared */
    *startup_cost = l.lists * cpu_operator_cost + share * all;
    *total_cost = *startup_cost + (1 - share) * all;
    if (l.coded) {
        *startup_cost += Min(tuples, LEAST_RANKED) * ranking_cost(path);
        *total_cost += Min(tuples, LEAST_RANKED) * ranking_cost(path) +
                       tuples * (cpu_index_tuple_cost + RANKED_PER_ROW * ranking_cost(path));
    } else {
        /* those that come out are sorted as by a sort */
        *total_cost += tuples * (cpu_index_tuple_cost + 2 * cpu_operator_cost * log2(tuples + 1));
    }
}
