-- vector through COPY, text and binary, and damaged binary input.
CREATE TABLE vector_copy (id int, v vector);
INSERT INTO vector_copy VALUES (1, '[1,2,3]'), (2, NULL), (3, '[-0,1e-45,3.4028235e38]'), (4, '[0.1]'),
    (5, array_fill(0.5, ARRAY[16000])::vector);
CREATE TABLE vector_copy_back (LIKE vector_copy);
COPY vector_copy TO STDOUT (FORMAT text) \g results/vector_copy.txt
\copy vector_copy TO 'results/vector_copy.bin' (FORMAT binary)
\copy vector_copy_back FROM 'results/vector_copy.bin' (FORMAT binary)
\copy vector_copy_back FROM 'results/vector_copy.txt'
SELECT id, count(*), count(DISTINCT v), bool_and(vector_send(v) = (SELECT vector_send(v) FROM vector_copy o WHERE o.id = b.id))
    FROM vector_copy_back b GROUP BY id ORDER BY id;
DROP TABLE vector_copy_back;
DELETE FROM vector_copy;
\copy vector_copy FROM STDIN
1	[1, 2]
2	\N
3	[1,2
\.
SELECT * FROM vector_copy;

-- One row of binary COPY holding the bytes given in hexadecimal as its only value, taken to a file by way of a
-- large object, for which psql needs no rights on the server's files.
CREATE TABLE vector_bytes (v vector);
CREATE TABLE vector_bytes3 (v vector(3));
CREATE FUNCTION binary_copy(value bytea) RETURNS oid LANGUAGE sql AS $$
    SELECT lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea || '\x0001'::bytea
        || int4send(length(value)) || value || '\xffff'::bytea) $$;
\set SHOW_CONTEXT never
SELECT binary_copy('\x000300003f80000040000000c0400000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
\copy vector_bytes3 FROM 'results/vector_bytes.bin' (FORMAT binary)
-- too few and too many elements
SELECT binary_copy('\x000300003f80000040000000c04000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x000200003f80000040000000c0400000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
\copy vector_bytes3 FROM 'results/vector_bytes.bin' (FORMAT binary)
-- no header
SELECT binary_copy('\x00') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT binary_copy('') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
-- dimensions of 0, 16001, 65535
SELECT binary_copy('\x00000000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x3e810000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT binary_copy('\xffff0000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
-- the unused field
SELECT binary_copy('\x000100013f800000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
-- NaN and infinity
SELECT binary_copy('\x000100007fc00000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT binary_copy('\x00020000000000007f800000') AS id \gset
\lo_export :id results/vector_bytes.bin
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
\set VERBOSITY sqlstate
\copy vector_bytes FROM 'results/vector_bytes.bin' (FORMAT binary)
SELECT v, vector_send(v) FROM vector_bytes;
SELECT * FROM vector_bytes3;
SELECT count(lo_unlink(oid)) > 0 FROM pg_largeobject_metadata;
DROP FUNCTION binary_copy;
DROP TABLE vector_copy, vector_bytes, vector_bytes3;
