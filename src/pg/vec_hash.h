/*
 * Template (vec.h): the hash functions of a vector type, which has defined
 *     static uint64 hash(const VEC *vector, uint64 seed)
 * equal for vectors that compare equal; with seed 0 its lower half is the hash without a seed, as
 * PostgreSQL wants it (hash_bytes_extended is like that).
 */
PG_FUNCTION_INFO_V1(VEC_FN(hash));
PG_FUNCTION_INFO_V1(VEC_FN(hash_extended));

static uint64 hash_argument(FunctionCallInfo fcinfo, uint64 seed)
{
    VEC *vector = VEC_GETARG(0);
    uint64 result = hash(vector, seed);

    PG_FREE_IF_COPY(vector, 0);
    return result;
}

Datum VEC_FN(hash)(PG_FUNCTION_ARGS)
{
    PG_RETURN_UINT32((uint32) hash_argument(fcinfo, 0));
}

Datum VEC_FN(hash_extended)(PG_FUNCTION_ARGS)
{
    PG_RETURN_UINT64(hash_argument(fcinfo, (uint64) PG_GETARG_INT64(1)));
}
