-- hnsw over halfvec, bit and sparsevec: the order of the plan without the index, through build, insertion, vacuum
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET enable_seqscan = off;
SELECT setseed(0.5);

CREATE FUNCTION random_numbers(n int, row_id int) RETURNS real[] LANGUAGE sql VOLATILE
    AS $$ SELECT array_agg((random() - 0.5)::real) FROM generate_series(1, n) WHERE row_id IS NOT NULL $$;
-- how many rows a scan of the index finds, in how many places its distances differ from those of a sort
CREATE FUNCTION order_faults(tbl regclass, operator text, query text) RETURNS TABLE (rows_found bigint, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'WITH i AS MATERIALIZED (SELECT v %2$s %3$s AS d FROM %1$s ORDER BY v %2$s %3$s),
        found AS (SELECT d, row_number() OVER () AS place FROM i),
        sorted AS (SELECT v %2$s %3$s AS d, row_number() OVER (ORDER BY (v %2$s %3$s) + 0) AS place FROM %1$s WHERE v IS NOT NULL)
        SELECT (SELECT count(*) FROM found), count(*) FROM found JOIN sorted USING (place) WHERE found.d <> sorted.d AND abs(found.d - sorted.d) > 1e-5',
        tbl, operator, query);
END $$;
SET hnsw.ef_search = 2000;

