-- every operator class gives the order of the plan without the index
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET enable_seqscan = off;

CREATE TABLE small (id int, v vector(3));
INSERT INTO small VALUES (1, '[0,0,0]'), (2, '[1,2,3]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,-2,-3]'), (6, '[3,0.5,0]'), (7, '[0,3.5,1]');
CREATE INDEX small_l2 ON small USING hnsw (v vector_l2_ops);
CREATE INDEX small_ip ON small USING hnsw (v vector_ip_ops);
CREATE INDEX small_cosine ON small USING hnsw (v vector_cosine_ops);
CREATE INDEX small_l1 ON small USING hnsw (v vector_l1_ops);
INSERT INTO small VALUES (8, '[1,2,4]'), (9, NULL);

SELECT pg_temp.plan($$SELECT id, v <-> '[3,3,3]' AS distance FROM small ORDER BY v <-> '[3,3,3]' LIMIT 10$$);
SELECT id, v <-> '[3,3,3]' AS distance FROM small ORDER BY v <-> '[3,3,3]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <#> '[3,3,4]' AS distance FROM small ORDER BY v <#> '[3,3,4]' LIMIT 10$$);
SELECT id, v <#> '[3,3,4]' AS distance FROM small ORDER BY v <#> '[3,3,4]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <=> '[3,3,4]' AS distance FROM small ORDER BY v <=> '[3,3,4]' LIMIT 10$$);
SELECT id, round((v <=> '[3,3,4]')::numeric, 6) AS distance FROM small ORDER BY v <=> '[3,3,4]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <+> '[3,3,4]' AS distance FROM small ORDER BY v <+> '[3,3,4]' LIMIT 10$$);
SELECT id, v <+> '[3,3,4]' AS distance FROM small ORDER BY v <+> '[3,3,4]' LIMIT 10;

-- the constant may stand on either side; an expression over the distance or the other direction is not the index's order
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY '[3,3,3]' <-> v LIMIT 1$$);
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY (v <-> '[3,3,3]') + 1 LIMIT 1$$);
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY v <-> '[3,3,3]' DESC LIMIT 1$$);
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY v <-> '[3,3,3]' NULLS FIRST LIMIT 1$$);

-- a query that is NULL: all rows are equally far
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <-> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <#> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <=> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <+> (SELECT NULL::vector)) s;
-- a query without direction, for which every cosine distance is NaN
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <=> '[0,0,0]') s;

-- a query of other dimensions
SELECT id FROM small ORDER BY v <-> '[1,2]' LIMIT 1;
SELECT id FROM small ORDER BY v <=> '[1,2,3,4]'::vector LIMIT 1;

-- the narrowest search still goes the whole way down, and on
SET hnsw.ef_search = 1;
SELECT id FROM small ORDER BY v <-> '[3,3,3]';
SET hnsw.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM small ORDER BY v <-> '[3,3,3]') s;
SET hnsw.iterative_scan = off;
SELECT id FROM small ORDER BY v <-> '[3,3,3]';
SELECT id FROM small ORDER BY v <-> '[-1,-2,-2]';
RESET hnsw.iterative_scan;
RESET hnsw.ef_search;
SELECT * FROM unnest('{small_l2,small_ip,small_cosine,small_l1}'::regclass[]) i, vectordb_index_check(i);
DROP TABLE small;

-- from one end of a line to the other, over all levels of the graph
CREATE TABLE line (id int, v vector(1));
INSERT INTO line SELECT i, ARRAY[i] FROM generate_series(1, 5000) i;
CREATE INDEX line_idx ON line USING hnsw (v vector_l2_ops);
SET hnsw.ef_search = 1;
SET hnsw.iterative_scan = off;
SELECT q, (SELECT id FROM line ORDER BY v <-> ARRAY[q]::vector LIMIT 1) FROM unnest('{-5,1,77,2500,4999,9999}'::int[]) q;
RESET hnsw.iterative_scan;
RESET hnsw.ef_search;
SELECT * FROM vectordb_index_check('line_idx');
DROP TABLE line;

