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

/* A bit value where it lies: one of less than 1,000 bits is stored with a short header, and need
 * not be copied to be read. */
typedef struct BitValue {
    struct varlena *datum; /* freed where it is a copy */
    const bits8 *bits;
    size_t bytes;
    uint32 length; /* bits */
} BitValue;

static inline BitValue get_bits(FunctionCallInfo fcinfo, int n)
{
    struct varlena *datum = PG_GETARG_VARLENA_PP(n);
    const char *data = VARDATA_ANY(datum);
    uint32 length;

    memcpy(&length, data, sizeof(length));
    return (BitValue){datum, (const bits8 *) data + sizeof(length),
                      VARSIZE_ANY_EXHDR(datum) - sizeof(length), length};
}

static inline void check_same_length(BitValue a, BitValue b)
{
    if (a.length != b.length)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("different bit lengths %u and %u", a.length, b.length));
}

/* Sorts and nested loops call these functions for every row, so copies must not pile up. */
#define RETURN_DISTANCE(a, b, distance)                                                            \
    do {                                                                                           \
        PG_FREE_IF_COPY((a).datum, 0);                                                             \
        PG_FREE_IF_COPY((b).datum, 1);                                                             \
        PG_RETURN_FLOAT8(distance);                                                                \
    } while (0)

/* The number of bits that differ. */
Datum hamming_distance(PG_FUNCTION_ARGS)
{
    BitValue a = get_bits(fcinfo, 0);
    BitValue b = get_bits(fcinfo, 1);
    uint64 distance;

    check_same_length(a, b);
    distance = vdb_simd_kernels()->bit_hamming(a.bits, b.bits, a.bytes);
    RETURN_DISTANCE(a, b, (double) distance);
}

/* The share of the bits set in either that are not set in both; 1 where no bit is set in both. */
Datum jaccard_distance(PG_FUNCTION_ARGS)
{
    BitValue a = get_bits(fcinfo, 0);
    BitValue b = get_bits(fcinfo, 1);
    VdbJaccardParts parts;

    check_same_length(a, b);
    parts = vdb_simd_kernels()->bit_jaccard_parts(a.bits, b.bits, a.bytes);
    RETURN_DISTANCE(a, b,
                    parts.both == 0 ? 1.0 : 1.0 - (double) parts.both / (double) parts.either);
}
