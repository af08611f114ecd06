-- Distances, and the kernels behind them forced one after the other.
SELECT l2_distance('[0,0]'::vector, '[3,4]'), '[0,0]'::vector <-> '[3,4]' AS op;
SELECT vector_l2_squared_distance('[1,2,3]', '[4,6,15]');
SELECT inner_product('[1,2,3]'::vector, '[4,5,6]'), '[1,2,3]'::vector <#> '[4,5,6]' AS op;
SELECT vector_negative_inner_product('[1,2]', '[-3,4]');
SELECT l1_distance('[0,0]'::vector, '[3,-4]'), '[0,0]'::vector <+> '[3,-4]' AS op;
SELECT cosine_distance('[1,0]'::vector, '[0,2]'), '[1,0]'::vector <=> '[0,2]' AS op;
SELECT cosine_distance('[1,2]'::vector, '[2,4]'), cosine_distance('[1,2]'::vector, '[-2,-4]');
SELECT vector_spherical_distance('[1,0]', '[0,1]'), vector_spherical_distance('[1,0]', '[-1,0]'),
    vector_spherical_distance('[0.6,0.8]', '[0.6,0.8]');
SELECT cosine_distance('[1,1,1]'::vector, '[1.1,1.1,1.1]') >= 0, cosine_distance('[1,1,1]'::vector, '[-1.1,-1.1,-1.1]') <= 2;

-- operands without a direction, and out of range
SELECT cosine_distance('[1,2]'::vector, '[0,0]'), cosine_distance('[0]'::vector, '[0]');
SELECT cosine_distance('[3e38]'::vector, '[3e38]'), cosine_distance('[3e38]'::vector, '[-1]'), cosine_distance('[1]'::vector, '[3e38]');
SELECT l2_distance('[3e38]'::vector, '[-3e38]'), l1_distance('[3e38]'::vector, '[-3e38]'), inner_product('[3e38]'::vector, '[3e38]');
SELECT vector_spherical_distance('[2]', '[3]'), vector_spherical_distance('[2]', '[-3]');
SELECT l2_distance('[1e-30]'::vector, '[2e-30]');
SELECT round(cosine_distance('[3e-30,4e-30]'::vector, '[4e5,3e5]')::numeric, 6), cosine_distance('[1e-45,0]'::vector, '[0,1e-45]'),
    cosine_distance('[1e-40,-1e-40]'::vector, '[-1,1]');

-- NULLs
SELECT l2_distance(NULL, '[1]'::vector) IS NULL, '[1]'::vector <=> NULL IS NULL;

-- different dimensions
SELECT l2_distance('[1,2]'::vector, '[3]');
SELECT vector_l2_squared_distance('[1,2]', '[3]');
SELECT inner_product('[1,2]'::vector, '[3]');
SELECT vector_negative_inner_product('[1,2]', '[3]');
SELECT cosine_distance('[1,2]'::vector, '[3]');
SELECT l1_distance('[1,2]'::vector, '[3]');
SELECT vector_spherical_distance('[1,2]', '[3]');
SELECT '[1,2]'::vector <-> '[1,2,3]';
\set VERBOSITY sqlstate
SELECT '[1,2]'::vector <-> '[1,2,3]';
\set VERBOSITY default

-- all lengths about the widths of the kernels; the elements are small integers, so every result is exact
CREATE FUNCTION test_vectors(OUT n int, OUT a vector, OUT b vector) RETURNS SETOF record LANGUAGE sql
    SET search_path FROM CURRENT AS $$
    SELECT n, array_agg(i % 7 - 3 ORDER BY i)::vector, array_agg(i % 5 - 2 ORDER BY i)::vector
    FROM (SELECT generate_series(1, 130) UNION VALUES (384), (768), (1000), (1536), (16000)) d (n), generate_series(1, n) i
    GROUP BY n $$;
CREATE FUNCTION wrong_distances() RETURNS bigint LANGUAGE sql SET search_path FROM CURRENT AS $$
    SELECT count(*) FROM test_vectors() t,
        LATERAL (SELECT sum((x - y) * (x - y)) AS l2, sum(x * y) AS ip, sum(abs(x - y)) AS l1,
                        sum(x * x) AS aa, sum(y * y) AS bb
                 FROM unnest(a::real[]::float8[], b::real[]::float8[]) e (x, y)) s
    WHERE a <-> b <> sqrt(l2) OR a <#> b <> -ip OR a <+> b <> l1
        OR abs((a <=> b) - (1 - CASE WHEN aa * bb > 0 THEN ip / sqrt(aa * bb) ELSE 'NaN' END)) > 1e-15 $$;
SHOW vectordb.simd;
SELECT wrong_distances();
SET vectordb.simd = 'scalar';
SELECT wrong_distances();
SET vectordb.simd = 'SCALAR';
-- sets of instructions that this machine has not are refused, and the setting stays as it was
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['avx512_popcnt', 'avx512', 'avx2', 'neon'] LOOP
        BEGIN
            PERFORM set_config('vectordb.simd', name, false);
            IF wrong_distances() > 0 THEN
                RAISE WARNING 'wrong distances by %', name;
            END IF;
        EXCEPTION WHEN feature_not_supported THEN
            IF current_setting('vectordb.simd') = name THEN
                RAISE WARNING 'setting changed to %', name;
            END IF;
        END;
    END LOOP;
END $$;
SET vectordb.simd = 'mmx';
SET vectordb.simd_level = 'mmx';
RESET vectordb.simd;
SELECT name, vartype, context, enumvals, boot_val FROM pg_settings WHERE name = 'vectordb.simd';
DROP FUNCTION wrong_distances, test_vectors;
