-- hnsw access method

CREATE FUNCTION hnswhandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION hnswhandler(internal) IS 'hnsw index access method handler';

CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER hnswhandler;

COMMENT ON ACCESS METHOD hnsw IS 'hnsw index access method';

-- hnsw operator classes of vector

CREATE OPERATOR FAMILY vector_l2_ops USING hnsw;

COMMENT ON OPERATOR FAMILY vector_l2_ops USING hnsw IS 'vectors by L2 distance';

CREATE OPERATOR CLASS vector_l2_ops
    FOR TYPE vector USING hnsw FAMILY vector_l2_ops AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_l2_squared_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l2_ops USING hnsw IS 'vectors by L2 distance';

CREATE OPERATOR FAMILY vector_ip_ops USING hnsw;

COMMENT ON OPERATOR FAMILY vector_ip_ops USING hnsw IS 'vectors by inner product';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING hnsw FAMILY vector_ip_ops AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector);

COMMENT ON OPERATOR CLASS vector_ip_ops USING hnsw IS 'vectors by inner product';

CREATE OPERATOR FAMILY vector_cosine_ops USING hnsw;

COMMENT ON OPERATOR FAMILY vector_cosine_ops USING hnsw IS 'vectors by cosine distance';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING hnsw FAMILY vector_cosine_ops AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector),
    FUNCTION 2 vector_norm(vector);

COMMENT ON OPERATOR CLASS vector_cosine_ops USING hnsw IS 'vectors by cosine distance';

CREATE OPERATOR FAMILY vector_l1_ops USING hnsw;

COMMENT ON OPERATOR FAMILY vector_l1_ops USING hnsw IS 'vectors by L1 distance';

CREATE OPERATOR CLASS vector_l1_ops
    FOR TYPE vector USING hnsw FAMILY vector_l1_ops AS
    OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l1_ops USING hnsw IS 'vectors by L1 distance';

-- hnsw operator classes of halfvec

CREATE OPERATOR FAMILY halfvec_l2_ops USING hnsw;

COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING hnsw IS 'halfvecs by L2 distance';

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING hnsw FAMILY halfvec_l2_ops AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_l2_squared_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l2_ops USING hnsw IS 'halfvecs by L2 distance';

CREATE OPERATOR FAMILY halfvec_ip_ops USING hnsw;

COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING hnsw IS 'halfvecs by inner product';

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING hnsw FAMILY halfvec_ip_ops AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_ip_ops USING hnsw IS 'halfvecs by inner product';

CREATE OPERATOR FAMILY halfvec_cosine_ops USING hnsw;

COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING hnsw IS 'halfvecs by cosine distance';

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING hnsw FAMILY halfvec_cosine_ops AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec),
    FUNCTION 2 l2_norm(halfvec);

COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING hnsw IS 'halfvecs by cosine distance';

CREATE OPERATOR FAMILY halfvec_l1_ops USING hnsw;

COMMENT ON OPERATOR FAMILY halfvec_l1_ops USING hnsw IS 'halfvecs by L1 distance';

CREATE OPERATOR CLASS halfvec_l1_ops
    FOR TYPE halfvec USING hnsw FAMILY halfvec_l1_ops AS
    OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l1_ops USING hnsw IS 'halfvecs by L1 distance';

-- hnsw operator classes of sparsevec

CREATE OPERATOR FAMILY sparsevec_l2_ops USING hnsw;

COMMENT ON OPERATOR FAMILY sparsevec_l2_ops USING hnsw IS 'sparsevecs by L2 distance';

CREATE OPERATOR CLASS sparsevec_l2_ops
    FOR TYPE sparsevec USING hnsw FAMILY sparsevec_l2_ops AS
    OPERATOR 1 <-> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_l2_squared_distance(sparsevec, sparsevec);

COMMENT ON OPERATOR CLASS sparsevec_l2_ops USING hnsw IS 'sparsevecs by L2 distance';

CREATE OPERATOR FAMILY sparsevec_ip_ops USING hnsw;

COMMENT ON OPERATOR FAMILY sparsevec_ip_ops USING hnsw IS 'sparsevecs by inner product';

CREATE OPERATOR CLASS sparsevec_ip_ops
    FOR TYPE sparsevec USING hnsw FAMILY sparsevec_ip_ops AS
    OPERATOR 1 <#> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_negative_inner_product(sparsevec, sparsevec);

COMMENT ON OPERATOR CLASS sparsevec_ip_ops USING hnsw IS 'sparsevecs by inner product';

CREATE OPERATOR FAMILY sparsevec_cosine_ops USING hnsw;

COMMENT ON OPERATOR FAMILY sparsevec_cosine_ops USING hnsw IS 'sparsevecs by cosine distance';

CREATE OPERATOR CLASS sparsevec_cosine_ops
    FOR TYPE sparsevec USING hnsw FAMILY sparsevec_cosine_ops AS
    OPERATOR 1 <=> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 sparsevec_negative_inner_product(sparsevec, sparsevec),
    FUNCTION 2 l2_norm(sparsevec);

COMMENT ON OPERATOR CLASS sparsevec_cosine_ops USING hnsw IS 'sparsevecs by cosine distance';

CREATE OPERATOR FAMILY sparsevec_l1_ops USING hnsw;

COMMENT ON OPERATOR FAMILY sparsevec_l1_ops USING hnsw IS 'sparsevecs by L1 distance';

CREATE OPERATOR CLASS sparsevec_l1_ops
    FOR TYPE sparsevec USING hnsw FAMILY sparsevec_l1_ops AS
    OPERATOR 1 <+> (sparsevec, sparsevec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(sparsevec, sparsevec);

COMMENT ON OPERATOR CLASS sparsevec_l1_ops USING hnsw IS 'sparsevecs by L1 distance';

-- hnsw operator classes of bit

CREATE OPERATOR FAMILY bit_hamming_ops USING hnsw;

COMMENT ON OPERATOR FAMILY bit_hamming_ops USING hnsw IS 'bit strings by Hamming distance';

CREATE OPERATOR CLASS bit_hamming_ops
    FOR TYPE bit USING hnsw FAMILY bit_hamming_ops AS
    OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 hamming_distance(bit, bit);

COMMENT ON OPERATOR CLASS bit_hamming_ops USING hnsw IS 'bit strings by Hamming distance';

CREATE OPERATOR FAMILY bit_jaccard_ops USING hnsw;

COMMENT ON OPERATOR FAMILY bit_jaccard_ops USING hnsw IS 'bit strings by Jaccard distance';

CREATE OPERATOR CLASS bit_jaccard_ops
    FOR TYPE bit USING hnsw FAMILY bit_jaccard_ops AS
    OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 jaccard_distance(bit, bit);

COMMENT ON OPERATOR CLASS bit_jaccard_ops USING hnsw IS 'bit strings by Jaccard distance';

