-- Distances between sparsevecs, norm and normalisation.
SELECT l2_distance('{}/2'::sparsevec, '{1:3,2:4}/2'), l2_distance('{1:3}/2'::sparsevec, '{2:4}/2'), '{1:1,3:2}/3'::sparsevec <-> '{1:1,3:-2}/3', '{}/9'::sparsevec <-> '{}/9';
SELECT sparsevec_l2_squared_distance('{1:1,3:2}/3', '{1:-2,2:5}/3');
SELECT inner_product('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), inner_product('{1:1,3:3}/4'::sparsevec, '{2:2,4:4}/4'), '{1:1,2:2}/2'::sparsevec <#> '{1:3,2:4}/2',
    sparsevec_negative_inner_product('{5:3}/5', '{5:4}/5'), inner_product('{}/1'::sparsevec, '{1:1}/1');
SELECT cosine_distance('{1:1,2:2}/2'::sparsevec, '{1:2,2:4}/2'), cosine_distance('{1:1}/2'::sparsevec, '{2:2}/2'), '{1:1,2:1}/2'::sparsevec <=> '{1:-1.1,2:-1.1}/2',
    cosine_distance('{1:1}/2'::sparsevec, '{}/2'), cosine_distance('{}/1'::sparsevec, '{}/1'), cosine_distance('{1:3e38}/1'::sparsevec, '{1:3e38}/1');
SELECT l1_distance('{}/2'::sparsevec, '{1:3,2:4}/2'), l1_distance('{1:1,3:3,5:5,7:7,9:9}/9'::sparsevec, '{2:2,4:4,6:6,8:8}/9'), '{1:1,3:-1}/3'::sparsevec <+> '{1:-2,3:-3}/3';
-- too large for single precision
SELECT l2_distance('{1:3e38}/1'::sparsevec, '{1:-3e38}/1'), inner_product('{1:3e38}/1'::sparsevec, '{1:3e38}/1'), l1_distance('{1:3e38}/1'::sparsevec, '{1:-3e38}/1');

SELECT l2_distance('{1:1}/2'::sparsevec, '{1:3}/1');
SELECT sparsevec_l2_squared_distance('{1:1}/2', '{1:3}/1');
SELECT inner_product('{1:1}/2'::sparsevec, '{1:3}/1');
SELECT sparsevec_negative_inner_product('{1:1}/2', '{1:3}/1');
SELECT cosine_distance('{1:1}/2'::sparsevec, '{1:3}/1');
SELECT l1_distance('{1:1}/2'::sparsevec, '{1:3}/1');

-- as the dense vectors of the same elements; integers, so exactly
CREATE TABLE sparsevec_distance AS
    SELECT i, ARRAY(SELECT CASE WHEN hashint8(i * 1000 + j) % 4 = 0 THEN hashint8(j * 1000 + i) % 10 ELSE 0 END FROM generate_series(1, 70) j)::vector AS v
    FROM generate_series(1, 60) i;
SELECT count(*), count(*) FILTER (WHERE a.v::sparsevec <-> b.v = a.v <-> b.v) AS l2, count(*) FILTER (WHERE a.v::sparsevec <#> b.v = a.v <#> b.v) AS ip,
        count(*) FILTER (WHERE a.v::sparsevec <+> b.v = a.v <+> b.v) AS l1, count(*) FILTER (WHERE a.v::sparsevec <=> b.v = a.v <=> b.v) AS cosine,
        count(*) FILTER (WHERE sparsevec_l2_squared_distance(a.v, b.v) = vector_l2_squared_distance(a.v, b.v)) AS l2_squared
    FROM sparsevec_distance a, sparsevec_distance b;
SELECT count(*) FROM sparsevec_distance WHERE l2_norm(v::sparsevec) = vector_norm(v) AND l2_normalize(v::sparsevec) = l2_normalize(v)::sparsevec;
DROP TABLE sparsevec_distance;

SELECT l2_norm('{1:3,2:4}/2'::sparsevec), l2_norm('{}/2'::sparsevec), l2_norm('{1:3e37,2:4e37}/2'::sparsevec)::real, l2_norm('{7:-2}/9'::sparsevec);
SELECT l2_normalize('{1:3,4:4}/5'::sparsevec), l2_normalize('{2:-0.1}/2'::sparsevec), l2_normalize('{}/2'::sparsevec), l2_normalize('{1:3e38}/1'::sparsevec);
-- an element that becomes zero is left out
SELECT l2_normalize('{1:3e38,2:1e-37}/2'::sparsevec), l2_normalize('{2:3e37,4:3e-37,6:4e37,8:4e-37}/9'::sparsevec);

\set VERBOSITY sqlstate
SELECT l2_distance('{1:1}/2'::sparsevec, '{1:3}/1');
