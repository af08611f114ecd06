-- Casts from and to sparsevec.
SELECT ARRAY[0,1,0,-2]::sparsevec, '{0.1,0,-0,3e-45}'::real[]::sparsevec, '{1.5,1e-300,0}'::float8[]::sparsevec(3), '{0.0,2.5}'::numeric[]::sparsevec;
SELECT '{0,0}'::int[]::sparsevec, array_fill(0, ARRAY[20000])::sparsevec;
SELECT '[0,1.5,-0,3]'::vector::sparsevec, '[0,1.5,-0,5.9604645e-8]'::halfvec::sparsevec, '[0,1]'::vector::sparsevec(2), '[0,1]'::halfvec::sparsevec(2);
SELECT '{2:1.5,4:-3}/5'::sparsevec::vector, '{2:1.5,4:-0.1}/5'::sparsevec::halfvec, '{}/2'::sparsevec::vector(2), '{}/2'::sparsevec::halfvec(2);
-- there and back
SELECT array_fill(1.5::real, ARRAY[16000])::vector::sparsevec::vector = array_fill(1.5::real, ARRAY[16000])::vector,
    array_fill(1.5::real, ARRAY[16000])::halfvec::sparsevec::halfvec = array_fill(1.5::real, ARRAY[16000])::halfvec;
-- a half too small for it is 0, though the sparsevec has the element
SELECT '{1:1e-9,2:6e-8}/2'::sparsevec::halfvec;

SELECT ARRAY[1,NULL]::sparsevec;
SELECT '{{1}}'::int[]::sparsevec;
SELECT '{}'::int[]::sparsevec;
SELECT '{NaN}'::real[]::sparsevec;
SELECT '{0,Infinity}'::real[]::sparsevec;
SELECT '{1e40}'::float8[]::sparsevec;
SELECT '{1e400}'::numeric[]::sparsevec;
SELECT '{NaN}'::numeric[]::sparsevec;
SELECT ARRAY[1,2]::sparsevec(3);
SELECT array_fill(1, ARRAY[16001])::sparsevec;
SELECT ARRAY['1']::text[]::sparsevec;
SELECT '[1,2]'::vector::sparsevec(3);
SELECT '[1,2]'::halfvec::sparsevec(3);
SELECT '{}/2'::sparsevec::vector(3);
SELECT '{}/2'::sparsevec::halfvec(3);
SELECT '{}/16001'::sparsevec::vector;
SELECT '{}/16001'::sparsevec::halfvec;
SELECT '{1:1,2:65520}/3'::sparsevec::halfvec;
SELECT '{1:1}/1'::sparsevec::real[];

-- what happens without asking: a vector or halfvec becomes a sparsevec, the way back is for assignment, as from arrays
CREATE TABLE sparsevec_cast (v vector(3), h halfvec(3), s sparsevec(3));
INSERT INTO sparsevec_cast VALUES ('{1:1}/3'::sparsevec, '{2:2}/3'::sparsevec, '[0,0,3]'::vector), ('{3:1}/3'::sparsevec, '{}/3'::sparsevec, '[0,0,4]'::halfvec);
INSERT INTO sparsevec_cast (s) VALUES (ARRAY[1,0,0]), ('{0,0.5,0}'::float8[]);
INSERT INTO sparsevec_cast (s) VALUES (ARRAY[1,0]);
SELECT * FROM sparsevec_cast;
SELECT l1_distance(v, s), s <-> h FROM sparsevec_cast WHERE v IS NOT NULL;
DROP TABLE sparsevec_cast;

\set VERBOSITY sqlstate
SELECT ARRAY[1,NULL]::sparsevec;
SELECT '{{1}}'::int[]::sparsevec;
SELECT '{}'::int[]::sparsevec;
SELECT '{1e400}'::numeric[]::sparsevec;
SELECT array_fill(1, ARRAY[16001])::sparsevec;
SELECT '{}/16001'::sparsevec::vector;
SELECT '{}/2'::sparsevec::vector(3);
SELECT '{1:65520}/1'::sparsevec::halfvec;
