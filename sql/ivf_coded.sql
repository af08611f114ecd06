-- coded list indexes built from rows, and what splits, vacuum and REINDEX make of their two chains of pages
SET max_parallel_maintenance_workers = 0;
-- what is counted is what the index holds, not what its estimates are worth
SET ivf.epsilon = 5;
CREATE FUNCTION some_rows(first int, last int) RETURNS TABLE (id int, elements float4[]) LANGUAGE sql AS $$
    SELECT i, array_agg(sin(i % 40 * (j + 7)) * 3 + sin(i * j)) FROM generate_series(first, last) i, generate_series(1, 64) j
        GROUP BY i ORDER BY i $$;
CREATE TABLE coded (id int, v vector(64), h halfvec(64)) WITH (autovacuum_enabled = off);
INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(1, 4000);
-- the zero vector, one too long for float32's squares, none, and many of the same
INSERT INTO coded SELECT -1, array_fill(0, '{64}')::vector, array_fill(0, '{64}')::halfvec;
INSERT INTO coded SELECT -2, array_fill(1e30, '{64}')::vector, array_fill(6e4, '{64}')::halfvec;
INSERT INTO coded VALUES (-3, NULL, NULL);
INSERT INTO coded SELECT -4, array_fill(7, '{64}')::vector, array_fill(7, '{64}')::halfvec FROM generate_series(1, 300);

CREATE INDEX l2_full ON coded USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = full, lists = 20);
CREATE INDEX l2_half ON coded USING ivf (h halfvec_l2_ops) WITH (quantizer = rabitq, storage = half);
CREATE INDEX ip_sq8 ON coded USING ivf (v vector_ip_ops) WITH (quantizer = rabitq, storage = sq8, lists = 20);
CREATE INDEX cosine_sq8 ON coded USING ivfflat (h halfvec_cosine_ops) WITH (quantizer = rabitq, lists = 5);
CREATE INDEX cosine_rabitq4 ON coded USING ivf (v vector_cosine_ops) WITH (quantizer = rabitq, storage = rabitq4);
CREATE INDEX l2_heap ON coded USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = heap, lists = 20);
CREATE VIEW state AS
    SELECT c.relname, (SELECT count(*) FROM vectordb_index_check(c.oid)) AS problems, i.heap_tids, i.lists > 1 AS many_lists,
        i.data_pages > 0 AS data, i.vector_pages > 0 AS vectors, i.lost_pages
    FROM pg_class c, vectordb_index_info(c.oid) i WHERE c.relkind = 'i' AND c.relname ~ '_(full|half|sq8|rabitq4|heap)$'
    ORDER BY c.relname;
SELECT * FROM state;

-- the same by several processes
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
REINDEX TABLE coded;
SELECT * FROM state;

-- lists grow and split; those that leave their values to the table read them there
TRUNCATE coded;
INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(1, 4000);
SELECT * FROM state;

-- most rows go: lists are rewritten, slots are used again
DELETE FROM coded WHERE id % 5 <> 0;
VACUUM coded;
SELECT * FROM state;
INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(4001, 5000);
VACUUM coded;
SELECT * FROM state;

-- rows come and go: the pages of those that went are used again
TRUNCATE coded;
INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(1, 4000);
CREATE TABLE sizes AS SELECT c.relname, i.vector_pages FROM pg_class c, vectordb_index_info(c.oid) i WHERE c.relname = 'ip_sq8';
\set ECHO none
SELECT 'DELETE FROM coded WHERE id % 3 = ' || i % 3, 'VACUUM coded',
    'INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(1, 4000) WHERE id % 3 = ' || i % 3
    FROM generate_series(1, 10) i \gexec
\set ECHO all
SELECT s.relname, 2 * i.vector_pages < 3 * s.vector_pages AS bounded FROM sizes s, vectordb_index_info('ip_sq8') i;
SELECT * FROM state;

-- all rows go
DELETE FROM coded;
VACUUM coded;
VACUUM coded;
SELECT * FROM state;
INSERT INTO coded SELECT id, elements::vector, elements::halfvec FROM some_rows(1, 500);
SELECT * FROM state;

DROP VIEW state;
DROP TABLE coded, sizes;

-- splits that read the table: rows of nobody, rows with newer versions, rows that are gone but for their codes; of an expression
CREATE TABLE grown (id int, v vector(64)) WITH (autovacuum_enabled = off);
CREATE INDEX grown_h ON grown USING ivf ((v::halfvec(64)) halfvec_cosine_ops) WITH (storage = heap, lists = 20) WHERE id > 0;
CREATE INDEX grown_v ON grown USING ivf (v vector_l2_ops) WITH (storage = heap, lists = 20);
BEGIN;
INSERT INTO grown SELECT id, elements FROM some_rows(1, 300);
ROLLBACK;
INSERT INTO grown SELECT id, elements FROM some_rows(1, 300);
UPDATE grown SET id = id WHERE id % 2 = 0;
DELETE FROM grown WHERE id % 3 = 0;
INSERT INTO grown SELECT id, elements FROM some_rows(301, 3000);
SET enable_seqscan = off;
SET enable_sort = off;
SET ivf.iterative_scan = relaxed_order;
SET ivf.probes = 100;
CREATE VIEW state AS
    SELECT c.relname, (SELECT count(*) FROM vectordb_index_check(c.oid)) AS problems, i.lists > 5 AS many_lists, i.heap_tids
    FROM pg_class c, vectordb_index_info(c.oid) i WHERE c.relname IN ('grown_h', 'grown_v') ORDER BY c.relname;
CREATE VIEW found AS
    SELECT (SELECT count(*) FROM grown) AS rows,
        (SELECT count(*) FROM (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = 7) LIMIT 10000) s) AS by_v,
        (SELECT count(*) FROM (SELECT id FROM grown WHERE id > 0 ORDER BY v::halfvec(64) <=> (SELECT v FROM grown WHERE id = 7)::halfvec(64) LIMIT 10000) s) AS by_h;
SELECT * FROM state;
SELECT * FROM found;
SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown WHERE id = 2000) LIMIT 1;
-- vacuum, by several processes, takes what is gone; lists that lost most are rewritten
SET min_parallel_index_scan_size = 0;
VACUUM (PARALLEL 2, INDEX_CLEANUP ON) grown;
SELECT * FROM state;
DELETE FROM grown WHERE id % 6 <> 1;
VACUUM (PARALLEL 2, INDEX_CLEANUP ON) grown;
SELECT * FROM state;
SELECT * FROM found;
DROP VIEW state, found;
DROP TABLE grown;
DROP FUNCTION some_rows;
