-- CREATE INDEX: every width, kind of table, amount of memory and number of workers
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET enable_seqscan = off;
-- every row that the graph leads to, in whatever order
SET hnsw.iterative_scan = relaxed_order;

-- from 1 to 16,000 dimensions: built, inserted into, deleted from
CREATE FUNCTION wide(dims int, seed int) RETURNS vector LANGUAGE sql IMMUTABLE
    AS $$ SELECT array_agg((i * 7919 + seed * 104729) % 1009)::vector FROM generate_series(1, dims) i $$;
CREATE FUNCTION try_width(dims int, rows int) RETURNS TABLE (built bigint, inserted bigint, left_over bigint, itself bigint, problems bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE width (id int, v vector(%s))', dims);
    EXECUTE format('INSERT INTO width SELECT i, wide(%s, i) FROM generate_series(1, %s) i', dims, rows);
    CREATE INDEX width_v ON width USING hnsw (v vector_l2_ops);
    SELECT count(*) INTO built FROM (SELECT id FROM width ORDER BY v <-> (SELECT v FROM width WHERE id = 3) LIMIT 10000) s;
    EXECUTE format('INSERT INTO width SELECT i, wide(%s, i) FROM generate_series(%s + 1, 2 * %s) i', dims, rows, rows);
    SELECT count(*) INTO inserted FROM (SELECT id FROM width ORDER BY v <-> (SELECT v FROM width WHERE id = 3) LIMIT 10000) s;
    SELECT count(*) INTO itself FROM width w WHERE w.v <-> (SELECT v FROM width ORDER BY v <-> w.v LIMIT 1) = 0;
    DELETE FROM width WHERE id % 2 = 0;
    SELECT count(*) INTO left_over FROM (SELECT id FROM width ORDER BY v <-> (SELECT v FROM width WHERE id = 3) LIMIT 10000) s;
    SELECT count(*) INTO problems FROM vectordb_index_check('width_v');
    DROP TABLE width;
    RETURN NEXT;
END $$;
SELECT dims, t.* FROM (VALUES (1, 300), (2, 300), (100, 200), (2000, 20), (2040, 20), (2041, 20), (5000, 12), (16000, 8)) d (dims, rows), try_width(dims, rows) t;
DROP FUNCTION try_width;

-- all rows equal, hardly any rows, none
CREATE TABLE items (id int, v vector(3));
CREATE INDEX items_none ON items USING hnsw (v vector_l2_ops);
INSERT INTO items SELECT i, '[1,1,1]' FROM generate_series(1, 5000) i;
CREATE INDEX items_equal ON items USING hnsw (v vector_cosine_ops);
SELECT count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
SELECT count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <=> '[0,0,1]') s;
SELECT * FROM vectordb_index_check('items_none');
SELECT * FROM vectordb_index_check('items_equal');
DROP INDEX items_none, items_equal;

-- partial and expression indexes
TRUNCATE items;
INSERT INTO items SELECT i, ARRAY[i % 37, i % 41, i] FROM generate_series(1, 4000) i;
CREATE INDEX items_partial ON items USING hnsw (v vector_l2_ops) WHERE id % 2 = 0;
CREATE INDEX items_expression ON items USING hnsw ((subvector(v, 1, 2)::vector(2)) vector_l2_ops);
SELECT pg_temp.plan($$SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 3$$);
SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM (SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 4000) s;
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,100]' LIMIT 3$$);
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY subvector(v, 1, 2)::vector(2) <-> '[36,40]' LIMIT 1$$);
SELECT subvector(v, 1, 2) FROM items ORDER BY subvector(v, 1, 2)::vector(2) <-> '[36,40]' LIMIT 1;
-- the best 10 by two elements, in order of all three
SELECT count(*) FROM (SELECT * FROM (SELECT * FROM items ORDER BY subvector(v, 1, 2)::vector(2) <-> '[36,40]' LIMIT 10) s ORDER BY v <-> '[36,40,1]' LIMIT 5) t;
UPDATE items SET id = id + 1 WHERE id <= 100;
SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM (SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 4000) s;
VACUUM items;
SELECT i, p.* FROM unnest('{items_partial,items_expression}'::regclass[]) i, vectordb_index_check(i) p;
DROP INDEX items_partial, items_expression;

-- CONCURRENTLY
CREATE INDEX CONCURRENTLY items_concurrent ON items USING hnsw (v vector_l2_ops);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_concurrent'::regclass;
SELECT count(DISTINCT v) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
REINDEX INDEX CONCURRENTLY items_concurrent;
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT * FROM vectordb_index_check('items_concurrent');
DROP INDEX CONCURRENTLY items_concurrent;

