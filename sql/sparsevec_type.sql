-- The sparsevec type: text, type modifier, binary form, storage.
SELECT '{1:1.5,3:3.5}/5'::sparsevec, ' { 1 : 1.5 ,	3  :  3.5  } / 5 '::sparsevec(5), '{}/1'::sparsevec, '{ }/1000000000'::sparsevec;
SELECT '{1:2.,2:.5,3:-1e-3,4:+7,+5:0x10}/5'::sparsevec, '{3:1e-45,2:3.4028235e38,1:0.1}/3'::sparsevec;
-- zeros are left out, wherever they are said to be; the order does not matter
SELECT '{1:0,2:1,3:-0,4:0.0e5}/4'::sparsevec, '{9:0,0:0}/1'::sparsevec, '{2:1,3:3,1:2}/3'::sparsevec;
SELECT '{1000000000:1,1:2}/1000000000'::sparsevec;

SELECT ''::sparsevec;
SELECT '1'::sparsevec;
SELECT '[1]'::sparsevec;
SELECT '{'::sparsevec;
SELECT '{}'::sparsevec;
SELECT '{} 5'::sparsevec;
SELECT '{}/'::sparsevec;
SELECT '{}/a'::sparsevec;
SELECT '{}/1a'::sparsevec;
SELECT '{}/1.5'::sparsevec;
SELECT '{}/1 }'::sparsevec;
SELECT '{1}/1'::sparsevec;
SELECT '{1:}/1'::sparsevec;
SELECT '{:1}/1'::sparsevec;
SELECT '{,}/1'::sparsevec;
SELECT '{1:1,}/1'::sparsevec;
SELECT '{1:1 2:1}/2'::sparsevec;
SELECT '{1.0:1}/1'::sparsevec;
SELECT '{- 1:1}/1'::sparsevec;
SELECT '{1:a}/1'::sparsevec;
SELECT '{1:1a}/1'::sparsevec;
SELECT '{1:1'::sparsevec;
SELECT '{1:NaN}/1'::sparsevec;
SELECT '{1:Infinity}/1'::sparsevec;
SELECT '{1:1,2:-inf}/2'::sparsevec;
SELECT '{1:4e38}/1'::sparsevec;
SELECT '{1: -1e-46 }/1'::sparsevec;
SELECT '{}/0'::sparsevec;
SELECT '{}/-1'::sparsevec;
SELECT '{}/1000000001'::sparsevec;
SELECT '{}/99999999999999999999'::sparsevec;
SELECT '{}/-99999999999999999999'::sparsevec;
SELECT '{0:1}/1'::sparsevec;
SELECT '{-1:1}/1'::sparsevec;
SELECT '{2:1}/1'::sparsevec;
SELECT '{99999999999999999999:1}/1'::sparsevec;
SELECT '{-99999999999999999999:1}/1'::sparsevec;
SELECT '{1:1,2:2,1:1}/2'::sparsevec;
SELECT ('{' || string_agg(i || ':1', ',') || '}/20000')::sparsevec::text ~ '16000:1\}/20000$' AS full FROM generate_series(1, 16000) i;
SELECT ('{' || string_agg(i || ':1', ',') || '}/20000')::sparsevec FROM generate_series(1, 16001) i;
SELECT ('{' || repeat('1:0,', 16000) || '1:0}/1')::sparsevec;

-- type modifier
SELECT '{}/3'::sparsevec(3), '{}/1000000000'::sparsevec(1000000000);
SELECT '{1:1}/3'::sparsevec(2);
SELECT '{1:1}/3'::sparsevec::sparsevec(2);
SELECT '{}/3'::sparsevec(3, 2);
SELECT '{}/3'::sparsevec('a');
SELECT '{}/3'::sparsevec(0);
SELECT '{}/3'::sparsevec(-1);
SELECT '{}/3'::sparsevec(1000000001);
SELECT '{}/3'::sparsevec(99999999999);

