-- How an index keeps its vectors: reloptions quantizer and storage, and where they are refused.
CREATE TABLE o (id int, v vector(64), short vector(63), h halfvec(64), b bit(64), s sparsevec(64));

-- columns that cannot have codes
CREATE INDEX ON o USING hnsw (short vector_l2_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING hnsw (v vector_l1_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING hnsw (h halfvec_l1_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING hnsw (b bit_hamming_ops) WITH (quantizer = rabitq);
CREATE INDEX ON o USING hnsw (s sparsevec_l2_ops) WITH (quantizer = rabitq);

-- storage goes with codes
CREATE INDEX ON o USING hnsw (v vector_l2_ops) WITH (quantizer = none, storage = half);
CREATE INDEX ON o USING hnsw (short vector_l2_ops) WITH (storage = half);
CREATE INDEX ON o USING hnsw (b bit_hamming_ops) WITH (storage = full);

-- values there are not
CREATE INDEX ON o USING hnsw (v vector_l2_ops) WITH (quantizer = pq);
CREATE INDEX ON o USING hnsw (v vector_l2_ops) WITH (quantizer = rabitq, storage = sq7);

-- none is for every column
CREATE INDEX ON o USING hnsw (v vector_l2_ops) WITH (quantizer = none);
CREATE INDEX ON o USING hnsw (b bit_hamming_ops) WITH (quantizer = none);
CREATE INDEX ON o USING hnsw (s sparsevec_l2_ops) WITH (quantizer = none);

DROP TABLE o;