-- 2,000 rows of 10 dimensions, everything asked for: the same sets of distances in the same order
CREATE TABLE random_rows (id int, v vector(10));
SELECT setseed(0.25);
INSERT INTO random_rows SELECT i, array_agg(random() - 0.5)::vector FROM generate_series(1, 2000) i, generate_series(1, 10) GROUP BY i;
CREATE INDEX random_l2 ON random_rows USING hnsw (v vector_l2_ops);
CREATE INDEX random_ip ON random_rows USING hnsw (v vector_ip_ops);
CREATE INDEX random_cosine ON random_rows USING hnsw (v vector_cosine_ops);
CREATE INDEX random_l1 ON random_rows USING hnsw (v vector_l1_ops);
SET hnsw.ef_search = 2000;
CREATE FUNCTION order_faults(operator text) RETURNS TABLE (rows_found bigint, wrong_order bigint, wrong_row bigint) LANGUAGE plpgsql AS $$
BEGIN
    -- neighbours may change places where float32 cannot tell them apart
    RETURN QUERY EXECUTE format(
        'WITH q AS MATERIALIZED (SELECT array_fill(0.1, ARRAY[10])::vector AS v),
        i AS MATERIALIZED (SELECT id, r.v %1$s (SELECT v FROM q) AS d FROM random_rows r ORDER BY r.v %1$s (SELECT v FROM q)),
        j AS (SELECT id, d, row_number() OVER () AS place, lag(d) OVER () AS last FROM i),
        e AS (SELECT id, d, row_number() OVER (ORDER BY d) AS place FROM i)
        SELECT count(DISTINCT j.id), count(*) FILTER (WHERE j.d < j.last - 1e-6), count(*) FILTER (WHERE abs(j.d - e.d) > 1e-6)
        FROM j JOIN e USING (place)', operator);
END $$;
SELECT operator, f.* FROM unnest('{<->,<#>,<=>,<+>}'::text[]) operator, order_faults(operator) f;
RESET hnsw.ef_search;
SELECT * FROM unnest('{random_l2,random_ip,random_cosine,random_l1}'::regclass[]) i, vectordb_index_check(i);

-- values at the ends of float4: whatever their distances overflow to, every row is found
TRUNCATE random_rows;
INSERT INTO random_rows SELECT i, array_fill((ARRAY['3.4e38', '-3.4e38', '1e-45', '1e19', '-1e19', '0', '1'])[1 + i % 7]::real, ARRAY[10])::vector
    FROM generate_series(1, 70) i;
INSERT INTO random_rows SELECT 70 + i, array_agg(CASE WHEN i % j = 0 THEN 3e38 ELSE -3e38 END)::vector
    FROM generate_series(1, 30) i, generate_series(1, 10) j GROUP BY i;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <-> array_fill(1e38, ARRAY[10])::vector LIMIT 100) s;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <#> array_fill(-3e38, ARRAY[10])::vector LIMIT 100) s;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <=> array_fill(1e38, ARRAY[10])::vector LIMIT 100) s;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <+> array_fill(1e38, ARRAY[10])::vector LIMIT 100) s;
REINDEX TABLE random_rows;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <-> array_fill(1e38, ARRAY[10])::vector LIMIT 100) s;
SELECT count(*) FROM (SELECT id FROM random_rows ORDER BY v <#> array_fill(-3e38, ARRAY[10])::vector LIMIT 100) s;
SELECT * FROM unnest('{random_l2,random_ip,random_cosine,random_l1}'::regclass[]) i, vectordb_index_check(i);
DROP TABLE random_rows;
DROP FUNCTION order_faults;

-- toasted vectors, which the recheck of an index with codes keeps from row to row: more of them than
-- are kept, in two scans at once, and in a scan that an error ends
CREATE TABLE toasted (id int PRIMARY KEY, v vector(600));
ALTER TABLE toasted ALTER v SET STORAGE external;
INSERT INTO toasted SELECT i, array_agg(sin(i * j)::real ORDER BY j) FROM generate_series(1, 120) i, generate_series(1, 600) j GROUP BY i;
CREATE INDEX toasted_v ON toasted USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq);
CREATE TABLE exact AS SELECT a.id AS a, b.id AS b, a.v <-> b.v AS d, row_number() OVER (PARTITION BY a.id ORDER BY a.v <-> b.v) AS place
    FROM toasted a, toasted b WHERE a.id IN (5, 77);
SET enable_seqscan = off;
SET enable_sort = off;
SET hnsw.ef_search = 200;
SELECT count(*), count(*) FILTER (WHERE f.id = e.b AND f.d = e.d) AS exact
    FROM (SELECT id, v <-> (SELECT v FROM toasted WHERE id = 77) AS d, row_number() OVER () AS place FROM
        (SELECT id, v FROM toasted ORDER BY v <-> (SELECT v FROM toasted WHERE id = 77) LIMIT 120) s) f
    JOIN exact e USING (place) WHERE e.a = 77;
SELECT count(*), count(*) FILTER (WHERE n.d = e.d) AS exact FROM toasted a
    CROSS JOIN LATERAL (SELECT b.id, a.v <-> b.v AS d FROM toasted b ORDER BY a.v <-> b.v LIMIT 40) n
    JOIN exact e ON e.a = a.id AND e.b = n.id WHERE a.id IN (5, 77);
SELECT 1 / (60 - id) > 1 AS stopped FROM toasted ORDER BY v <-> (SELECT v FROM toasted WHERE id = 60) LIMIT 5;
SELECT id FROM toasted ORDER BY v <-> (SELECT v FROM toasted WHERE id = 60) LIMIT 1;
RESET hnsw.ef_search;
RESET enable_sort;
RESET enable_seqscan;
DROP TABLE toasted, exact;
