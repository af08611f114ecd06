
-- Nothing may be left that runs pgvector's code.
DO $check$
DECLARE
    function regprocedure;
BEGIN
    SELECT p.oid INTO function
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
        JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
        WHERE e.extname = 'vector' AND d.deptype = 'e' AND p.probin <> 'MODULE_PATHNAME'
        LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'function % of this pgvector is unknown to vectordb', function USING ERRCODE = 'feature_not_supported';
    END IF;
END
$check$;

-- Equality of pgvector neither hashes nor merges. Before PostgreSQL 17, ALTER OPERATOR cannot say that it does.
UPDATE pg_catalog.pg_operator SET oprcanhash = true, oprcanmerge = true
    WHERE oid IN ('=(vector,vector)'::pg_catalog.regoperator, '=(halfvec,halfvec)'::pg_catalog.regoperator,
                  '=(sparsevec,sparsevec)'::pg_catalog.regoperator);

-- It estimates <> as it does =.
ALTER OPERATOR <> (vector, vector) SET (RESTRICT = neqsel, JOIN = neqjoinsel);
ALTER OPERATOR <> (halfvec, halfvec) SET (RESTRICT = neqsel, JOIN = neqjoinsel);
ALTER OPERATOR <> (sparsevec, sparsevec) SET (RESTRICT = neqsel, JOIN = neqjoinsel);

-- The files of pgvector's indexes are not for reading. Marked as CREATE INDEX CONCURRENTLY leaves one that it could not
-- finish, they are neither searched nor written to until their REINDEX, while the table goes on in full.
DO $indexes$
DECLARE
    left_over text;
BEGIN
    WITH old AS (
        UPDATE pg_catalog.pg_index i SET indisvalid = false, indisready = false
        FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_am'::pg_catalog.regclass AND d.objid = c.relam
            JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
        WHERE i.indexrelid = c.oid AND c.relkind = 'i' AND e.extname = 'vector' AND d.deptype = 'e'
        RETURNING c.oid)
    SELECT pg_catalog.string_agg(oid::pg_catalog.regclass::text, ', ' ORDER BY oid) INTO left_over FROM old;
    IF left_over IS NOT NULL THEN
        RAISE WARNING 'indexes of pgvector are out of use until they are built anew: %', left_over
            USING HINT = 'REINDEX INDEX CONCURRENTLY each of them.';
    END IF;
END
$indexes$;
