-- Who may do what: flags of the functions, what index functions show to whom, columns and rows that a role may not read.

-- functions that are not immutable, strict and parallel safe, and why that is so: handlers and what nobody calls have
-- PostgreSQL's defaults, as in pgvector; aggregates over an internal state are asked about no rows, too; the two that
-- read an index lock it, which a parallel worker may not
SELECT p.oid::regprocedure AS function, p.provolatile, p.proisstrict, p.proparallel
    FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'vectordb' AND p.prokind = 'f' AND NOT (p.provolatile = 'i' AND p.proisstrict AND p.proparallel = 's')
    ORDER BY p.proname COLLATE "C";
-- none runs as its owner, none says of itself that it leaks nothing (errors name values), none is kept from the public
SELECT p.oid::regprocedure AS function, p.prosecdef, p.proleakproof, p.proacl
    FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'vectordb' AND (p.prosecdef OR p.proleakproof OR p.proacl IS NOT NULL);
-- what takes internal values is not for SQL; minor versions of PostgreSQL refuse it as 0A000 or as 42883
DO $$
DECLARE
    call text;
BEGIN
    FOREACH call IN ARRAY ARRAY['sparsevec_avg(NULL), sparsevec_sum(NULL)', 'sparsevec_accum(NULL, NULL)', 'hnsw_halfvec_support(NULL)'] LOOP
        BEGIN
            EXECUTE 'SELECT ' || call;
            RAISE NOTICE 'answered: %', call;
        EXCEPTION WHEN feature_not_supported OR undefined_function THEN
            RAISE NOTICE 'refused: %', call;
        END;
    END LOOP;
END $$;
-- immutable: settings of a session change no value
SET extra_float_digits = -15;
SELECT '[0.1,1e-7,33333333]'::vector, '[0.1,3333]'::halfvec, '{1:0.1}/2'::sparsevec, '[0.1]'::vector::real[]::text;
RESET extra_float_digits;
SELECT '[0.1,1e-7,33333333]'::vector, '[0.1,3333]'::halfvec, '{1:0.1}/2'::sparsevec, '[0.1]'::vector::real[]::text;

CREATE ROLE regress_permissions_owner;
CREATE ROLE regress_permissions_member IN ROLE regress_permissions_owner;
CREATE ROLE regress_permissions_reader;
CREATE SCHEMA regress_permissions AUTHORIZATION regress_permissions_owner;
GRANT USAGE ON SCHEMA regress_permissions TO PUBLIC;
SET search_path = regress_permissions, public;

