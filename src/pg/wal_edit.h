/*
 * Changes of pages, logged as generic WAL records: as access/generic_xlog.h makes them, but what
 * has changed is found eight bytes at a time, which is most of what an insertion into a list costs.
 */
#ifndef VDB_PG_WAL_EDIT_H
#define VDB_PG_WAL_EDIT_H

#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/rel.h"

#include "core/types.h"

/* The edit under way.  A session has one at a time; one that an error ended is forgotten. */
typedef struct VdbEdit VdbEdit;

VdbEdit *vdb_edit_begin(Relation index);

/* A copy of a buffer's page to change; the buffer, locked exclusively, keeps its own until the edit
 * is finished.  At most four buffers. */
Page vdb_edit_page(VdbEdit *edit, Buffer buf);

/*
 * The same for an edit that reads and writes nothing but those parts of the page and its header:
 * the rest of the copy is not the page's.  A page has one copy: not for one that is in the edit
 * already.
 */
Page vdb_edit_parts(VdbEdit *edit, Buffer buf, const VdbSpans *parts);

/* The same of a page that is new: the record holds all of it. */
Page vdb_edit_new_page(VdbEdit *edit, Buffer buf);

/* Puts the copies into the buffers, by one WAL record if the index is logged. */
void vdb_edit_finish(VdbEdit *edit);

#endif
