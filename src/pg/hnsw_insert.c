/*
 * Insertion of one row: find the vector's neighbourhood, put its node where there is room together
 * with the tree edge that makes it reachable (one WAL record), then add the other edges back to it
 * one page at a time.
 *
 * Nothing is locked between reading and writing.  Every write checks that what it builds on is
 * still there and is planned again otherwise, so concurrent insertions and vacuum only cost a
 * retry.
 */
#include "postgres.h"

#include "access/generic_xlog.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw_insert.h"
#include "pg/scratch.h"

/* Nodes that a search for a node with the same vector looks at closely. */
#define COPY_EF 8

/* --- the metapage --- */

/* Makes the node the search's entry if its level is the highest. */
static void raise_entry(HnswInsert *in)
{
    Buffer buf = vdb_read_page_of(in->index, in->hi, VDB_HNSW_META_BLOCK, VDB_HNSW_PAGE_META,
                                  BUFFER_LOCK_EXCLUSIVE);

    vdb_hnsw_meta_read(BufferGetPage(buf), &in->meta);
    if (in->level > in->meta.entry_level) {
        GenericXLogState *wal = GenericXLogStart(in->index);

        in->meta.entry = in->node;
        in->meta.entry_level = in->level;
        vdb_hnsw_meta_write(GenericXLogRegisterBuffer(wal, buf, 0), &in->meta);
        GenericXLogFinish(wal);
    }
    UnlockReleaseBuffer(buf);
}

/* --- another row with a vector that the index has --- */

/* Adds the heap tid to a node through a cell of a cell page: its chain's first, or a new one on
 * page `fresh`. */
static VdbStatus add_tid_elsewhere(HnswInsert *in, VdbNode node, uint16 generation,
                                   BlockNumber fresh)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    VdbCellRef chain = {0, 0, 0};
    Buffer buf = vdb_read_page_of(in->index, in->hi, vdb_hnsw_node_block(g, node),
                                  VDB_HNSW_PAGE_NODE, BUFFER_LOCK_EXCLUSIVE);
    GenericXLogState *wal = GenericXLogStart(in->index);
    Page page = GenericXLogRegisterBuffer(wal, buf, 0);
    VdbStatus status = vdb_hnsw_page_add_tid(page, g, node, generation, in->heap_tid, &chain);
    Buffer cellbuf = InvalidBuffer;

    if (status == VDB_FULL && fresh != InvalidBlockNumber) {
        Page cells;

        cellbuf =
            vdb_read_page_of(in->index, in->hi, fresh, VDB_HNSW_PAGE_CELL, BUFFER_LOCK_EXCLUSIVE);
        cells = GenericXLogRegisterBuffer(wal, cellbuf, 0);
        if (vdb_hnsw_page_free_cells(cells, g) > 0) {
            vdb_hnsw_page_set_chain(
                page, g, node, vdb_hnsw_page_put_tid(cells, g, fresh, node, in->heap_tid, chain));
            status = VDB_OK;
        }
    } else if (status == VDB_FULL && chain.offset != 0 &&
               vdb_cell_block(chain) != vdb_hnsw_node_block(g, node))
    {
        cellbuf = vdb_read_page_of(in->index, in->hi, vdb_cell_block(chain), VDB_HNSW_PAGE_CELL,
                                   BUFFER_LOCK_EXCLUSIVE);
        status = vdb_hnsw_cell_add_tid(GenericXLogRegisterBuffer(wal, cellbuf, 0), g, chain, node,
                                       in->heap_tid);
        /* the node is locked, so its chain must hold */
        if (status != VDB_OK && status != VDB_FULL)
            vdb_corrupted(in->index, vdb_cell_block(chain), "a list of heap tids is broken");
    }
    if (status == VDB_OK)
        GenericXLogFinish(wal);
    else
        GenericXLogAbort(wal);
    if (BufferIsValid(cellbuf))
        UnlockReleaseBuffer(cellbuf);
    UnlockReleaseBuffer(buf);
    return status;
}

/* Adds the heap tid to a node with the same vector.  False: the node has gone meanwhile. */
static bool add_tid(HnswInsert *in, VdbNode node, uint16 generation)
{
    VdbStatus status = add_tid_elsewhere(in, node, generation, InvalidBlockNumber);

    while (status == VDB_FULL) {
        CHECK_FOR_INTERRUPTS();
        status = add_tid_elsewhere(in, node, generation, hnsw_find_cell_page(in->index, in->hi, 1));
    }
    return status == VDB_OK;
}

/* --- the neighbourhood --- */

/* Chooses the new node's neighbours on a layer among those found.  True: *same is a node with the
 * same vector. */
