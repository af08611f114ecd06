-- lists whose values take more than one slot of a page, so that some of them lie on two pages
SET max_parallel_maintenance_workers = 0;
SET ivf.epsilon = 5;
SET ivf.probes = 100;
CREATE FUNCTION some_rows(first int, last int) RETURNS TABLE (id int, elements float4[]) LANGUAGE sql AS $$
    SELECT i, array_agg(sin(i % 10 * (j + 7)) * 3 + sin(i * j)) FROM generate_series(first, last) i, generate_series(1, 768) j
        GROUP BY i ORDER BY i $$;
CREATE TABLE wide (id int, v vector(768)) WITH (autovacuum_enabled = off);
INSERT INTO wide SELECT id, elements::vector FROM some_rows(1, 1500);
CREATE INDEX wide_full ON wide USING ivf (v vector_l2_ops) WITH (storage = full, lists = 4);
CREATE INDEX wide_cosine ON wide USING ivf ((subvector(v, 1, 340)::vector(340)) vector_cosine_ops) WITH (storage = full, lists = 4);
CREATE VIEW state AS
    SELECT c.relname, (SELECT count(*) FROM vectordb_index_check(c.oid)) AS problems, i.heap_tids, i.lists > 1 AS many_lists, i.lost_pages
    FROM pg_class c, vectordb_index_info(c.oid) i WHERE c.relname LIKE 'wide\__%' AND c.relkind = 'i' ORDER BY c.relname;
-- how far the nearest ten to some rows are, by a sort and by an index
CREATE VIEW nearest AS
    SELECT q.id, (SELECT array_agg(n.d) FROM (SELECT w.v <-> q.v AS d FROM wide w ORDER BY w.v <-> q.v LIMIT 10) n) AS distances FROM wide q WHERE q.id % 50 IN (7, 21);
CREATE FUNCTION found() RETURNS TABLE (sorted bigint, same bigint) LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL enable_indexscan = off;
    CREATE TEMP TABLE truth ON COMMIT DROP AS SELECT * FROM nearest;
    SET LOCAL enable_indexscan = on;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_sort = off;
    RETURN QUERY SELECT count(*), count(*) FILTER (WHERE t.distances = n.distances) FROM truth t JOIN nearest n USING (id);
    DROP TABLE truth;
END $$;
SELECT * FROM state;
SELECT * FROM found();
-- two and a half values a page, not two
SELECT pg_relation_size('wide_full') < 1.15 * 1500 * 768 * 4 AS small;

-- by several processes
SET max_parallel_maintenance_workers = 2;
SET min_parallel_table_scan_size = 0;
REINDEX TABLE wide;
SELECT * FROM state;
SELECT * FROM found();

-- lists that grow and split
TRUNCATE wide;
INSERT INTO wide SELECT id, elements::vector FROM some_rows(1, 1500);
SELECT * FROM state;
SELECT * FROM found();

-- slots are freed and used again
DELETE FROM wide WHERE id % 3 = 0;
VACUUM wide;
SELECT * FROM state;
INSERT INTO wide SELECT id, elements::vector FROM some_rows(1501, 1800);
DELETE FROM wide WHERE id % 7 = 0;
INSERT INTO wide SELECT id, elements::vector FROM some_rows(1801, 2000);
VACUUM wide;
SELECT * FROM state;
SELECT * FROM found();
-- lists that are mostly holes are rewritten
DELETE FROM wide WHERE id % 10 > 1;
VACUUM wide;
VACUUM wide;
SELECT * FROM state;
SELECT * FROM found();
DROP VIEW state, nearest;
DROP TABLE wide;
DROP FUNCTION some_rows, found;
