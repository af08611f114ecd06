-- the access method, its operator classes, options and settings

SELECT amname, amhandler, amtype FROM pg_am WHERE amname = 'hnsw';
SELECT p, pg_indexam_has_property(a.oid, p) FROM pg_am a,
    unnest('{can_order,can_unique,can_multi_col,can_exclude,can_include}'::text[]) p WHERE amname = 'hnsw';
SELECT c.opcname, f.opfname, c.opcintype::regtype, c.opcdefault, o.amopopr::regoperator, o.amoppurpose, s.opfname AS sorted_by,
        array_agg(format('%s %s', p.amprocnum, p.amproc) ORDER BY p.amprocnum) AS functions, amvalidate(c.oid)
    FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily
    JOIN pg_amop o ON o.amopfamily = f.oid JOIN pg_opfamily s ON s.oid = o.amopsortfamily JOIN pg_amproc p ON p.amprocfamily = f.oid
    WHERE a.amname = 'hnsw' AND c.opcintype = 'vector'::regtype GROUP BY 1, 2, 3, 4, 5, 6, 7, 9, c.oid ORDER BY 1;

CREATE TABLE items (id int, v vector(3), w vector, n int, h vector(16000));

-- an operator class has to be named
CREATE INDEX ON items USING hnsw (v);
CREATE INDEX ON items USING hnsw (n vector_l2_ops);
CREATE INDEX ON items USING hnsw (v vector_ops);
-- what the access method cannot do
CREATE INDEX ON items USING hnsw (v vector_l2_ops, v vector_ip_ops);
CREATE UNIQUE INDEX ON items USING hnsw (v vector_l2_ops);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) INCLUDE (id);
CREATE INDEX ON items USING hnsw (v vector_l2_ops DESC);
CREATE INDEX ON items USING hnsw (v vector_l2_ops NULLS FIRST);
\set VERBOSITY sqlstate
ALTER TABLE items ADD EXCLUDE USING hnsw (v vector_l2_ops WITH =);
\set VERBOSITY default
CREATE INDEX items_cluster ON items USING hnsw (v vector_l2_ops);
CLUSTER items USING items_cluster;
DROP INDEX items_cluster;
-- dimensions
CREATE INDEX ON items USING hnsw (w vector_l2_ops);
CREATE INDEX ON items USING hnsw ((v + '[1,2,3]') vector_l2_ops);
CREATE INDEX items_wide ON items USING hnsw (h vector_l2_ops);
DROP INDEX items_wide;

-- reloptions: pgvector's bounds
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 1);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 101);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 16.5);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = many);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (ef_construction = 3);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (ef_construction = 1001);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 31);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (m = 33);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (lists = 10);
CREATE INDEX ON items USING hnsw (v vector_l2_ops) WITH (fillfactor = 90);
CREATE INDEX items_least ON items USING hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 4);
CREATE INDEX items_most ON items USING hnsw (v vector_l2_ops) WITH (m = 100, ef_construction = 1000);
INSERT INTO items SELECT i, ARRAY[i, i % 10, i % 7] FROM generate_series(1, 300) i;
SET enable_seqscan = off;
SELECT i::regclass, (SELECT count(*) FROM vectordb_index_check(i)) AS problems FROM unnest('{items_least,items_most}'::regclass[]) i;
DROP INDEX items_least;
SELECT id FROM items ORDER BY v <-> '[150,0,3]' LIMIT 1;
REINDEX INDEX items_most;
SELECT id FROM items ORDER BY v <-> '[150,0,3]' LIMIT 1;
SELECT * FROM vectordb_index_check('items_most');
DROP INDEX items_most;

-- changed by ALTER INDEX: ef_construction at once, m with REINDEX
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 20);
SELECT pg_get_indexdef('items_v'::regclass), reloptions FROM pg_class WHERE oid = 'items_v'::regclass;
SELECT m FROM vectordb_index_info('items_v');
ALTER INDEX items_v SET (ef_construction = 100);
INSERT INTO items SELECT 300 + i, ARRAY[-i, 1, 2] FROM generate_series(1, 10) i;
ALTER INDEX items_v SET (m = 12);
INSERT INTO items SELECT 310 + i, ARRAY[1, -i, 2] FROM generate_series(1, 10) i;
SELECT m FROM vectordb_index_info('items_v');
REINDEX INDEX items_v;
SELECT m FROM vectordb_index_info('items_v');
ALTER INDEX items_v SET (m = 101);
ALTER INDEX items_v SET (ef_construction = 10);
INSERT INTO items VALUES (321, '[1,2,3]');
REINDEX INDEX items_v;
ALTER INDEX items_v RESET (ef_construction, m);
REINDEX INDEX items_v;
SELECT pg_get_indexdef('items_v'::regclass), reloptions FROM pg_class WHERE oid = 'items_v'::regclass;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]' LIMIT 1000) s;
SELECT * FROM vectordb_index_check('items_v');

-- what pg_dump would write makes the same index again
CREATE INDEX items_partial ON items USING hnsw ((subvector(v, 1, 2)::vector(2)) vector_cosine_ops) WITH (m='5', ef_construction='30') WHERE n IS NULL;
SELECT pg_get_indexdef('items_partial'::regclass) AS definition \gset
\echo :definition
DROP INDEX items_partial;
:definition;
SELECT pg_get_indexdef('items_partial'::regclass) = :'definition' AS same;
SELECT * FROM vectordb_index_check('items_partial');
DROP TABLE items;

-- settings
SELECT name, setting, vartype, context, min_val, max_val, enumvals FROM pg_settings WHERE name LIKE 'hnsw.%' ORDER BY name;
SET hnsw.ef_search = 0;
SET hnsw.ef_search = 100001;
SET hnsw.ef_search = 100000;
SET hnsw.iterative_scan = on;
SET hnsw.iterative_scan = relaxed_order;
SET hnsw.max_scan_tuples = 0;
SET hnsw.max_scan_tuples = 2147483647;
SET hnsw.scan_mem_multiplier = 0;
SET hnsw.scan_mem_multiplier = 1001;
SET hnsw.scan_mem_multiplier = 2.5;
SELECT name, setting FROM pg_settings WHERE name LIKE 'hnsw.%' ORDER BY name;
RESET hnsw.ef_search;
RESET hnsw.iterative_scan;
RESET hnsw.max_scan_tuples;
RESET hnsw.scan_mem_multiplier;
-- the prefix is reserved
SET hnsw.ef_serach = 100;
