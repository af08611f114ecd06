-- Lists that a scan has not read yet when they are split come in their place all the same.
SET enable_seqscan = off;
SET jit = off;

CREATE TABLE t (id int, v vector(64));
INSERT INTO t SELECT i, ARRAY(SELECT (hashint4(i * 64 + j) % 1000)::float4 / 1000 + (hashint4(i % 80 * 64 + j + 10000000) % 1000)::float4 / 500
    FROM generate_series(1, 64) j WHERE i IS NOT NULL)::vector FROM generate_series(1, 16000) i;
CREATE INDEX i ON t USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = sq8);
SELECT lists >= 64 AS have_codes, retired_lists FROM vectordb_index_info('i');

CREATE FUNCTION rest_of(c refcursor) RETURNS TABLE (fetched bigint, in_order boolean) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  last float8 := 0;
BEGIN
  fetched := 0;
  in_order := true;
  LOOP
    FETCH c INTO r;
    EXIT WHEN NOT FOUND;
    fetched := fetched + 1;
    in_order := in_order AND r.d >= last AND r.id <= 16000;
    last := r.d;
  END LOOP;
  RETURN NEXT;
END $$;

-- the first rows of scans that read one list to begin with
SET ivf.probes = 1;
BEGIN;
SET LOCAL ivf.iterative_scan = relaxed_order;
DECLARE relaxed CURSOR FOR SELECT id, v <-> (SELECT v FROM t WHERE id = 1) AS d FROM t ORDER BY v <-> (SELECT v FROM t WHERE id = 1);
FETCH 1 FROM relaxed;
SET LOCAL ivf.iterative_scan = strict_order;
DECLARE strict CURSOR FOR SELECT id, v <-> (SELECT v FROM t WHERE id = 1) AS d FROM t ORDER BY v <-> (SELECT v FROM t WHERE id = 1);
FETCH 1 FROM strict;
-- some of the other lists are split
INSERT INTO t SELECT 100000 + g, v FROM t, generate_series(1, 8) g WHERE id <= 16000 AND id % 80 IN (20, 40, 60);
SELECT retired_lists > 0 AS split FROM vectordb_index_info('i');
SELECT fetched FROM rest_of('relaxed');
SELECT fetched > 10000 AS most, in_order FROM rest_of('strict');
COMMIT;
RESET ivf.probes;
DROP TABLE t;
DROP FUNCTION rest_of;
