/*
 * Large blocks that searches and insertions work in: see scratch.h.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "pg/scratch.h"

/* What a session keeps at most, unused. */
#define MAX_KEPT ((Size) 4 * 1024 * 1024)

/* Blocks have sizes that are powers of two, so that one fits many uses. */
#define MIN_BLOCK ((Size) 16 * 1024)

#define BLOCK_ALIGNMENT 64

typedef struct ScratchBlock {
    MemoryContextCallback callback; /* of the context that uses it */
    Size size;                      /* of all of it */
    struct ScratchBlock *next;      /* of those kept */
} ScratchBlock;

static ScratchBlock *kept;
static Size kept_size;

/* Called when the context that uses the block lets go of it. */
static void release(void *arg)
{
    ScratchBlock *block = arg;

    if (block->size > MAX_KEPT - kept_size) {
        pfree(block);
        return;
    }
    kept_size += block->size;
    block->next = kept;
    kept = block;
}

/* Takes one of that size from those kept; NULL if there is none. */
static ScratchBlock *take_kept(Size size)
{
    for (ScratchBlock **at = &kept; *at != NULL; at = &(*at)->next) {
        ScratchBlock *block = *at;

        if (block->size == size) {
            *at = block->next;
            kept_size -= size;
            return block;
        }
    }
    return NULL;
}

void *vdb_scratch_alloc(Size size)
{
    Size whole = add_size(size, MAXALIGN(sizeof(ScratchBlock)) + BLOCK_ALIGNMENT);
    ScratchBlock *block;

    /* beyond what is kept, to the byte */
    if (whole <= MAX_KEPT)
        whole = Max(pg_nextpower2_64(whole), MIN_BLOCK);
    block = take_kept(whole);
    if (block == NULL)
        block = MemoryContextAllocHuge(TopMemoryContext, whole);
    block->size = whole;
    block->callback.func = release;
    block->callback.arg = block;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, &block->callback);
    return (void *) TYPEALIGN(BLOCK_ALIGNMENT, (char *) block + sizeof(ScratchBlock));
}
