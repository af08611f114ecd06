/*
 * Distances between PostgreSQL's own bit strings.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/varbit.h"

#include "pg/compat.h"
#include "simd/simd_api.h"

PG_FUNCTION_INFO_V1(hamming_distance);
PG_FUNCTION_INFO_V1(jaccard_distance);

typedef struct BitPair {
    VarBit *a;
    VarBit *b;
} BitPair;

static BitPair get_pair(FunctionCallInfo fcinfo)
{
    BitPair pair = {PG_GETARG_VARBIT_P(0), PG_GETARG_VARBIT_P(1)};

    if (VARBITLEN(pair.a) != VARBITLEN(pair.b))
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different bit lengths %u and %u", (uint32) VARBITLEN(pair.a),
                       (uint32) VARBITLEN(pair.b)));
    return pair;
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
static Datum return_distance(FunctionCallInfo fcinfo, BitPair pair, double distance)
{
    PG_FREE_IF_COPY(pair.a, 0);
    PG_FREE_IF_COPY(pair.b, 1);
    PG_RETURN_FLOAT8(distance);
}

/* The number of bits that differ. */
Datum hamming_distance(PG_FUNCTION_ARGS)
{
    BitPair pair = get_pair(fcinfo);
    uint64 distance = vdb_simd_kernels()->bit_hamming(VARBITS(pair.a), VARBITS(pair.b),
                                                      (size_t) VARBITBYTES(pair.a));

    return return_distance(fcinfo, pair, (double) distance);
}

/* The share of the bits set in either that are not set in both; 1 where no bit is set in both. */
Datum jaccard_distance(PG_FUNCTION_ARGS)
{
    BitPair pair = get_pair(fcinfo);
    VdbJaccardParts parts = vdb_simd_kernels()->bit_jaccard_parts(VARBITS(pair.a), VARBITS(pair.b),
                                                                  (size_t) VARBITBYTES(pair.a));
    double distance = parts.both == 0 ? 1.0 : 1.0 - (double) parts.both / (double) parts.either;

    return return_distance(fcinfo, pair, distance);
}
