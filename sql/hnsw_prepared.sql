-- rows of a prepared transaction are in the index before they can be seen
-- (hnsw_prepared_1.out is for servers with max_prepared_transactions = 0, which is PostgreSQL's default)

SET enable_seqscan = off;
CREATE TABLE items (id int PRIMARY KEY, v vector(3));
INSERT INTO items VALUES (1, '[0,0,1]'), (5, '[1,1,0]'), (6, '[0,1,1]');
CREATE INDEX items_v ON items USING hnsw (v vector_cosine_ops);
BEGIN;
INSERT INTO items VALUES (7, '[0,0.1,1]');
PREPARE TRANSACTION 'hnsw_prepared';
SELECT id FROM items ORDER BY v <=> '[0,0.1,1]' LIMIT 1;
COMMIT PREPARED 'hnsw_prepared';
SELECT id FROM items ORDER BY v <=> '[0,0.1,1]' LIMIT 1;
SELECT * FROM vectordb_index_check('items_v');
DROP TABLE items;
