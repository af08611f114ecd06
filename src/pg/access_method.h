/*
 * What all our access methods have in common: what they can do, and which operator classes they
 * accept.
 */
#ifndef VDB_PG_ACCESS_METHOD_H
#define VDB_PG_ACCESS_METHOD_H

#include "access/amapi.h"

/* A handler's answer, complete but for the access method's own functions: an index that orders by
 * the distance of its one column, built in parallel, with so many support functions. */
extern IndexAmRoutine *vdb_new_am_routine(uint16 support_procs);

#endif
