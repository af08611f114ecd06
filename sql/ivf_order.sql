-- every operator class of ivf gives the order of the plan without the index, through build, insertion, vacuum
\getenv top PG_ABS_SRCDIR
\set plan :top '/sql/shared/plan.sql'
\i :plan

SET enable_seqscan = off;
SET jit = off; -- what the planner is told to avoid looks worth compiling
SELECT setseed(0.5);
CREATE FUNCTION random_numbers(n int, row_id int) RETURNS real[] LANGUAGE sql VOLATILE
    AS $$ SELECT array_agg((random() - 0.5)::real) FROM generate_series(1, n) WHERE row_id IS NOT NULL $$;
CREATE FUNCTION random_bits(n int, row_id int) RETURNS varbit LANGUAGE sql VOLATILE
    AS $$ SELECT string_agg((random() < 0.5)::int::text, '')::varbit FROM generate_series(1, n) WHERE row_id IS NOT NULL $$;
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

CREATE TABLE small (id int, v vector(3));
INSERT INTO small VALUES (1, '[0,0,0]'), (2, '[1,2,3]'), (3, '[1,1,1]'), (4, NULL), (5, '[-1,-2,-3]'), (6, '[3,0.5,0]'), (7, '[0,3.5,1]');
CREATE INDEX small_l2 ON small USING ivf (v vector_l2_ops);
CREATE INDEX small_ip ON small USING ivf (v vector_ip_ops);
CREATE INDEX small_cosine ON small USING ivfflat (v vector_cosine_ops) WITH (lists = 3);
CREATE INDEX small_l1 ON small USING ivf (v vector_l1_ops);
INSERT INTO small VALUES (8, '[1,2,4]'), (9, NULL);

SELECT pg_temp.plan($$SELECT id, v <-> '[3,3,3]' AS distance FROM small ORDER BY v <-> '[3,3,3]' LIMIT 10$$);
SELECT id, v <-> '[3,3,3]' AS distance FROM small ORDER BY v <-> '[3,3,3]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <#> '[3,3,4]' AS distance FROM small ORDER BY v <#> '[3,3,4]' LIMIT 10$$);
SELECT id, v <#> '[3,3,4]' AS distance FROM small ORDER BY v <#> '[3,3,4]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <=> '[3,3,4]' AS distance FROM small ORDER BY v <=> '[3,3,4]' LIMIT 10$$);
SELECT id, round((v <=> '[3,3,4]')::numeric, 6) AS distance FROM small ORDER BY v <=> '[3,3,4]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id, v <+> '[3,3,4]' AS distance FROM small ORDER BY v <+> '[3,3,4]' LIMIT 10$$);
SELECT id, v <+> '[3,3,4]' AS distance FROM small ORDER BY v <+> '[3,3,4]' LIMIT 10;
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY '[3,3,3]' <-> v LIMIT 1$$);
SELECT pg_temp.plan($$SELECT id FROM small ORDER BY v <-> '[3,3,3]' DESC LIMIT 1$$);

-- a query that is NULL: all rows are equally far; one without direction: every cosine distance is NaN
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <-> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <#> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <=> (SELECT NULL::vector)) s;
SELECT count(*), count(v) FROM (SELECT * FROM small ORDER BY v <=> '[0,0,0]') s;
-- a query of other dimensions
SELECT id FROM small ORDER BY v <-> '[1,2]' LIMIT 1;
SELECT id FROM small ORDER BY v <=> '[1,2,3,4]'::vector LIMIT 1;
SELECT * FROM unnest('{small_l2,small_ip,small_cosine,small_l1}'::regclass[]) i, vectordb_index_check(i);
DROP TABLE small;

