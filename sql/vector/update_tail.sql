
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
