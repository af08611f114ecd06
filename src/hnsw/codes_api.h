/*
 * Codes on their way to an edge, in an index that has codes: made where the vectors of both ends
 * are at hand, and written with the list (links_api.h).
 *
 * Where an edge has to be written and no vector is at hand, it gets the *neutral* code, whose
 * factors are 0: the neighbour counts as near as the node itself, so that a search expands it with
 * its node.  Vacuum puts the right one when it comes by.
 */
#ifndef VDB_HNSW_CODES_API_H
#define VDB_HNSW_CODES_API_H

#include "hnsw/hnsw_api.h"

VDB_BEGIN_DECLS

/* Codes, each under the name of a node. */
typedef struct VdbEdgeCodes VdbEdgeCodes;

size_t vdb_hnsw_codes_size(const VdbHnswGeometry *g, uint32_t capacity) VDB_NOEXCEPT;
/* memory: 8-byte aligned.  REQUIRES: the index has codes. */
VdbEdgeCodes *vdb_hnsw_codes_init(void *memory, const VdbHnswGeometry *g,
                                  uint32_t capacity) VDB_NOEXCEPT;
void vdb_hnsw_codes_clear(VdbEdgeCodes *codes) VDB_NOEXCEPT;
/* Makes the code of v as seen from u; both as the index compares them.  Ignored when there is no
 * room: the edge will be neutral. */
void vdb_hnsw_codes_add(VdbEdgeCodes *codes, VdbNode name, const void *u,
                        const void *v) VDB_NOEXCEPT;
bool vdb_hnsw_codes_has(const VdbEdgeCodes *codes, VdbNode name) VDB_NOEXCEPT;
/* Makes `to` hold one code only, that of `node` in `from`, under another name.  False, and nothing
 * in it, if there is none. */
bool vdb_hnsw_codes_pick(VdbEdgeCodes *to, VdbNode name, const VdbEdgeCodes *from,
                         VdbNode node) VDB_NOEXCEPT;

VDB_END_DECLS

#endif
