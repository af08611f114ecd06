-- Text form, type modifier and binary form of vector.
-- The setting has no say: the output is always the shortest that reads back as the same value.
SET extra_float_digits = -15;

-- what is accepted
SELECT '[1]'::vector;
SELECT '[1,-2.5,3e2]'::vector;
SELECT E' \t\n\r\x0b\f[ \t1 ,\n2\r,\x0b3\f] \t\n'::vector;
SELECT '[+1,1.,.5,-.5,0001,1e+2,1E-2]'::vector;
SELECT '[0,-0,0e999,-0.0]'::vector;
SELECT '[0x10,0X1.8p3,-0x.8]'::vector;

-- rounding: once, to nearest, ties to even
SELECT '[0.1,0.30000001192092896,0.3000000119209289550781]'::vector;
SELECT '[16777216,16777217,16777217.000000000000000001,16777219]'::vector;
SELECT '[1.00000005960464477539,1.0000000596046447753906250,1.00000005960464477540]'::vector;
SELECT '[123456789012345678901234567890,0.000000000000000000000000000012345678901234567]'::vector;
SELECT '[3.4028235e38,-3.4028235e38,3.4028235677973366e38]'::vector = '[3.4028235e38,-3.4028235e38,3.4028235e38]';

-- too small to represent is no error
SELECT '[1.17549435e-38,1e-40,1e-45,7e-46,1e-46,-1e-46,1e-400]'::vector;
SELECT '[1e-99999999999999999999,0.00000000000000000000000000000000000000000000000000000001]'::vector;

-- every finite float survives the way out and in
SELECT v FROM (VALUES ('[1e-45,1.1754942e-38,1.17549435e-38]'), ('[3.4028235e+38,0.33333334,16777216]'),
                      ('[1e-05,0.0001,123456,1234567,1e+15]')) t (v)
    WHERE v::vector::text::vector <> v::vector OR vector_send(v::vector::text::vector) <> vector_send(v::vector);
SELECT '[0.0001,0.00001,123456,1234567,1e15]'::vector;


-- what is not
SELECT ''::vector;
SELECT ' '::vector;
SELECT '1,2'::vector;
SELECT '{1,2}'::vector;
SELECT '['::vector;
SELECT '[1'::vector;
SELECT '[1,'::vector;
SELECT '[1,]'::vector;
SELECT '[,1]'::vector;
SELECT '[1,,2]'::vector;
SELECT '[1 2]'::vector;
SELECT '[1;2]'::vector;
SELECT '[1e]'::vector;
SELECT '[1e+]'::vector;
SELECT '[.]'::vector;
SELECT '[-]'::vector;
SELECT '[--1]'::vector;
SELECT '[1.2.3]'::vector;
SELECT '[0x]'::vector;
SELECT '[1_000]'::vector;
SELECT '[[1]]'::vector;
SELECT '[1]]'::vector;
SELECT '[1] x'::vector;
SELECT '[]'::vector;
SELECT '[ ]'::vector;
SELECT '[nan]'::vector;
SELECT '[-NaN]'::vector;
SELECT '[1,nan(123)]'::vector;
SELECT '[inf]'::vector;
SELECT '[-Infinity]'::vector;
SELECT '[infinit]'::vector;
SELECT '[3.5e38]'::vector;
SELECT '[1, -1e400 ]'::vector;
SELECT '[3.4028235677973367e38]'::vector;
SELECT '[1000000000000000000000000000000000000000.25]'::vector;

-- type modifier
SELECT '[1,2,3]'::vector(3);
SELECT '[1,2,3]'::vector(2);
SELECT '[1,2,3]'::vector::vector(4);
SELECT '[1,2]'::vector(3, 2);
SELECT '[1,2]'::vector('x');
SELECT '[1,2]'::vector(0);
SELECT '[1,2]'::vector(-1);
SELECT '[1,2]'::vector(16001);
SELECT '[1,2]'::vector(2147483648);
SELECT format_type('vector'::regtype, 3), format_type('vector'::regtype, -1);
CREATE TABLE vector_io (a vector(2), b vector);
INSERT INTO vector_io VALUES ('[1,2]', '[1]'), ('[3,4]', '[1,2,3]'), (NULL, NULL);
INSERT INTO vector_io (a) VALUES ('[1,2,3]');
INSERT INTO vector_io (a) SELECT b FROM vector_io;
SELECT * FROM vector_io;
ALTER TABLE vector_io ALTER b TYPE vector(3);
ALTER TABLE vector_io ALTER a TYPE vector;
SELECT attname, attstorage, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'vector_io'::regclass AND attnum > 0 ORDER BY attnum;
DROP TABLE vector_io;

-- binary form: dimensions, zero, elements, all big-endian
SELECT vector_send('[1,-2,0.5]');
SELECT '[1,2,3]'::vector::text, pg_column_size('[1,2,3]'::vector);

-- limits
SELECT vector_dims(array_fill(1, ARRAY[16000])::vector::text::vector(16000));
SELECT ('[' || repeat('1,', 16000) || '1]')::vector;
SELECT ('[' || repeat('1,', 16000) || 'x]')::vector;
SELECT octet_length(vector_send(array_fill(1.5, ARRAY[16000])::vector));

-- where PostgreSQL asks for it (from 16 on), bad input is reported softly
DO $$
DECLARE
    bad text;
BEGIN
    IF current_setting('server_version_num')::int >= 160000 THEN
        FOREACH bad IN ARRAY ARRAY['', '[', '[]', '[nan]', '[inf]', '[1e39]', '[1]x', '[' || repeat('1,', 16000) || '1]', '[1]'] LOOP
            EXECUTE format('SELECT %L WHERE pg_input_is_valid(%L, ''vector(2)'')', bad, bad) INTO bad;
            IF bad IS NOT NULL THEN
                RAISE WARNING 'taken as valid: %', bad;
            END IF;
        END LOOP;
    END IF;
END $$;

-- SQLSTATEs
\set VERBOSITY sqlstate
SELECT 'x'::vector;
SELECT '[x'::vector;
SELECT '[1]x'::vector;
SELECT '[]'::vector;
SELECT '[nan]'::vector;
SELECT '[inf]'::vector;
SELECT '[1e39]'::vector;
SELECT '[1]'::vector(2);
SELECT '[1]'::vector(1, 2);
SELECT '[1]'::vector(0);
SELECT '[1]'::vector(16001);
SELECT ('[' || repeat('1,', 16000) || '1]')::vector;