-- at as many probes as there are lists the order is exact
SET ivf.probes = 32768;
CREATE TABLE full_vectors (id int, v vector(12));
CREATE TABLE halves (id int, v halfvec(12));
CREATE TABLE bits (id int, v bit(30));
CREATE FUNCTION fill(from_id int, to_id int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO full_vectors SELECT i, random_numbers(12, i) FROM generate_series(from_id, to_id) i;
    INSERT INTO halves SELECT i, random_numbers(12, i) FROM generate_series(from_id, to_id) i;
    INSERT INTO bits SELECT i, random_bits(30, i)::bit(30) FROM generate_series(from_id, to_id) i;
$$;
SELECT fill(1, 1500);
INSERT INTO full_vectors SELECT 1000000 + i, v FROM full_vectors, generate_series(1, 3) i WHERE id <= 50;
INSERT INTO full_vectors VALUES (0, NULL), (-1, array_fill(0, '{12}'));
INSERT INTO halves VALUES (0, NULL), (-1, array_fill(0, '{12}'));
INSERT INTO bits VALUES (0, NULL), (-1, 0::bit(30));
CREATE INDEX full_l2 ON full_vectors USING ivf (v vector_l2_ops) WITH (lists = 20);
CREATE INDEX full_ip ON full_vectors USING ivf (v vector_ip_ops) WITH (lists = 20);
CREATE INDEX full_cosine ON full_vectors USING ivf (v vector_cosine_ops) WITH (lists = 20);
CREATE INDEX full_l1 ON full_vectors USING ivf (v vector_l1_ops) WITH (lists = 20);
CREATE INDEX halves_l2 ON halves USING ivf (v halfvec_l2_ops) WITH (lists = 20);
CREATE INDEX halves_ip ON halves USING ivf (v halfvec_ip_ops) WITH (lists = 20);
CREATE INDEX halves_cosine ON halves USING ivf (v halfvec_cosine_ops) WITH (lists = 20);
CREATE INDEX halves_l1 ON halves USING ivf (v halfvec_l1_ops) WITH (lists = 20);
CREATE INDEX bits_hamming ON bits USING ivf (v bit_hamming_ops) WITH (lists = 20);
CREATE VIEW faults AS SELECT t, op, f.*
    FROM (VALUES ('full_vectors', '{<->,<#>,<=>,<+>}'::text[], '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]'''), ('halves', '{<->,<#>,<=>,<+>}', '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]'''),
        ('bits', '{<~>}', 'B''110011001100110011001100110011''')) q (t, ops, query), unnest(ops) op, order_faults(t::regclass, op, query) f;
CREATE VIEW problems AS SELECT c.relname, p.* FROM pg_class c JOIN pg_am a ON a.oid = c.relam, vectordb_index_check(c.oid) p
    WHERE a.amname LIKE 'ivf%' AND c.relkind = 'i';
SELECT * FROM faults;
SELECT fill(2001, 3500);
DELETE FROM full_vectors WHERE id % 3 = 0;
DELETE FROM halves WHERE id % 3 = 0;
DELETE FROM bits WHERE id % 3 = 0;
VACUUM full_vectors, halves, bits;
SELECT fill(4001, 4500);
SELECT pg_temp.plan($$SELECT id FROM halves ORDER BY v <#> '[1,0,0,0,0,0,0,0,0,0,0,-1]' LIMIT 3$$);
SELECT pg_temp.plan($$SELECT id FROM bits ORDER BY v <~> B'110011001100110011001100110011' LIMIT 3$$);
SELECT count(v) FROM full_vectors;
SELECT count(v) FROM halves;
SELECT * FROM faults;
SELECT * FROM problems;
SELECT metric, dimensions, access_method, heap_tids, lists FROM unnest('{full_cosine,halves_l1,bits_hamming}'::regclass[]) i, vectordb_index_info(i);
-- too little memory for all entries at once: the lists are read again
SET work_mem = '64kB';
SELECT * FROM faults;
RESET work_mem;

-- one at a time from the nearest list on, the order may be off between lists but not under strict_order
SET ivf.probes = 1;
SELECT rows_found > 1500 AS most FROM order_faults('full_vectors', '<->', '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]''');
SELECT count(*) AS out_of_order FROM (SELECT d, lag(d) OVER (ORDER BY place) AS before FROM (SELECT d, row_number() OVER () AS place FROM
    (SELECT v <-> '[1,0,0.25,0,0,0,0,0,0,0,0,-1]' AS d FROM full_vectors ORDER BY v <-> '[1,0,0.25,0,0,0,0,0,0,0,0,-1]') s) t) u WHERE d < before;
SET ivf.iterative_scan = relaxed_order;
SELECT f.rows_found FROM order_faults('full_vectors', '<->', '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]''') f;
SET ivf.max_probes = 3;
SELECT f.rows_found BETWEEN 100 AND 1500 AS three_lists FROM order_faults('full_vectors', '<->', '''[1,0,0.25,0,0,0,0,0,0,0,0,-1]''') f;
RESET ALL;
DROP VIEW faults, problems;
DROP TABLE full_vectors, halves, bits;
DROP FUNCTION random_numbers, random_bits, order_faults, fill;
