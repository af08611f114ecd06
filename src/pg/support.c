/*
 * What operator classes of pgvector name as their type's support function.  A database that moves
 * to vectordb in place (sql/vector) keeps those classes, so the name must lead somewhere; nothing
 * here asks for it, as the distance function says all about a class.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(vectordb_unused_support);

Datum vectordb_unused_support(PG_FUNCTION_ARGS)
{
    PG_RETURN_POINTER(NULL);
}
