/*
 * Edges that lead to a new node: the pinned one from its parent, and those from its other
 * neighbours.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "pg/hnsw_insert.h"

/* Whether neighbours on that level decide by the codes in their slots.  Inner product orders by
 * something else than edges' lengths. */
static bool decides_by_codes(HnswInsert *in, uint32 level)
{
    return level == 0 && vdb_hnsw_coded(&in->hi->geometry) &&
           in->hi->geometry.space.metric != VDB_METRIC_IP;
}

const VdbEdgeCodes *hnsw_edge_codes(HnswInsert *in, const LinkPlan *plan)
{
    if (!vdb_hnsw_coded(&in->hi->geometry) || plan->seen.level > 0)
        return NULL;
    (void) vdb_hnsw_codes_pick(in->edge, in->node, in->back, plan->seen.node);
    return in->edge;
}

/* Makes the codes of the new node and one that it did not choose for each other. */
static void make_codes(HnswInsert *in, VdbNode other)
{
    if (!vdb_hnsw_coded(&in->hi->geometry) || vdb_hnsw_codes_has(in->back, other))
        return;
    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_put(in->gather, VDB_HNSW_NEW_NODE, in->vector.data, in->vector.norm);
    vdb_hnsw_gather_add(in->gather, other);
    hnsw_run_gather(in->index, in->hi, in->gather);
    vdb_hnsw_gather_add_codes(in->gather, other, in->codes, in->back);
}

/* Chooses anew which edges a full list has, the new one among them. */
static void choose_anew(HnswInsert *in, bool must, LinkPlan *plan)
{
    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_add(in->gather, plan->seen.node);
    for (uint32 i = 0; i < plan->seen.count; i++)
        vdb_hnsw_gather_add(in->gather, plan->seen.ids[i]);
    hnsw_run_gather(in->index, in->hi, in->gather);
    vdb_hnsw_gather_put(in->gather, in->node, in->vector.data, in->vector.norm);
    vdb_hnsw_gather_choose(in->gather, &plan->now,
                           vdb_hnsw_max_links(&in->hi->geometry, plan->seen.level),
                           must ? in->node : VDB_NO_NODE);
}

/* What a list says to the new node. */
typedef enum Answer {
    ANSWER_NO, /* the neighbour is gone, or has that edge */
    ANSWER_YES,
    ANSWER_FULL /* one of its edges would have to go, which may */
} Answer;

/* Plans to add the new node to the list `seen`, if there is room. */
static Answer plan_addition(HnswInsert *in, bool must, LinkPlan *plan)
{
    uint32 limit = vdb_hnsw_max_links(&in->hi->geometry, plan->seen.level);

    plan->now = plan->seen;
    if (!plan->seen.found || vdb_hnsw_links_find(&plan->seen, in->node) < plan->seen.count)
        return ANSWER_NO;
    if (plan->seen.count < limit) {
        vdb_hnsw_links_add(&plan->now, in->node, false);
        return ANSWER_YES;
    }
    return plan->seen.pinned >= (must ? VDB_HNSW_MAX_FORCED : limit) ? ANSWER_NO : ANSWER_FULL;
}

/* Reads the neighbour's list from its page, and plans to add the new node to it. */
static bool plan_on_page(HnswInsert *in, VdbNode neighbor, bool must, Buffer buf, LinkPlan *plan)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    Page page = BufferGetPage(buf);
    VdbStatus status;
    Answer answer;

    vdb_hnsw_links_start(&plan->seen, g, neighbor, 0);
    (void) vdb_hnsw_links_feed(&plan->seen, g, page, &status);
    vdb_check(status, in->index, BufferGetBlockNumber(buf));
    answer = plan_addition(in, must, plan);
    if (answer != ANSWER_FULL)
        return answer == ANSWER_YES;
    return vdb_hnsw_codes_pick(in->edge, in->node, in->back, neighbor) &&
           vdb_hnsw_links_offer(page, g, &plan->now, in->edge, must);
}

/*
 * Plans to add the new node to that neighbour's list, pruning it when it is full; with `must` the
 * new node stays whatever the others say.  False: no change, as the neighbour is gone or prefers
 * others.
 */
static bool plan_link(HnswInsert *in, VdbNode neighbor, uint32 level, bool must, LinkPlan *plan)
{
    Answer answer;

    if (decides_by_codes(in, level)) {
        Buffer buf = vdb_read_page(
            in->index, in->hi, vdb_hnsw_node_block(&in->hi->geometry, neighbor), BUFFER_LOCK_SHARE);
        bool planned = plan_on_page(in, neighbor, must, buf, plan);

        UnlockReleaseBuffer(buf);
        return planned;
    }
    hnsw_read_links(in->index, in->hi, neighbor, level, &plan->seen);
    answer = plan_addition(in, must, plan);
    if (answer != ANSWER_FULL)
        return answer == ANSWER_YES;
    choose_anew(in, must, plan);
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
    make_codes(in, child);
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
        VdbNode neighbor = i < own->count ? own->ids[i] : in->meta.root;
        bool planned;

        make_codes(in, neighbor);
        planned = plan_link(in, neighbor, 0, true, plan);
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

VdbStatus hnsw_write_links(Relation index, HnswIndex *hi, const VdbLinks *seen, const VdbLinks *now,
                           const VdbEdgeCodes *codes)
{
    Buffer buf = vdb_read_page(index, hi, seen->block, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(index);
    VdbStatus status = vdb_hnsw_links_write(GenericXLogRegisterBuffer(wal, buf, 0), &hi->geometry,
                                            seen, now, codes);

    if (status == VDB_OK)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    UnlockReleaseBuffer(buf);
    return status;
}

/* The same where the neighbour's own page tells all: under one lock. */
static void link_back_on_page(HnswInsert *in, VdbNode neighbor, LinkPlan *plan)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    Buffer buf =
        vdb_read_page(in->index, in->hi, vdb_hnsw_node_block(g, neighbor), BUFFER_LOCK_EXCLUSIVE);

    if (plan_on_page(in, neighbor, false, buf, plan)) {
        GenericXLogState *wal = GenericXLogStart(in->index);

        (void) vdb_hnsw_links_write(GenericXLogRegisterBuffer(wal, buf, 0), g, &plan->seen,
                                    &plan->now, hnsw_edge_codes(in, plan));
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
    CHECK_FOR_INTERRUPTS();
}

/* Gives the new node an edge from a neighbour, if the neighbour wants it. */
static void link_back(HnswInsert *in, VdbNode neighbor, uint32 level, LinkPlan *plan)
{
    VdbStatus status = VDB_STALE;

    if (decides_by_codes(in, level)) {
        link_back_on_page(in, neighbor, plan);
        return;
    }
    while (status == VDB_STALE && plan_link(in, neighbor, level, false, plan)) {
        status =
            hnsw_write_links(in->index, in->hi, &plan->seen, &plan->now, hnsw_edge_codes(in, plan));
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
