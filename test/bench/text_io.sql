-- Time of the text and binary functions of vector, per value:
--   psql -X -f test/bench/text_io.sql
-- Each value is taken from an array in memory, so that neither disk nor TOAST count, and each function is called eight
-- times on it, so that what the executor does for a row counts little; a run without calls is taken off.  The least of
-- several rounds is shown.
\set QUIET on
\pset footer off
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET work_mem = '1GB'; -- unnest() keeps what it gives out until its end

-- Microseconds for all values of $1, $2 or $3, with the given number of calls on each.  The filters differ, as equal
-- aggregates would be computed once.
CREATE FUNCTION pg_temp.query(source text, expression text, calls int) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT count(*), %s FROM (SELECT %s AS c, i FROM unnest(%s) WITH ORDINALITY u (x, i) OFFSET 0) s',
                  coalesce(string_agg(format('count(%s) FILTER (WHERE i <> %s)', expression, -n), ', '), 'NULL'),
                  CASE source WHEN '$3' THEN 'x' ELSE 'textout(x)' END, source)
    FROM generate_series(1, calls) n $$;

CREATE FUNCTION pg_temp.text_io(dimensions int)
    RETURNS TABLE (what text, dims int, bytes int, us_per_value numeric) LANGUAGE plpgsql AS $$
DECLARE
    texts text[];   -- shortest text of float4: 8 or 9 digits
    wide text[];    -- the same values printed as float8: 17 digits
    vectors vector[];
    kind record;
    started timestamptz;
    spent float8;
    least_spent float8[];
    calls int;
BEGIN
    SELECT array_agg(s.t), array_agg(s.w), array_agg(s.t::vector) INTO texts, wide, vectors FROM (
        SELECT '[' || string_agg(x::real::text, ',') || ']' AS t, '[' || string_agg(x::real::float8::text, ',') || ']' AS w
        FROM (SELECT i, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) / 20 AS x
              FROM generate_series(1, 500) i, generate_series(1, dimensions)) e GROUP BY i) s;
    FOR kind IN SELECT * FROM (VALUES ('text in, 9 digits', '$1', 'vector_in(c, 0, -1)', octet_length(texts[1])),
                                      ('text in, 17 digits', '$2', 'vector_in(c, 0, -1)', octet_length(wide[1])),
                                      ('text out', '$3', 'vector_out(c)', 4 * dimensions + 8),
                                      ('binary out', '$3', 'vector_send(c)', 4 * dimensions + 8))
            k (what, source, expression, bytes) LOOP
        least_spent := ARRAY['Infinity', 'Infinity'];
        FOR round IN 1..9 LOOP
            FOR k IN 1..2 LOOP
                calls := (k - 1) * 8;
                started := clock_timestamp();
                EXECUTE pg_temp.query(kind.source, kind.expression, calls) USING texts, wide, vectors;
                spent := extract(epoch FROM clock_timestamp() - started) * 1e6 / 500 / 8;
                least_spent[k] := least(spent, least_spent[k]);
            END LOOP;
        END LOOP;
        what := kind.what;
        dims := dimensions;
        bytes := kind.bytes;
        us_per_value := round((least_spent[2] - least_spent[1])::numeric, 2);
        RETURN NEXT;
    END LOOP;
END $$;
SELECT t.* FROM (VALUES (384), (768), (1536)) d (n), pg_temp.text_io(n) t;
