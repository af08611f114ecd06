/*
 * Bulk build of an hnsw index whose vectors do not fit into memory: the phases of build_api.h with
 * vectors, candidates and lists in temporary files.  The plain-C face for src/pg.
 *
 * The memory is one flat piece that every building process maps where it likes.  Order of calls:
 * begin by one process; add by anybody; then the phases as in build_api.h; then, by one process,
 * the pages.  Nothing here allocates or locks.  Files are read and written through functions of the
 * caller's, which may leave by longjmp: there is nothing to undo, and the build is over.
 */
#ifndef VDB_HNSW_EXTERNAL_API_H
#define VDB_HNSW_EXTERNAL_API_H

#include "hnsw/build_api.h"

VDB_BEGIN_DECLS

/* Files: these are everybody's, then two of each process. */
#define VDB_HNSW_FILE_VECTORS      0
#define VDB_HNSW_FILE_POOLS        1
#define VDB_HNSW_FILE_LISTS        2
#define VDB_HNSW_COMMON_FILES      3
#define VDB_HNSW_FILES_PER_PROCESS 2

/* How files are read and written: anywhere, past their end too.  What one process has written is
 * seen by all after the phase, not before. */
typedef struct VdbHnswStore {
    void *owner;
    void (*read)(void *owner, uint32_t file, uint64_t offset, void *to, size_t bytes);
    void (*write)(void *owner, uint32_t file, uint64_t offset, const void *from, size_t bytes);
} VdbHnswStore;

/* Whether so many rows can be built that way in so much memory. */
bool vdb_hnsw_external_possible(const VdbHnswGeometry *g, size_t bytes, uint64_t rows,
                                uint32_t processes) VDB_NOEXCEPT;

/* Makes the memory of a build (build_api.h) that holds rows, and has begun no phase, one of a build
 * by files.  Its rows become those of process 0 ... processes - 1 that calls. */
void vdb_hnsw_external_begin(void *region, size_t bytes, const VdbHnswStore *store,
                             uint32_t process, uint32_t processes) VDB_NOEXCEPT;

/* Adds a row to the process's file. */
void vdb_hnsw_external_add(void *memory, const VdbHnswStore *store, uint32_t process,
                           const void *vector, float norm, VdbTid tid) VDB_NOEXCEPT;

/* Begins the next phase, which `processes` at most are going to work on; VDB_TOO_BIG: there are
 * more rows than the memory is good for. */
VdbStatus vdb_hnsw_external_begin_phase(void *memory, const VdbHnswStore *store, uint32_t processes,
                                        VdbHnswBuildPhase *phase) VDB_NOEXCEPT;

/* Memory for one process to work with in this phase (aligned to 64 bytes). */
size_t vdb_hnsw_external_work_size(const void *memory) VDB_NOEXCEPT;
/* False: there is nothing for this process to do. */
bool vdb_hnsw_external_work_init(void *memory, const VdbHnswStore *store, uint32_t process,
                                 void *work) VDB_NOEXCEPT;
/* Does one portion of the phase's work; false if there was none left. */
bool vdb_hnsw_external_work(void *memory, void *work) VDB_NOEXCEPT;

VdbHnswBuildProgress vdb_hnsw_external_progress(const void *memory) VDB_NOEXCEPT;
uint32_t vdb_hnsw_external_nodes(const void *memory) VDB_NOEXCEPT;

/* Row i of all that were added, in no order; `vector` has room for one.  False: no such row. */
bool vdb_hnsw_external_row(const void *memory, const VdbHnswStore *store, uint64_t i, void *vector,
                           float *norm, VdbTid *tid) VDB_NOEXCEPT;

/* Makes every node reachable and pins the tree that proves it. */
void vdb_hnsw_external_finish(void *memory, const VdbHnswStore *store) VDB_NOEXCEPT;

/* Which block holds what; VDB_TOO_BIG if the index would exceed the block numbers. */
VdbStatus vdb_hnsw_external_layout(void *memory, VdbHnswBuildLayout *layout) VDB_NOEXCEPT;

/* Memory for rendering (aligned to 64 bytes). */
size_t vdb_hnsw_external_render_size(void *memory) VDB_NOEXCEPT;
void vdb_hnsw_external_render_init(void *memory, const VdbHnswStore *store,
                                   void *work) VDB_NOEXCEPT;
/* Fills page images, which must be asked for in ascending order, each once. */
void vdb_hnsw_external_render(void *memory, void *work, VdbHnswBuildLayout *layout, VdbBlock block,
                              void *page) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
