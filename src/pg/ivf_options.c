/*
 * Settings and reloptions of the ivf access method.
 *
 * Each setting has two names: "ivf." is ours, "ivfflat." is what clients of pgvector set.  A name
 * that stands at its default leaves the choice to the other, so that resetting one never hides what
 * a database or role says under the other; between two that do not, the later set counts.  Either
 * name shows what counts.
 */
#include "postgres.h"

#include "access/reloptions.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "pg/ivf.h"

#define NAMES          2   /* "ivf.", "ivfflat." */
#define PGVECTOR_LISTS 100 /* of an index whose creator asked for no number */

typedef struct Setting {
    int values[NAMES];
    int latest; /* the name that was last set to something other than the default */
    int boot;
} Setting;

static Setting probes = {.boot = 0};
static Setting iterative_scan = {.boot = IVF_ITERATIVE_SCAN_STRICT};
static Setting max_probes = {.boot = VDB_IVF_MAX_LISTS};

double ivf_epsilon;

/* Of a column that can have codes, where nothing was asked for. */
#define PREFERRED_QUANTIZER VDB_QUANTIZER_RABITQ

static relopt_kind ivf_relopt_kind;

static const struct config_enum_entry iterative_scan_options[] = {
    {"off", IVF_ITERATIVE_SCAN_OFF, false},
    {"relaxed_order", IVF_ITERATIVE_SCAN_RELAXED, false},
    {"strict_order", IVF_ITERATIVE_SCAN_STRICT, false},
    {NULL, 0, false},
};

static int value_of(const Setting *setting)
{
    int latest = setting->values[setting->latest];

    return latest != setting->boot ? latest : setting->values[1 - setting->latest];
}

IvfIterativeScan ivf_iterative_scan(void)
{
    return value_of(&iterative_scan);
}

/* The hooks of one setting: they know it by their own name only. */
#define SETTING_HOOKS(setting)                                                                     \
    static void assign_ivf_##setting(int newval, void *extra)                                      \
    {                                                                                              \
        if (newval != setting.boot)                                                                \
            setting.latest = 0;                                                                    \
    }                                                                                              \
    static void assign_ivfflat_##setting(int newval, void *extra)                                  \
    {                                                                                              \
        if (newval != setting.boot)                                                                \
            setting.latest = 1;                                                                    \
    }

SETTING_HOOKS(probes)
SETTING_HOOKS(iterative_scan)
SETTING_HOOKS(max_probes)

static const char *show_probes(void)
{
    return psprintf("%d", value_of(&probes));
}

static const char *show_max_probes(void)
{
    return psprintf("%d", value_of(&max_probes));
}

static const char *show_iterative_scan(void)
{
    return iterative_scan_options[value_of(&iterative_scan)].name;
}

static void define_probes(const char *name, int which, GucIntAssignHook assign)
{
    DefineCustomIntVariable(
        name, "Sets the number of lists to search",
        "0 takes the index's own \"probes\", and failing that a number that suits its size.",
        &probes.values[which], 0, 0, VDB_IVF_MAX_LISTS, PGC_USERSET, 0, NULL, assign, show_probes);
}

static void define_iterative_scan(const char *name, int which, GucEnumAssignHook assign)
{
    DefineCustomEnumVariable(
        name, "Sets how a scan goes on when the lists searched first hold too few rows",
        "\"off\" ends it there.", &iterative_scan.values[which], IVF_ITERATIVE_SCAN_STRICT,
        iterative_scan_options, PGC_USERSET, 0, NULL, assign, show_iterative_scan);
}

static void define_max_probes(const char *name, int which, GucIntAssignHook assign)
{
    DefineCustomIntVariable(name, "Sets the max number of lists to search for iterative scans",
                            NULL, &max_probes.values[which], VDB_IVF_MAX_LISTS, 1,
                            VDB_IVF_MAX_LISTS, PGC_USERSET, 0, NULL, assign, show_max_probes);
}