static bool choose_neighbors(HnswInsert *in, VdbHnswSearch *search, uint32 level, VdbNode *same,
                             uint16 *generation)
{
    VdbNode *found = palloc(sizeof(VdbNode) * in->gather_capacity);
    uint32 n = vdb_hnsw_search_found(search, found, in->gather_capacity - 1);
    VdbLinks *links = &in->links[level];

    vdb_hnsw_gather_clear(in->gather);
    vdb_hnsw_gather_put(in->gather, VDB_HNSW_NEW_NODE, in->vector.data, in->vector.norm);
    for (uint32 i = 0; i < n; i++)
        vdb_hnsw_gather_add(in->gather, found[i]);
    pfree(found);
    hnsw_run_gather(in->index, in->hi, in->gather);
    if (level == 0 && vdb_hnsw_gather_find_equal(in->gather, in->stored, same, generation))
        return true;
    links->count = links->pinned = 0;
    vdb_hnsw_gather_choose(in->gather, links, vdb_hnsw_max_links(&in->hi->geometry, level),
                           VDB_NO_NODE);
    if (level == 0 && vdb_hnsw_coded(&in->hi->geometry))
        vdb_hnsw_gather_codes(in->gather, links, in->codes, in->back);
    return false;
}

static VdbHnswSearch *new_search(const VdbHnswGeometry *g, uint32 ef)
{
    return vdb_hnsw_search_init(vdb_scratch_alloc(vdb_hnsw_search_size(g, ef)), g, ef);
}

/* Searches all layers and chooses neighbours on the node's own.  True: *same is a node with the
 * same vector. */
static bool find_neighborhood(HnswInsert *in, VdbNode *same, uint16 *generation)
{
    uint32 ef = hnsw_ef_construction(in->index);
    VdbHnswQuery query = {in->vector.data, in->vector.norm, VDB_HNSW_FOR_INSERT};
    VdbHnswSearch *search = new_search(&in->hi->geometry, ef);
    uint32 level = in->meta.entry_level;

    vdb_hnsw_search_start(search, &query, in->meta.entry, in->meta.root, level,
                          level > in->level ? 1 : ef);
    for (;;) {
        hnsw_run_search(in->index, in->hi, search);
        if (level <= in->level && choose_neighbors(in, search, level, same, generation))
            return true;
        if (level == 0)
            return false;
        level--;
        vdb_hnsw_search_descend(search, level > in->level ? 1 : ef);
    }
}

/* The node with that vector, if it is among the few nearest that a narrow search finds: as it is
 * for a new version of a row whose vector stays. */
static bool find_copy(HnswInsert *in, VdbNode *same, uint16 *generation)
{
    VdbHnswQuery query = {in->vector.data, in->vector.norm, VDB_HNSW_FOR_INSERT};
    VdbHnswSearch *search = new_search(&in->hi->geometry, COPY_EF);
    VdbNode found[COPY_EF];
    uint32 n;

    vdb_hnsw_search_start(search, &query, in->meta.entry, in->meta.root, in->meta.entry_level,
                          in->meta.entry_level > 0 ? 1 : COPY_EF);
    hnsw_run_search(in->index, in->hi, search);
    for (uint32 level = in->meta.entry_level; level > 0; level--) {
        vdb_hnsw_search_descend(search, level > 1 ? 1 : COPY_EF);
        hnsw_run_search(in->index, in->hi, search);
    }
    n = vdb_hnsw_search_found(search, found, COPY_EF);
    vdb_hnsw_gather_clear(in->gather);
    for (uint32 i = 0; i < n; i++)
        vdb_hnsw_gather_add(in->gather, found[i]);
    hnsw_run_gather(in->index, in->hi, in->gather);
    return vdb_hnsw_gather_find_equal(in->gather, in->stored, same, generation);
}

/* Room for the vectors of a choice: what ef_construction finds, less where that exceeds work_mem.
 */
static uint32 gather_capacity(HnswInsert *in)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    uint32 wanted = hnsw_ef_construction(in->index) + 1;
    uint32 least = 2 * g->m + 2;
    Size one_more = (vdb_hnsw_gather_size(g, 2 * least) - vdb_hnsw_gather_size(g, least)) / least;
    uint64 budget = (uint64) work_mem * 1024 / one_more;

    return Max(least, Min(budget, wanted));
}

/* What a plain index compares is what it stores.  With codes, edges are chosen between vectors as
 * they are stored, so that a code is the same whenever it is made. */
