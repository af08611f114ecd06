-- scans: how many rows they give, under filters, limits, duplicates and in every plan that can hold one
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

CREATE TABLE items (id int PRIMARY KEY, category int, v vector(4));
SELECT setseed(0.5);
INSERT INTO items SELECT i, i % 100, ARRAY[random(), random(), random(), random()] FROM generate_series(1, 10000) i;
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops);
CREATE TABLE few (id int, v vector(4));
INSERT INTO few SELECT id, v FROM items WHERE id <= 20;
CREATE INDEX few_v ON few USING hnsw (v vector_l2_ops);
VACUUM ANALYZE items, few;

-- the planner's choice
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,0,0]'$$);
SELECT pg_temp.plan($$SELECT id FROM few ORDER BY v <-> '[0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT count(*) FROM items$$);
-- of 1,536 dimensions, which a sequential scan has to fetch from elsewhere
CREATE TABLE wide (id int, v vector(1536));
INSERT INTO wide SELECT i, array_fill(i, ARRAY[1536]) FROM generate_series(1, 1500) i;
CREATE INDEX wide_v ON wide USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 10);
ANALYZE wide;
SELECT pg_temp.plan($$SELECT id FROM wide ORDER BY v <-> (SELECT v FROM wide LIMIT 1) LIMIT 10$$);
DROP TABLE wide;
SELECT pg_temp.plan($$SELECT id FROM items WHERE id = 17 ORDER BY v <-> '[0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE v <-> '[0,0,0,0]' < 0.5 ORDER BY v <-> '[0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE v <-> '[0,0,0,0]' < 0.5$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE category <> 1 ORDER BY v <-> (SELECT v FROM items WHERE id = 1) LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0,0]' LIMIT 50) i ORDER BY id LIMIT 5$$);
SELECT pg_temp.plan($$SELECT few.id, near.id FROM few CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> few.v LIMIT 3) near$$);
SELECT pg_temp.plan($$SELECT few.id, items.id FROM few JOIN items USING (id) ORDER BY few.v <-> items.v LIMIT 3$$);
SELECT pg_temp.plan($$WITH near AS MATERIALIZED (SELECT id, v <-> '[1,1,1,1]' AS d FROM items ORDER BY d LIMIT 10) SELECT * FROM near WHERE d < 1$$);
PREPARE nearest (vector, int) AS SELECT id FROM items ORDER BY v <-> $1 LIMIT $2;
SELECT pg_temp.plan($$EXECUTE nearest ('[0,0,0,0]', 5)$$);
SET plan_cache_mode = force_generic_plan;
SELECT pg_temp.plan($$EXECUTE nearest ('[0,0,0,0]', 5)$$);
SELECT count(*) FROM (SELECT few.id, near.id FROM few CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> few.v LIMIT 3) near) s;
SELECT few.id FROM few CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> few.v LIMIT 1) near WHERE few.id <> near.id;
CREATE FUNCTION rows_of(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO n; RETURN n; END $$;
EXECUTE nearest ('[0,0,0]', 1);
EXECUTE nearest (NULL, 1) \gset
RESET plan_cache_mode;
DEALLOCATE nearest;

-- a LIMIT above ef_search gets its rows; 10,000 of them are all rows
SET enable_seqscan = off;
SET enable_sort = off;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 39'), rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 500');
SET hnsw.ef_search = 10;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 500');
SET hnsw.iterative_scan = relaxed_order;
SELECT rows_of('SELECT DISTINCT id FROM (SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 20000) i');
SET hnsw.iterative_scan = off;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 500');
SET hnsw.ef_search = 300;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 500');
RESET hnsw.iterative_scan;
RESET hnsw.ef_search;