-- with and without workers
SET min_parallel_table_scan_size = 0;
ALTER TABLE items SET (parallel_workers = 2);
SET max_parallel_maintenance_workers = 0;
CREATE INDEX items_serial ON items USING hnsw (v vector_l2_ops);
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT * FROM vectordb_index_check('items_serial');
DROP INDEX items_serial;
SET max_parallel_maintenance_workers = 2;
CREATE INDEX items_parallel ON items USING hnsw (v vector_l2_ops);
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT * FROM vectordb_index_check('items_parallel');
DROP INDEX items_parallel;
-- a row's version that older snapshots see is left out, whichever process comes upon it
BEGIN;
UPDATE items SET v = '[1,2,3]' WHERE id IN (SELECT id FROM items ORDER BY ctid DESC LIMIT 1);
CREATE INDEX items_parallel ON items USING hnsw (v vector_l2_ops);
SELECT indcheckxmin FROM pg_index WHERE indexrelid = 'items_parallel'::regclass;
ROLLBACK;
RESET max_parallel_maintenance_workers;
RESET min_parallel_table_scan_size;
ALTER TABLE items RESET (parallel_workers);

-- more rows than maintenance_work_mem has room for; how many fit is nobody's promise
CREATE TABLE many (id int, v vector(32));
SELECT setseed(0.75);
INSERT INTO many SELECT i, array_agg(random())::vector FROM generate_series(1, 6000) i, generate_series(1, 32) GROUP BY i;
SET maintenance_work_mem = '1MB';
SET client_min_messages = warning;
CREATE INDEX many_v ON many USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);
RESET client_min_messages;
RESET maintenance_work_mem;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM many ORDER BY v <-> (SELECT v FROM many WHERE id = 99) LIMIT 10000) s;
SELECT * FROM vectordb_index_check('many_v');
DROP INDEX many_v;
-- statement_timeout ends a build, and leaves nothing
SET statement_timeout = '10ms';
CREATE INDEX many_v ON many USING hnsw (v vector_l2_ops) WITH (m = 50, ef_construction = 500);
RESET statement_timeout;
SELECT to_regclass('many_v');
CREATE INDEX many_v ON many USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 16);
SET statement_timeout = '1ms';
SELECT count(*) FROM (SELECT a.id FROM many a CROSS JOIN LATERAL (SELECT id FROM many ORDER BY v <-> a.v LIMIT 6000) b) s;
RESET statement_timeout;
DROP TABLE many;

-- more than maintenance_work_mem has room for, linked from temporary files: equal rows, NULLs, L2 and cosine, with and
-- without codes and workers
CREATE TABLE much (id int, v vector(64));
SELECT setseed(0.25);
INSERT INTO much SELECT i, array_agg(random() - .5)::vector FROM generate_series(1, 4000) i, generate_series(1, 64) GROUP BY i;
INSERT INTO much SELECT id + 4000, v FROM much WHERE id % 8 = 0 UNION ALL SELECT 5000 + i, NULL FROM generate_series(1, 10) i;
ANALYZE much;
CREATE FUNCTION much_recall(operator text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    hits bigint := 0;
    exact float8;
    found bigint;
    q vector;
BEGIN
    FOR q IN SELECT v FROM much WHERE id <= 2000 AND id % 100 = 0 LOOP
        q := q + (SELECT v FROM much WHERE id = 7);
        EXECUTE format('SELECT max(d) FROM (SELECT v %s $1 AS d FROM (SELECT v FROM much WHERE v IS NOT NULL OFFSET 0) t ORDER BY 1 LIMIT 10) s', operator) INTO exact USING q;
        EXECUTE format('SELECT count(*) FROM (SELECT v FROM much ORDER BY v %1$s $1 LIMIT 10) s WHERE v %1$s $1 <= $2', operator) INTO found USING q, exact;
        hits := hits + found;
    END LOOP;
    RETURN hits / 200.0;
END $$;
SET hnsw.ef_search = 200;
ALTER TABLE much SET (parallel_workers = 2);
SET min_parallel_table_scan_size = 0;
SET maintenance_work_mem = '1MB';
SET max_parallel_maintenance_workers = 0;
CREATE INDEX much_v ON much USING hnsw (v vector_l2_ops) WITH (m = 8);
SELECT * FROM vectordb_index_check('much_v');
SELECT much_recall('<->') > .9 AS good;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM much ORDER BY v <-> (SELECT v FROM much WHERE id = 99) LIMIT 10000) s;
DROP INDEX much_v;
SET maintenance_work_mem = '2MB';
SET max_parallel_maintenance_workers = 2;
CREATE INDEX much_v ON much USING hnsw (v vector_cosine_ops) WITH (m = 8, storage = half);
SELECT * FROM vectordb_index_check('much_v');
SELECT much_recall('<=>') > .9 AS good;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM much ORDER BY v <=> (SELECT v FROM much WHERE id = 99) LIMIT 10000) s;
-- it takes rows as any other, and loses them
INSERT INTO much SELECT id + 6000, v FROM much WHERE id <= 100;
DELETE FROM much WHERE id % 2 = 0;
VACUUM much;
SELECT * FROM vectordb_index_check('much_v');
DROP INDEX much_v;
CREATE INDEX much_v ON much USING hnsw (v vector_l2_ops) WITH (m = 8, quantizer = none);
SELECT * FROM vectordb_index_check('much_v');
DROP INDEX much_v;
RESET max_parallel_maintenance_workers;
RESET min_parallel_table_scan_size;
-- nothing is left of the files, neither after a build nor of one that fails at the last row
SET max_parallel_maintenance_workers = 0;
CREATE INDEX much_v ON much USING hnsw ((CASE WHEN 1 / (6099 - id) = 0 THEN v ELSE v END::vector(64)) vector_l2_ops) WITH (m = 50, ef_construction = 100);
RESET max_parallel_maintenance_workers;
SELECT count(*) FROM pg_ls_tmpdir();
RESET maintenance_work_mem;
RESET hnsw.ef_search;
DROP TABLE much;
DROP FUNCTION much_recall;

