/*
 * Toasted vectors that distance functions look at more than once: see detoast_once.h.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "utils/memutils.h"

#include "pg/detoast_once.h"

/* Vectors kept: those of the rows that a scan returns while one of them waits for its turn. */
#define KEPT 32

typedef struct KeptVector {
    struct varatt_external name;
    struct varlena *value; /* NULL: none */
} KeptVector;

uint32 vdb_detoast_scans;

static KeptVector kept[KEPT];
static uint32 oldest;
static uint32 latest; /* asked for last */
static MemoryContext kept_context;

static void end_scan(void *unused)
{
    if (--vdb_detoast_scans > 0 || kept_context == NULL)
        return;
    MemoryContextReset(kept_context);
    memset(kept, 0, sizeof(kept));
}

void vdb_detoast_start(MemoryContext scan)
{
    MemoryContextCallback *callback = MemoryContextAllocZero(scan, sizeof(MemoryContextCallback));

    callback->func = end_scan;
    MemoryContextRegisterResetCallback(scan, callback);
    vdb_detoast_scans++;
}

/* In the place of the vector that has been kept longest, but for the one asked for last: a distance
 * has two. */
static uint32 next_place(void)
{
    uint32 place = oldest++ % KEPT;

    return place == latest ? oldest++ % KEPT : place;
}

static struct varlena *keep(const struct varatt_external *name, struct varlena *toasted)
{
    KeptVector *place;
    MemoryContext old;

    latest = next_place();
    place = &kept[latest];
    if (kept_context == NULL)
        kept_context =
            AllocSetContextCreate(TopMemoryContext, "detoasted vectors", ALLOCSET_DEFAULT_SIZES);
    if (place->value != NULL)
        pfree(place->value);
    place->value = NULL; /* fetching may fail */
    old = MemoryContextSwitchTo(kept_context);
    place->value = detoast_attr(toasted);
    MemoryContextSwitchTo(old);
    place->name = *name;
    return place->value;
}

Datum vdb_detoast_kept(Datum toasted)
{
    struct varlena *pointer = (struct varlena *) DatumGetPointer(toasted);
    struct varatt_external name;

    VARATT_EXTERNAL_GET_POINTER(name, pointer);
    for (uint32 i = 0; i < KEPT; i++) {
        if (kept[i].name.va_valueid == name.va_valueid && kept[i].value != NULL &&
            memcmp(&kept[i].name, &name, sizeof(name)) == 0)
        {
            latest = i;
            return PointerGetDatum(kept[i].value);
        }
    }
    return PointerGetDatum(keep(&name, pointer));
}
