/*
 * The SQL functions of the sparsevec type, but its aggregates: the templates of the vector types
 * over the elements that are not zero, and what differs from a type that keeps them all.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"

#include "pg/halfvec.h"
#include "pg/sparsevec.h"
#include "pg/vector.h"
#include "simd/sparse_api.h"

#define VEC             SparseVector
#define VEC_NAME        sparsevec
#define VEC_MAX_DIM     VDB_SPARSE_MAX_DIM
#define VEC_ELEMENT     float
#define VEC_ELEMENTS(v) vdb_sparsevec_values(v)
#define VEC_COUNT(v)    ((v)->nnz)
#define VEC_TO_FLOAT(x) (x)
#define VEC_WORD        uint32
#define VEC_NTOH(word)  pg_ntoh32(word)
#define VEC_OPENING     "{"
#define VEC_JUNK        "Junk after closing."
#include "pg/vec.h"

#include "pg/vec_array.h"
#include "pg/vec_dim.h"
#include "pg/vec_elements.h"
#include "pg/vec_text.h"

PG_FUNCTION_INFO_V1(sparsevec_in);
PG_FUNCTION_INFO_V1(sparsevec_out);
PG_FUNCTION_INFO_V1(sparsevec_recv);
PG_FUNCTION_INFO_V1(sparsevec_send);
PG_FUNCTION_INFO_V1(vector_to_sparsevec);
PG_FUNCTION_INFO_V1(sparsevec_to_vector);
PG_FUNCTION_INFO_V1(halfvec_to_sparsevec);
PG_FUNCTION_INFO_V1(sparsevec_to_halfvec);
PG_FUNCTION_INFO_V1(sparsevec_l2_normalize);

SparseVector *vdb_sparsevec_create(int dim, int nnz)
{
    Size size = vdb_sparsevec_size(nnz);
    SparseVector *vector = palloc(size);

    SET_VARSIZE(vector, size);
    vector->dim = dim;
    vector->nnz = nnz;
    vector->unused = 0;
    return vector;
}

void vdb_sparsevec_corrupt(void)
{
    ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("sparsevec has an invalid size"));
}

void vdb_sparsevec_check_nnz(int64 nnz, int dim)
{
    if (nnz < 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("sparsevec cannot have negative number of elements"));
    if (nnz > VDB_SPARSE_MAX_NNZ)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("sparsevec cannot have more than %d non-zero elements", VDB_SPARSE_MAX_NNZ));
    if (nnz > dim)
        ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("sparsevec cannot have more elements than dimensions"));
}

void vdb_sparsevec_check_indices(const SparseVector *vector)
{
    if (vdb_sparse_check_indices(vector->indices, vector->nnz, vector->dim) != VDB_INDEX_OK)
        ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("sparsevec has invalid indices"));
}

static int count_nonzero(const float *values, int count)
{
    int nnz = 0;

    for (int i = 0; i < count; i++)
        nnz += values[i] != 0;
    return nnz;
}

SparseVector *vdb_sparsevec_gather(int dim, const int32 *indices, const float *values, int count)
{
    int nnz = count_nonzero(values, count);
    SparseVector *result;
    float *kept;
    int j = 0;

    vdb_sparsevec_check_nnz(nnz, dim);
    result = vdb_sparsevec_create(dim, nnz);
    kept = vdb_sparsevec_values(result);
    for (int i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        result->indices[j] = indices != NULL ? indices[i] : i;
        kept[j++] = values[i];
    }
    return result;
}

SparseVector *vdb_sparsevec_from_floats(const float *values, int dim)
{
    SparseVector *result = vdb_sparsevec_gather(dim, NULL, values, dim);

    vdb_sparsevec_check_elements(vdb_sparsevec_values(result), result->nnz);
    return result;
}

/* Text and binary form */

static Datum report_bad_list(FunctionCallInfo fcinfo, VdbListStatus status, VdbNumberText bad)
{
    if (status == VDB_LIST_TOO_LONG)
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("sparsevec cannot have more than %d non-zero elements", VDB_SPARSE_MAX_NNZ));
    return report_bad_text(fcinfo, status, bad);
}

static Datum report_bad_dim(FunctionCallInfo fcinfo, int dim, int32 typmod)
{
    if (dim < 1)
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("sparsevec must have at least 1 dimension"));
    if (dim > VDB_SPARSE_MAX_DIM)
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                errmsg("sparsevec cannot have more than %d dimensions", VDB_SPARSE_MAX_DIM));
    ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
            errmsg("expected %d dimensions, not %d", typmod, dim));
}

static Datum report_bad_indices(FunctionCallInfo fcinfo, VdbIndexFault fault)
{
    switch (fault) {
    case VDB_INDEX_UNORDERED:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("sparsevec indices must be in ascending order"));
    case VDB_INDEX_DUPLICATE:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("sparsevec indices must not contain duplicates"));
    default:
        ereturn(fcinfo->context, (Datum) 0, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("sparsevec index out of bounds"));
    }
}