static void prepare_value(HnswInsert *in)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    float *decoded;
    void *stored;

    in->stored = in->vector.data;
    if (!vdb_hnsw_coded(g))
        return;
    stored = palloc(vdb_kept_bytes(g->kept, g->space.dims));
    decoded = (float *) TYPEALIGN(PG_CACHE_LINE_SIZE,
                                  palloc(vdb_value_bytes(&g->space) + PG_CACHE_LINE_SIZE));
    vdb_kept_encode(g->kept, g->space.dims, in->vector.data, stored);
    vdb_kept_decode(g->kept, g->space.dims, stored, decoded);
    in->stored = stored;
    in->vector.data = decoded;
}

static VdbEdgeCodes *alloc_codes(const VdbHnswGeometry *g, uint32 capacity)
{
    return vdb_hnsw_codes_init(palloc(vdb_hnsw_codes_size(g, capacity)), g, capacity);
}

/* Memory for what a search finds and a choice among it needs. */
static void prepare_choice(HnswInsert *in)
{
    const VdbHnswGeometry *g = &in->hi->geometry;
    /* of each list, and of nodes beyond it that turn out to be the parent or to be taken over */
    uint32 codes = 2 * vdb_hnsw_max_links(g, 0) + 2;

    in->gather_capacity = gather_capacity(in);
    in->gather = vdb_hnsw_gather_init(
        vdb_scratch_alloc(vdb_hnsw_gather_size(g, in->gather_capacity)), g, in->gather_capacity);
    if (vdb_hnsw_coded(g)) {
        in->codes = alloc_codes(g, codes);
        in->back = alloc_codes(g, codes);
        in->edge = alloc_codes(g, 1);
    }
}

static void begin_insert(HnswInsert *in, Relation index, HnswIndex *hi, ItemPointer heap_tid)
{
    in->index = index;
    in->hi = hi;
    in->node = VDB_HNSW_NEW_NODE;
    memcpy(&in->heap_tid, heap_tid, sizeof(VdbTid));
    in->level = Min(vdb_hnsw_level(hi->seed, in->heap_tid, hi->geometry.m),
                    hi->geometry.cells_per_cell_page);
    in->links = palloc0(sizeof(VdbLinks) * (in->level + 1));
    in->vector_blocks = palloc(sizeof(VdbBlock) * (hi->geometry.vector_pages + 1));
    in->vector_blocks[0] = InvalidBlockNumber; /* not put anywhere yet */
    in->meta = hnsw_read_meta(index, hi);
    prepare_value(in);
    prepare_choice(in);
}

/* Adds the row to a node of its vector, or a node of its own. */
static void insert(HnswInsert *in)
{
    VdbNode same;
    uint16 generation;

    if (in->meta.root == VDB_NO_NODE) {
        hnsw_put_slices(in->index, in->hi, in->stored, in->vector_blocks);
        while (in->meta.root == VDB_NO_NODE) {
            if (hnsw_place_root(in))
                return;
        }
    }
    while (find_neighborhood(in, &same, &generation)) {
        if (add_tid(in, same, generation))
            return;
    }
    if (in->vector_blocks[0] == InvalidBlockNumber)
        hnsw_put_slices(in->index, in->hi, in->stored, in->vector_blocks);
    hnsw_place_node(in);
    hnsw_link_back(in);
    if (in->level > in->meta.entry_level)
        raise_entry(in);
}

void hnsw_insert_vector(Relation index, HnswIndex *hi, VdbIndexValue vector, ItemPointer heap_tid)
{
    HnswInsert in = {.vector = vector};

    begin_insert(&in, index, hi, heap_tid);
    insert(&in);
}

/* The same for a vector that the index is likely to have. */
static void insert_copy(Relation index, HnswIndex *hi, VdbIndexValue vector, ItemPointer heap_tid)
{
    HnswInsert in = {.vector = vector};
    VdbNode same;
    uint16 generation;

    begin_insert(&in, index, hi, heap_tid);
    if (in.meta.root != VDB_NO_NODE && find_copy(&in, &same, &generation) &&
        add_tid(&in, same, generation))
        return;
    insert(&in);
}

bool hnswinsert(Relation index, Datum *values, bool *isnull, ItemPointer heap_tid, Relation heap,
                IndexUniqueCheck check_unique, bool index_unchanged, IndexInfo *info)
{
    MemoryContext context, old;
    HnswIndex hi;
    VdbIndexValue vector;

    if (isnull[0])
        return false;
    context = AllocSetContextCreate(CurrentMemoryContext, "hnsw insert", ALLOCSET_DEFAULT_SIZES);
    old = MemoryContextSwitchTo(context);
    hi = hnsw_index(index);
    vector = hnsw_form_value(&hi, values[0]);
    if (index_unchanged)
        insert_copy(index, &hi, vector, heap_tid);
    else
        hnsw_insert_vector(index, &hi, vector, heap_tid);
    MemoryContextSwitchTo(old);
    MemoryContextDelete(context);
    return false;
}
