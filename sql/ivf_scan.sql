-- ivf scans in all the places where a plan may put them
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET jit = off;
SELECT setseed(0.5);
CREATE FUNCTION random_vector(dims int, row_id int) RETURNS vector LANGUAGE sql VOLATILE
    AS $$ SELECT array_agg(random())::vector FROM generate_series(1, dims) WHERE row_id IS NOT NULL $$;
CREATE TABLE items (id serial PRIMARY KEY, kind int, v vector(8));
INSERT INTO items (kind, v) SELECT i % 50, random_vector(8, i) FROM generate_series(1, 10000) i;
CREATE INDEX items_v ON items USING ivf (v);
ANALYZE items;

-- the index is chosen where it is cheaper
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE kind = 3 ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE id < 20 ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 10$$);
SELECT pg_temp.plan($$SELECT id FROM items WHERE v = '[0,0,0,0,0,0,0,0]'$$);
SELECT pg_temp.plan($$SELECT count(*) FROM items$$);
SELECT pg_temp.plan($$SELECT a.id, b.id FROM items a CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> a.v LIMIT 3) b WHERE a.id < 5$$);
-- all rows are sorted, as that misses none
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]'$$);
-- values out of line, which the planner leaves out of a sequential scan's cost
CREATE TABLE toasted (id int, v vector(1000));
INSERT INTO toasted SELECT i, random_vector(1000, i) FROM generate_series(1, 1000) i;
CREATE INDEX toasted_v ON toasted USING ivf (v) WITH (lists = 5);
ANALYZE toasted;
SELECT pg_temp.plan($$SELECT id FROM toasted ORDER BY v <-> (SELECT array_fill(0.5, '{1000}')::vector) LIMIT 10$$);
DROP TABLE toasted;
SET enable_indexscan = off;
SELECT pg_temp.plan($$SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 10$$);
RESET enable_indexscan;
SET enable_seqscan = off;

-- as many rows as asked for, through filters too, nearest first
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 5000) s;
SELECT count(*) FROM (SELECT id FROM items WHERE kind = 3 ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 50) s;
SELECT count(*) FROM (SELECT d, lag(d) OVER (ORDER BY place) AS before FROM (SELECT d, row_number() OVER () AS place FROM
    (SELECT v <-> '[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]' AS d FROM items ORDER BY v <-> '[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]') s) t) u WHERE d < before;
SET ivf.iterative_scan = off;
SELECT count(*) < 10000 AS window_only FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]') s;
SET ivf.iterative_scan = relaxed_order;
SELECT count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]') s;
SET ivf.max_probes = 10;
SET ivf.probes = 1;
SELECT count(*) < 5000 AS ten_lists FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]') s;
RESET ivf.max_probes;
RESET ivf.iterative_scan;
-- a number of probes means a share of the lists asked for, or of pgvector's 100: there may be more, of which each is smaller
CREATE TABLE shares (id int, v vector(2));
INSERT INTO shares SELECT i, ARRAY[i % 173, i % 181] FROM generate_series(1, 30000) i;
CREATE INDEX shares_v ON shares USING ivf (v);
SELECT lists > 120 AS more_than_100 FROM vectordb_index_info('shares_v');
SET ivf.iterative_scan = off;
SET ivf.probes = 100;
SELECT count(*) FROM (SELECT id FROM shares ORDER BY v <-> '[86,90]') s;
SET ivf.probes = 50;
SELECT count(*) BETWEEN 12000 AND 18000 AS half FROM (SELECT id FROM shares ORDER BY v <-> '[86,90]') s;
SET ivf.iterative_scan = relaxed_order;
SET ivf.probes = 1;
SET ivf.max_probes = 50;
SELECT count(*) BETWEEN 12000 AND 18000 AS half FROM (SELECT id FROM shares ORDER BY v <-> '[86,90]') s;
RESET ivf.probes;
RESET ivf.max_probes;
RESET ivf.iterative_scan;
DROP TABLE shares;
-- each row is its own nearest
SELECT count(*) FROM items a WHERE id % 100 = 0 AND id = (SELECT id FROM items ORDER BY v <-> a.v LIMIT 1);
-- rescans: of a correlated subquery, of the inner side of a join, with NULL in between
SELECT count(*), count(b.id) FROM (SELECT id, CASE WHEN id % 2 = 0 THEN v END AS v FROM items WHERE id <= 40) a
    LEFT JOIN LATERAL (SELECT id FROM items ORDER BY v <-> a.v LIMIT 2) b ON true;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> NULL LIMIT 30) s;