Datum sparsevec_in(PG_FUNCTION_ARGS)
{
    const char *text = PG_GETARG_CSTRING(0);
    int32 typmod = PG_GETARG_INT32(2);
    VdbSparseElement elements[VDB_SPARSE_MAX_NNZ];
    VdbSparseList list = {.elements = elements, .capacity = VDB_SPARSE_MAX_NNZ};
    VdbListStatus status = vdb_parse_sparse_list(text, strlen(text), &list);
    VdbIndexFault fault;
    SparseVector *result;
    float *values;

    if (status != VDB_LIST_OK)
        return report_bad_list(fcinfo, status, list.bad);
    if (list.dim < 1 || list.dim > VDB_SPARSE_MAX_DIM || (typmod != -1 && typmod != list.dim))
        return report_bad_dim(fcinfo, list.dim, typmod);
    result = vdb_sparsevec_create(list.dim, list.count);
    values = vdb_sparsevec_values(result);
    for (int i = 0; i < list.count; i++) {
        result->indices[i] = elements[i].index;
        values[i] = elements[i].value;
    }
    fault = vdb_sparse_check_indices(result->indices, result->nnz, result->dim);
    if (fault != VDB_INDEX_OK)
        return report_bad_indices(fcinfo, fault);
    PG_RETURN_POINTER(result);
}

Datum sparsevec_out(PG_FUNCTION_ARGS)
{
    SparseVector *vector = VEC_GETARG(0);
    const float *values = vdb_sparsevec_values(vector);
    /* An index has up to 10 digits, as many as dim; FLOAT_SHORTEST_DECIMAL_LEN counts a terminator,
     * in whose place comes the comma or the brace. */
    Size of_element = 10 + 1 + FLOAT_SHORTEST_DECIMAL_LEN;
    char *text = palloc(of_element * (Size) vector->nnz + sizeof("{}/1000000000"));
    char *end = text;

    *end++ = '{';
    for (int i = 0; i < vector->nnz; i++) {
        if (i > 0)
            *end++ = ',';
        /* in text they count from 1 */
        end += pg_ultoa_n((uint32) vector->indices[i] + 1, end);
        *end++ = ':';
        end += float_to_shortest_decimal_bufn(values[i], end);
    }
    *end++ = '}';
    *end++ = '/';
    end += pg_ultoa_n((uint32) vector->dim, end);
    *end = '\0';
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_CSTRING(text);
}

/* Copies count words of a message, which may be too short for them. */
static void receive_words(StringInfo message, void *target, int count)
{
    copy_swapped(target, pq_getmsgbytes(message, (int) sizeof(uint32) * count), count);
}

Datum sparsevec_recv(PG_FUNCTION_ARGS)
{
    StringInfo message = (StringInfo) PG_GETARG_POINTER(0);
    int32 typmod = PG_GETARG_INT32(2);
    int32 dim = (int32) pq_getmsgint(message, sizeof(int32));
    int32 nnz = (int32) pq_getmsgint(message, sizeof(int32));
    int32 unused = (int32) pq_getmsgint(message, sizeof(int32));
    SparseVector *result;
    float *values;
    VdbIndexFault fault;

    vdb_sparsevec_check_dim(dim);
    vdb_sparsevec_check_nnz(nnz, dim);
    vdb_check_typmod(typmod, dim);
    if (unused != 0)
        ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                errmsg("expected unused to be 0, not %d", unused));
    result = vdb_sparsevec_create(dim, nnz);
    values = vdb_sparsevec_values(result);
    receive_words(message, result->indices, nnz);
    fault = vdb_sparse_check_indices(result->indices, nnz, dim);
    if (fault != VDB_INDEX_OK)
        return report_bad_indices(fcinfo, fault);
    receive_words(message, values, nnz);
    for (int i = 0; i < nnz; i++) {
        vdb_sparsevec_check_elements(&values[i], 1);
        if (values[i] == 0)
            ereport(ERROR, errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("binary representation of sparsevec cannot contain zero values"));
    }
    PG_RETURN_POINTER(result);
}

Datum sparsevec_send(PG_FUNCTION_ARGS)
{
    SparseVector *vector = VEC_GETARG(0);
    int size = (int) (sizeof(int32) + sizeof(float)) * vector->nnz;
    StringInfoData message;

    pq_begintypsend(&message);
    enlargeStringInfo(&message, size + 3 * (int) sizeof(int32));
    pq_sendint32(&message, (uint32) vector->dim);
    pq_sendint32(&message, (uint32) vector->nnz);
    pq_sendint32(&message, (uint32) vector->unused);
    copy_swapped(message.data + message.len, vector->indices, 2 * vector->nnz);
    message.len += size;
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_BYTEA_P(pq_endtypsend(&message));
}

/* Casts from and to the dense types */

