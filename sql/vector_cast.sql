-- Casts between arrays and vector.
SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2,3]::vector, '{1,2.5}'::real[]::vector, '{1,2.5}'::float8[]::vector,
    '{1,2.5}'::numeric[]::vector;
SELECT '{1,2,3}'::int[]::vector(3), '[5:7]={1,2,3}'::int[]::vector;
SELECT '{16777217,-2147483648}'::int[]::vector;
SELECT '{0.1,1e-46,-1e-46,3.4028235e38}'::float8[]::vector;
SELECT '{0.1,123456789.123456789}'::numeric[]::vector;
SELECT (ARRAY[1,NULL,3])[3:3]::vector;

SELECT '[1,2.5]'::vector::real[], pg_typeof('[1]'::vector::real[]), array_dims('[1,2]'::vector::real[]);
SELECT array_length(array_fill(1, ARRAY[16000])::vector::real[], 1);

-- errors
SELECT '{}'::int[]::vector;
SELECT '{{1,2},{3,4}}'::real[]::vector;
SELECT '{1,NULL}'::float8[]::vector;
SELECT '{1,NaN}'::float8[]::vector;
SELECT '{-Infinity}'::real[]::vector;
SELECT '{4e38}'::float8[]::vector;
SELECT '{1e40}'::numeric[]::vector;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{1,2,3}'::int[]::vector(2);
SELECT '{1,2}'::int8[]::vector;
SELECT array_fill(1, ARRAY[16001])::vector;
SELECT array_to_vector(array_fill(1.0::real, ARRAY[16001]), 16001, false);
SELECT '[1]'::vector::int[];

-- assignment, not more
CREATE TABLE vector_cast (v vector(2));
INSERT INTO vector_cast VALUES (ARRAY[1,2]), ('{3,4}'::real[]), ('{5,6}'::float8[]), ('{7,8}'::numeric[]);
INSERT INTO vector_cast VALUES (ARRAY[1,2,3]);
SELECT * FROM vector_cast;
SELECT '[1]'::vector <-> ARRAY[1];
DROP TABLE vector_cast;

-- arrays of vectors
SELECT ARRAY['[1,2]', '[3]']::vector[], '{"[1,2,3]"}'::vector(3)[];
SELECT '{"[1,2,3]"}'::vector(2)[];
-- arrays alone still compare as arrays
SELECT ARRAY[1,2] = ARRAY[1,2], ARRAY[1.0::real] < ARRAY[2.0::real];

-- an array of a type that has no cast, through a function that should not be
CREATE FUNCTION text_array_to_vector(text[], integer, boolean) RETURNS vector
    AS '$libdir/vectordb', 'array_to_vector' LANGUAGE C IMMUTABLE STRICT;
SELECT text_array_to_vector('{1}', -1, false);
DROP FUNCTION text_array_to_vector;

\set VERBOSITY sqlstate
SELECT '{{1}}'::real[]::vector;
SELECT '{NULL}'::real[]::vector;
SELECT '{NaN}'::real[]::vector;
SELECT '{}'::real[]::vector;
SELECT '{1}'::real[]::vector(2);
SELECT array_fill(1, ARRAY[16001])::vector;