-- halfvec
CREATE TABLE halves (id int, v halfvec(12));
INSERT INTO halves SELECT i, random_numbers(12, i) FROM generate_series(1, 600) i;
INSERT INTO halves SELECT 1000 + i, v FROM halves, generate_series(1, 3) i WHERE id <= 50;
INSERT INTO halves VALUES (0, NULL), (-1, '[0,0,0,0,0,0,0,0,0,0,0,0]');
CREATE INDEX halves_l2 ON halves USING hnsw (v halfvec_l2_ops);
CREATE INDEX halves_ip ON halves USING hnsw (v halfvec_ip_ops);
CREATE INDEX halves_cosine ON halves USING hnsw (v halfvec_cosine_ops);
CREATE INDEX halves_l1 ON halves USING hnsw (v halfvec_l1_ops);
INSERT INTO halves SELECT i, random_numbers(12, i) FROM generate_series(2001, 2500) i;
DELETE FROM halves WHERE id % 3 = 0;
VACUUM halves;
INSERT INTO halves SELECT i, random_numbers(12, i) FROM generate_series(3001, 3200) i;
SELECT pg_temp.plan($$SELECT id FROM halves ORDER BY v <#> '[1,0,0,0,0,0,0,0,0,0,0,-1]' LIMIT 3$$);
SELECT count(v) FROM halves;
SELECT op, f.* FROM unnest('{<->,<#>,<+>}'::text[]) op, order_faults('halves', op, '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]''') f;
SELECT f.* FROM order_faults('halves', '<=>', '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]''') f;
SELECT i, vectordb_index_check(i) FROM unnest('{halves_l2,halves_ip,halves_cosine,halves_l1}'::regclass[]) i;
-- by a cast in the index, as one does to save space
CREATE TABLE wide (id int, v vector(3000));
INSERT INTO wide SELECT i, random_numbers(3000, i) FROM generate_series(1, 40) i;
CREATE INDEX wide_half ON wide USING hnsw ((v::halfvec(3000)) halfvec_l2_ops) WITH (quantizer = none);
CREATE INDEX wide_full ON wide USING hnsw (v vector_l2_ops) WITH (quantizer = none);
INSERT INTO wide SELECT i, random_numbers(3000, i) FROM generate_series(41, 60) i;
SELECT pg_temp.plan($$SELECT id FROM wide ORDER BY v::halfvec(3000) <-> (SELECT v::halfvec(3000) FROM wide WHERE id = 50) LIMIT 1$$);
SELECT q.id, (SELECT id FROM wide ORDER BY v::halfvec(3000) <-> q.v::halfvec(3000) LIMIT 1) FROM wide q WHERE id IN (1, 40, 41, 60) ORDER BY 1;
SELECT pg_relation_size('wide_half') < pg_relation_size('wide_full') AS half_is_smaller;
SELECT i, vectordb_index_check(i) FROM unnest('{wide_half,wide_full}'::regclass[]) i;
SELECT metric, dimensions FROM vectordb_index_info('wide_half');
-- as wide as it gets: slices on pages of their own
CREATE TABLE widest (id int, v halfvec(16000));
INSERT INTO widest SELECT i, random_numbers(16000, i) FROM generate_series(1, 10) i;
CREATE INDEX widest_v ON widest USING hnsw (v halfvec_cosine_ops);
INSERT INTO widest SELECT i, random_numbers(16000, i) FROM generate_series(11, 20) i;
SELECT q.id, (SELECT id FROM widest ORDER BY v <=> q.v LIMIT 1) FROM widest q WHERE id IN (1, 20) ORDER BY 1;
SELECT * FROM vectordb_index_check('widest_v');
SELECT id FROM halves ORDER BY v <-> '[1,2]' LIMIT 1;
SELECT count(*) FROM (SELECT * FROM halves ORDER BY v <-> (SELECT NULL::halfvec)) s;
CREATE TABLE no_halves (v halfvec);
CREATE INDEX ON no_halves USING hnsw (v halfvec_l2_ops);
DROP TABLE halves, wide, widest, no_halves;

-- bit
CREATE TABLE bits (id int, v bit(100));
INSERT INTO bits SELECT i, binary_quantize(random_numbers(100, i)::vector) FROM generate_series(1, 600) i;
INSERT INTO bits SELECT 1000 + i, v FROM bits, generate_series(1, 3) i WHERE id <= 50;
INSERT INTO bits VALUES (0, NULL), (-1, repeat('0', 100)::bit(100)), (-2, repeat('0', 100)::bit(100));
CREATE INDEX bits_hamming ON bits USING hnsw (v bit_hamming_ops);
CREATE INDEX bits_jaccard ON bits USING hnsw (v bit_jaccard_ops);
INSERT INTO bits SELECT i, binary_quantize(random_numbers(100, i)::vector) FROM generate_series(2001, 2500) i;
INSERT INTO bits VALUES (-4, repeat('0', 100)::bit(100));
DELETE FROM bits WHERE id % 3 = 0;
VACUUM bits;
INSERT INTO bits SELECT i, binary_quantize(random_numbers(100, i)::vector) FROM generate_series(3001, 3200) i;
SELECT pg_temp.plan($$SELECT id FROM bits ORDER BY v <~> repeat('10', 50)::bit(100) LIMIT 3$$);
SELECT count(v) FROM bits;
SELECT op, f.* FROM unnest('{<~>,<%>}'::text[]) op, order_faults('bits', op, 'repeat(''10'', 50)::bit(100)') f;
SELECT op, f.* FROM unnest('{<~>,<%>}'::text[]) op, order_faults('bits', op, 'repeat(''0'', 100)::bit(100)') f;
SELECT i, vectordb_index_check(i) FROM unnest('{bits_hamming,bits_jaccard}'::regclass[]) i;
SELECT metric, dimensions FROM vectordb_index_info('bits_jaccard');
SELECT id FROM bits ORDER BY v <~> B'101' LIMIT 1;
SELECT count(*) FROM (SELECT * FROM bits ORDER BY v <~> (SELECT NULL::bit(100))) s;
-- the widest
CREATE TABLE wide_bits (id int, v bit(64000));
INSERT INTO wide_bits SELECT i, repeat(lpad(i::bit(8)::text, 8, '0'), 8000)::bit(64000) FROM generate_series(1, 20) i;
CREATE INDEX wide_bits_v ON wide_bits USING hnsw (v bit_hamming_ops);
SELECT q.id, (SELECT id FROM wide_bits ORDER BY v <~> q.v LIMIT 1) FROM wide_bits q WHERE id IN (1, 20) ORDER BY 1;
SELECT * FROM vectordb_index_check('wide_bits_v');
CREATE TABLE too_wide (v bit(64001), w bit varying(10), x halfvec(3));
CREATE INDEX ON too_wide USING hnsw (v bit_hamming_ops);
CREATE INDEX ON too_wide USING hnsw (w bit_hamming_ops);
CREATE INDEX ON too_wide USING hnsw (x vector_l2_ops);
-- re-ranked by the vectors themselves
CREATE TABLE items (id int, v vector(64));
INSERT INTO items SELECT i, random_numbers(64, i) FROM generate_series(1, 500) i;
CREATE INDEX items_bits ON items USING hnsw ((binary_quantize(v)::bit(64)) bit_hamming_ops);
SELECT q.id, (SELECT id FROM (SELECT id, v FROM items ORDER BY binary_quantize(v)::bit(64) <~> binary_quantize(q.v)::bit(64) LIMIT 20) s ORDER BY s.v <-> q.v LIMIT 1)
    FROM items q WHERE id IN (1, 77, 500) ORDER BY 1;
DROP TABLE bits, wide_bits, too_wide, items;

-- sparsevec: of all lengths, from nothing to more than a page
CREATE FUNCTION random_sparse(elements int, below int, row_id int) RETURNS sparsevec LANGUAGE sql VOLATILE AS $$
    SELECT format('{%s}/100000', string_agg(format('%s:%s', i, x), ','))::sparsevec
        FROM (SELECT DISTINCT ON (i) i, (random() - 0.5)::real AS x
            FROM (SELECT 1 + floor(random() * below)::int AS i FROM generate_series(1, elements) WHERE row_id IS NOT NULL) p) e $$;
CREATE TABLE sparse (id int, v sparsevec(100000));
INSERT INTO sparse SELECT i, random_sparse(i % 40, 200, i) FROM generate_series(1, 600) i;
INSERT INTO sparse SELECT i, random_sparse(1500, 100000, i) FROM generate_series(601, 620) i;
INSERT INTO sparse SELECT 1000 + i, v FROM sparse, generate_series(1, 3) i WHERE id <= 20 OR id > 618;
INSERT INTO sparse VALUES (0, NULL), (-1, '{}/100000'), (-2, '{}/100000');
CREATE INDEX sparse_l2 ON sparse USING hnsw (v sparsevec_l2_ops);
CREATE INDEX sparse_ip ON sparse USING hnsw (v sparsevec_ip_ops);
CREATE INDEX sparse_cosine ON sparse USING hnsw (v sparsevec_cosine_ops);
CREATE INDEX sparse_l1 ON sparse USING hnsw (v sparsevec_l1_ops);
INSERT INTO sparse SELECT i, random_sparse(i % 30, 200, i) FROM generate_series(2001, 2400) i;
INSERT INTO sparse SELECT i, random_sparse(2000, 100000, i) FROM generate_series(2501, 2520) i;
INSERT INTO sparse VALUES (-4, '{}/100000');
DELETE FROM sparse WHERE id % 3 = 0;
VACUUM sparse;
INSERT INTO sparse SELECT i, random_sparse(1200, 100000, i) FROM generate_series(3001, 3020) i;
SELECT pg_temp.plan($$SELECT id FROM sparse ORDER BY v <#> '{1:1,2:-1}/100000' LIMIT 3$$);
SELECT count(v) FROM sparse;
SELECT op, f.* FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op, order_faults('sparse', op, '''{1:0.5,3:-0.25,77:0.125,150:1}/100000''') f;
SELECT op, f.* FROM unnest('{<->,<+>}'::text[]) op, order_faults('sparse', op, '(SELECT v FROM sparse WHERE id = 619)') f;
SELECT i, vectordb_index_check(i) FROM unnest('{sparse_l2,sparse_ip,sparse_cosine,sparse_l1}'::regclass[]) i;
SELECT metric, dimensions, vector_pages > 0 AS has_vector_pages, lost_vector_pages FROM vectordb_index_info('sparse_l1');
SELECT id FROM sparse ORDER BY v <-> '{}/3' LIMIT 1;
SELECT count(*) FROM (SELECT * FROM sparse ORDER BY v <-> (SELECT NULL::sparsevec)) s;
-- the longest vectors, in an index that was made for none
CREATE TABLE longest (id int, v sparsevec(1000000000));
CREATE INDEX longest_v ON longest USING hnsw (v sparsevec_ip_ops);
INSERT INTO longest SELECT i, format('{%s}/1000000000', (SELECT string_agg(format('%s:%s', n * i, i), ',') FROM generate_series(1, 16000) n))::sparsevec FROM generate_series(1, 6) i;
INSERT INTO longest SELECT i, format('{%s:%s}/1000000000', i, i)::sparsevec FROM generate_series(7, 40) i;
SELECT id, v <#> '{16000:1}/1000000000' AS distance FROM longest ORDER BY v <#> '{16000:1}/1000000000' LIMIT 4;
SELECT count(*) FROM (SELECT id FROM longest ORDER BY v <#> '{7:1}/1000000000') s;
SELECT * FROM vectordb_index_check('longest_v');
REINDEX INDEX longest_v;
SELECT id, v <#> '{16000:1}/1000000000' AS distance FROM longest ORDER BY v <#> '{16000:1}/1000000000' LIMIT 4;
SELECT count(*) FROM (SELECT id FROM longest ORDER BY v <#> '{7:1}/1000000000') s;
SELECT * FROM vectordb_index_check('longest_v');
DELETE FROM longest WHERE id < 5;
VACUUM longest;
SELECT * FROM vectordb_index_check('longest_v');
CREATE TABLE no_dimensions (v sparsevec);
CREATE INDEX ON no_dimensions USING hnsw (v sparsevec_l2_ops);
DROP TABLE sparse, longest, no_dimensions;
DROP FUNCTION random_sparse;
RESET hnsw.ef_search;
DROP FUNCTION order_faults, random_numbers;
