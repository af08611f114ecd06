-- ivf access method; ivfflat is its name in pgvector

CREATE FUNCTION ivfhandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME' LANGUAGE C;

COMMENT ON FUNCTION ivfhandler(internal) IS 'ivf index access method handler';

CREATE ACCESS METHOD ivf TYPE INDEX HANDLER ivfhandler;

COMMENT ON ACCESS METHOD ivf IS 'ivf index access method';

CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler
    AS 'MODULE_PATHNAME', 'ivfhandler' LANGUAGE C;

COMMENT ON FUNCTION ivfflathandler(internal) IS 'ivfflat index access method handler';

CREATE ACCESS METHOD ivfflat TYPE INDEX HANDLER ivfflathandler;

COMMENT ON ACCESS METHOD ivfflat IS 'ivfflat index access method';

-- ivf operator classes

CREATE OPERATOR FAMILY vector_l2_ops USING ivf;

COMMENT ON OPERATOR FAMILY vector_l2_ops USING ivf IS 'vectors by L2 distance';

CREATE OPERATOR CLASS vector_l2_ops
    DEFAULT FOR TYPE vector USING ivf FAMILY vector_l2_ops AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_l2_squared_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l2_ops USING ivf IS 'vectors by L2 distance';

CREATE OPERATOR FAMILY vector_ip_ops USING ivf;

COMMENT ON OPERATOR FAMILY vector_ip_ops USING ivf IS 'vectors by inner product';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING ivf FAMILY vector_ip_ops AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector);

COMMENT ON OPERATOR CLASS vector_ip_ops USING ivf IS 'vectors by inner product';

CREATE OPERATOR FAMILY vector_cosine_ops USING ivf;

COMMENT ON OPERATOR FAMILY vector_cosine_ops USING ivf IS 'vectors by cosine distance';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING ivf FAMILY vector_cosine_ops AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector),
    FUNCTION 2 vector_norm(vector);

COMMENT ON OPERATOR CLASS vector_cosine_ops USING ivf IS 'vectors by cosine distance';

CREATE OPERATOR FAMILY vector_l1_ops USING ivf;

COMMENT ON OPERATOR FAMILY vector_l1_ops USING ivf IS 'vectors by L1 distance';

CREATE OPERATOR CLASS vector_l1_ops
    FOR TYPE vector USING ivf FAMILY vector_l1_ops AS
    OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l1_ops USING ivf IS 'vectors by L1 distance';

CREATE OPERATOR FAMILY halfvec_l2_ops USING ivf;

COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING ivf IS 'half vectors by L2 distance';

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING ivf FAMILY halfvec_l2_ops AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_l2_squared_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l2_ops USING ivf IS 'half vectors by L2 distance';

CREATE OPERATOR FAMILY halfvec_ip_ops USING ivf;

COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING ivf IS 'half vectors by inner product';

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING ivf FAMILY halfvec_ip_ops AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_ip_ops USING ivf IS 'half vectors by inner product';

CREATE OPERATOR FAMILY halfvec_cosine_ops USING ivf;

COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING ivf IS 'half vectors by cosine distance';

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING ivf FAMILY halfvec_cosine_ops AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec),
    FUNCTION 2 l2_norm(halfvec);

COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING ivf IS 'half vectors by cosine distance';

CREATE OPERATOR FAMILY halfvec_l1_ops USING ivf;

COMMENT ON OPERATOR FAMILY halfvec_l1_ops USING ivf IS 'half vectors by L1 distance';

CREATE OPERATOR CLASS halfvec_l1_ops
    FOR TYPE halfvec USING ivf FAMILY halfvec_l1_ops AS
    OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l1_ops USING ivf IS 'half vectors by L1 distance';

-- ivfflat operator classes

CREATE OPERATOR FAMILY vector_l2_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY vector_l2_ops USING ivfflat IS 'vectors by L2 distance';

CREATE OPERATOR CLASS vector_l2_ops
    DEFAULT FOR TYPE vector USING ivfflat FAMILY vector_l2_ops AS
    OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_l2_squared_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l2_ops USING ivfflat IS 'vectors by L2 distance';