-- prepared statements, custom and generic
PREPARE nearest(vector, int) AS SELECT id FROM items ORDER BY v <-> $1 LIMIT $2;
SELECT id AS target, v AS target_v FROM items WHERE id = 77 \gset
EXECUTE nearest(:'target_v', 1);
SET plan_cache_mode = force_generic_plan;
SELECT pg_temp.plan(format('EXECUTE nearest(%L, 1)', :'target_v'));
EXECUTE nearest(:'target_v', 1);
CREATE TABLE answer AS EXECUTE nearest(:'target_v', 500);
SELECT count(*) FROM answer;
EXECUTE nearest(NULL, 0);
EXECUTE nearest('[1,2]', 1);
RESET plan_cache_mode;
DEALLOCATE nearest;

-- cursors
BEGIN;
DECLARE forward NO SCROLL CURSOR FOR SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 5);
FETCH 1 FROM forward;
MOVE 3000 FROM forward;
FETCH BACKWARD 1 FROM forward;
ROLLBACK;
BEGIN;
DECLARE both_ways SCROLL CURSOR FOR SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 6);
FETCH 1 FROM both_ways;
MOVE FORWARD 10 FROM both_ways;
MOVE BACKWARD ALL FROM both_ways;
FETCH 1 FROM both_ways;
DECLARE held CURSOR WITH HOLD FOR SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 7) LIMIT 10;
COMMIT;
FETCH 1 FROM held;
MOVE ALL FROM held;
CLOSE held;
-- rows that the cursor's own transaction changes meanwhile, and lists that split under it
BEGIN;
DECLARE own CURSOR FOR SELECT id FROM items ORDER BY v <-> (SELECT v FROM items WHERE id = 8);
FETCH 1 FROM own;
INSERT INTO items (kind, v) SELECT 100, v FROM items;
DELETE FROM items WHERE kind < 100;
MOVE ALL FROM own;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0,0,0,0,0,0]' LIMIT 3000) s;
ROLLBACK;
SELECT * FROM vectordb_index_check('items_v');

-- a search gives up when asked
SET statement_timeout = '20ms';
SELECT count(*) FROM (SELECT b.id FROM items a CROSS JOIN LATERAL (SELECT id FROM items ORDER BY v <-> a.v LIMIT 6000) b) s;
RESET statement_timeout;

-- the statistics of the index
SELECT pg_stat_force_next_flush();
SELECT idx_scan > 50 AS counted FROM pg_stat_user_indexes WHERE indexrelname = 'items_v';
DROP TABLE items, answer;

-- partitions: merged in order
CREATE TABLE parts (id int, v vector(3)) PARTITION BY RANGE (id);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (1000);
CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (1000) TO (2000);
CREATE INDEX parts_v ON parts USING ivfflat (v) WITH (lists = 4);
CREATE TABLE parts_c PARTITION OF parts FOR VALUES FROM (2000) TO (3000);
INSERT INTO parts SELECT i, ARRAY[i % 1000, i / 1000, 0] FROM generate_series(1, 2999) i;
ANALYZE parts;
SELECT pg_temp.plan($$SELECT id FROM parts ORDER BY v <-> '[500,1.1,0]' LIMIT 4$$);
SELECT id FROM parts ORDER BY v <-> '[500,1.1,0]' LIMIT 4;
SELECT c.relname, p.* FROM pg_class c JOIN pg_am a ON a.oid = c.relam, vectordb_index_check(c.oid) p WHERE a.amname = 'ivfflat' AND c.relkind = 'i';
DROP TABLE parts;
DROP FUNCTION random_vector;