-- so does a filter that leaves one row in a hundred, or fewer than asked for
SELECT rows_of('SELECT id FROM items WHERE category = 17 ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10');
SELECT rows_of('SELECT id FROM items WHERE category = 17 AND id < 1000 ORDER BY v <-> ''[1,0,0,1]'' LIMIT 5');
SET hnsw.iterative_scan = relaxed_order;
SELECT rows_of('SELECT id FROM items WHERE category = 17 ORDER BY v <-> ''[0,0,0,0]'' LIMIT 1000');
SELECT rows_of('SELECT id FROM items WHERE category = -1 ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10');
-- limits of such a scan: rows visited, memory
SET hnsw.max_scan_tuples = 1;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10000') BETWEEN 40 AND 1000 AS few_rows;
SET hnsw.max_scan_tuples = 3000;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10000') BETWEEN 2900 AND 3500 AS so_many_rows;
SET hnsw.max_scan_tuples = 100000;
SET work_mem = '64kB';
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10000') BETWEEN 100 AND 9000 AS fewer_rows;
SET hnsw.scan_mem_multiplier = 100;
SELECT rows_of('SELECT id FROM items ORDER BY v <-> ''[0,0,0,0]'' LIMIT 10000');
RESET hnsw.scan_mem_multiplier;
RESET work_mem;
RESET hnsw.max_scan_tuples;
SET hnsw.iterative_scan = strict_order;
SELECT count(*) FILTER (WHERE d < last) AS out_of_order FROM (SELECT d, lag(d) OVER () AS last
    FROM (SELECT v <-> '[0.5,0.5,0.5,0.5]' AS d FROM items ORDER BY v <-> '[0.5,0.5,0.5,0.5]' LIMIT 3000) i) s;
RESET hnsw.iterative_scan;

-- rescans of all kinds; a NULL among the queries
SELECT count(*), count(DISTINCT near.id) FROM (SELECT v FROM few UNION ALL SELECT NULL) q CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> q.v LIMIT 2) near;
SELECT f.id FROM few f WHERE f.id <> (SELECT id FROM items ORDER BY v <-> f.v LIMIT 1);
-- ties in the given order, which from 17 on is made of the index's
SET hnsw.ef_search = 200;
SELECT array_agg(id) = (SELECT array_agg(id) FROM (SELECT id FROM items ORDER BY (v <-> '[0,0,0,0]') + 0, id LIMIT 20) e) AS same
    FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0]', id LIMIT 20) i;
RESET hnsw.ef_search;
SELECT count(*) FROM (SELECT DISTINCT ON (category) category, id FROM (SELECT * FROM items ORDER BY v <-> '[0,0,0,0]' LIMIT 300) i ORDER BY category) s;

-- cursors: forward, backward only with SCROLL, and beyond the transaction
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id FROM few ORDER BY v <-> (SELECT v FROM few WHERE id = 3);
FETCH 1 FROM forward;
MOVE 5 FROM forward;
FETCH BACKWARD 1 FROM forward;
ROLLBACK;
BEGIN;
DECLARE both_ways SCROLL CURSOR FOR SELECT id FROM few ORDER BY v <-> (SELECT v FROM few WHERE id = 3);
SELECT pg_temp.plan($$DECLARE explained SCROLL CURSOR FOR SELECT id FROM few ORDER BY v <-> '[0,0,0,0]'$$);
FETCH 1 FROM both_ways;
MOVE FORWARD ALL FROM both_ways;
MOVE BACKWARD ALL FROM both_ways;
FETCH 1 FROM both_ways;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM few ORDER BY v <-> (SELECT v FROM few WHERE id = 4) LIMIT 10;
COMMIT;
FETCH 1 FROM held;
MOVE ALL FROM held;
CLOSE held;
-- rows that the cursor's own transaction changes meanwhile
BEGIN;
DECLARE own CURSOR FOR SELECT id FROM few ORDER BY v <-> (SELECT v FROM few WHERE id = 5);
FETCH 1 FROM own;
DELETE FROM few;
MOVE ALL FROM own;
ROLLBACK;

-- the statistics of the index
SELECT pg_stat_force_next_flush();
SELECT idx_scan > 50 AS counted FROM pg_stat_user_indexes WHERE indexrelname = 'items_v';
SELECT * FROM vectordb_index_check('items_v');
DROP TABLE items, few;

