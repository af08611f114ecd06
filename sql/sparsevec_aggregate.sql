-- sum and avg of sparsevecs.
SELECT sum(v), avg(v) FROM unnest(ARRAY['{1:1,3:2}/5', '{2:4,3:-2}/5', NULL, '{5:1}/5']::sparsevec[]) v;
SELECT sum(v), avg(v) FROM unnest(ARRAY[NULL]::sparsevec[]) v;
SELECT sum(v), avg(v) FROM unnest(ARRAY['{}/3', '{}/3']::sparsevec[]) v;
-- in double precision while it goes on
SELECT sum(v), avg(v) FROM unnest(ARRAY['{1:3e38,2:1e-45}/2', '{1:3e38,2:1e-45}/2', '{1:-3e38,2:1e-45}/2']::sparsevec[]) v;
SELECT avg(v) FROM unnest(ARRAY['{1:3e38}/1', '{1:3e38}/1']::sparsevec[]) v;
SELECT sum(v) FROM unnest(ARRAY['{1:3e38}/1', '{1:3e38}/1']::sparsevec[]) v;
SELECT sum(v) FROM unnest(ARRAY['{}/1', '{}/2']::sparsevec[]) v;
SELECT avg(v) FROM unnest(ARRAY['{}/1', '{}/2']::sparsevec[]) v;
SELECT sum(v) FROM (SELECT ('{' || i || ':1}/100000')::sparsevec AS v FROM generate_series(1, 16001) i) s;
SELECT length(sum(v)::text) FROM (SELECT ('{' || i || ':1}/100000')::sparsevec AS v FROM generate_series(16000, 1, -1) i) s;
SELECT i, sum(v) OVER (ORDER BY i), avg(v) OVER (ORDER BY i ROWS 1 PRECEDING)
    FROM (VALUES (1, '{1:1}/3'::sparsevec), (2, '{2:2}/3'), (3, NULL), (4, '{1:3,3:4}/3')) t (i, v);
CREATE TABLE sparsevec_sum AS
    SELECT i % 3 AS g, ARRAY(SELECT CASE WHEN hashint8(i * 1000 + j) % 9 = 0 THEN hashint8(j * 1000 + i) % 10 ELSE 0 END FROM generate_series(1, 70) j)::sparsevec AS v
    FROM generate_series(1, 2000) i;
INSERT INTO sparsevec_sum VALUES (4, NULL);
SELECT g, sum(v)::vector = sum(v::vector) AS sum, avg(v) = avg(v::vector)::sparsevec AS avg FROM sparsevec_sum GROUP BY g ORDER BY g;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT sum(v), avg(v) FROM sparsevec_sum;
SELECT sum(v)::vector = sum(v::vector) AS sum, avg(v) = avg(v::vector)::sparsevec AS avg FROM sparsevec_sum;
SELECT sum(v), avg(v) FROM sparsevec_sum WHERE g = 4;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
DROP TABLE sparsevec_sum;

\set VERBOSITY sqlstate
SELECT sum(v) FROM unnest(ARRAY['{1:3e38}/1', '{1:3e38}/1']::sparsevec[]) v;
SELECT sum(v) FROM unnest(ARRAY['{}/1', '{}/2']::sparsevec[]) v;
SELECT sum(v) FROM (SELECT ('{' || i || ':1}/100000')::sparsevec AS v FROM generate_series(1, 16001) i) s;