Datum vector_to_sparsevec(PG_FUNCTION_ARGS)
{
    Vector *vector = vdb_vector_from_datum(PG_GETARG_DATUM(0));
    SparseVector *result;

    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    result = vdb_sparsevec_from_floats(vector->x, vector->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

Datum halfvec_to_sparsevec(PG_FUNCTION_ARGS)
{
    HalfVector *half = vdb_halfvec_from_datum(PG_GETARG_DATUM(0));
    float values[VDB_DENSE_MAX_DIM];
    SparseVector *result;

    vdb_check_typmod(PG_GETARG_INT32(1), half->dim);
    vdb_halfvec_to_floats(values, half);
    result = vdb_sparsevec_from_floats(values, half->dim);
    PG_FREE_IF_COPY(half, 0);
    PG_RETURN_POINTER(result);
}

/* Sets the dim elements of values. */
static void scatter(float *values, SparseVector *vector)
{
    VdbSparse elements = vdb_sparsevec_elements(vector);

    vdb_sparsevec_check_indices(vector);
    memset(values, 0, sizeof(float) * (Size) vector->dim);
    for (int i = 0; i < elements.count; i++)
        values[elements.indices[i]] = elements.values[i];
}

Datum sparsevec_to_vector(PG_FUNCTION_ARGS)
{
    SparseVector *vector = VEC_GETARG(0);
    Vector *result;

    vdb_vector_check_dim(vector->dim);
    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    result = vdb_vector_create(vector->dim);
    scatter(result->x, vector);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

Datum sparsevec_to_halfvec(PG_FUNCTION_ARGS)
{
    SparseVector *vector = VEC_GETARG(0);
    float values[VDB_DENSE_MAX_DIM];
    HalfVector *result;

    vdb_halfvec_check_dim(vector->dim);
    vdb_check_typmod(PG_GETARG_INT32(1), vector->dim);
    scatter(values, vector);
    result = vdb_halfvec_from_floats(values, vector->dim);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

/* Elements that become zero are dropped. */
Datum sparsevec_l2_normalize(PG_FUNCTION_ARGS)
{
    SparseVector *vector = VEC_GETARG(0);
    float *values = vdb_sparsevec_values(vector);
    double length = norm(values, vector->nnz);
    float *quotients = palloc(sizeof(float) * (Size) vector->nnz);
    SparseVector *result;

    divide(quotients, values, length, vector->nnz);
    result = vdb_sparsevec_gather(vector->dim, vector->indices, quotients, vector->nnz);
    pfree(quotients);
    PG_FREE_IF_COPY(vector, 0);
    PG_RETURN_POINTER(result);
}

/* Distances */

static float l2_squared(const SparseVector *a, const SparseVector *b)
{
    return vdb_sparse_l2_squared(vdb_sparsevec_elements(a), vdb_sparsevec_elements(b));
}

static float dot(const SparseVector *a, const SparseVector *b)
{
    return vdb_sparse_inner_product(vdb_sparsevec_elements(a), vdb_sparsevec_elements(b));
}

static float l1(const SparseVector *a, const SparseVector *b)
{
    return vdb_sparse_l1(vdb_sparsevec_elements(a), vdb_sparsevec_elements(b));
}

static VdbCosineParts cosine_parts(const SparseVector *a, const SparseVector *b)
{
    return vdb_sparse_cosine_parts(vdb_sparsevec_elements(a), vdb_sparsevec_elements(b));
}

#include "pg/vec_distance.h"

/* The order of the dense vectors of the same elements: element by element, then by dimensions.
 * Where only one of the two has an element, its sign tells. */
static int compare(const SparseVector *a, const SparseVector *b)
{
    VdbSparse x = vdb_sparsevec_elements(a);
    VdbSparse y = vdb_sparsevec_elements(b);
    int common = Min(x.count, y.count);

    /* what a hash or an index finds is mostly the very same bytes */
    if (a->dim == b->dim && x.count == y.count &&
        memcmp(x.indices, y.indices, vdb_sparsevec_size(common) - vdb_sparsevec_size(0)) == 0)
        return 0;
    for (int i = 0; i < common; i++) {
        if (x.indices[i] < y.indices[i])
            return x.values[i] < 0 ? -1 : 1;
        if (x.indices[i] > y.indices[i])
            return y.values[i] < 0 ? 1 : -1;
        if (x.values[i] != y.values[i])
            return x.values[i] < y.values[i] ? -1 : 1;
    }
    if (x.count > common && x.indices[common] < b->dim)
        return x.values[common] < 0 ? -1 : 1;
    if (y.count > common && y.indices[common] < a->dim)
        return y.values[common] < 0 ? 1 : -1;
    return (a->dim > b->dim) - (a->dim < b->dim);
}

#include "pg/vec_compare.h"

/* No element is a zero, so equal vectors have equal bytes. */
static uint64 hash(const SparseVector *vector, uint64 seed)
{
    return hash_bytes_extended((const unsigned char *) vector->indices,
                               (int) (vdb_sparsevec_size(vector->nnz) - vdb_sparsevec_size(0)),
                               hash_combine64(seed, (uint64) vector->dim));
}

#include "pg/vec_hash.h"
