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

