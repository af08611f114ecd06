-- support functions that operator classes of pgvector name

CREATE FUNCTION hnsw_halfvec_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'vectordb_unused_support' LANGUAGE C;

COMMENT ON FUNCTION hnsw_halfvec_support(internal) IS 'not used; named by operator classes that pgvector created';

CREATE FUNCTION hnsw_bit_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'vectordb_unused_support' LANGUAGE C;

COMMENT ON FUNCTION hnsw_bit_support(internal) IS 'not used; named by operator classes that pgvector created';

CREATE FUNCTION hnsw_sparsevec_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'vectordb_unused_support' LANGUAGE C;

COMMENT ON FUNCTION hnsw_sparsevec_support(internal) IS 'not used; named by operator classes that pgvector created';

CREATE FUNCTION ivfflat_halfvec_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'vectordb_unused_support' LANGUAGE C;

COMMENT ON FUNCTION ivfflat_halfvec_support(internal) IS 'not used; named by operator classes that pgvector created';

CREATE FUNCTION ivfflat_bit_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'vectordb_unused_support' LANGUAGE C;

COMMENT ON FUNCTION ivfflat_bit_support(internal) IS 'not used; named by operator classes that pgvector created';
