-- How a list index keeps its values: reloptions quantizer and storage, and where they are refused.
CREATE TABLE o (id int, v vector(64), short vector(63), h halfvec(64), long halfvec(2001), b bit(64));

-- columns that cannot have codes
CREATE INDEX ON o USING ivf (short vector_l2_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING ivf (long halfvec_l2_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING ivf (v vector_l1_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING ivfflat (h halfvec_l1_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING ivf (b bit_hamming_ops) WITH (quantizer = rabitq);

-- storage goes with codes
CREATE INDEX ON o USING ivf (v vector_l2_ops) WITH (quantizer = none, storage = half);
CREATE INDEX ON o USING ivf (short vector_l2_ops) WITH (storage = heap);
CREATE INDEX ON o USING ivf (b bit_hamming_ops) WITH (storage = full);

-- values there are not
CREATE INDEX ON o USING ivf (v vector_l2_ops) WITH (quantizer = pq);
CREATE INDEX ON o USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = sq7);

-- where nothing is said: codes and 8 bits an element where the column can have codes, and values as they are elsewhere
INSERT INTO o SELECT i, v, subvector(v, 1, 63), v, NULL, repeat('10', 32)::bit(64)
    FROM (SELECT i, array_agg(sin(i * j))::vector AS v FROM generate_series(1, 350) i, generate_series(1, 64) j GROUP BY i) s;
CREATE FUNCTION pages(of text) RETURNS TABLE (definition text, data_pages bigint, vector_pages bigint) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE INDEX o_index ON o USING ' || of;
    RETURN QUERY SELECT of, i.data_pages, i.vector_pages FROM vectordb_index_info('o_index') i;
    DROP INDEX o_index;
END $$;
SELECT p.* FROM unnest('{
    ivf (v vector_l2_ops), ivf (v vector_l2_ops) WITH (quantizer = rabitq\, storage = sq8),
    ivf (v vector_l2_ops) WITH (storage = rabitq4), ivf (v vector_ip_ops), ivfflat (v vector_cosine_ops),
    ivfflat (h halfvec_l2_ops), ivf (h halfvec_ip_ops), ivf (h halfvec_cosine_ops),
    ivf (v vector_l2_ops) WITH (quantizer = none), ivf (v vector_l1_ops), ivf (h halfvec_l1_ops),
    ivf (short vector_l2_ops), ivf (b bit_hamming_ops)}'::text[]) d, pages(d) p;
DROP FUNCTION pages;
TRUNCATE o;

-- none is for every column
CREATE INDEX ON o USING ivf (v vector_l2_ops) WITH (quantizer = none);
CREATE INDEX ON o USING ivf (b bit_hamming_ops) WITH (quantizer = none);

DROP TABLE o;

-- every metric and storage, filled row by row from nothing: sound, and of the pages that the storage takes
CREATE TABLE kept (id int, v vector(100), h halfvec(100)) WITH (autovacuum_enabled = off);
CREATE INDEX l2_full ON kept USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = full, lists = 1);
CREATE INDEX l2_half ON kept USING ivf (h halfvec_l2_ops) WITH (quantizer = rabitq, storage = half, lists = 1);
CREATE INDEX ip_sq8 ON kept USING ivf (v vector_ip_ops) WITH (quantizer = rabitq, storage = sq8, lists = 1);
CREATE INDEX cosine_sq8 ON kept USING ivfflat (h halfvec_cosine_ops) WITH (quantizer = rabitq, lists = 1);
CREATE INDEX cosine_rabitq4 ON kept USING ivf (v vector_cosine_ops) WITH (quantizer = rabitq, storage = rabitq4, lists = 1);
CREATE INDEX l2_heap ON kept USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = heap, lists = 1);

CREATE FUNCTION add_rows(first int, last int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kept SELECT i, array_agg(sin(i * (j + 7)) * 3)::vector, array_agg(cos(i * (j + 5)))::halfvec
        FROM generate_series(first, last) i, generate_series(1, 100) j GROUP BY i ORDER BY i $$;
SELECT add_rows(1, 800);
-- the zero vector, one too long for float32's squares, and none at all
INSERT INTO kept SELECT 801, array_fill(0, '{100}')::vector, array_fill(0, '{100}')::halfvec;
INSERT INTO kept SELECT 802, array_fill(1e30, '{100}')::vector, array_fill(6e4, '{100}')::halfvec;
INSERT INTO kept VALUES (803, NULL, NULL);

CREATE VIEW state AS
    SELECT c.relname, (SELECT count(*) FROM vectordb_index_check(c.oid)) AS problems, i.heap_tids, i.data_pages, i.vector_pages
    FROM pg_class c, vectordb_index_info(c.oid) i WHERE c.relkind = 'i' AND c.relname ~ '_(full|half|sq8|rabitq4|heap)$'
    ORDER BY c.relname;
SELECT * FROM state;

DROP VIEW state;
DROP TABLE kept;
DROP FUNCTION add_rows;
