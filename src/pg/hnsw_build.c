/* Row-by-row build of an hnsw index: the bulk builder takes its place. */
#include "postgres.h"
#include "access/tableam.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "pg/compat.h"
#include "pg/hnsw.h"
typedef struct {
    Relation index;
    HnswIndex hi;
    MemoryContext c;
    double n;
} B;
static void cb(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool alive,
               void *state)
{
    B *b = state;
    MemoryContext old;
    if (isnull[0])
        return;
    old = MemoryContextSwitchTo(b->c);
    hnsw_insert_vector(index, &b->hi, hnsw_form_vector(&b->hi, values[0]), tid);
    MemoryContextSwitchTo(old);
    MemoryContextReset(b->c);
    b->n++;
}
static void mk(Relation index, ForkNumber f, HnswIndex *hi)
{
    Buffer buf;
    GenericXLogState *w;
    Page p;
    LockRelationForExtension(index, ExclusiveLock);
    buf = ReadBufferExtended(index, f, P_NEW, RBM_ZERO_AND_LOCK, NULL);
    UnlockRelationForExtension(index, ExclusiveLock);
    w = GenericXLogStart(index);
    p = GenericXLogRegisterBuffer(w, buf, GENERIC_XLOG_FULL_IMAGE);
    vdb_init_page(p, &hi->geometry, VDB_HNSW_PAGE_META);
    vdb_hnsw_meta_init(p, &hi->geometry, hi->seed);
    GenericXLogFinish(w);
    UnlockReleaseBuffer(buf);
}
IndexBuildResult *hnswbuild(Relation heap, Relation index, IndexInfo *info)
{
    IndexBuildResult *r = palloc0(sizeof(*r));
    B b = {index, hnsw_new_index(index), NULL, 0};
    b.c = AllocSetContextCreate(CurrentMemoryContext, "x", ALLOCSET_DEFAULT_SIZES);
    mk(index, MAIN_FORKNUM, &b.hi);
    r->heap_tuples = table_index_build_scan(heap, index, info, true, true, cb, &b, NULL);
    r->index_tuples = b.n;
    return r;
}
void hnswbuildempty(Relation index)
{
    HnswIndex hi = hnsw_new_index(index);
    mk(index, INIT_FORKNUM, &hi);
}
