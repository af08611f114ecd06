/*
 * What an index is to be laid out for: sizes of the sparse vectors that the table holds, from a few
 * blocks spread over it.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "pg/hnsw_build.h"
#include "pg/sparsevec.h"

#define SAMPLE_BLOCKS 64
#define SAMPLE_SIZES  4096

static void note_size(Relation index, ItemPointer tid, Datum *values, bool *isnull, bool is_alive,
                      void *state)
{
    HnswSizes *sizes = state;
    Size bytes;

    if (isnull[0] || sizes->count == SAMPLE_SIZES)
        return;
    bytes = toast_raw_datum_size(values[0]) - vdb_sparsevec_size(0);
    sizes->units[sizes->count++] = 1 + (uint32) (bytes / sizeof(VdbSparseElement));
}

HnswSizes hnsw_sample_sizes(Relation heap, Relation index, IndexInfo *info)
{
    HnswSizes sizes = {NULL, 0};
    BlockNumber blocks = RelationGetNumberOfBlocks(heap);
    BlockNumber step = Max(1, blocks / SAMPLE_BLOCKS);

    if (vdb_index_space(index).storage != VDB_STORAGE_SPARSE)
        return sizes;
    sizes.units = palloc(sizeof(uint32) * SAMPLE_SIZES);
    for (BlockNumber block = 0; block < blocks; block += step) {
        CHECK_FOR_INTERRUPTS();
        table_index_build_range_scan(heap, index, info, false, false, false, block, 1, note_size,
                                     &sizes, NULL);
    }
    return sizes;
}
