-- the access methods ivf and ivfflat, their operator classes, options and settings

SELECT amname, amhandler, amtype FROM pg_am WHERE amname LIKE 'ivf%' ORDER BY 1;
SELECT p, pg_indexam_has_property(a.oid, p) FROM pg_am a,
    unnest('{can_order,can_unique,can_multi_col,can_exclude,can_include}'::text[]) p WHERE amname = 'ivf';
SELECT c.opcname, c.opcintype::regtype, c.opcdefault, o.amopopr::regoperator, o.amoppurpose, s.opfname AS sorted_by,
        (SELECT array_agg(format('%s %s', p.amprocnum, p.amproc::regprocedure) ORDER BY p.amprocnum) FROM pg_amproc p WHERE p.amprocfamily = f.oid) AS functions,
        amvalidate(c.oid), array_agg(a.amname ORDER BY a.amname) AS methods
    FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN pg_opfamily f ON f.oid = c.opcfamily
    JOIN pg_amop o ON o.amopfamily = f.oid JOIN pg_opfamily s ON s.oid = o.amopsortfamily
    WHERE a.amname LIKE 'ivf%' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 2, 1;

CREATE TABLE items (id int, v vector(3), w vector, n int, h halfvec(3), b bit(10), vb varbit(10), wide vector(2001), widest vector(2000));

-- vector_l2_ops is the default
CREATE INDEX items_default ON items USING ivfflat (v);
SELECT pg_get_indexdef('items_default'::regclass);
DROP INDEX items_default;
CREATE INDEX ON items USING ivf (h);
CREATE INDEX ON items USING ivf (n vector_l2_ops);
CREATE INDEX ON items USING ivf (b bit_jaccard_ops);
CREATE INDEX ON items USING ivfflat (vb bit_hamming_ops);
-- what the access method cannot do
CREATE INDEX ON items USING ivf (v, v vector_ip_ops);
CREATE UNIQUE INDEX ON items USING ivf (v);
CREATE INDEX ON items USING ivf (v) INCLUDE (id);
CREATE INDEX ON items USING ivf (v DESC);
CREATE INDEX items_cluster ON items USING ivf (v);
CLUSTER items USING items_cluster;
DROP INDEX items_cluster;
-- dimensions
CREATE INDEX ON items USING ivf (w);
CREATE INDEX ON items USING ivfflat ((v + '[1,2,3]'));
CREATE INDEX ON items USING ivfflat (wide);
CREATE INDEX items_widest ON items USING ivfflat (widest);
DROP INDEX items_widest;
CREATE INDEX ON items USING ivfflat ((wide::halfvec(4001)) halfvec_l2_ops);
CREATE INDEX items_halves ON items USING ivfflat ((wide::halfvec(4000)) halfvec_l2_ops);
DROP INDEX items_halves;
CREATE INDEX ON items USING ivfflat ((b::bit(64001)) bit_hamming_ops);
CREATE INDEX items_bits ON items USING ivfflat ((b::bit(64000)) bit_hamming_ops);
DROP INDEX items_bits;

-- reloptions
CREATE INDEX ON items USING ivfflat (v) WITH (lists = 0);
CREATE INDEX ON items USING ivfflat (v) WITH (lists = 32769);
CREATE INDEX ON items USING ivfflat (v) WITH (lists = many);
CREATE INDEX ON items USING ivf (v) WITH (probes = -1);
CREATE INDEX ON items USING ivf (v) WITH (probes = 32769);
CREATE INDEX ON items USING ivf (v) WITH (m = 16);
CREATE INDEX ON items USING ivf (v) WITH (fillfactor = 90);
CREATE INDEX items_v ON items USING ivf (v) WITH (lists = 32768, probes = 32768);
INSERT INTO items SELECT i, ARRAY[i, i % 10, i % 7] FROM generate_series(1, 600) i;
SELECT pg_get_indexdef('items_v'::regclass), reloptions FROM pg_class WHERE oid = 'items_v'::regclass;
SELECT lists > 1 AS split FROM vectordb_index_info('items_v');
-- not more lists than one for 32 rows
REINDEX INDEX items_v;
SELECT lists, heap_tids FROM vectordb_index_info('items_v');
ALTER INDEX items_v SET (lists = 5);
SELECT lists FROM vectordb_index_info('items_v');
REINDEX INDEX items_v;
SELECT lists FROM vectordb_index_info('items_v');
ALTER INDEX items_v SET (lists = 0);
SET enable_seqscan = off;
SET ivf.iterative_scan = off;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
ALTER INDEX items_v SET (probes = 1);
SELECT count(*) < 600 AS one_list FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
SET ivfflat.probes = 5;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
-- more than there are: all
SET ivfflat.probes = 32768;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[0,0,0]') s;
RESET ivfflat.probes;
RESET ivf.iterative_scan;
SELECT * FROM vectordb_index_check('items_v');

-- what pg_dump would write makes the same index again
CREATE INDEX items_partial ON items USING ivfflat ((subvector(v, 1, 2)::vector(2)) vector_cosine_ops) WITH (lists='3', probes='2') WHERE n IS NULL;
SELECT pg_get_indexdef('items_partial'::regclass) AS definition \gset
\echo :definition
DROP INDEX items_partial;
:definition;
SELECT pg_get_indexdef('items_partial'::regclass) = :'definition' AS same;
SELECT * FROM vectordb_index_check('items_partial');
DROP TABLE items;

-- settings: two names for each
SELECT name, setting, vartype, context, min_val, max_val, enumvals FROM pg_settings WHERE name LIKE 'ivf%' ORDER BY name;
SET ivfflat.probes = -1;
SET ivfflat.probes = 32769;
SET ivf.max_probes = 0;
SET ivfflat.max_probes = 32769;
SET ivfflat.iterative_scan = on;
SET ivf.probes = 7;
SHOW ivfflat.probes;
SET ivfflat.probes = 3;
SHOW ivf.probes;
SET ivf.probes = 4;
SHOW ivfflat.probes;
-- a name that is reset leaves the choice to the other
RESET ivf.probes;
SHOW ivf.probes;
RESET ivfflat.probes;
SHOW ivf.probes;
SET ivf.probes = 9;
BEGIN;
SET LOCAL ivfflat.probes = 2;
SHOW ivf.probes;
COMMIT;
SHOW ivfflat.probes;
RESET ALL;
SET ivfflat.iterative_scan = relaxed_order;
SET ivfflat.max_probes = 10;
SELECT name, setting FROM pg_settings WHERE name LIKE 'ivf%' ORDER BY name;
RESET ALL;
-- the prefixes are reserved
SET ivf.prob = 1;
SET ivfflat.prob = 1;
