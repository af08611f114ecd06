/*
 * Writing a new fork from block 0 on, past the shared buffers, WAL-logged in full pages where the
 * relation needs WAL.  Nobody else may have the fork in use.
 */
#ifndef VDB_PG_BULK_WRITE_H
#define VDB_PG_BULK_WRITE_H

#include "common/relpath.h"
#include "storage/bufpage.h"
#include "utils/relcache.h"

typedef struct VdbBulkWriter VdbBulkWriter;

extern VdbBulkWriter *vdb_bulk_start(Relation rel, ForkNumber fork);

/* Memory for the next block's image, of undefined content; to be filled before the next call. */
extern Page vdb_bulk_next_page(VdbBulkWriter *writer);

/* Writes what is left and sees to it that all of it is on disk when the transaction commits. */
extern void vdb_bulk_finish(VdbBulkWriter *writer);

#endif
