-- Indexes with codes keep vectors with less precision than the column; rows come in exact order all the same.
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE t (id int PRIMARY KEY, v vector(80), h halfvec(80));
INSERT INTO t SELECT i, v, v::halfvec FROM (
  SELECT i, array_agg((hashint4(i * 1000 + j) % 1000)::float4 / 500 + (hashint4(i % 40 + j * 7) % 1000)::float4 / 300 ORDER BY j)::vector AS v
  FROM generate_series(1, 300) i, generate_series(1, 80) j GROUP BY i) s;
-- what has no angle, is NULL, or is there twice
INSERT INTO t VALUES (2001, array_fill(0, ARRAY[80])::vector, array_fill(0, ARRAY[80])::halfvec), (2002, NULL, NULL);
INSERT INTO t SELECT 2100 + id, v, h FROM t WHERE id <= 5;

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

CREATE FUNCTION all_orders(type text, op text, class text) RETURNS TABLE (storage text, result text, queries bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOREACH storage IN ARRAY '{full,half,sq8,rabitq4}'::text[] LOOP
    EXECUTE format('CREATE INDEX i ON t USING hnsw (%I %s) WITH (quantizer = rabitq, storage = %s)', type, class, storage);
    RETURN QUERY SELECT all_orders.storage, same_order(type, op, q, f, l), count(*)
      FROM unnest('{77,2001}'::int[]) q, unnest('{true,id % 10 = 1}'::text[]) f, unnest('{10,200}'::int[]) l
      GROUP BY 1, 2;
    DROP INDEX i;
  END LOOP;
END $$;

SET hnsw.ef_search = 1000;
SELECT * FROM all_orders('v', '<->', 'vector_l2_ops');
SELECT * FROM all_orders('v', '<#>', 'vector_ip_ops');
SELECT * FROM all_orders('v', '<=>', 'vector_cosine_ops');
SELECT * FROM all_orders('h', '<->', 'halfvec_l2_ops');
SELECT * FROM all_orders('h', '<=>', 'halfvec_cosine_ops');

-- With small windows rows may be left out, and never come out of order.
CREATE INDEX i ON t USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, storage = rabitq4);
SET enable_sort = off;
CREATE FUNCTION disorder(ef int, lim int, iterative text) RETURNS TABLE (n bigint, out_of_order bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('hnsw.ef_search', ef::text, true), set_config('hnsw.iterative_scan', iterative, true);
  RETURN QUERY EXECUTE format('SELECT count(*), count(*) FILTER (WHERE d < before) FROM (
    SELECT d, lag(d) OVER () AS before FROM (SELECT v <-> (SELECT v FROM t WHERE id = 9) AS d FROM t
    ORDER BY v <-> (SELECT v FROM t WHERE id = 9) LIMIT %s) s) s', lim);
END $$;
SELECT n >= 140 AS enough, out_of_order FROM disorder(5, 150, 'strict_order');
SELECT n, out_of_order FROM disorder(40, 40, 'off');
SELECT n FROM disorder(5, 150, 'relaxed_order');
SELECT n FROM disorder(40, 3000, 'relaxed_order');

-- Every row is as near to NULL as any other.
SELECT count(*), count(d) FROM (SELECT v <-> NULL::vector AS d FROM t ORDER BY v <-> NULL::vector LIMIT 25) s;

-- Under cosine no vector whose norm overflows float32 is near to any, though the index knows where it points.
CREATE TABLE long_rows (id int, v vector(64));
INSERT INTO long_rows SELECT i, array_fill((ARRAY[1, -1, 1e20, -1e20])[i], ARRAY[64])::vector FROM generate_series(1, 4) i;
CREATE INDEX ON long_rows USING hnsw (v vector_cosine_ops) WITH (quantizer = rabitq);
SELECT id, v <=> array_fill(1, ARRAY[64])::vector AS d FROM long_rows ORDER BY v <=> array_fill(1, ARRAY[64])::vector LIMIT 2;
SELECT count(*) FROM (SELECT id FROM long_rows ORDER BY v <=> array_fill(1, ARRAY[64])::vector LIMIT 5) s;
SELECT count(*) FROM (SELECT id FROM long_rows ORDER BY v <=> array_fill(1e20, ARRAY[64])::vector LIMIT 5) s;

-- What a session has sampled of an index is of no use once that was emptied, though its file is the same.
CREATE TEMP TABLE passing (id int, v vector(64)) ON COMMIT DELETE ROWS;
CREATE INDEX ON passing USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq);
CREATE FUNCTION fill_and_ask(n int, times int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  found bigint;
BEGIN
  INSERT INTO passing SELECT i, array_fill(i, ARRAY[64])::vector FROM generate_series(1, n) i;
  FOR i IN 1..times LOOP
    SELECT count(*) INTO found FROM (SELECT id FROM passing ORDER BY v <-> array_fill(i, ARRAY[64])::vector LIMIT 5) s;
  END LOOP;
  RETURN found;
END $$;
SELECT fill_and_ask(300, 20);
SELECT fill_and_ask(3, 1);

DROP TABLE t, long_rows, passing;
DROP FUNCTION same_order, all_orders, disorder, fill_and_ask;