CREATE OPERATOR FAMILY vector_ip_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY vector_ip_ops USING ivfflat IS 'vectors by inner product';

CREATE OPERATOR CLASS vector_ip_ops
    FOR TYPE vector USING ivfflat FAMILY vector_ip_ops AS
    OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector);

COMMENT ON OPERATOR CLASS vector_ip_ops USING ivfflat IS 'vectors by inner product';

CREATE OPERATOR FAMILY vector_cosine_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY vector_cosine_ops USING ivfflat IS 'vectors by cosine distance';

CREATE OPERATOR CLASS vector_cosine_ops
    FOR TYPE vector USING ivfflat FAMILY vector_cosine_ops AS
    OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 vector_negative_inner_product(vector, vector),
    FUNCTION 2 vector_norm(vector);

COMMENT ON OPERATOR CLASS vector_cosine_ops USING ivfflat IS 'vectors by cosine distance';

CREATE OPERATOR FAMILY vector_l1_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY vector_l1_ops USING ivfflat IS 'vectors by L1 distance';

CREATE OPERATOR CLASS vector_l1_ops
    FOR TYPE vector USING ivfflat FAMILY vector_l1_ops AS
    OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(vector, vector);

COMMENT ON OPERATOR CLASS vector_l1_ops USING ivfflat IS 'vectors by L1 distance';

CREATE OPERATOR FAMILY halfvec_l2_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING ivfflat IS 'half vectors by L2 distance';

CREATE OPERATOR CLASS halfvec_l2_ops
    FOR TYPE halfvec USING ivfflat FAMILY halfvec_l2_ops AS
    OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_l2_squared_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l2_ops USING ivfflat IS 'half vectors by L2 distance';

CREATE OPERATOR FAMILY halfvec_ip_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING ivfflat IS 'half vectors by inner product';

CREATE OPERATOR CLASS halfvec_ip_ops
    FOR TYPE halfvec USING ivfflat FAMILY halfvec_ip_ops AS
    OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_ip_ops USING ivfflat IS 'half vectors by inner product';

CREATE OPERATOR FAMILY halfvec_cosine_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING ivfflat IS 'half vectors by cosine distance';

CREATE OPERATOR CLASS halfvec_cosine_ops
    FOR TYPE halfvec USING ivfflat FAMILY halfvec_cosine_ops AS
    OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 halfvec_negative_inner_product(halfvec, halfvec),
    FUNCTION 2 l2_norm(halfvec);

COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING ivfflat IS 'half vectors by cosine distance';

CREATE OPERATOR FAMILY halfvec_l1_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY halfvec_l1_ops USING ivfflat IS 'half vectors by L1 distance';

CREATE OPERATOR CLASS halfvec_l1_ops
    FOR TYPE halfvec USING ivfflat FAMILY halfvec_l1_ops AS
    OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
    FUNCTION 1 l1_distance(halfvec, halfvec);

COMMENT ON OPERATOR CLASS halfvec_l1_ops USING ivfflat IS 'half vectors by L1 distance';

CREATE OPERATOR FAMILY bit_hamming_ops USING ivf;

COMMENT ON OPERATOR FAMILY bit_hamming_ops USING ivf IS 'bit strings by Hamming distance';

CREATE OPERATOR CLASS bit_hamming_ops
    FOR TYPE bit USING ivf FAMILY bit_hamming_ops AS
    OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 hamming_distance(bit, bit);

COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivf IS 'bit strings by Hamming distance';

CREATE OPERATOR FAMILY bit_hamming_ops USING ivfflat;

COMMENT ON OPERATOR FAMILY bit_hamming_ops USING ivfflat IS 'bit strings by Hamming distance';

CREATE OPERATOR CLASS bit_hamming_ops
    FOR TYPE bit USING ivfflat FAMILY bit_hamming_ops AS
    OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
    FUNCTION 1 hamming_distance(bit, bit);

COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivfflat IS 'bit strings by Hamming distance';