-- binary form: int32 dimensions, elements, 0; then the indices from 0 on, then the values
SELECT sparsevec_send('{}/5'), sparsevec_send('{1:1,4:-2.5}/1000000000');
SELECT pg_column_size('{}/5'::sparsevec), pg_column_size('{1:1,3:2}/5'::sparsevec);
CREATE TABLE sparsevec_type (i int, v sparsevec(5));
INSERT INTO sparsevec_type VALUES (1, '{1:1,5:-2}/5'), (2, '{}/5'), (3, NULL), (4, '{2:0.1,3:3e-45,4:3e38}/5');
INSERT INTO sparsevec_type VALUES (5, '{1:1}/4');
\copy sparsevec_type TO 'results/sparsevec_type.bin' (FORMAT binary)
CREATE TABLE sparsevec_copy (LIKE sparsevec_type);
\copy sparsevec_copy FROM 'results/sparsevec_type.bin' (FORMAT binary)
COPY sparsevec_copy TO STDOUT;

-- one row of binary COPY with the value given in hexadecimal
CREATE FUNCTION binary_copy(value bytea) RETURNS oid LANGUAGE sql AS $$
    SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00000000000000000000020000000400000063'::bytea
        || int4send(length(value)) || value || '\xffff'::bytea) $$;
\set SHOW_CONTEXT never
\set bytes results/sparsevec_bytes.bin
-- fit
SELECT binary_copy('\x000000050000000200000000000000010000000440000000bf800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT * FROM sparsevec_copy WHERE i = 99;
-- too short, too long
SELECT binary_copy('\x0000000500000002000000000000000100000004400000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x0000000500000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00000005000000000000000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
-- dimensions 0, too many, and not as the column's
SELECT binary_copy('\x000000000000000000000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x3b9aca010000000000000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000000040000000000000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
-- elements -1, more than dimensions, too many
SELECT binary_copy('\x00000005ffffffff00000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000000050000000600000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x3b9aca0000003e8100000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
-- unused not 0
SELECT binary_copy('\x000000050000000000000001') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
-- indices -1, 5, falling, equal
SELECT binary_copy('\x000000050000000100000000ffffffff3f800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000000050000000100000000000000053f800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00000005000000020000000000000001000000003f8000003f800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00000005000000020000000000000001000000013f8000003f800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
-- values NaN, -infinity, 0, -0
SELECT binary_copy('\x000000050000000100000000000000017fc00000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00000005000000010000000000000001ff800000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x0000000500000001000000000000000100000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x0000000500000001000000000000000180000000') AS id \gset
\lo_export :id :bytes
\copy sparsevec_copy FROM 'results/sparsevec_bytes.bin' (FORMAT binary)
SELECT count(*) FROM sparsevec_copy;
SELECT count(lo_unlink(oid)) > 0 AS unlinked FROM pg_largeobject_metadata;
DROP FUNCTION binary_copy;
DROP TABLE sparsevec_copy;

-- a value of more than a page goes out of line, and comes back the same
INSERT INTO sparsevec_type SELECT 6, NULL;
ALTER TABLE sparsevec_type ALTER v TYPE sparsevec;
INSERT INTO sparsevec_type SELECT 7, ('{' || string_agg(7 * i || ':' || i / 8.0, ',') || '}/200000')::sparsevec FROM generate_series(1, 16000) i;
SELECT pg_column_size(v), length(v::text), md5(v::text) = md5((SELECT '{' || string_agg(7 * i || ':' || (i / 8.0)::float4, ',' ORDER BY i) || '}/200000'
    FROM generate_series(1, 16000) i)) AS same FROM sparsevec_type WHERE i = 7;
SELECT octet_length(sparsevec_send(v)) FROM sparsevec_type WHERE i = 7;
DROP TABLE sparsevec_type;

\set VERBOSITY sqlstate
SELECT '1'::sparsevec;
SELECT '{}'::sparsevec;
SELECT '{1:1}/1 1'::sparsevec;
SELECT '{1:x}/1'::sparsevec;
SELECT '{1:NaN}/1'::sparsevec;
SELECT '{1:inf}/1'::sparsevec;
SELECT '{1:4e38}/1'::sparsevec;
SELECT '{1:1e-50}/1'::sparsevec;
SELECT '{}/0'::sparsevec;
SELECT '{}/1000000001'::sparsevec;
SELECT '{2:1}/1'::sparsevec;
SELECT '{1:1,1:1}/1'::sparsevec;
SELECT '{}/1'::sparsevec(2);
SELECT '{}/1'::sparsevec(0);
SELECT '{}/1'::sparsevec(1,1);
SELECT ('{' || repeat('1:0,', 16000) || '1:0}/1')::sparsevec;
