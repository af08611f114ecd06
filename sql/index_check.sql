-- vectordb_index_check and vectordb_index_info

CREATE FUNCTION random_vector(dims int) RETURNS vector LANGUAGE sql VOLATILE
    AS $$ SELECT array_agg(random())::vector FROM generate_series(1, dims) $$;
SELECT setseed(0.5);

-- sound indexes of every kind give no rows
CREATE TABLE checked (id int, a vector(3), b vector(40), c vector(3000));
CREATE INDEX checked_empty ON checked USING hnsw (a vector_l2_ops);
INSERT INTO checked SELECT i, random_vector(3 + i * 0), random_vector(40 + i * 0), CASE WHEN i <= 20 THEN random_vector(3000 + i * 0) END
    FROM generate_series(1, 1000) i;
INSERT INTO checked SELECT i, a, b FROM checked, generate_series(1001, 1200) i WHERE id = 7;
CREATE INDEX checked_l2 ON checked USING hnsw (a vector_l2_ops) WITH (m = 4, ef_construction = 20);
CREATE INDEX checked_ip ON checked USING hnsw (a vector_ip_ops);
CREATE INDEX checked_cosine ON checked USING hnsw (b vector_cosine_ops);
CREATE INDEX checked_l1 ON checked USING hnsw (b vector_l1_ops) WHERE id % 3 = 0;
CREATE INDEX checked_wide ON checked USING hnsw (c vector_l2_ops);
CREATE INDEX checked_expression ON checked USING hnsw (((a + '[1,2,3]')::vector(3)) vector_l2_ops);
SELECT i, p.* FROM unnest('{checked_empty,checked_l2,checked_ip,checked_cosine,checked_l1,checked_wide,checked_expression}'::regclass[]) i,
    vectordb_index_check(i) p;
INSERT INTO checked VALUES (1201, NULL, NULL, NULL), (1202, '[0,0,0]', array_fill(0, '{40}'), NULL);
DELETE FROM checked WHERE id % 2 = 1;
UPDATE checked SET id = id + 1 WHERE id < 100;
VACUUM checked;
SELECT i, p.* FROM unnest('{checked_empty,checked_l2,checked_ip,checked_cosine,checked_l1,checked_wide,checked_expression}'::regclass[]) i,
    vectordb_index_check(i) p;

SELECT metric, dimensions, m, live, heap_tids, tombstones, detached, level_nodes[1] BETWEEN 300 AND 450 AS most_at_level_0,
        entry IS NOT NULL AS has_entry, average_degree BETWEEN 2 AND 8 AS degree, bytes = pg_relation_size('checked_l2') AS bytes
    FROM vectordb_index_info('checked_l2');
SELECT metric, live FROM unnest('{checked_ip,checked_cosine,checked_l1,checked_wide}'::regclass[]) i, vectordb_index_info(i);
TRUNCATE checked;
SELECT * FROM vectordb_index_check('checked_l2');
SELECT live, level_nodes, entry, average_degree FROM vectordb_index_info('checked_l2');

-- rows that the index lacks: the predicate is not as immutable as it says
CREATE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN id > 3; END $$;
INSERT INTO checked SELECT i, random_vector(3 + i * 0) FROM generate_series(1, 5) i;
CREATE INDEX checked_partial ON checked USING hnsw (a vector_l2_ops) WHERE wanted(id);
SELECT * FROM vectordb_index_check('checked_partial');
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN id > 1; END $$;
SELECT * FROM vectordb_index_check('checked_partial');
-- that a row is not wanted any more does no harm
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN id > 4; END $$;
SELECT * FROM vectordb_index_check('checked_partial');

-- the functions of others run as the table's owner
CREATE OR REPLACE FUNCTION wanted(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN IF current_user <> 'regress_checker' THEN RAISE 'called by %', current_user; END IF; RETURN true; END $$;
CREATE ROLE regress_checker;
CREATE ROLE regress_other;
DROP INDEX checked_partial;
ALTER TABLE checked OWNER TO regress_checker;
CREATE INDEX checked_partial ON checked USING hnsw (a vector_l2_ops) WHERE wanted(id);
SELECT * FROM vectordb_index_check('checked_partial');
SELECT current_user = session_user AS restored;
-- only they may ask
SET ROLE regress_other;
SELECT * FROM vectordb_index_check('checked_partial');
SELECT live FROM vectordb_index_info('checked_partial');
SET ROLE regress_checker;
SELECT * FROM vectordb_index_check('checked_partial');
SELECT live FROM vectordb_index_info('checked_partial');
RESET ROLE;

-- in a transaction of its own, on rows of its own
DROP INDEX checked_partial;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM checked;
INSERT INTO checked VALUES (6, '[1,2,3]');
SELECT * FROM vectordb_index_check('checked_l2');
ROLLBACK;

-- what is not an index of ours
SELECT * FROM vectordb_index_check('checked');
SELECT * FROM vectordb_index_check('pg_class_oid_index');
SELECT * FROM vectordb_index_check(0);
SELECT * FROM vectordb_index_info('checked');
SELECT * FROM vectordb_index_check(NULL);
CREATE TABLE checked_parts (id int, a vector(3)) PARTITION BY RANGE (id);
CREATE INDEX checked_parts_a ON checked_parts USING hnsw (a vector_l2_ops);
SELECT * FROM vectordb_index_check('checked_parts_a');

DROP TABLE checked, checked_parts;
DROP FUNCTION random_vector, wanted;
DROP ROLE regress_checker, regress_other;
