/*
 * What the files of insertion share: hnsw_insert.c (the neighbourhood, rows with a vector the index
 * has), hnsw_link.c (edges back to the new node), hnsw_place.c (the node onto its page).
 */
#ifndef VDB_PG_HNSW_INSERT_H
#define VDB_PG_HNSW_INSERT_H

#include "pg/hnsw.h"

typedef struct HnswInsert {
    Relation index;
    HnswIndex *hi;
    VdbHnswMeta meta;
    VdbIndexValue vector; /* as it is compared */
    const void *stored;   /* as it is stored */
    VdbTid heap_tid;
    VdbNode node; /* VDB_HNSW_NEW_NODE until placed */
    uint32 level;
    VdbLinks *links; /* one list for each level up to `level` */
    VdbGather *gather;
    uint32 gather_capacity;
    VdbBlock *vector_blocks;
    VdbEdgeCodes *codes;  /* with codes: of the neighbours as seen from the new node ... */
    VdbEdgeCodes *back;   /* ... and of the new node as seen from them, under their names */
    VdbEdgeCodes *edge;   /* of the edge being planned */
    uint32 back_from;     /* links[0].ids from here on still want an edge back */
    bool cells_elsewhere; /* the upper lists do not fit the node's page */
} HnswInsert;

/* The neighbour's list as read, and as it is to be. */
typedef struct LinkPlan {
    VdbLinks seen;
    VdbLinks now;
} LinkPlan;

/* hnsw_link.c */
/* Chooses the parent, whose edge to the new node is pinned, and plans its list. */
extern void hnsw_plan_parent(HnswInsert *in, LinkPlan *plan);
/* The code of the planned edge to the new node, which has its id by now; NULL without codes. */
extern const VdbEdgeCodes *hnsw_edge_codes(HnswInsert *in, const LinkPlan *plan);
/* Gives the placed node edges from its other neighbours, those that want it. */
extern void hnsw_link_back(HnswInsert *in);

/* hnsw_place.c */
/* Puts the node into the index, reachable. */
extern void hnsw_place_node(HnswInsert *in);
/* Makes the node the root of an empty index.  False: it is empty no longer, or the page found has
 * been filled. */
extern bool hnsw_place_root(HnswInsert *in);

#endif
