-- Distances between bit strings, and the kernels behind them forced one after the other.
SELECT hamming_distance('111', '111'), hamming_distance('111', '110'), hamming_distance('111', '000'), '10110' <~> B'01111' AS op;
SELECT jaccard_distance('1111', '1111'), jaccard_distance('1111', '1110'), jaccard_distance('1100', '0011'),
    jaccard_distance('1100', '0110'), B'1111' <%> '1000' AS op;
SELECT hamming_distance('', ''), jaccard_distance('', ''), jaccard_distance('0000', '0000'), jaccard_distance('0000', '1111');
SELECT hamming_distance(B'111'::varbit, B'100'::varbit), jaccard_distance(B'111'::bit(3), B'100'::varbit);
SELECT hamming_distance(NULL, '1') IS NULL, B'1' <%> NULL IS NULL;

-- different lengths, also of one number of bytes
SELECT hamming_distance('111', '00');
SELECT jaccard_distance('111', '00');
SELECT B'1' <~> B'1000000000';
\set VERBOSITY sqlstate
SELECT hamming_distance('111', '00');
\set VERBOSITY default

-- the bits of binary_quantize
SELECT binary_quantize('[1,-2,3,0]'::vector) <~> binary_quantize('[1,2,3,4]'::halfvec);

-- all lengths about the widths of the kernels, against bits counted one by one
CREATE FUNCTION wrong_bit_distances() RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT count(*) FROM (SELECT generate_series(1, 300) UNION VALUES (511), (512), (513), (2047), (2049), (5000), (64000)) d (n),
        LATERAL (SELECT string_agg((i * i % 7 % 2)::text, '' ORDER BY i)::varbit AS a, string_agg((i % 5 % 2)::text, '' ORDER BY i)::varbit AS b,
                        sum((i * i % 7 % 2 <> i % 5 % 2)::int) AS differing, sum((i * i % 7 % 2) * (i % 5 % 2)) AS common,
                        sum(greatest(i * i % 7 % 2, i % 5 % 2)) AS any_set
                 FROM generate_series(1::bigint, n) i) s
    WHERE a <~> b <> differing OR b <~> a <> differing OR a <~> a <> 0
        OR a <%> b <> CASE WHEN common > 0 THEN 1 - common::float8 / any_set ELSE 1 END OR a <%> b <> b <%> a $$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY (SELECT enumvals FROM pg_settings WHERE pg_settings.name = 'vectordb.simd') LOOP
        BEGIN
            PERFORM set_config('vectordb.simd', name, false);
        EXCEPTION WHEN feature_not_supported THEN
            CONTINUE; -- not on this machine
        END;
        IF wrong_bit_distances() <> 0 THEN
            RAISE '% wrong distances under %', wrong_bit_distances(), name;
        END IF;
    END LOOP;
END $$;
RESET vectordb.simd;
DROP FUNCTION wrong_bit_distances;

-- ordering by distance, with values out of line and packed
CREATE TABLE bit_distance AS SELECT i, repeat(i::bit(16)::text, 1000)::bit(16000) AS b FROM generate_series(1, 20) i;
SELECT i, b <~> (SELECT b FROM bit_distance WHERE i = 7) AS hamming FROM bit_distance ORDER BY 2, 1 LIMIT 5;
SELECT i, round((b <%> (SELECT b FROM bit_distance WHERE i = 7))::numeric, 6) AS jaccard FROM bit_distance ORDER BY 2, 1 LIMIT 5;
DROP TABLE bit_distance;
