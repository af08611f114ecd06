-- Hashing and merging by equality: vector and halfvec in joins, groups, hash indexes, and partitions.

-- equal values have equal hashes, whatever their zeros; others have others
SELECT vector_hash('[0,1,-0]') = vector_hash('[-0,1,0]') AS zeros, vector_hash('[0]') = vector_hash('[0,0]') AS dimensions,
    vector_hash('[1,2]') = vector_hash('[2,1]') AS places, vector_hash('[1,2]') = vector_hash('[1,2]') AS same;
SELECT halfvec_hash('[0,1,-0]') = halfvec_hash('[-0,1,0]') AS zeros, halfvec_hash('[0]') = halfvec_hash('[0,0]') AS dimensions,
    halfvec_hash('[1,2]') = halfvec_hash('[2,1]') AS places, halfvec_hash('[1,2]') = halfvec_hash('[1,2]') AS same;
SELECT vector_hash_extended('[-0,1]', 7) = vector_hash_extended('[0,1]', 7) AS same,
    vector_hash_extended('[0,1]', 7) = vector_hash_extended('[0,1]', 8) AS seeds,
    halfvec_hash_extended('[-0,1]', 7) = halfvec_hash_extended('[0,1]', 7) AS same,
    halfvec_hash_extended('[0,1]', 7) = halfvec_hash_extended('[0,1]', 8) AS seeds;
-- without a seed the lower half is the short hash, as PostgreSQL's hash access method has it
SELECT count(*) AS wrong FROM generate_series(1, 300) n, LATERAL (SELECT array_agg(n * i - 5)::vector AS v FROM generate_series(1, n % 40 + 1) i) a
    WHERE vector_hash(v)::bit(32)::text <> right(vector_hash_extended(v, 0)::bit(64)::text, 32);

CREATE TABLE vector_hash (i int, v vector, h halfvec);
INSERT INTO vector_hash SELECT i, ARRAY[i % 50, -(i % 50)]::vector, ARRAY[i % 50, -(i % 50)]::halfvec FROM generate_series(1, 1000) i;
INSERT INTO vector_hash VALUES (1001, '[0,0]', '[0,0]'), (1002, '[0,-0]', '[0,-0]'), (1003, '[-0,0]', '[-0,0]'), (1004, NULL, NULL),
    (1005, '[0]', '[0]');
ANALYZE vector_hash;

-- groups
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT v, count(*) FROM vector_hash GROUP BY v;
SELECT count(*), max(n), min(n) FROM (SELECT v, count(*) AS n FROM vector_hash GROUP BY v) g;
EXPLAIN (COSTS OFF) SELECT DISTINCT h FROM vector_hash;
SELECT count(*) FROM (SELECT DISTINCT h FROM vector_hash) d;
SELECT count(*) FROM (SELECT v FROM vector_hash UNION SELECT v + '[1000,0]' FROM vector_hash WHERE i < 11) u;
RESET enable_sort;

-- joins, of each kind the same
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM vector_hash a JOIN vector_hash b ON a.v = b.v;
SELECT count(*) FROM vector_hash a JOIN vector_hash b ON a.v = b.v;
SELECT count(*) FROM vector_hash a JOIN vector_hash b USING (h);
SELECT count(*) FROM vector_hash a WHERE v IN (SELECT v + v FROM vector_hash);
SET enable_hashjoin = off;
RESET enable_mergejoin;
EXPLAIN (COSTS OFF) SELECT count(*) FROM vector_hash a JOIN vector_hash b USING (h);
SELECT count(*) FROM vector_hash a JOIN vector_hash b USING (h);
RESET enable_nestloop;
SET enable_mergejoin = off;
SELECT count(*) FROM vector_hash a JOIN vector_hash b ON a.v = b.v;
RESET enable_hashjoin;
RESET enable_mergejoin;

-- a hash index
CREATE INDEX vector_hash_v ON vector_hash USING hash (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT i FROM vector_hash WHERE v = '[-0,0]' ORDER BY i;
SELECT count(*), max(i) FROM vector_hash WHERE v = '[-0,0]';
SELECT count(*) FROM vector_hash WHERE v = '[7,-7]';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- partitions: each row in the one that its equals are in
CREATE TABLE vector_hash_parted (i int, v vector(2), h halfvec(2)) PARTITION BY HASH (v, h);
CREATE TABLE vector_hash_part_0 PARTITION OF vector_hash_parted FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE vector_hash_part_1 PARTITION OF vector_hash_parted FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE vector_hash_part_2 PARTITION OF vector_hash_parted FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO vector_hash_parted SELECT * FROM vector_hash WHERE i < 1004;
SELECT count(DISTINCT tableoid) FROM vector_hash_parted;
SELECT v, count(DISTINCT tableoid) FROM vector_hash_parted GROUP BY v HAVING count(DISTINCT tableoid) > 1;
SELECT count(*) FROM vector_hash_parted WHERE v = '[0,-0]' AND h = '[-0,0]';

DROP TABLE vector_hash, vector_hash_parted;
