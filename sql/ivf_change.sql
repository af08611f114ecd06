-- what scans see while rows come and go, lists split and empty, and what vacuum and REINDEX make of it

SET enable_seqscan = off;
SET jit = off; -- what the planner is told to avoid looks worth compiling
SET ivf.iterative_scan = relaxed_order;
SELECT setseed(0.5);
CREATE FUNCTION random_vector(dims int, row_id int) RETURNS vector LANGUAGE sql VOLATILE
    AS $$ SELECT array_agg(random())::vector FROM generate_series(1, dims) WHERE row_id IS NOT NULL $$;
CREATE TABLE items (id int, note text, v vector(3));
CREATE INDEX items_v ON items USING ivf (v);
CREATE VIEW found AS SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM (SELECT id FROM items ORDER BY v <-> '[1,2,3]') s;

-- an empty index, and one that holds nothing but NULL
SELECT * FROM found;
INSERT INTO items SELECT -i, 'no vector' FROM generate_series(1, 10) i;
SELECT * FROM found;
SELECT lists, heap_tids FROM vectordb_index_info('items_v');
DELETE FROM items;
VACUUM items;
SELECT * FROM vectordb_index_check('items_v');

-- one row at a time
INSERT INTO items VALUES (1, 'first', '[1,2,3]');
SELECT * FROM found;
INSERT INTO items SELECT i, 'more', ARRAY[i % 31, i % 17, i % 7] FROM generate_series(2, 3000) i;
SELECT * FROM found;
SELECT id FROM items ORDER BY v <-> '[1,2,3]', id LIMIT 1;

-- values that do not fit leave nothing behind
INSERT INTO items VALUES (0, 'wrong', '[1,2]');
UPDATE items SET v = '[1,2,3,4]' WHERE id = 1;
SELECT * FROM found;

-- rolled back: rows, part of them, an index
BEGIN;
INSERT INTO items SELECT i, 'gone', ARRAY[i, i, i] FROM generate_series(3001, 3100) i;
SELECT * FROM found;
ROLLBACK;
SELECT * FROM found;
BEGIN;
INSERT INTO items VALUES (4001, 'kept', '[50,50,50]');
SAVEPOINT a;
INSERT INTO items VALUES (4002, 'gone', '[50,50,50]');
DELETE FROM items WHERE id = 4001;
SELECT id FROM items ORDER BY v <-> '[50,50,50]' LIMIT 1;
ROLLBACK TO a;
INSERT INTO items VALUES (4003, 'kept', '[50,50,50]');
COMMIT;
SELECT id FROM items WHERE id > 4000 ORDER BY v <-> '[50,50,50]', id LIMIT 5;
BEGIN;
DROP INDEX items_v;
ROLLBACK;
SELECT * FROM found;

-- updates of the vector and of other columns
UPDATE items SET note = 'changed' WHERE id % 2 = 0;
SELECT * FROM found;
UPDATE items SET v = v + '[100,100,100]' WHERE id % 2 = 0;
SELECT * FROM found;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[100,100,100]' LIMIT 1500) s WHERE id % 2 = 0;
VACUUM items;
SELECT * FROM found;
SELECT heap_tids, retired_entries FROM vectordb_index_info('items_v');
SELECT * FROM vectordb_index_check('items_v');
-- copies of one row in hundreds
INSERT INTO items SELECT 5000 + i, 'copy', '[1,2,3]' FROM generate_series(1, 2000) i;
SELECT count(*) FROM (SELECT id, v FROM items ORDER BY v <-> '[1,2,3]' LIMIT 1800) s WHERE v = '[1,2,3]';
SELECT * FROM vectordb_index_check('items_v');
TRUNCATE items;
SELECT * FROM found;
SELECT lists, heap_tids FROM vectordb_index_info('items_v');
SELECT * FROM vectordb_index_check('items_v');
DROP VIEW found;
DROP TABLE items;

-- an index that starts empty heals itself as rows arrive: as many lists as one that is built from all of them, and as good
CREATE TABLE grown (id serial, v vector(16));
CREATE INDEX grown_v ON grown USING ivf (v);
INSERT INTO grown (v) SELECT random_vector(16, i) FROM generate_series(1, 20000) i;
SELECT lists BETWEEN 60 AND 140 AS lists, heap_tids, retired_lists > 0 AS retired FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
CREATE TABLE truth AS SELECT q.id, (SELECT max(d) FROM (SELECT (g.v <-> q.v) + 0 AS d FROM grown g ORDER BY 1 LIMIT 10) n) AS reach FROM grown q WHERE id % 1000 = 7;
ANALYZE grown;
RESET ivf.iterative_scan;
CREATE FUNCTION recall() RETURNS numeric LANGUAGE sql AS $$
    SELECT sum((SELECT count(*) FROM (SELECT g.v <-> q.v AS d FROM grown g ORDER BY g.v <-> q.v LIMIT 10) n WHERE d <= reach)) / (count(*) * 10) FROM truth t JOIN grown q USING (id) $$;
