-- Nanoseconds of one call of the functions on vector, halfvec and bit, in whichever extension is installed:
--   psql -X -v dims=384 -f test/bench/functions.sql
-- Values are taken from an array in memory, so that neither disk nor TOAST count, and a function is called eight times
-- on each, so that what the executor does for a row counts little; a run without calls is taken off. The least of
-- several rounds is shown. Aggregates are shown per row, with what a row costs.
\set QUIET on
\pset footer off
\if :{?dims} \else \set dims 384 \endif
SELECT setseed(.5) \g /dev/null
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '1GB'; -- unnest() keeps what it gives out until its end

-- What is called on values of which types: c is a value, $2 one of them.
CREATE TEMP TABLE call AS SELECT * FROM (VALUES
    (1, 'vector,halfvec', 'c <-> $2'), (2, 'vector,halfvec', 'c <#> $2'), (3, 'vector,halfvec', 'c <=> $2'),
    (4, 'vector,halfvec', 'c <+> $2'), (5, 'vector', 'vector_norm(c)'), (5, 'halfvec', 'l2_norm(c)'),
    (6, 'vector,halfvec', 'l2_normalize(c)'), (7, 'vector,halfvec', 'c + $2'), (8, 'vector,halfvec', 'c - $2'),
    (9, 'vector,halfvec', 'c * $2'), (10, 'vector,halfvec', 'c || $2'), (11, 'vector,halfvec', 'c = c'),
    (13, 'vector', 'c::halfvec'), (13, 'halfvec', 'c::vector'),
    (14, 'vector,halfvec', 'c::real[]'), (15, 'vector', 'c::real[]::vector'), (15, 'halfvec', 'c::real[]::halfvec'),
    (16, 'vector,halfvec', 'binary_quantize(c)'), (17, 'vector,halfvec', 'subvector(c, 2, 64)'),
    (18, 'bit', 'c <~> $2'), (19, 'bit', 'c <%> $2')) c (place, types, expression);

CREATE FUNCTION pg_temp.least_time(query text, value_list anyarray, value anyelement) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
    least_spent float8 := 'Infinity';
BEGIN
    FOR round IN 1..25 LOOP
        started := clock_timestamp();
        EXECUTE query USING value_list, value;
        least_spent := least(extract(epoch FROM clock_timestamp() - started) * 1e9 / array_length(value_list, 1), least_spent);
    END LOOP;
    RETURN least_spent;
END $$;

-- Eight counts of an expression. The filters differ, as equal aggregates would be computed once.
CREATE FUNCTION pg_temp.counting(expression text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT %s FROM unnest($1) WITH ORDINALITY u (c, i)',
                  string_agg(format('count(%s) FILTER (WHERE i <> %s)', expression, -n), ', ')) FROM generate_series(1, 8) n $$;

CREATE FUNCTION pg_temp.function_times(type text, value_list anyarray)
    RETURNS TABLE (what text, ns numeric) LANGUAGE plpgsql AS $$
DECLARE
    nothing float8 := pg_temp.least_time(pg_temp.counting('c'), value_list, value_list[1]);
BEGIN
    FOR what IN SELECT expression FROM call WHERE type = ANY (string_to_array(types, ',')) ORDER BY place LOOP
        ns := round(((pg_temp.least_time(pg_temp.counting(what), value_list, value_list[1]) - nothing) / 8)::numeric);
        RETURN NEXT;
    END LOOP;
    FOREACH what IN ARRAY CASE type WHEN 'bit' THEN '{}' ELSE '{avg(c),sum(c)}'::text[] END LOOP
        ns := round(pg_temp.least_time(format('SELECT %s FROM unnest($1) c', what), value_list, value_list[1])::numeric);
        RETURN NEXT;
    END LOOP;
END $$;

CREATE TEMP TABLE value AS SELECT v, v::halfvec AS h, binary_quantize(v) AS b
    FROM (SELECT array_agg((random() + .01) * sign(random() - .5))::vector AS v
          FROM generate_series(1, 500) i, generate_series(1, :dims) d GROUP BY i) s;
SELECT 'vector' AS type, t.* FROM (SELECT array_agg(v) AS a FROM value) s, pg_temp.function_times('vector', a) t
UNION ALL SELECT 'halfvec', t.* FROM (SELECT array_agg(h) AS a FROM value) s, pg_temp.function_times('halfvec', a) t
UNION ALL SELECT 'bit', t.* FROM (SELECT array_agg(b) AS a FROM value) s, pg_temp.function_times('bit', a) t;
