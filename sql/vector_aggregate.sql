-- avg(vector) and sum(vector).
CREATE TABLE vector_aggregate (g int, v vector);
INSERT INTO vector_aggregate VALUES (1, '[1,2,3]'), (1, '[3,5,7]'), (1, NULL), (2, '[-1,0]'), (3, NULL);

SELECT g, avg(v), sum(v), count(v) FROM vector_aggregate GROUP BY g ORDER BY g;
SELECT avg(v), sum(v) FROM vector_aggregate WHERE false;
SELECT avg(v) FROM vector_aggregate;
SELECT sum(v) FROM vector_aggregate;
SELECT sum(v), avg(v) FROM (VALUES ('[3e38]'::vector), ('[-3e38]'), ('[1]')) t (v);
SELECT avg(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t (v);
SELECT sum(v) FROM (VALUES ('[3e38]'::vector), ('[3e38]')) t (v);

-- a state changed in place must not show in results given out before, nor in the values aggregated
SELECT v, sum(v) OVER w, avg(v) OVER w FROM vector_aggregate WHERE g < 3 AND v IS NOT NULL AND vector_dims(v) = 3
    WINDOW w AS (ORDER BY v);
SELECT array_agg(s) FROM (SELECT sum(v) OVER (ORDER BY v) AS s FROM vector_aggregate WHERE g = 1 AND v IS NOT NULL) t;
SELECT i, sum(v) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW),
    avg(v) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
    FROM (SELECT i, ARRAY[i, -i]::vector AS v FROM generate_series(1, 4) i) t;
SELECT g, sum(v), avg(v) FROM vector_aggregate WHERE g <> 2 GROUP BY ROLLUP (g) ORDER BY g;
CREATE AGGREGATE vector_product(vector) (SFUNC = vector_mul, STYPE = vector);
CREATE AGGREGATE vector_difference(vector) (SFUNC = vector_sub, STYPE = vector);
SELECT g, vector_product(v), vector_difference(v ORDER BY v) FROM vector_aggregate GROUP BY g ORDER BY g;
SELECT v, vector_product(v) OVER (ORDER BY v) FROM vector_aggregate WHERE g = 1 AND v IS NOT NULL;
DROP AGGREGATE vector_product(vector), vector_difference(vector);
SELECT * FROM vector_aggregate ORDER BY g, v;

-- long vectors kept out of line, and short ones packed
CREATE TABLE vector_aggregate_long AS
    SELECT i, array_agg(i + d ORDER BY d)::vector AS v FROM generate_series(1, 10) i, generate_series(1, 3000) d GROUP BY i;
SELECT subvector(sum(v), 1, 3), subvector(avg(v), 2998, 3) FROM vector_aggregate_long;
SELECT subvector(sum(v), 1, 3) FROM vector_aggregate_long WHERE i = 1;
SELECT subvector(v, 1, 2) FROM vector_aggregate_long WHERE i < 3 ORDER BY i;
DROP TABLE vector_aggregate_long;

-- in parallel; sums of integers below 2^24 are exact in any order
CREATE TABLE vector_aggregate_many AS SELECT ARRAY[i, 2 * i, -(i % 100)]::vector AS v FROM generate_series(1, 20000) i;
ANALYZE vector_aggregate_many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM vector_aggregate_many;
SELECT avg(v), sum(v * '[0,0,1]' + '[1,0,0]') FROM vector_aggregate_many;
SELECT avg(v), sum(v) FROM vector_aggregate_many WHERE v = '[1,2,-1]';
SELECT avg(v), sum(v) FROM vector_aggregate_many WHERE v = '[0,0,0]';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
DROP TABLE vector_aggregate_many, vector_aggregate;

-- the functions behind them, called with whatever fits their signature
SELECT vector_accum('{0}', '[1,2]'), vector_accum('{3,1,1}', '[1,2]');
SELECT vector_combine('{0}', '{0}'), vector_combine('{1,2,3}', '{0}'), vector_combine('{0}', '{1,2,3}'),
    vector_combine('{1,2,3}', '{2,20,30}');
SELECT vector_avg('{0}'), vector_avg('{0,1}'), vector_avg('{4,2,8}');
SELECT vector_avg('{1}');
SELECT vector_avg('{}');
SELECT vector_avg('{{1,2}}');
SELECT vector_avg('{1,NULL}');
SELECT vector_avg('{NaN,1}');
SELECT vector_avg('{1,Infinity}');
SELECT vector_avg('{1,1e300}');
SELECT vector_avg(array_fill(1::float8, ARRAY[16002]));
SELECT vector_accum('{}', '[1]');
SELECT vector_accum('{{0}}', '[1]');
SELECT vector_accum('{NULL}', '[1]');
SELECT vector_accum('{1,2,3}', '[1]');
SELECT vector_accum('{1,Infinity}', '[1]');
SELECT vector_accum(array_fill(1::float8, ARRAY[20000]), '[1]');
SELECT vector_combine('{}', '{0}');
SELECT vector_combine('{0}', '{}');
SELECT vector_combine('{{1,2}}', '{1,2}');
SELECT vector_combine('{1,2}', '{1,NULL}');
SELECT vector_combine('{1,2}', '{1,2,3}');
SELECT vector_combine('{1,1e308}', '{1,1.7e308}');
SELECT vector_combine('{0}', array_fill(1::float8, ARRAY[16002]));
SELECT vector_combine(array_fill(1::float8, ARRAY[16002]), array_fill(1::float8, ARRAY[16002]));
\set VERBOSITY sqlstate
SELECT vector_avg('{}');
SELECT vector_accum('{{0}}', '[1]');
SELECT vector_accum('{1,2,3}', '[1]');
SELECT vector_combine('{1,NULL}', '{0}');
SELECT vector_combine('{1,1e308}', '{1,1.7e308}');
