-- Lists with codes keep vectors with less precision than the column, or none; rows come in exact order all the same.
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE t (id int PRIMARY KEY, v vector(80), h halfvec(80));
CREATE TABLE u (LIKE t);
INSERT INTO u SELECT i, v, v::halfvec FROM (
  SELECT i, array_agg((hashint4(i * 1000 + j) % 1000)::float4 / 500 + (hashint4(i % 40 + j * 7) % 1000)::float4 / 300 ORDER BY j)::vector AS v
  FROM generate_series(1, 300) i, generate_series(1, 80) j GROUP BY i) s;
-- what has no angle, is NULL, or is there twice
INSERT INTO u VALUES (2001, array_fill(0, ARRAY[80])::vector, array_fill(0, ARRAY[80])::halfvec), (2002, NULL, NULL);
INSERT INTO u SELECT 2100 + id, v, h FROM u WHERE id <= 5;

-- Whether a query through the index gives the distances of one without it, in their order.
CREATE FUNCTION same_order(col text, op text, query int, filter text, lim int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  by_index text;
  by_sort text;
  plan json;
  stmt text := format('SELECT %1$I %2$s (SELECT %1$I FROM t WHERE id = %3$s) AS d FROM t WHERE %4$s ORDER BY %1$I %2$s (SELECT %1$I FROM t WHERE id = %3$s) LIMIT %5$s', col, op, query, filter, lim);
BEGIN
  SET LOCAL enable_seqscan = off;
  SET LOCAL enable_sort = off;
  EXECUTE 'EXPLAIN (FORMAT json, COSTS off) ' || stmt INTO plan;
  IF plan::text NOT LIKE '%"Index Name": "i"%' THEN
    RETURN plan::text;
  END IF;
  EXECUTE 'SELECT array_agg(d)::text FROM (' || stmt || ') s' INTO by_index;
  SET LOCAL enable_indexscan = off;
  SET LOCAL enable_sort = on;
  EXECUTE 'SELECT array_agg(d)::text FROM (' || stmt || ') s' INTO by_sort;
  SET LOCAL enable_indexscan = on;
  RETURN CASE WHEN by_index = by_sort THEN 'same' ELSE by_index || ' for ' || by_sort END;
END $$;

-- Half of the rows are there when the index is made, the others are inserted.
CREATE FUNCTION all_orders(type text, op text, class text) RETURNS TABLE (storage text, result text, queries bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOREACH storage IN ARRAY '{full,half,sq8,rabitq4,heap}'::text[] LOOP
    TRUNCATE t;
    INSERT INTO t SELECT * FROM u WHERE id % 2 = 0;
    EXECUTE format('CREATE INDEX i ON t USING ivfflat (%I %s) WITH (quantizer = rabitq, storage = %s, lists = 4)', type, class, storage);
    INSERT INTO t SELECT * FROM u WHERE id % 2 = 1;
    RETURN QUERY SELECT all_orders.storage, same_order(type, op, q, f, l), count(*)
      FROM unnest('{77,2001}'::int[]) q, unnest('{true,id % 10 = 1}'::text[]) f, unnest('{10,200}'::int[]) l
      GROUP BY 1, 2;
    RETURN QUERY SELECT all_orders.storage, problem, count(*) FROM vectordb_index_check('i') GROUP BY 2;
    DROP INDEX i;
  END LOOP;
END $$;

SET ivf.probes = 100;
SET ivf.epsilon = 5;
SELECT * FROM all_orders('v', '<->', 'vector_l2_ops');
SELECT * FROM all_orders('v', '<#>', 'vector_ip_ops');
SELECT * FROM all_orders('v', '<=>', 'vector_cosine_ops');
SELECT * FROM all_orders('h', '<->', 'halfvec_l2_ops');
SELECT * FROM all_orders('h', '<#>', 'halfvec_ip_ops');
SELECT * FROM all_orders('h', '<=>', 'halfvec_cosine_ops');

-- A cautious scan and one that trusts its estimates blindly: the latter may leave rows out, neither has them out of order.
CREATE FUNCTION disorder(epsilon float8, lim int, iterative text) RETURNS TABLE (n bigint, out_of_order bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('ivf.epsilon', epsilon::text, true), set_config('ivf.iterative_scan', iterative, true);
  RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (WHERE d < before) FROM (
    SELECT d, lag(d) OVER () AS before FROM (SELECT v <-> (SELECT v FROM t WHERE id = 9) AS d FROM t
    ORDER BY v <-> (SELECT v FROM t WHERE id = 9) LIMIT %s) s) s', lim);
END $$;
SET enable_sort = off;
TRUNCATE t;
CREATE INDEX i ON t USING ivfflat (v vector_l2_ops) WITH (quantizer = rabitq, storage = rabitq4, lists = 4);
CREATE INDEX j ON t USING ivfflat ((h::vector(80)) vector_cosine_ops) WITH (quantizer = rabitq, storage = heap, lists = 4) WHERE id <> 5;
INSERT INTO t SELECT * FROM u;
SELECT n, out_of_order FROM disorder(5, 400, 'strict_order');
SELECT n, out_of_order FROM disorder(5, 400, 'off');
SELECT n > 150 AS enough, out_of_order FROM disorder(0, 400, 'strict_order');
SELECT n FROM disorder(0, 400, 'relaxed_order');
SET work_mem = '64kB';
SELECT n, out_of_order FROM disorder(5, 400, 'strict_order');
RESET work_mem;

-- Every row is as near to NULL as any other.
SELECT count(*), count(d) FROM (SELECT v <-> NULL::vector AS d FROM t ORDER BY v <-> NULL::vector LIMIT 25) s;

-- A scan that starts anew for each row of another table, and one that stops between rows.
SELECT q.id, array_agg(s.id) FROM (SELECT * FROM u WHERE id IN (3, 77, 2104) ORDER BY id) q,
  LATERAL (SELECT t.id FROM t ORDER BY t.v <-> q.v, t.id LIMIT 2) s GROUP BY q.id ORDER BY 1;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY v <-> (SELECT v FROM t WHERE id = 200);
FETCH 1 FROM c;
DELETE FROM t WHERE id = 200;
MOVE 5 FROM c;
SELECT id FROM t ORDER BY v <-> (SELECT v FROM u WHERE id = 200) LIMIT 1;
MOVE 500 FROM c;
ROLLBACK;

-- Rows of which the index knows the codes alone: those that are gone, of an expression, of a part of the table.
DELETE FROM t WHERE id BETWEEN 100 AND 200;
UPDATE t SET h = (SELECT h FROM u WHERE id = 150) WHERE id = 7;
SELECT pg_temp.plan($$SELECT id FROM t WHERE id <> 5 ORDER BY h::vector(80) <=> (SELECT h::vector(80) FROM u WHERE id = 150) LIMIT 1$$);
SELECT id FROM t WHERE id <> 5 ORDER BY h::vector(80) <=> (SELECT h::vector(80) FROM u WHERE id = 150) LIMIT 1;
SELECT id FROM t WHERE id <> 5 ORDER BY h::vector(80) <=> (SELECT h::vector(80) FROM u WHERE id = 5), id LIMIT 1;
SELECT count(*) FROM (SELECT id FROM t WHERE id <> 5 ORDER BY h::vector(80) <=> (SELECT h::vector(80) FROM u WHERE id = 5) LIMIT 500) s;

-- Under cosine no vector whose norm overflows float32 is near to any, though the index knows where it points.
CREATE TABLE long_rows (id int, v vector(64));
CREATE INDEX ON long_rows USING ivfflat (v vector_cosine_ops) WITH (quantizer = rabitq, lists = 4);
INSERT INTO long_rows SELECT i, array_fill((ARRAY[1, -1, 1e20, -1e20])[i], ARRAY[64])::vector FROM generate_series(1, 4) i;
SELECT id, v <=> array_fill(1, ARRAY[64])::vector AS d FROM long_rows ORDER BY v <=> array_fill(1, ARRAY[64])::vector LIMIT 2;
SELECT count(*) FROM (SELECT id FROM long_rows ORDER BY v <=> array_fill(1, ARRAY[64])::vector LIMIT 5) s;
SELECT count(*) FROM (SELECT id FROM long_rows ORDER BY v <=> array_fill(1e20, ARRAY[64])::vector LIMIT 5) s;

-- Who asks for all rows of the lists gets them, in order, and one row that float32's squares cannot hold costs none of the others.
CREATE TABLE many (id int, v vector(64));
INSERT INTO many SELECT i, array_agg(sin(i * j + i))::vector FROM generate_series(1, 3000) i, generate_series(1, 64) j GROUP BY i;
CREATE FUNCTION all_rows(options text, iterative text) RETURNS TABLE (n bigint, out_of_order bigint, filtered bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('ivf.iterative_scan', iterative, true);
  EXECUTE format('CREATE INDEX many_v ON many USING ivf (v vector_l2_ops) WITH (%s)', options);
  RETURN QUERY SELECT count(*), count(*) FILTER (WHERE d < before), count(*) FILTER (WHERE id % 100 = 1) FROM (
    SELECT id, d, lag(d) OVER () AS before FROM (SELECT id, v <-> (SELECT v FROM many WHERE id = 9) AS d FROM many
    ORDER BY v <-> (SELECT v FROM many WHERE id = 9) LIMIT 100000) s) s;
  DROP INDEX many_v;
END $$;
SET ivf.probes = 1000;
SELECT o, i, n, CASE WHEN i <> 'relaxed_order' THEN out_of_order END AS out_of_order, filtered FROM unnest('{lists = 5,"lists = 5, storage = rabitq4","lists = 5, storage = heap","lists = 5, quantizer = none"}'::text[]) o,
  unnest('{off,strict_order,relaxed_order}'::text[]) i, all_rows(o, i) a ORDER BY o, i;
INSERT INTO many VALUES (3001, array_fill(1e25, '{64}')::vector);
SELECT o, i, a.* FROM unnest('{lists = 1,"lists = 1, storage = full","lists = 1, storage = heap"}'::text[]) o,
  unnest('{off,strict_order}'::text[]) i, all_rows(o, i) a ORDER BY o, i;
DROP FUNCTION all_rows;
DROP TABLE many;

DROP TABLE t, u, long_rows;
DROP FUNCTION same_order, all_orders, disorder;