void ivf_init(void)
{
    ivf_relopt_kind = add_reloption_kind();
    /* the defaults stand for "not given", which cannot be said otherwise */
    add_int_reloption(ivf_relopt_kind, "lists", "Number of inverted lists", 0, VDB_IVF_MIN_LISTS,
                      VDB_IVF_MAX_LISTS, AccessExclusiveLock);
    add_int_reloption(ivf_relopt_kind, "probes", "Number of lists to search", 0, 0,
                      VDB_IVF_MAX_LISTS, ShareUpdateExclusiveLock);

    vdb_add_quantizer_relopts(ivf_relopt_kind, "Short codes of values that find the nearest",
                              VDB_IVF_KEPT_HEAP);

    define_probes("ivf.probes", 0, assign_ivf_probes);
    define_probes("ivfflat.probes", 1, assign_ivfflat_probes);
    define_iterative_scan("ivf.iterative_scan", 0, assign_ivf_iterative_scan);
    define_iterative_scan("ivfflat.iterative_scan", 1, assign_ivfflat_iterative_scan);
    define_max_probes("ivf.max_probes", 0, assign_ivf_max_probes);
    define_max_probes("ivfflat.max_probes", 1, assign_ivfflat_max_probes);
    DefineCustomRealVariable("ivf.epsilon",
                             "Sets by how many standard errors estimates of distances may be off",
                             "Of an index with codes: more makes scans find more and take longer.",
                             &ivf_epsilon, 1.9, 0.0, 10.0, PGC_USERSET, 0, NULL, NULL, NULL);
    MarkGUCPrefixReserved("ivf");
    MarkGUCPrefixReserved("ivfflat");
}

bytea *ivfoptions(Datum reloptions, bool validate)
{
    static const relopt_parse_elt table[] = {
        {"lists", RELOPT_TYPE_INT, offsetof(IvfOptions, lists)},
        {"probes", RELOPT_TYPE_INT, offsetof(IvfOptions, probes)},
        VDB_QUANTIZER_RELOPTS(IvfOptions, codes),
    };

    return (bytea *) build_reloptions(reloptions, validate, ivf_relopt_kind, sizeof(IvfOptions),
                                      table, lengthof(table));
}

int ivf_lists(Relation index)
{
    IvfOptions *options = (IvfOptions *) index->rd_options;

    return options ? options->lists : 0;
}

uint32 ivf_kept(Relation index, const VdbSpace *space)
{
    IvfOptions *options = (IvfOptions *) index->rd_options;
    VdbQuantizerRules rules = {.codable = vdb_ivf_codable(space),
                               .min_dims = VDB_IVF_MIN_CODED_DIMS,
                               .max_dims = VDB_IVF_MAX_DIMS,
                               .preferred = PREFERRED_QUANTIZER};

    return vdb_chosen_storage(options ? &options->codes : NULL, space, rules);
}

/*
 * Of how many existing lists a number of probes that somebody chose is to take.  He had the number
 * of lists in mind that he asked for, or pgvector's default; there may be more of them, which are
 * smaller then, but he means the same share.
 */
static uint32 scale_probes(uint32 chosen, const IvfIndex *ii, uint32 lists)
{
    uint32 asked = ii->lists > 0 ? ii->lists : PGVECTOR_LISTS;

    if (lists <= asked)
        return chosen;
    return (uint32) (((uint64) chosen * lists + asked - 1) / asked);
}

IvfProbes ivf_probes(Relation index, const IvfIndex *ii, uint32 lists)
{
    IvfOptions *options = (IvfOptions *) index->rd_options;
    uint32 chosen = value_of(&probes);
    IvfProbes result;

    if (chosen == 0 && options)
        chosen = options->probes;
    result.first = chosen > 0 ? scale_probes(chosen, ii, lists)
                              : vdb_ivf_auto_probes(lists, vdb_ivf_coded(&ii->geometry));
    result.most = result.first;
    if (ivf_iterative_scan() != IVF_ITERATIVE_SCAN_OFF)
        result.most = Max(result.most, scale_probes(value_of(&max_probes), ii, lists));
    result.most = Min(result.most, lists);
    result.first = Min(result.first, lists);
    return result;
}
