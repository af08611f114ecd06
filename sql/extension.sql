-- What the extension puts into the catalogs.

-- everything it owns is commented (the array types that come with a type are PostgreSQL's)
CREATE VIEW extension_object AS
    SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
    FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'vectordb' AND d.deptype = 'e'
        AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t WHERE t.typarray = d.objid));
SELECT object FROM extension_object WHERE obj_description(objid, classid::regclass::name) IS NULL ORDER BY 1;
SELECT count(*) > 60 AS many FROM extension_object;

-- functions: in C, immutable, strict, parallel safe, without cost or support function of their own
SELECT p.oid::regprocedure, l.lanname, p.provolatile, p.proisstrict, p.proparallel, p.prosecdef, p.proleakproof
    FROM pg_proc p JOIN extension_object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    JOIN pg_language l ON l.oid = p.prolang
    WHERE p.prokind = 'f' AND NOT (l.lanname = 'c' AND p.provolatile = 'i' AND p.proisstrict AND p.proparallel = 's'
                                   AND NOT p.prosecdef AND NOT p.proleakproof)
        AND p.prorettype NOT IN ('index_am_handler'::regtype) AND p.proname NOT LIKE 'vectordb%'
    ORDER BY 1;

-- aggregates
SELECT a.aggfnoid::regprocedure, a.aggtransfn, a.aggtranstype::regtype, a.aggfinalfn, a.aggcombinefn, a.agginitval, p.proparallel
    FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
    JOIN extension_object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid ORDER BY p.proname;

-- type
SELECT typname, typlen, typalign, typstorage, typtype, typcategory, typinput, typoutput, typreceive, typsend, typmodin, typmodout
    FROM pg_type WHERE oid IN ('vector'::regtype, 'halfvec'::regtype, 'sparsevec'::regtype) ORDER BY typname DESC;
SELECT typname FROM pg_type WHERE oid IN ('vector[]'::regtype, 'halfvec[]'::regtype, 'sparsevec[]'::regtype) ORDER BY typname DESC;

-- functions of the types, as clients know them
SELECT p.oid::regprocedure AS function, p.prorettype::regtype AS result
    FROM pg_proc p JOIN extension_object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    WHERE p.prokind = 'f' AND (p.proname ~ '^(vector|halfvec|sparsevec)' OR p.proargtypes::oid[] && '{vector,halfvec,sparsevec,bit}'::regtype[]::oid[]
            OR p.prorettype IN ('vector'::regtype, 'halfvec'::regtype, 'sparsevec'::regtype))
        AND p.proname NOT LIKE 'vectordb%'
    ORDER BY p.oid::regprocedure::text COLLATE "C";

-- operators
SELECT o.oid::regoperator, o.oprresult::regtype AS result, o.oprcode, o.oprcom::regoperator, o.oprnegate::regoperator,
        o.oprrest, o.oprjoin, o.oprcanmerge, o.oprcanhash
    FROM pg_operator o JOIN extension_object e ON e.classid = 'pg_operator'::regclass AND e.objid = o.oid
    WHERE o.oprleft IN ('vector'::regtype, 'halfvec'::regtype, 'sparsevec'::regtype, 'bit'::regtype) ORDER BY o.oid::regoperator::text COLLATE "C";

-- casts
SELECT c.castsource::regtype AS source, c.casttarget::regtype AS target, c.castfunc::regprocedure, c.castcontext, c.castmethod
    FROM pg_cast c JOIN extension_object e ON e.classid = 'pg_cast'::regclass AND e.objid = c.oid
    ORDER BY c.castsource::regtype::text COLLATE "C", c.casttarget::regtype::text COLLATE "C";

-- btree and hash operator classes
SELECT c.opcname, f.opfname, a.amname, c.opcintype::regtype, c.opcdefault FROM pg_opclass c JOIN pg_opfamily f ON f.oid = c.opcfamily
    JOIN pg_am a ON a.oid = c.opcmethod WHERE c.opcintype IN ('vector'::regtype, 'halfvec'::regtype, 'sparsevec'::regtype) AND a.amname IN ('btree', 'hash')
    ORDER BY 1 DESC, 3;
-- operator classes of any access method: none that its access method finds fault with
SELECT c.opcname FROM pg_opclass c JOIN extension_object o ON o.classid = 'pg_opclass'::regclass AND o.objid = c.oid
    WHERE NOT amvalidate(c.oid);

-- none of the extension's operators or functions hides one of PostgreSQL's own
SELECT p.oid::regprocedure FROM pg_proc p JOIN extension_object o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid
    JOIN pg_proc b ON b.proname = p.proname AND b.proargtypes = p.proargtypes AND b.pronamespace = 'pg_catalog'::regnamespace;

DROP VIEW extension_object;

-- it can live in any schema, and move; a search_path that hides the schema does no harm
CREATE SCHEMA vectordb_elsewhere;
ALTER EXTENSION vectordb SET SCHEMA vectordb_elsewhere;
SELECT '[1,2]'::vectordb_elsewhere.vector OPERATOR(vectordb_elsewhere.<->) '[4,6]';
SELECT vectordb_elsewhere.avg(v) FROM (VALUES ('[1]'::vectordb_elsewhere.vector), ('[2]')) t (v);
SELECT ARRAY[1,2]::vectordb_elsewhere.vector;
ALTER EXTENSION vectordb SET SCHEMA public;
DROP SCHEMA vectordb_elsewhere;
SELECT extversion, extrelocatable FROM pg_extension WHERE extname = 'vectordb';
