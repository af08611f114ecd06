-- Functions, operators, and aggregates of halfvec.
SELECT '[1,2]'::halfvec <-> '[4,6]', '[1,2]'::halfvec <#> '[3,4]', '[1,0]'::halfvec <=> '[0,2]', '[1,2]'::halfvec <+> '[-3,5]';
SELECT l2_distance('[0,0]'::halfvec, '[3,4]'), inner_product('[1,2]'::halfvec, '[3,4]'), cosine_distance('[1,1]'::halfvec, '[1,1]'),
    cosine_distance('[0,0]'::halfvec, '[1,1]'), l1_distance('[0,0]'::halfvec, '[3,-4]');
SELECT halfvec_l2_squared_distance('[0,0]', '[3,4]'), halfvec_negative_inner_product('[1,2]', '[3,4]'),
    halfvec_spherical_distance('[1,0]', '[0,1]'), halfvec_spherical_distance('[1,0]', '[-1,0]');
SELECT '[65504,65504]'::halfvec <-> '[-65504,-65504]', '[5.9604645e-8]'::halfvec <-> '[0]';

-- each table of kernels, at a length with every kind of tail: integers are exact
SELECT count(*) FROM generate_series(1, 200) n,
    LATERAL (SELECT array_agg(i % 7 - 3 ORDER BY i)::halfvec AS a, array_agg(i % 5 - 2 ORDER BY i)::halfvec AS b FROM generate_series(1, n) i) h
    WHERE l2_distance(a, b) = l2_distance(a::vector, b::vector) AND inner_product(a, b) = inner_product(a::vector, b::vector)
        AND l1_distance(a, b) = l1_distance(a::vector, b::vector);

SELECT '[1]'::halfvec <-> '[1,2]';
SELECT '[1]'::halfvec <=> '[1,2]';
SELECT '[1]'::halfvec + '[1,2]';

SELECT vector_dims('[1,2,3]'::halfvec), l2_norm('[3,4]'::halfvec), l2_norm('[0]'::halfvec), l2_norm('[65504]'::halfvec);
SELECT l2_normalize('[3,4]'::halfvec), l2_normalize('[0,0]'::halfvec), l2_normalize('[65504,0]'::halfvec), l2_normalize('[0,-5.9604645e-8]'::halfvec);
SELECT binary_quantize('[1,0,-1,0.5,-0,5.9604645e-8,1,1,-1]'::halfvec);
SELECT subvector('[1,2,3,4,5]'::halfvec, 2, 3), subvector('[1,2,3,4,5]'::halfvec, -1, 4), subvector('[1,2,3]'::halfvec, 1, 2147483647);
SELECT subvector('[1,2,3]'::halfvec, 4, 1);
SELECT subvector('[1,2,3]'::halfvec, 1, 0);

SELECT '[1,2,3]'::halfvec + '[4,5,6]', '[1,2,3]'::halfvec - '[4,5,6]', '[1,2,3]'::halfvec * '[4,5,-6]', '[1]'::halfvec || '[2,3]';
SELECT '[2048]'::halfvec + '[1]', '[2048]'::halfvec + '[3]', '[0.1]'::halfvec * '[0.1]', '[0,-0]'::halfvec * '[1e-7,1e-7]';
SELECT '[65504]'::halfvec + '[15]';
SELECT '[65504]'::halfvec + '[16]';
SELECT '[-65504]'::halfvec - '[65504]';
SELECT '[256]'::halfvec * '[-256]';
SELECT '[1e-5]'::halfvec * '[1e-5]';
SELECT array_fill(1, ARRAY[16000])::halfvec || '[1]';

CREATE TABLE halfvec_function (g int, v halfvec);
INSERT INTO halfvec_function VALUES (1, '[1,2,3]'), (1, '[3,5,7]'), (1, NULL), (2, '[-1,0]'), (3, NULL);
SELECT g, avg(v), sum(v), count(v) FROM halfvec_function GROUP BY g ORDER BY g;
SELECT avg(v) FROM halfvec_function;
SELECT sum(v) FROM halfvec_function;
SELECT v, sum(v) OVER w, avg(v) OVER w FROM halfvec_function WHERE vector_dims(v) = 3 WINDOW w AS (ORDER BY v);
SELECT avg(v) FROM (VALUES ('[65504]'::halfvec), ('[65504]')) t (v);
SELECT sum(v) FROM (VALUES ('[65504]'::halfvec), ('[65504]')) t (v);
DROP TABLE halfvec_function;

SELECT halfvec_accum('{0}', '[1,2]'), halfvec_accum('{3,1,1}', '[1,2]'), halfvec_combine('{1,2,3}', '{2,20,30}'), halfvec_avg('{4,2,8}');
SELECT halfvec_avg('{1,65520}');
SELECT halfvec_avg('{1,NaN}');
SELECT halfvec_avg('{1,Infinity}');
SELECT halfvec_avg('{1,NULL}');
SELECT halfvec_accum('{1,2,3}', '[1]');
SELECT halfvec_combine('{{1,2}}', '{1,2}');

\set VERBOSITY sqlstate
SELECT '[1]'::halfvec <-> '[1,2]';
SELECT '[65504]'::halfvec + '[65504]';
SELECT '[1e-5]'::halfvec * '[1e-5]';
SELECT halfvec_avg('{1,65520}');
SELECT halfvec_accum('{{1}}', '[1]');
