-- CREATE INDEX on every kind of table, with any amount of memory and number of workers
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET enable_seqscan = off;
SET jit = off; -- what the planner is told to avoid looks worth compiling
-- every row, in whatever order
SET ivf.iterative_scan = relaxed_order;
SELECT setseed(0.5);

-- from 1 dimension to the most: built, inserted into, deleted from
CREATE FUNCTION wide(dims int, seed int) RETURNS vector LANGUAGE sql IMMUTABLE
    AS $$ SELECT array_agg((i * 7919 + seed * 104729) % 1009)::vector FROM generate_series(1, dims) i $$;
CREATE FUNCTION try_width(type text, dims int, rows int) RETURNS TABLE (built bigint, inserted bigint, left_over bigint, itself bigint, problems bigint) LANGUAGE plpgsql AS $$
DECLARE
    found text := 'SELECT count(*) FROM (SELECT id FROM width ORDER BY v <-> (SELECT v FROM width WHERE id = 3) LIMIT 10000) s';
BEGIN
    EXECUTE format('CREATE TABLE width (id int, v %s(%s))', type, dims);
    EXECUTE format('INSERT INTO width SELECT i, wide(%s, i) FROM generate_series(1, %s) i', dims, rows);
    EXECUTE format('CREATE INDEX width_v ON width USING ivf (v %s_l2_ops)', type);
    EXECUTE found INTO built;
    EXECUTE format('INSERT INTO width SELECT i, wide(%s, i) FROM generate_series(%s + 1, 2 * %s) i', dims, rows, rows);
    EXECUTE found INTO inserted;
    SELECT count(*) INTO itself FROM width w WHERE w.v <-> (SELECT v FROM width ORDER BY v <-> w.v LIMIT 1) = 0;
    DELETE FROM width WHERE id % 2 = 0;
    EXECUTE found INTO left_over;
    SELECT count(*) INTO problems FROM vectordb_index_check('width_v');
    DROP TABLE width;
    RETURN NEXT;
END $$;
SELECT type, dims, t.* FROM (VALUES ('vector', 1, 300), ('vector', 2, 300), ('vector', 100, 200), ('vector', 2000, 20), ('halfvec', 1, 100), ('halfvec', 4000, 20)) d (type, dims, rows),
    try_width(type, dims, rows) t;
DROP FUNCTION try_width;
CREATE TABLE bits (id int, v bit(64000));
INSERT INTO bits SELECT i, repeat(chr(48 + i % 2) || '1' || chr(48 + i / 2 % 2), 21334)::bit(64000) FROM generate_series(1, 12) i;
CREATE INDEX bits_v ON bits USING ivf (v bit_hamming_ops);
INSERT INTO bits SELECT id + 12, v FROM bits;
SELECT count(*) FROM (SELECT id FROM bits ORDER BY v <~> (SELECT v FROM bits WHERE id = 1)) s;
SELECT * FROM vectordb_index_check('bits_v');
DROP TABLE bits;

-- all rows equal, hardly any rows, none; more lists than there are values
CREATE TABLE items (id int, v vector(3));
CREATE INDEX items_none ON items USING ivf (v);
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
SELECT lists, empty_lists FROM vectordb_index_info('items_none');
INSERT INTO items SELECT i, '[1,1,1]' FROM generate_series(1, 5000) i;
CREATE INDEX items_equal ON items USING ivf (v vector_cosine_ops) WITH (lists = 50);
SELECT count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
SELECT count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <=> '[0,0,1]') s;
SELECT lists FROM vectordb_index_info('items_none');
SELECT lists FROM vectordb_index_info('items_equal');
SELECT * FROM vectordb_index_check('items_none');
SELECT * FROM vectordb_index_check('items_equal');
DROP INDEX items_none, items_equal;

-- partial and expression indexes
TRUNCATE items;
INSERT INTO items SELECT i, ARRAY[i % 37, i % 41, i] FROM generate_series(1, 4000) i;
CREATE INDEX items_partial ON items USING ivf (v) WHERE id % 2 = 0;
CREATE INDEX items_expression ON items USING ivfflat ((subvector(v, 1, 2)::vector(2)));
SELECT pg_temp.plan($$SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 3$$);
SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM (SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 4000) s;
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,100]' LIMIT 3$$);
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY subvector(v, 1, 2)::vector(2) <-> '[36,40]' LIMIT 1$$);
SELECT subvector(v, 1, 2) FROM items ORDER BY subvector(v, 1, 2)::vector(2) <-> '[36,40]' LIMIT 1;
UPDATE items SET id = id + 1 WHERE id <= 100;
SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM (SELECT id FROM items WHERE id % 2 = 0 ORDER BY v <-> '[0,0,100]' LIMIT 4000) s;
VACUUM items;
SELECT i, p.* FROM unnest('{items_partial,items_expression}'::regclass[]) i, vectordb_index_check(i) p;
DROP INDEX items_partial, items_expression;

-- CONCURRENTLY
CREATE INDEX CONCURRENTLY items_concurrent ON items USING ivf (v) WITH (lists = 10);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'items_concurrent'::regclass;
SELECT count(DISTINCT v) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
REINDEX INDEX CONCURRENTLY items_concurrent;
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT lists FROM vectordb_index_info('items_concurrent');
SELECT * FROM vectordb_index_check('items_concurrent');
DROP INDEX CONCURRENTLY items_concurrent;

