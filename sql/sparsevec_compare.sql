-- Order of sparsevecs: that of the dense vectors of the same elements.
SELECT '{1:1,2:2}/3'::sparsevec < '{1:1,2:3}/3', '{1:1}/3'::sparsevec <= '{1:1}/3', '{1:1}/3'::sparsevec = '{1:1}/3', '{1:1}/3'::sparsevec <> '{1:1}/4',
    '{2:1}/3'::sparsevec >= '{1:1}/3', '{}/3'::sparsevec > '{1:-1}/3';
SELECT sparsevec_cmp('{1:1,2:2,3:3}/3', '{1:1,2:2,3:3}/3'), sparsevec_cmp('{1:1,2:2,3:3}/3', '{}/3'), sparsevec_cmp('{}/3', '{1:1,2:2,3:3}/3'),
    sparsevec_cmp('{1:1,2:2}/2', '{1:1,2:2,3:3}/3'), sparsevec_cmp('{1:1,2:2,3:3}/3', '{1:1,2:2}/2'), sparsevec_cmp('{1:2}/2', '{1:1}/3');
-- where the dimensions decide, not an element beyond the other's end
SELECT sparsevec_cmp('{1:1,3:-1}/3', '{1:1}/2'), sparsevec_cmp('{1:1}/2', '{1:1,3:-1}/3'), sparsevec_cmp('{1:1,2:-1}/3', '{1:1}/2'), sparsevec_cmp('{1:1}/2', '{1:1,2:-1}/3'),
    sparsevec_cmp('{}/1', '{}/2');
CREATE TABLE sparsevec_compare AS
    SELECT i, ARRAY(SELECT CASE WHEN hashint8(i * 100 + j) % 3 = 0 THEN hashint8(j * 100 + i) % 2 ELSE 0 END FROM generate_series(1, 2 + i % 4) j)::vector AS v
    FROM generate_series(1, 200) i;
SELECT count(*), count(*) FILTER (WHERE sparsevec_cmp(a.v, b.v) = vector_cmp(a.v, b.v)) AS cmp,
        count(*) FILTER (WHERE (a.v::sparsevec < b.v) = (a.v < b.v) AND (a.v::sparsevec <= b.v) = (a.v <= b.v)) AS less,
        count(*) FILTER (WHERE (a.v::sparsevec > b.v) = (a.v > b.v) AND (a.v::sparsevec >= b.v) = (a.v >= b.v)) AS greater,
        count(*) FILTER (WHERE (a.v::sparsevec = b.v) = (a.v = b.v) AND (a.v::sparsevec <> b.v) = (a.v <> b.v)) AS equal
    FROM sparsevec_compare a, sparsevec_compare b;

-- a btree
ALTER TABLE sparsevec_compare ADD s sparsevec;
UPDATE sparsevec_compare SET s = v;
INSERT INTO sparsevec_compare (i) VALUES (0);
CREATE INDEX sparsevec_compare_idx ON sparsevec_compare (s);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM sparsevec_compare WHERE s = '{}/2';
SELECT count(*) FROM sparsevec_compare WHERE s = '{}/2';
SELECT count(*) FROM sparsevec_compare WHERE s < '{}/2' AND s >= '{1:-1}/2';
SELECT count(*) FROM sparsevec_compare WHERE s IS NULL;
SELECT s FROM sparsevec_compare ORDER BY s DESC NULLS LAST LIMIT 1;
SELECT count(*) FROM (SELECT v, lag(v) OVER (ORDER BY s) AS before FROM sparsevec_compare WHERE v IS NOT NULL) t WHERE before > v;
SELECT count(DISTINCT s) = count(DISTINCT v) AS equal FROM sparsevec_compare;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- hashes: equal where the values are, so that groups, joins, hash indexes and partitions find them
SELECT count(*) FROM sparsevec_compare a, sparsevec_compare b WHERE (a.s = b.s) <> (sparsevec_hash(a.s) = sparsevec_hash(b.s));
SELECT sparsevec_hash('{1:1}/3') = sparsevec_hash('{1:1}/4') AS dimensions, sparsevec_hash('{1:1}/3') = sparsevec_hash('{2:1}/3') AS places,
    sparsevec_hash_extended('{1:1}/3', 1) = sparsevec_hash_extended('{1:1}/3', 2) AS seeds, sparsevec_hash('{1:1,2:0}/3') = sparsevec_hash('{1:1,3:-0}/3') AS zeros;
SELECT count(*) AS wrong FROM sparsevec_compare WHERE sparsevec_hash(s)::bit(32)::text <> right(sparsevec_hash_extended(s, 0)::bit(64)::text, 32);
ANALYZE sparsevec_compare;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT s, count(*) FROM sparsevec_compare GROUP BY s;
SELECT count(*), sum(n) FROM (SELECT s, count(*) AS n FROM sparsevec_compare GROUP BY s) g;
RESET enable_sort;
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM sparsevec_compare a JOIN sparsevec_compare b USING (s);
SELECT count(*) FROM sparsevec_compare a JOIN sparsevec_compare b USING (s);
RESET enable_mergejoin;
SET enable_hashjoin = off;
SELECT count(*) FROM sparsevec_compare a JOIN sparsevec_compare b USING (s);
RESET enable_hashjoin;
RESET enable_nestloop;
DROP INDEX sparsevec_compare_idx;
CREATE INDEX sparsevec_compare_idx ON sparsevec_compare USING hash (s);
SET enable_seqscan = off;
SELECT count(*) FROM sparsevec_compare WHERE s = '{}/2';
RESET enable_seqscan;
CREATE TABLE sparsevec_parted (s sparsevec) PARTITION BY HASH (s);
CREATE TABLE sparsevec_part_0 PARTITION OF sparsevec_parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE sparsevec_part_1 PARTITION OF sparsevec_parted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO sparsevec_parted SELECT s FROM sparsevec_compare;
SELECT count(DISTINCT tableoid) FROM sparsevec_parted;
SELECT count(*) FROM sparsevec_parted WHERE s = '{}/2';
DROP TABLE sparsevec_compare, sparsevec_parted;
