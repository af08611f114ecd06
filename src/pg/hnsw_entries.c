/*
 * Where this session's searches begin: what it has sampled of each index with codes (core:
 * hnsw/entries_api.h).  Kept beside the relcache entry, as it is large and grows with every query,
 * and forgotten with what that remembers of the index: an index may be emptied in place.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/rel.h"

#include "pg/hnsw.h"

/* A session that asks so few queries gains nothing. */
#define QUERIES_BEFORE 4

/* Pages that one query looks at for those that follow: about 30 us while there are any left. */
#define PAGES_PER_QUERY 64

/* Indexes whose samples a session keeps; 300 KB each at 384 dimensions. */
#define MAX_INDEXES 16

typedef struct HnswSample {
    Oid index; /* InvalidOid: unused */
    Oid filenode;
    uint32 queries;
    uint64 used; /* when, in queries of any index */
    VdbNode root;
    BlockNumber nblocks; /* of the index, when its pages were chosen */
    VdbHnswGeometry geometry;
    MemoryContext context;
    VdbHnswEntries *entries; /* NULL: not begun */
} HnswSample;

static HnswSample samples[MAX_INDEXES];
static uint64 queries;

/* Forgets a sample, and has the place for that index. */
static void reset(HnswSample *sample, Relation index)
{
    if (sample->context)
        MemoryContextDelete(sample->context);
    *sample = (HnswSample){.index = RelationGetRelid(index),
                           .filenode = index->rd_rel->relfilenode,
                           .root = VDB_NO_NODE};
}

/* The index's sample, or the one not used for longest, reset. */
static HnswSample *find_sample(Relation index)
{
    HnswSample *oldest = &samples[0];

    for (int i = 0; i < MAX_INDEXES; i++) {
        if (samples[i].index == RelationGetRelid(index)) {
            if (samples[i].filenode != index->rd_rel->relfilenode)
                reset(&samples[i], index);
            return &samples[i];
        }
        if (samples[i].used < oldest->used)
            oldest = &samples[i];
    }
    reset(oldest, index);
    return oldest;
}

static void begin_sample(HnswSample *sample, Relation index, HnswIndex *hi)
{
    VdbNode root = hnsw_read_meta(index, hi).root;
    BlockNumber nblocks = RelationGetNumberOfBlocks(index);
    char *memory;

    sample->context =
        AllocSetContextCreate(CacheMemoryContext, "hnsw entries", ALLOCSET_SMALL_SIZES);
    MemoryContextCopyAndSetIdentifier(sample->context, RelationGetRelationName(index));
    memory = MemoryContextAlloc(sample->context,
                                vdb_hnsw_entries_size(&hi->geometry) + PG_CACHE_LINE_SIZE);
    sample->geometry = hi->geometry;
    sample->root = root;
    hi->nblocks = sample->nblocks = nblocks;
    sample->entries =
        vdb_hnsw_entries_init((void *) CACHELINEALIGN(memory), &hi->geometry, nblocks);
}

/* Looks at some pages more. */
static void extend_sample(HnswSample *sample, Relation index, HnswIndex *hi)
{
    BlockNumber blkno;

    for (int i = 0; i < PAGES_PER_QUERY; i++) {
        Buffer buf;

        blkno = vdb_hnsw_entries_next(sample->entries);
        if (blkno == InvalidBlockNumber)
            return;
        buf = vdb_read_unchecked(index, hi, blkno);
        vdb_hnsw_entries_feed(sample->entries, BufferGetPage(buf));
        UnlockReleaseBuffer(buf);
    }
}

/* An index that has grown by a quarter has parts that the sample knows nothing of. */
static bool outgrown(const HnswSample *sample, const HnswIndex *hi)
{
    return hi->nblocks > sample->nblocks + sample->nblocks / 4 ||
           memcmp(&hi->geometry, &sample->geometry, sizeof(VdbHnswGeometry)) != 0;
}

void hnsw_forget_entries(Relation index)
{
    for (int i = 0; i < MAX_INDEXES; i++) {
        if (samples[i].index == RelationGetRelid(index))
            reset(&samples[i], index);
    }
}

VdbHnswEntries *hnsw_entries(Relation index, HnswIndex *hi, VdbNode *root)
{
    HnswSample *sample;

    if (!vdb_hnsw_can_sample(&hi->geometry))
        return NULL;
    sample = find_sample(index);
    sample->used = ++queries;
    if (sample->entries && outgrown(sample, hi)) {
        reset(sample, index);
        sample->queries = QUERIES_BEFORE;
    }
    if (sample->queries++ < QUERIES_BEFORE)
        return NULL;
    if (sample->entries == NULL)
        begin_sample(sample, index, hi);
    extend_sample(sample, index, hi);
    *root = sample->root;
    return vdb_hnsw_entries_count(sample->entries) > 0 && *root != VDB_NO_NODE ? sample->entries
                                                                               : NULL;
}
