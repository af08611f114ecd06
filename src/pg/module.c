/*
 * Entry point of the shared library: magic block, GUCs that belong to no access method.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "pg/compat.h"
#include "pg/hnsw.h"
#include "pg/ivf.h"
#include "simd/simd_api.h"

VDB_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

/* Values of vectordb.simd.  Beside "auto" each is the name of a kernel table; the order is of no
 * meaning. */
static const struct config_enum_entry simd_options[] = {
    {"auto", 0, false}, {"avx512_popcnt", 1, false}, {"avx512", 2, false}, {"avx2", 3, false},
    {"neon", 4, false}, {"scalar", 5, false},        {NULL, 0, false},
};

static int simd_option = 0;

static bool simd_can_use(const char *name)
{
    const VdbKernels *table;

    for (int i = 0; (table = vdb_simd_table(i)) != NULL; i++) {
        if (strcmp(table->name, name) == 0)
            return vdb_simd_supported(table);
    }
    return false;
}

static bool check_simd(int *newval, void **extra, GucSource source)
{
    const char *name = simd_options[*newval].name;

    if (*newval == 0 || simd_can_use(name))
        return true;
    GUC_check_errcode(ERRCODE_FEATURE_NOT_SUPPORTED);
    GUC_check_errdetail("This machine cannot run the \"%s\" kernels.", name);
    return false;
}

static void assign_simd(int newval, void *extra)
{
    (void) vdb_simd_force(simd_options[newval].name);
}

/* pgvector has settings of the same names, so that one backend cannot hold both libraries. */
static void refuse_pgvector(void)
{
    static const char *const settings[] = {"hnsw.ef_search", "ivfflat.probes"};

    for (int i = 0; i < (int) lengthof(settings); i++) {
        if (GetConfigOption(settings[i], true, false) == NULL ||
            (GetConfigOptionFlags(settings[i], true) & GUC_CUSTOM_PLACEHOLDER) != 0)
            continue;
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("vectordb cannot be loaded into a session that uses pgvector"),
                        errhint("Start a new session.  Remove pgvector from the preloaded "
                                "libraries, if it is there.")));
    }
}

void _PG_init(void)
{
    refuse_pgvector();
    DefineCustomEnumVariable("vectordb.simd", "Sets the instruction set of the distance kernels.",
                             "\"auto\" takes the best one of this machine.", &simd_option, 0,
                             simd_options, PGC_USERSET, 0, check_simd, assign_simd, NULL);
    MarkGUCPrefixReserved("vectordb");
    hnsw_init();
    ivf_init();
}