SELECT recall() >= 0.9 AS good;
-- the old lists' pages are free after the next vacuum, and serve again
VACUUM grown;
SELECT retired_lists, retired_entries, free_pages > 100 AS free, lost_pages FROM vectordb_index_info('grown_v');
SELECT recall() >= 0.9 AS good;
CREATE TABLE sizes AS SELECT bytes FROM vectordb_index_info('grown_v');
INSERT INTO grown (v) SELECT random_vector(16, i) FROM generate_series(1, 2000) i;
SELECT bytes = (SELECT bytes FROM sizes) AS same_size, free_pages > 0 AS free FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
-- most rows go: holes are filled by those that come, sparse lists are written anew
DELETE FROM grown WHERE id % 10 <> 7;
VACUUM grown;
SELECT * FROM vectordb_index_check('grown_v');
SELECT pg_current_xact_id() IS NOT NULL AS later;
VACUUM grown;
SELECT heap_tids, retired_lists, free_pages > data_pages AS shrunk FROM vectordb_index_info('grown_v');
INSERT INTO grown (v) SELECT random_vector(16, i) FROM generate_series(1, 2000) i;
SELECT bytes <= (SELECT bytes FROM sizes) * 1.2 AS about_the_same_size FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
-- all go: the lists wait for rows like those before, and the same rows take the same place
DELETE FROM grown;
VACUUM grown;
SELECT lists > 1 AS lists, lists = empty_lists AS empty, heap_tids FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
REINDEX INDEX grown_v;
SELECT lists, data_pages, bytes FROM vectordb_index_info('grown_v');
CREATE TABLE kept AS SELECT random_vector(16, i) AS v FROM generate_series(1, 3000) i;
INSERT INTO grown (v) SELECT v FROM kept;
REINDEX INDEX grown_v;
UPDATE sizes SET bytes = pg_relation_size('grown_v');
DELETE FROM grown;
VACUUM grown;
INSERT INTO grown (v) SELECT v FROM kept;
SELECT pg_relation_size('grown_v') = bytes AS same_size FROM sizes;
SELECT * FROM vectordb_index_check('grown_v');
-- some lists lose all their rows: they go, and the others stay
DELETE FROM grown WHERE v <-> (SELECT v FROM kept LIMIT 1) < (SELECT percentile_cont(0.8) WITHIN GROUP (ORDER BY g.v <-> (SELECT v FROM kept LIMIT 1)) FROM grown g);
VACUUM grown;
SELECT empty_lists, heap_tids FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
TRUNCATE grown;
INSERT INTO grown (v) SELECT random_vector(16, i) FROM generate_series(1, 3000) i;
SELECT count(*) FROM (SELECT id FROM grown ORDER BY v <-> (SELECT v FROM grown LIMIT 1) LIMIT 1000) s;
REINDEX INDEX grown_v;
SELECT heap_tids, lists, free_pages FROM vectordb_index_info('grown_v');
SELECT * FROM vectordb_index_check('grown_v');
-- rows that come and go leave the centroids where they are; where the rows have moved, vacuum moves the centroids after them
CREATE TABLE moving (id serial, v vector(64));
INSERT INTO moving (v) SELECT random_vector(64, i) FROM generate_series(1, 4000) i;
CREATE INDEX plain_v ON moving USING ivf (v) WITH (lists = 16, quantizer = none);
CREATE INDEX coded_v ON moving USING ivf (v) WITH (lists = 16, quantizer = rabitq);
CREATE INDEX cosine_v ON moving USING ivf (v vector_cosine_ops) WITH (lists = 16, quantizer = none);
CREATE VIEW moved AS SELECT i AS index, retired_lists > 0 AS moved FROM unnest(ARRAY['plain_v', 'coded_v', 'cosine_v']) i, vectordb_index_info(i::regclass);
INSERT INTO moving (v) SELECT random_vector(64, i) FROM generate_series(1, 2000) i;
DELETE FROM moving WHERE id % 8 = 1;
VACUUM moving;
SELECT * FROM moved;
INSERT INTO moving (v) SELECT random_vector(64, i) + (SELECT array_agg(d % 2 * 0.35)::vector FROM generate_series(1, 64) d) FROM generate_series(1, 4000) i;
DELETE FROM moving WHERE id % 8 = 2;
VACUUM moving;
SELECT * FROM moved;
SELECT i AS index, p.* FROM unnest(ARRAY['plain_v', 'coded_v', 'cosine_v']) i, vectordb_index_check(i::regclass) p;
DROP TABLE moving CASCADE;

-- with too little memory to split lists, rows are still inserted
CREATE TABLE bits (id int, v bit(64000));
CREATE INDEX bits_v ON bits USING ivf (v bit_hamming_ops);
SET maintenance_work_mem = '1MB';
INSERT INTO bits SELECT i, (repeat(i::bit(16)::text, 4000))::bit(64000) FROM generate_series(1, 1500) i;
RESET maintenance_work_mem;
SELECT * FROM vectordb_index_check('bits_v');
INSERT INTO bits SELECT i, (repeat(i::bit(16)::text, 4000))::bit(64000) FROM generate_series(1501, 2000) i;
SELECT heap_tids, lists > 1 AS split FROM vectordb_index_info('bits_v');
SELECT * FROM vectordb_index_check('bits_v');
DROP TABLE bits;
DROP TABLE grown, truth, sizes, kept;
DROP FUNCTION recall, random_vector;
