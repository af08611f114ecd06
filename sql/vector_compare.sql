-- Comparison of vectors, and the btree operator class.
SELECT a, b, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt, vector_cmp(a, b)
    FROM (VALUES ('[1,2,3]'::vector, '[1,2,3]'::vector), ('[1,2,3]', '[1,2,4]'), ('[1,2,3]', '[1,1,9]'),
                 ('[1,2]', '[1,2,3]'), ('[1,2,3]', '[1,2]'), ('[2]', '[1,2,3]'), ('[0]', '[-0]'), ('[-1]', '[1]')) t (a, b);
SELECT '[1]'::vector = NULL IS NULL, '[1]'::vector IS DISTINCT FROM NULL;

CREATE TABLE vector_compare (id int, v vector);
INSERT INTO vector_compare SELECT i, ARRAY[i % 10, i % 7, i]::vector FROM generate_series(1, 2000) i;
INSERT INTO vector_compare VALUES (0, NULL), (-1, '[3]'), (-2, '[3,3]'), (-3, '[3,3]'), (-4, '[-0]'), (-5, '[0]');
INSERT INTO vector_compare SELECT -5 - i, array_fill(i, ARRAY[600])::vector FROM generate_series(1, 5) i;

-- sorting and grouping without an index
SELECT id, subvector(v, 1, 3) FROM vector_compare ORDER BY v NULLS FIRST, id LIMIT 5;
SELECT id, v FROM vector_compare ORDER BY v DESC NULLS LAST, id LIMIT 3;
SELECT count(DISTINCT v), count(v) FROM vector_compare;
SELECT v, count(*) FROM vector_compare WHERE vector_dims(v) < 3 GROUP BY v ORDER BY v;

-- with one
CREATE INDEX vector_compare_v ON vector_compare (v);
ANALYZE vector_compare;
SET enable_seqscan = off;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT id FROM vector_compare WHERE v = '[3,3,3]';
SELECT id FROM vector_compare WHERE v = '[3,3,3]';
SELECT id FROM vector_compare WHERE v = '[3,3]' ORDER BY id;
SELECT count(*) FROM vector_compare WHERE v < '[5]';
SELECT count(*) FROM vector_compare WHERE v <= '[5,0,1005]' AND v > '[4,6]';
SELECT count(*) FROM vector_compare WHERE v >= '[9,6,1999]';
SELECT count(*) FROM vector_compare WHERE v IS NULL;
EXPLAIN (COSTS OFF) SELECT id FROM vector_compare ORDER BY v LIMIT 3;
SELECT id FROM vector_compare ORDER BY v DESC OFFSET 1 LIMIT 3;
RESET enable_seqscan;
RESET enable_sort;
SELECT count(*) FROM (SELECT v >= lag(v) OVER (ORDER BY v) AS ok FROM vector_compare WHERE v IS NOT NULL) t WHERE NOT ok;

DROP TABLE vector_compare;

-- an entry of a btree holds no more than a third of a page, and vectors are not compressed
CREATE TABLE vector_compare_long (v vector);
CREATE INDEX ON vector_compare_long (v);
\set VERBOSITY sqlstate
INSERT INTO vector_compare_long VALUES (array_fill(1, ARRAY[1000])::vector);
\set VERBOSITY default
DROP TABLE vector_compare_long;

-- unique and primary keys
CREATE TABLE vector_unique (v vector(2) PRIMARY KEY);
INSERT INTO vector_unique VALUES ('[1,2]'), ('[2,1]');
INSERT INTO vector_unique VALUES ('[1,2]');
INSERT INTO vector_unique VALUES ('[1,2]') ON CONFLICT DO NOTHING;
DROP TABLE vector_unique;