SET ROLE regress_permissions_owner;
CREATE TABLE item (id int, secret boolean, v vector(64), s sparsevec(3));
INSERT INTO item SELECT i, i % 2 = 1, array_fill(i, '{64}'), ARRAY[i, 1, 0] FROM generate_series(1, 600) i;
CREATE INDEX item_hnsw ON item USING hnsw (v vector_l2_ops);
CREATE INDEX item_ivf ON item USING ivf (v vector_l2_ops);
CREATE INDEX item_sparse ON item USING hnsw (s sparsevec_l2_ops);
CREATE TABLE part (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (10);
CREATE INDEX part_v ON part USING hnsw (v vector_l2_ops);

-- parallel safe: the same in a worker
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT sum(v <-> v), sum(vector_dims(v)), (avg(v) <-> avg(v + v))::numeric(8, 1), avg(s) <#> '{1:1}/3' AS ip, max(l2_norm(s)) > 600 AS long
    FROM item WHERE vector_hash(v) = vector_hash(v::text::vector);
SELECT count(*) FROM vectordb_index_check('item_hnsw'), item WHERE v = v;
SELECT heap_tids FROM vectordb_index_info('item_ivf'), item WHERE id = 1 AND v = v;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- the check and the information: for the owner, who has the role, and superusers
SELECT i, (SELECT count(*) FROM vectordb_index_check(i)) AS problems, (vectordb_index_info(i)).heap_tids
    FROM unnest('{item_hnsw,item_ivf,item_sparse,part_1_v_idx}'::regclass[]) i;
SET ROLE regress_permissions_member;
SELECT count(*) FROM vectordb_index_check('item_hnsw');
SELECT heap_tids FROM vectordb_index_info('item_ivf');
RESET ROLE;
SELECT count(*) FROM vectordb_index_check('item_ivf');
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON ALL TABLES IN SCHEMA regress_permissions TO regress_permissions_reader;
SET ROLE regress_permissions_reader;
SELECT id FROM item ORDER BY v <-> array_fill(3, '{64}')::vector LIMIT 1;
\set VERBOSITY sqlstate
SELECT * FROM vectordb_index_check('item_hnsw');
SELECT * FROM vectordb_index_check('item_ivf');
SELECT * FROM vectordb_index_check('part_1_v_idx');
SELECT * FROM vectordb_index_info('item_hnsw');
SELECT * FROM vectordb_index_info('item_ivf');
SELECT * FROM vectordb_index_info('part_1_v_idx');
-- not even whether it is one of ours
SELECT * FROM vectordb_index_info('pg_class_oid_index');
-- and no lock is taken for it
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('item'::regclass, 'item_hnsw'::regclass);
\set VERBOSITY default
RESET ROLE;

-- columns
REVOKE ALL ON item FROM regress_permissions_reader;
GRANT SELECT (id, secret) ON item TO regress_permissions_reader;
SET ROLE regress_permissions_reader;
SELECT count(id) FROM item;
SELECT id FROM item ORDER BY v <-> array_fill(3, '{64}')::vector LIMIT 1;
SELECT avg(v) FROM item;
RESET ROLE;

-- rows: an index scan hands out those that a policy lets through, and no function of ours is asked about the others
GRANT SELECT ON item TO regress_permissions_reader;
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON item FOR SELECT USING (NOT secret);
CREATE FUNCTION leak(v vector) RETURNS boolean LANGUAGE plpgsql COST 0.0001
    AS $$ BEGIN IF v::real[] @> '{77}' THEN RAISE NOTICE 'hidden vector seen'; END IF; RETURN true; END $$;
SET ROLE regress_permissions_reader;
SET enable_seqscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM item WHERE leak(v) ORDER BY s <-> '{1:77,2:1}/3' LIMIT 4;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM item WHERE leak(v) ORDER BY s <-> '{1:77,2:1}/3' LIMIT 4) n;
SELECT array_agg(id ORDER BY id) FROM (SELECT id FROM item WHERE leak(v) ORDER BY v <-> array_fill(77, '{64}')::vector LIMIT 4) n;
SELECT count(*) FILTER (WHERE secret) AS hidden FROM (SELECT secret FROM item ORDER BY v <-> array_fill(77, '{64}')::vector) n;
RESET enable_seqscan;
RESET enable_sort;
RESET ROLE;
-- an error about a hidden row would tell of it: 3 dimensions
CREATE TABLE mixed (secret boolean, v vector);
INSERT INTO mixed VALUES (false, '[1,2]'), (true, '[1,2,3]');
ALTER TABLE mixed ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON mixed USING (NOT secret);
GRANT SELECT ON mixed TO regress_permissions_reader;
SET ROLE regress_permissions_reader;
SELECT v FROM mixed WHERE v <-> '[1,2]' < 1 AND v + '[1,1]' > '[0,0]';
RESET ROLE;

-- what an owner puts into an index cannot become the superuser who checks it, nor change that session
SET ROLE regress_permissions_owner;
CREATE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE INDEX item_wanted ON item USING hnsw (v vector_l2_ops) WHERE regress_permissions.wanted(id);
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN PERFORM set_config('work_mem', '77kB', false); RETURN current_user = 'regress_permissions_owner'; END $$;
RESET ROLE;
SELECT count(*) FROM vectordb_index_check('item_wanted');
SELECT current_setting('work_mem') <> '77kB' AS unchanged, current_user = session_user AS restored;
CREATE FUNCTION hostile(command text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN EXECUTE command; RETURN true; END $$;
\set VERBOSITY sqlstate
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT regress_permissions.hostile('RESET ROLE') $$;
SELECT count(*) FROM vectordb_index_check('item_wanted');
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT regress_permissions.hostile('RESET SESSION AUTHORIZATION') $$;
SELECT count(*) FROM vectordb_index_check('item_wanted');
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT regress_permissions.hostile('CREATE TEMP TABLE t ()') $$;
SELECT count(*) FROM vectordb_index_check('item_wanted');
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT regress_permissions.hostile('GRANT pg_read_all_data TO regress_permissions_owner') $$;
SELECT count(*) FROM vectordb_index_check('item_wanted');
\set VERBOSITY default
SELECT current_user = session_user AS restored;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA regress_permissions CASCADE;
RESET client_min_messages;
DROP ROLE regress_permissions_owner, regress_permissions_member, regress_permissions_reader;