-- temporary and unlogged tables
CREATE TEMP TABLE passing (id int, v vector(3)) ON COMMIT DELETE ROWS;
CREATE INDEX passing_v ON passing USING hnsw (v vector_l2_ops);
BEGIN;
INSERT INTO passing SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 1000) i;
SELECT id FROM passing ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT * FROM vectordb_index_check('passing_v');
COMMIT;
SELECT id FROM passing ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT * FROM vectordb_index_check('passing_v');
DROP TABLE passing;
CREATE UNLOGGED TABLE unlogged (id int, v vector(3));
CREATE INDEX unlogged_empty ON unlogged USING hnsw (v vector_l2_ops);
INSERT INTO unlogged SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 1000) i;
SELECT id FROM unlogged ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT pg_relation_size('unlogged_empty', 'init') > 0 AS init_fork;
DELETE FROM unlogged WHERE id = 500;
VACUUM unlogged;
SELECT id FROM unlogged ORDER BY v <-> '[500.2,0,0]' LIMIT 1;
SELECT * FROM vectordb_index_check('unlogged_empty');
DROP TABLE unlogged;

-- an element of an array
CREATE TABLE arrays (id int, vs vector(2)[]);
INSERT INTO arrays SELECT i, ARRAY[ARRAY[i, 1]::vector(2), ARRAY[1, i]::vector(2)] FROM generate_series(1, 100) i;
CREATE INDEX arrays_first ON arrays USING hnsw ((vs[1]::vector(2)) vector_l2_ops);
SELECT id FROM arrays ORDER BY vs[1]::vector(2) <-> '[50,1]' LIMIT 1;
SELECT * FROM vectordb_index_check('arrays_first');
DROP TABLE arrays;

-- the names of the phases that a build reports
SELECT pg_indexam_progress_phasename(a.oid, n) FROM pg_am a, generate_series(1, 10) n WHERE amname = 'hnsw';

-- the owner of a table needs no more rights than that
CREATE ROLE hnsw_owner;
GRANT CREATE ON SCHEMA public TO hnsw_owner;
SET ROLE hnsw_owner;
CREATE TABLE owned (id int, v vector(3));
INSERT INTO owned SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 100) i;
CREATE INDEX owned_v ON owned USING hnsw (v vector_l2_ops) WITH (m = 8);
SELECT id FROM owned ORDER BY v <-> '[50,0,0]' LIMIT 1;
DELETE FROM owned WHERE id = 50;
VACUUM owned;
SELECT id FROM owned ORDER BY v <-> '[50.2,0,0]' LIMIT 1;
ALTER INDEX owned_v SET (ef_construction = 40);
REINDEX INDEX owned_v;
-- row-level security filters what the index finds
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
ALTER TABLE owned FORCE ROW LEVEL SECURITY;
CREATE POLICY even ON owned USING (id % 2 = 0);
SELECT array_agg(id) FROM (SELECT id FROM owned ORDER BY v <-> '[0,0,0]' LIMIT 5) s;
RESET ROLE;
SELECT * FROM vectordb_index_check('owned_v');
DROP TABLE owned;
REVOKE CREATE ON SCHEMA public FROM hnsw_owner;
DROP ROLE hnsw_owner;
DROP TABLE items;
DROP FUNCTION wide;
