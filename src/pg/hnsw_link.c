/*
 * Edges that lead to a new node: the pinned one from its parent, and those from its other
 * neighbours.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "pg/hnsw_insert.h"

/*
 * Plans to add the new node to that neighbour's list, pruning it when it is full; with `must` the
 * new node stays whatever the others say.  False: no change, as the neighbour is gone or prefers
 * others.
 */
static bool plan_link(HnswInsert *in, VdbNode neighbor, uint32 level, bool must, LinkPlan *plan)
{
    uint32 limit = vdb_hnsw_max_links(&in->hi->geometry, level);

    hnsw_read_links(in->index, in->hi, neighbor, level, &plan->seen);
    plan->now = plan->seen;
    if (!plan->seen.found || vdb_hnsw_links_find(&plan->seen, in->node) < plan->seen.count)
        return false;
    if (plan->seen.count < limit) {
        vdb_hnsw_links_add(&plan->now, in->node, false);
        return true;
    }
    if (plan->seen.pinned >= (must ? VDB_HNSW_MAX_FORCED : limit))
        return false;
    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_add(in->gather, neighbor);
    for (uint32 i = 0; i < plan->seen.count; i++)
        vdb_hnsw_gather_add(in->gather, plan->seen.ids[i]);
    hnsw_run_gather(in->index, in->hi, in->gather);
    vdb_hnsw_gather_put(in->gather, in->node, in->vector.data, in->vector.norm);
    vdb_hnsw_gather_choose(in->gather, &plan->now, limit, must ? in->node : VDB_NO_NODE);
    return vdb_hnsw_links_find(&plan->now, in->node) < plan->now.count;
}

/* Pins the planned edge to the new node. */
static void pin_new_node(LinkPlan *plan, VdbNode node)
{
    vdb_hnsw_links_remove(&plan->now, vdb_hnsw_links_find(&plan->now, node));
    vdb_hnsw_links_add(&plan->now, node, true);
}

/* The parent gives up no more edges: the new node takes one of its children over. */
static void splice_child(HnswInsert *in, LinkPlan *plan)
{
    uint32 last = plan->now.pinned - 1;
    VdbNode child = plan->now.ids[last];
    uint32 own = vdb_hnsw_links_find(&in->links[0], child);

    if (own == in->links[0].count && own == vdb_hnsw_max_links(&in->hi->geometry, 0))
        own--; /* full: the farthest makes room */
    if (own < in->links[0].count)
        vdb_hnsw_links_remove(&in->links[0], own);
    vdb_hnsw_links_add(&in->links[0], child, true);
    plan->now.ids[last] = in->node;
}

static bool may_be_parent(HnswInsert *in, const LinkPlan *plan)
{
    return plan->seen.found && (plan->seen.live || plan->seen.node == in->meta.root);
}

/* Forgets what an earlier attempt to splice did. */
static void unsplice(VdbLinks *own)
{
    own->count -= own->pinned;
    memmove(own->ids, own->ids + own->pinned, sizeof(VdbNode) * own->count);
    own->pinned = 0;
}

/*
 * Chooses the parent and plans its list: the nearest neighbour that would take the new node anyway;
 * failing that, the nearest, which is made to.  The root serves when there is no live neighbour.
 */
void hnsw_plan_parent(HnswInsert *in, LinkPlan *plan)
{
    VdbLinks *own = &in->links[0];

    unsplice(own);
    for (uint32 i = 0; i < own->count; i++) {
        if (plan_link(in, own->ids[i], 0, false, plan) && may_be_parent(in, plan)) {
            pin_new_node(plan, in->node);
            in->back_from = i + 1;
            return;
        }
    }
    in->back_from = own->count; /* none of them wants it */
    for (uint32 i = 0; i <= own->count; i++) {
        bool planned = plan_link(in, i < own->count ? own->ids[i] : in->meta.root, 0, true, plan);

        if (!may_be_parent(in, plan))
            continue;
        if (planned)
            pin_new_node(plan, in->node);
        else
            splice_child(in, plan);
        return;
    }
    vdb_corrupted(in->index, VDB_HNSW_META_BLOCK, "the root is gone");
}

VdbStatus hnsw_write_links(Relation index, HnswIndex *hi, const VdbLinks *seen, const VdbLinks *now)
{
    Buffer buf = vdb_read_page(index, hi, seen->block, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(index);
    VdbStatus status =
        vdb_hnsw_links_write(GenericXLogRegisterBuffer(wal, buf, 0), &hi->geometry, seen, now);

    if (status == VDB_OK)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    UnlockReleaseBuffer(buf);
    return status;
}

/* Gives the new node an edge from a neighbour, if the neighbour wants it. */
static void link_back(HnswInsert *in, VdbNode neighbor, uint32 level, LinkPlan *plan)
{
    VdbStatus status = VDB_STALE;

    while (status == VDB_STALE && plan_link(in, neighbor, level, false, plan)) {
        status = hnsw_write_links(in->index, in->hi, &plan->seen, &plan->now);
        CHECK_FOR_INTERRUPTS();
    }
}

void hnsw_link_back(HnswInsert *in)
{
    LinkPlan *plan = palloc(sizeof(LinkPlan));

    for (uint32 i = in->back_from; i < in->links[0].count; i++)
        link_back(in, in->links[0].ids[i], 0, plan);
    for (uint32 level = 1; level <= in->level; level++) {
        for (uint32 i = 0; i < in->links[level].count; i++)
            link_back(in, in->links[level].ids[i], level, plan);
    }
    pfree(plan);
}