-- partitions: merged in order
CREATE TABLE parts (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (1000) TO (2000);
CREATE INDEX parts_v ON parts USING hnsw (v vector_l2_ops);
CREATE TABLE parts_c PARTITION OF parts FOR VALUES FROM (2000) TO (3000);
INSERT INTO parts SELECT i, ARRAY[i % 1000, i / 1000, 0] FROM generate_series(1, 2999) i;
ANALYZE parts;
SELECT pg_temp.plan($$SELECT id FROM parts ORDER BY v <-> '[500,1.1,0]' LIMIT 4$$);
SELECT id FROM parts ORDER BY v <-> '[500,1.1,0]' LIMIT 4;
SELECT id FROM parts WHERE id > 1500 ORDER BY v <-> '[500,1.1,0]' LIMIT 2;
SELECT c.relname, p.* FROM pg_class c JOIN pg_am a ON a.oid = c.relam, vectordb_index_check(c.oid) p WHERE a.amname = 'hnsw' AND c.relkind = 'i';
DROP TABLE parts;

-- copies: 30,000 rows of 100 values, then of one
CREATE TABLE copies (id int, v vector(3));
INSERT INTO copies SELECT i, ARRAY[i % 100, 0, 0] FROM generate_series(1, 29000) i;
CREATE INDEX copies_v ON copies USING hnsw (v vector_l2_ops);
INSERT INTO copies SELECT i, ARRAY[i % 100, 0, 0] FROM generate_series(29001, 30000) i;
SELECT live, heap_tids FROM vectordb_index_info('copies_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]') s;
SELECT count(*), min(id % 100), max(id % 100) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]' LIMIT 300) s;
SELECT min(id % 100), max(id % 100) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]' LIMIT 900) s;
SELECT count(*) FROM (SELECT id FROM copies WHERE id > 29900 ORDER BY v <-> '[50,0,0]' LIMIT 200) s;
DELETE FROM copies WHERE id % 3 <> 0;
VACUUM copies;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]') s;
SELECT live, heap_tids FROM vectordb_index_info('copies_v');
SELECT * FROM vectordb_index_check('copies_v');
UPDATE copies SET v = '[7,7,7]';
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]') s;
VACUUM copies;
SELECT live, heap_tids FROM vectordb_index_info('copies_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]') s;
SELECT * FROM vectordb_index_check('copies_v');
REINDEX INDEX copies_v;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[50,0,0]') s;
SELECT * FROM vectordb_index_check('copies_v');
DROP TABLE copies;
-- rows are looked for ahead where the session saw their pages last: a temporary table, pages that
-- moved, rows that moved within their page
CREATE TEMP TABLE mine (id int, v vector(3));
INSERT INTO mine SELECT i, ARRAY[i, 0, 0] FROM generate_series(1, 1000) i;
CREATE INDEX ON mine USING hnsw (v vector_l2_ops);
SELECT array_agg(id) FROM (SELECT id FROM mine ORDER BY v <-> '[1000,0,0]' LIMIT 20) s;
CREATE TABLE moved (id int, note text, v vector(3)) WITH (fillfactor = 50);
INSERT INTO moved SELECT i, 'a', ARRAY[i, 0, 0] FROM generate_series(1, 1000) i;
CREATE INDEX ON moved USING hnsw (v vector_l2_ops);
SELECT array_agg(id) FROM (SELECT id FROM moved ORDER BY v <-> '[1000,0,0]' LIMIT 20) s;
UPDATE moved SET note = 'b' WHERE id > 900;
SELECT string_agg(id || note, ',') FROM (SELECT id, note FROM moved ORDER BY v <-> '[1000,0,0]' LIMIT 20) s;
VACUUM FULL moved;
SELECT string_agg(id || note, ',') FROM (SELECT id, note FROM moved ORDER BY v <-> '[1000,0,0]' LIMIT 20) s;
SET effective_io_concurrency = 0;
SELECT string_agg(id || note, ',') FROM (SELECT id, note FROM moved ORDER BY v <-> '[500.3,0,0]' LIMIT 20) s;
RESET effective_io_concurrency;
DROP TABLE mine, moved;
DROP FUNCTION rows_of;
RESET enable_seqscan;
RESET enable_sort;
