-- The halfvec type: text, binary form, casts, order.  What it shares with vector is tested there in depth.
SELECT '[1,2,3]'::halfvec, ' [ 1, 2 ,3 ] '::halfvec(3), '[-0,1e-9,-1e-9]'::halfvec, '[0.1,1.2345,-0.333333]'::halfvec;

-- ties round to even; the last that is no overflow; the smallest above zero, and half of it
SELECT '[2049,2051,65504,65519.99,-65519.99]'::halfvec, '[5.9604645e-8,2.9802322e-8,2.9802326e-8,8.9406967e-8,6.1035156e-5]'::halfvec;
SELECT '[1.00048828125,1.00146484375,1.0004882812501]'::halfvec;

SELECT '[65520]'::halfvec;
SELECT '[1,-65520 ]'::halfvec;
SELECT '[1e39]'::halfvec;
SELECT '[0x1p16]'::halfvec;
SELECT '[NaN]'::halfvec;
SELECT '[1,-Infinity]'::halfvec;
SELECT '[]'::halfvec;
SELECT '1'::halfvec;
SELECT '[1,]'::halfvec;
SELECT '[1'::halfvec;
SELECT '[1]2'::halfvec;
SELECT '[1,2]'::halfvec(3);
SELECT '[1]'::halfvec(0);
SELECT '[1]'::halfvec(16001);
SELECT '[1]'::halfvec('a');
SELECT '[1]'::halfvec(1, 2);
SELECT ('[' || repeat('1,', 16000) || '1]')::halfvec;

-- binary form: int16 dimensions, int16 zero, big-endian halves
SELECT halfvec_send('[1,-2,65504,5.9604645e-8]');
SELECT pg_column_size('[1,2,3]'::halfvec), pg_column_size(array_fill(1, ARRAY[16000])::halfvec);

-- casts
SELECT ARRAY[1,2,3]::halfvec, '{0.1,65519}'::real[]::halfvec, '{1.5,1e-30}'::float8[]::halfvec, '{1.5}'::numeric[]::halfvec(1);
SELECT '[0.1,-0,65519]'::vector::halfvec, '[0.1,5.9604645e-8,-65504]'::halfvec::vector, '[0.1,2]'::halfvec::real[];
SELECT '[1,2]'::vector::halfvec(2)::vector(2), array_dims('[1,2]'::halfvec::real[]);
SELECT ARRAY[1,65520]::halfvec;
SELECT '{1e40}'::float8[]::halfvec;
SELECT '{NaN}'::real[]::halfvec;
SELECT '{-Infinity}'::float8[]::halfvec;
SELECT '{1,NULL}'::real[]::halfvec;
SELECT '{{1}}'::real[]::halfvec;
SELECT '{}'::real[]::halfvec;
SELECT '[1,-1e38]'::vector::halfvec;
SELECT '[1,2]'::vector::halfvec(3);
SELECT '[1,2]'::halfvec::vector(3);
SELECT ARRAY[1,2]::halfvec(3);
-- every half survives the way to vector and back
SELECT count(*) FROM generate_series(0, 65535) i, LATERAL (SELECT i & 31744 AS exponent) e,
    LATERAL (SELECT ((i & 1023) + CASE exponent WHEN 0 THEN 0 ELSE 1024 END) * 2.0::float8 ^ (greatest(exponent >> 10, 1) - 25)
        * CASE WHEN i < 32768 THEN 1 ELSE -1 END AS x) v
    WHERE exponent <> 31744 AND (ARRAY[x]::halfvec::real[])[1] = x AND ARRAY[x]::halfvec::vector::halfvec = ARRAY[x]::halfvec;

-- assignment and typmod in a table; COPY, text and binary
CREATE TABLE halfvec_type (i int, v halfvec(2));
INSERT INTO halfvec_type VALUES (1, '[1,2]'), (2, ARRAY[3,4]), (3, '[5,6]'::vector), (4, NULL);
INSERT INTO halfvec_type VALUES (5, '[1,2,3]');
INSERT INTO halfvec_type VALUES (5, '[1,2,3]'::vector);
\copy halfvec_type TO 'results/halfvec_type.bin' (FORMAT binary)
CREATE TABLE halfvec_copy (LIKE halfvec_type);
\copy halfvec_copy FROM 'results/halfvec_type.bin' (FORMAT binary)
COPY halfvec_copy TO STDOUT;
-- one row of binary COPY with the value given in hexadecimal: fit, of odd size, infinite, NaN, unused not 0
CREATE FUNCTION binary_copy(value bytea) RETURNS oid LANGUAGE sql AS $$
    SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00000000000000000000020000000400000063'::bytea
        || int4send(length(value)) || value || '\xffff'::bytea) $$;
\set SHOW_CONTEXT never
SELECT binary_copy('\x000200003c00c000') AS id \gset
\lo_export :id results/halfvec_bytes.bin
\copy halfvec_copy FROM 'results/halfvec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000200003c00c0') AS id \gset
\lo_export :id results/halfvec_bytes.bin
\copy halfvec_copy FROM 'results/halfvec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000200003c007c00') AS id \gset
\lo_export :id results/halfvec_bytes.bin
\copy halfvec_copy FROM 'results/halfvec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00020000fe00c000') AS id \gset
\lo_export :id results/halfvec_bytes.bin
\copy halfvec_copy FROM 'results/halfvec_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000200013c00c000') AS id \gset
\lo_export :id results/halfvec_bytes.bin
\copy halfvec_copy FROM 'results/halfvec_bytes.bin' (FORMAT binary)
SELECT * FROM halfvec_copy WHERE i = 99;
SELECT count(lo_unlink(oid)) FROM pg_largeobject_metadata;
DROP FUNCTION binary_copy;
DROP TABLE halfvec_copy;

-- order, and its btree class
SELECT '[1,2]'::halfvec < '[1,3]', '[1,2]'::halfvec < '[1]', '[-0]'::halfvec = '[0]', '[1]'::halfvec <> '[1,0]',
    '[2]'::halfvec >= '[1,9]', '[1]'::halfvec <= '[1]', '[-1]'::halfvec > '[-2]', halfvec_cmp('[1,2]', '[1]');
CREATE INDEX ON halfvec_type (v);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT i FROM halfvec_type WHERE v = '[3,4]';
SELECT i FROM halfvec_type WHERE v = '[3,4]';
SELECT i, v FROM halfvec_type ORDER BY v DESC NULLS LAST LIMIT 2;
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP TABLE halfvec_type;

\set VERBOSITY sqlstate
SELECT '[65520]'::halfvec;
SELECT '[NaN]'::halfvec;
SELECT '1'::halfvec;
SELECT '[1]'::halfvec(2);
SELECT '[1]'::halfvec(0);
SELECT '{1e6}'::real[]::halfvec;
SELECT ('[' || repeat('1,', 16000) || '1]')::halfvec;
