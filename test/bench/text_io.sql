-- Time of the text and binary functions of vector, per value:
--   psql -X -f test/bench/text_io.sql
-- The values lie in arrays in memory, so that neither disk nor TOAST count.  Walking over them has a row of its
-- own ("walk"), which is to be taken off the others.  The least of several rounds is shown.
\set QUIET on
\pset footer off
SET max_parallel_workers_per_gather = 0;
SET jit = off;

CREATE FUNCTION pg_temp.text_io(dimensions int)
    RETURNS TABLE (what text, dims int, bytes int, us_per_value numeric) LANGUAGE plpgsql AS $$
DECLARE
    texts text[];   -- shortest text of float4: 8 or 9 digits
    wide text[];    -- the same values printed as float8: 17 digits
    vectors vector[];
    kind record;
    started timestamptz;
    spent float8;
    least_spent float8;
    length int;
BEGIN
    SELECT array_agg(s.t), array_agg(s.w), array_agg(s.t::vector) INTO texts, wide, vectors FROM (
        SELECT '[' || string_agg(x::real::text, ',') || ']' AS t, '[' || string_agg(x::real::float8::text, ',') || ']' AS w
        FROM (SELECT i, sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) / 20 AS x
              FROM generate_series(1, 1000) i, generate_series(1, dimensions)) e GROUP BY i) s;
    FOR kind IN SELECT * FROM (VALUES ('text: walk', 1, 'textout(x)'), ('text in, 9 digits', 1, 'vector_in(textout(x), 0, -1)'),
                                      ('text: walk', 2, 'textout(x)'), ('text in, 17 digits', 2, 'vector_in(textout(x), 0, -1)'),
                                      ('vector: walk', 3, 'vector_dims(x)'), ('text out', 3, 'vector_out(x)'),
                                      ('binary out', 3, 'vector_send(x)')) k (what, input, expression) LOOP
        least_spent := 'Infinity';
        FOR round IN 1..7 LOOP
            started := clock_timestamp();
            EXECUTE format('SELECT count(%s) FROM unnest($%s) x', kind.expression, kind.input) USING texts, wide, vectors;
            spent := extract(epoch FROM clock_timestamp() - started) * 1e6 / 1000;
            least_spent := least(spent, least_spent);
        END LOOP;
        what := kind.what;
        dims := dimensions;
        bytes := CASE kind.input WHEN 1 THEN octet_length(texts[1]) WHEN 2 THEN octet_length(wide[1]) ELSE 4 * dimensions + 8 END;
        us_per_value := round(least_spent::numeric, 2);
        RETURN NEXT;
    END LOOP;
END $$;
SELECT t.* FROM (VALUES (384), (768), (1536)) d (n), pg_temp.text_io(n) t;
