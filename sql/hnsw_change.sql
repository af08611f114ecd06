-- what scans see while rows come and go, and what vacuum and REINDEX make of it

SET enable_seqscan = off;
-- every row that the graph leads to, in whatever order
SET hnsw.iterative_scan = relaxed_order;
CREATE TABLE items (id int, note text, v vector(3));
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops);
CREATE VIEW found AS SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM (SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 100000) s;

-- an empty index, and one that holds nothing but NULL
SELECT * FROM found;
INSERT INTO items SELECT -i, 'no vector' FROM generate_series(1, 10) i;
SELECT * FROM found;
SELECT live, heap_tids, entry FROM vectordb_index_info('items_v');
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
INSERT INTO items VALUES (0, 'wrong', '[1,2,NaN]');
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
SELECT * FROM found;
BEGIN;
CREATE INDEX items_rolled_back ON items USING hnsw (v vector_l1_ops);
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <+> '[1,2,3]' LIMIT 5) s;
ROLLBACK;
SELECT to_regclass('items_rolled_back');
BEGIN;
DROP INDEX items_v;
ROLLBACK;
SELECT * FROM found;
BEGIN;
REINDEX INDEX items_v;
ROLLBACK;
SELECT * FROM found;
BEGIN;
TRUNCATE items;
INSERT INTO items VALUES (1, 'other', '[1,1,1]');
SELECT * FROM found;
ROLLBACK;
SELECT * FROM found;

-- updates of the vector, of another column (in place or not), to and from NULL
UPDATE items SET v = v + '[0.25,0,0]' WHERE id % 10 = 0;
UPDATE items SET note = repeat('long ', 20) WHERE id % 10 = 1;
UPDATE items SET v = NULL WHERE id % 10 = 2;
SELECT * FROM found;
UPDATE items SET v = '[5,5,5]' WHERE v IS NULL;
SELECT * FROM found;
SELECT * FROM vectordb_index_check('items_v');

-- deleted rows do not show, before vacuum and after; their places are used again
DELETE FROM items WHERE id % 2 = 0;
SELECT * FROM found;
VACUUM items;
SELECT * FROM found;
SELECT heap_tids FROM vectordb_index_info('items_v');
SELECT * FROM vectordb_index_check('items_v');
DELETE FROM items;
VACUUM items;
SELECT * FROM found;
SELECT live, heap_tids FROM vectordb_index_info('items_v');
INSERT INTO items SELECT i, 'again', ARRAY[i % 31, i % 17, i % 7] FROM generate_series(1, 3000) i;
VACUUM items;
SELECT pg_relation_size('items_v') AS before \gset
DELETE FROM items;
VACUUM items;
INSERT INTO items SELECT i, 'and again', ARRAY[i % 31, i % 17, i % 7] FROM generate_series(1, 3000) i;
SELECT * FROM found;
SELECT pg_relation_size('items_v') <= :before * 1.1 AS size_stays;
SELECT * FROM vectordb_index_check('items_v');
DELETE FROM items WHERE id <> 123;
VACUUM items;
SELECT id FROM items ORDER BY v <-> '[0,0,0]' LIMIT 10;
VACUUM (INDEX_CLEANUP OFF) items;
VACUUM (FREEZE, ANALYZE) items;
SELECT reltuples FROM pg_class WHERE oid = 'items_v'::regclass;
SELECT * FROM vectordb_index_check('items_v');

-- written anew
INSERT INTO items SELECT i, 'third', ARRAY[i % 31, i % 17, i % 7] FROM generate_series(1001, 2000) i;
VACUUM FULL items;
SELECT * FROM found;
REINDEX INDEX items_v;
SELECT * FROM found;
REINDEX TABLE CONCURRENTLY items;
SELECT * FROM found;
ALTER TABLE items ADD COLUMN extra int DEFAULT 1;
ALTER TABLE items ALTER COLUMN note TYPE varchar(20);
ALTER INDEX items_v RENAME TO items_w;
SELECT * FROM found;
DROP VIEW found;
ALTER TABLE items ALTER COLUMN id TYPE bigint;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 100000) s;
ALTER TABLE items ALTER COLUMN v TYPE vector(2) USING subvector(v, 1, 2);
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 100000) s;
SELECT dimensions, live > 0 AS live FROM vectordb_index_info('items_w');
-- without dimensions the index stays as it is, but cannot be built
ALTER TABLE items ALTER COLUMN v TYPE vector;
SELECT * FROM vectordb_index_check('items_w');
INSERT INTO items (id, v) VALUES (5001, '[1,2,3]');
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 100000) s;
REINDEX INDEX items_w;
ALTER TABLE items ALTER COLUMN v TYPE vector(2);
ALTER TABLE items SET UNLOGGED;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 100000) s;
ALTER TABLE items SET LOGGED;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 100000) s;
SELECT * FROM vectordb_index_check('items_w');
TRUNCATE items;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 100000) s;
INSERT INTO items (id, v) VALUES (1, '[1,2]');
SELECT id FROM items ORDER BY v <-> '[1,2]' LIMIT 5;
SELECT * FROM vectordb_index_check('items_w');
DROP TABLE items;

-- COPY, upsert and MERGE
CREATE TABLE items (id int PRIMARY KEY, v vector(3));
CREATE INDEX items_v ON items USING hnsw (v vector_cosine_ops);
COPY items FROM stdin;
1	[1,0,0]
2	[0,1,0]
3	\N
4	[0,0,0]
\.
INSERT INTO items VALUES (1, '[0,0,1]'), (5, '[1,1,0]') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
MERGE INTO items USING (VALUES (2, '[1,1,1]'::vector), (6, '[0,1,1]')) n (id, v) ON items.id = n.id
    WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (n.id, n.v);
SELECT id FROM items ORDER BY v <=> '[0,0.1,1]';
SELECT * FROM vectordb_index_check('items_v');
DROP TABLE items;