-- with and without workers: the same index
SET min_parallel_table_scan_size = 0;
ALTER TABLE items SET (parallel_workers = 2);
SET max_parallel_maintenance_workers = 0;
CREATE INDEX items_serial ON items USING ivf (v) WITH (lists = 20);
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT * FROM vectordb_index_check('items_serial');
CREATE TEMP TABLE serial_order AS SELECT id, row_number() OVER () AS place FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
CREATE TEMP TABLE serial AS SELECT * FROM vectordb_index_info('items_serial');
DROP INDEX items_serial;
SET max_parallel_maintenance_workers = 2;
CREATE INDEX items_parallel ON items USING ivf (v) WITH (lists = 20);
SELECT count(*) FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0]' LIMIT 5000) s;
SELECT * FROM vectordb_index_check('items_parallel');
SELECT count(*) FROM serial_order s JOIN (SELECT id, row_number() OVER () AS place FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s) p USING (id, place);
SELECT count(*) FROM (SELECT * FROM serial INTERSECT SELECT * FROM vectordb_index_info('items_parallel')) s;
DROP INDEX items_parallel;
-- workers that were planned and cannot be had
SET max_parallel_workers = 0;
CREATE INDEX items_parallel ON items USING ivf (v) WITH (lists = 20);
RESET max_parallel_workers;
SELECT count(*) FROM (SELECT * FROM serial INTERSECT SELECT * FROM vectordb_index_info('items_parallel')) s;
SELECT * FROM vectordb_index_check('items_parallel');
DROP INDEX items_parallel;
-- a row's version that older snapshots see is left out, whichever process comes upon it
BEGIN;
UPDATE items SET v = '[1,2,3]' WHERE id IN (SELECT id FROM items ORDER BY ctid DESC LIMIT 1);
CREATE INDEX items_parallel ON items USING ivf (v);
SELECT indcheckxmin FROM pg_index WHERE indexrelid = 'items_parallel'::regclass;
ROLLBACK;
RESET max_parallel_maintenance_workers;
RESET min_parallel_table_scan_size;
ALTER TABLE items RESET (parallel_workers);

-- little maintenance_work_mem: rows are sorted on disk, the sample is cut down, and at last there is no room for the centroids
CREATE TABLE many (id int, v vector(64));
INSERT INTO many SELECT i, array_agg(random())::vector FROM generate_series(1, 8000) i, generate_series(1, 64) GROUP BY i;
SET maintenance_work_mem = '1MB';
CREATE INDEX many_v ON many USING ivf (v) WITH (lists = 30);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM many ORDER BY v <-> (SELECT v FROM many WHERE id = 99) LIMIT 10000) s;
SELECT lists FROM vectordb_index_info('many_v');
SELECT * FROM vectordb_index_check('many_v');
DROP INDEX many_v;
\set VERBOSITY sqlstate
CREATE INDEX ON many USING ivf (((v || v || v || v || v || v || v || v || v || v)::vector(640))) WITH (lists = 250);
\set VERBOSITY default
RESET maintenance_work_mem;
-- statement_timeout ends a build, and leaves nothing
SET statement_timeout = '10ms';
CREATE INDEX many_v ON many USING ivf (v) WITH (lists = 250);
RESET statement_timeout;
SELECT to_regclass('many_v');
DROP TABLE many;

-- temporary and unlogged tables
CREATE TEMP TABLE passing (id int, v vector(3)) ON COMMIT DELETE ROWS;
CREATE INDEX passing_v ON passing USING ivf (v);
BEGIN;
INSERT INTO passing SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 3000) i;
SELECT id FROM passing ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT * FROM vectordb_index_check('passing_v');
COMMIT;
SELECT id FROM passing ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT * FROM vectordb_index_check('passing_v');
CREATE UNLOGGED TABLE unlogged (id int, v vector(3));
INSERT INTO unlogged SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 1000) i;
CREATE INDEX unlogged_v ON unlogged USING ivf (v) WITH (lists = 5);
SELECT id FROM unlogged ORDER BY v <-> '[500.2,0,0]' LIMIT 3;
SELECT pg_relation_size('unlogged_v', 'init') / current_setting('block_size')::int AS init_blocks;
SELECT * FROM vectordb_index_check('unlogged_v');
ALTER TABLE unlogged SET LOGGED;
SELECT * FROM vectordb_index_check('unlogged_v');
SELECT id FROM unlogged ORDER BY v <-> '[500.2,0,0]' LIMIT 3;

-- a materialized view, ALTER TABLE
CREATE MATERIALIZED VIEW view AS SELECT id, v FROM unlogged;
CREATE INDEX view_v ON view USING ivf (v vector_ip_ops);
INSERT INTO unlogged VALUES (2000, '[2000,0,0]');
REFRESH MATERIALIZED VIEW view;
SELECT id FROM view ORDER BY v <#> '[1,0,0]' LIMIT 2;
SELECT * FROM vectordb_index_check('view_v');
ALTER TABLE items ALTER COLUMN v TYPE vector(4) USING v || '[1]'::vector;
CREATE INDEX items_v ON items USING ivf (v);
ALTER TABLE items ALTER COLUMN v TYPE vector(3) USING subvector(v, 1, 3);
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
ALTER TABLE items ALTER COLUMN v TYPE vector;
INSERT INTO items VALUES (1, '[1,2]');
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
SELECT * FROM vectordb_index_check('items_v');
DROP MATERIALIZED VIEW view;
DROP TABLE items, unlogged, passing;
DROP FUNCTION wide;
