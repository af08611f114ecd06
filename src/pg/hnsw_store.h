/*
 * Temporary files of a CREATE INDEX whose vectors do not fit into maintenance_work_mem
 * (hnsw/external_api.h).
 */
#ifndef VDB_PG_HNSW_STORE_H
#define VDB_PG_HNSW_STORE_H

#include "storage/sharedfileset.h"

#include "hnsw/external_api.h"

typedef struct HnswStore HnswStore;

/* One process's view of the files; `shared`: where other processes find them, NULL if there are
 * none.  Memory of the current context.  Files go with the shared set, or with the transaction. */
extern HnswStore *hnsw_store_open(SharedFileSet *shared, uint32 process, uint32 processes);
/* By one process, before any other writes: the files that are everybody's. */
extern void hnsw_store_create(HnswStore *store);
extern const VdbHnswStore *hnsw_store_calls(HnswStore *store);
/* Makes what was written seen by others. */
extern void hnsw_store_flush(HnswStore *store);
extern void hnsw_store_close(HnswStore *store);

#endif
