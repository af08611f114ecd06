/*
 * Large blocks that searches and insertions work in.  A session keeps them from one statement to
 * the next: given back to the system and asked for again, they would cost more page faults than a
 * search has hops.
 */
#ifndef VDB_PG_SCRATCH_H
#define VDB_PG_SCRATCH_H

/* A block of at least so many bytes, not cleared, which is free again when the current memory
 * context is reset or deleted; it cannot be freed before. */
extern void *vdb_scratch_alloc(Size size);

#endif
