/*
 * Validation of operator classes, the same for all our access methods.
 */
#ifndef VDB_PG_VALIDATE_H
#define VDB_PG_VALIDATE_H

/* amvalidate: false, and an INFO that says why, for an operator class that the index cannot use. */
extern bool vdb_validate_opclass(Oid opclass);

#endif
