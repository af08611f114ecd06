-- A pgvector database as pg_dump writes it: pgvector 0.8.6 on PostgreSQL 15, taken with `pg_dump`, without its \restrict
-- lines, which an older psql does not know. Every type, every kind of column they may stand in, every index kind. Table
-- answer holds questions with what pgvector answered: the same with its indexes (ivfflat.probes = 3) as without.

--
--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: shop; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA shop;


ALTER SCHEMA shop OWNER TO postgres;

--
-- Name: vector; Type: EXTENSION; Schema: -; Owner: -
--

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;


--
-- Name: EXTENSION vector; Type: COMMENT; Schema: -; Owner: 
--

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';


--
-- Name: colour; Type: DOMAIN; Schema: shop; Owner: postgres
--

CREATE DOMAIN shop.colour AS public.vector(3)
	CONSTRAINT colour_check CHECK ((public.l2_norm((VALUE)::public.halfvec) < (1000)::double precision));


ALTER DOMAIN shop.colour OWNER TO postgres;

--
-- Name: patch; Type: TYPE; Schema: shop; Owner: postgres
--

CREATE TYPE shop.patch AS (
	centre public.vector(3),
	mask bit(8)
);


ALTER TYPE shop.patch OWNER TO postgres;

--
-- Name: nearest(public.vector, integer); Type: FUNCTION; Schema: shop; Owner: postgres
--

CREATE FUNCTION shop.nearest(wanted public.vector, k integer) RETURNS SETOF integer
    LANGUAGE sql STABLE
    AS $$ SELECT id FROM public.paint_hnsw ORDER BY v OPERATOR(public.<->) wanted LIMIT k $$;


ALTER FUNCTION shop.nearest(wanted public.vector, k integer) OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: answer; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.answer (
    id integer NOT NULL,
    index text,
    question text NOT NULL,
    answer text
);


ALTER TABLE public.answer OWNER TO postgres;

--
-- Name: answer_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.answer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.answer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: paint; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.paint (
    id integer NOT NULL,
    name text NOT NULL,
    v public.vector(3) DEFAULT '[0,0,1]'::public.vector NOT NULL,
    h public.halfvec(3),
    s public.sparsevec(6),
    b bit(8),
    any_v public.vector,
    many public.vector(3)[],
    colour shop.colour,
    patch shop.patch,
    unit public.vector(3) GENERATED ALWAYS AS (public.l2_normalize(v)) STORED,
    CONSTRAINT paint_dims CHECK ((public.vector_dims(v) = 3))
);


ALTER TABLE public.paint OWNER TO postgres;

--
-- Name: near; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.near AS
 SELECT paint.id,
    paint.name,
    (paint.v OPERATOR(public.<->) '[50,50,50]'::public.vector) AS l2,
    (paint.h OPERATOR(public.<=>) '[1,1,1]'::public.halfvec) AS cosine,
    (paint.s OPERATOR(public.<#>) '{1:1,4:1}/6'::public.sparsevec) AS ip
   FROM public.paint;


ALTER TABLE public.near OWNER TO postgres;

--
-- Name: paint_hnsw; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.paint_hnsw (
    id integer,
    v public.vector(3),
    h public.halfvec(3),
    s public.sparsevec(6),
    b bit(8)
);


ALTER TABLE public.paint_hnsw OWNER TO postgres;

--
-- Name: paint_ivfflat; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.paint_ivfflat (
    id integer,
    v public.vector(3),
    h public.halfvec(3),
    s public.sparsevec(6),
    b bit(8)
);


ALTER TABLE public.paint_ivfflat OWNER TO postgres;

--
-- Name: season; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.season (
    year integer NOT NULL,
    v public.vector(2)
)
PARTITION BY LIST (year);


ALTER TABLE public.season OWNER TO postgres;

--
-- Name: season_2024; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.season_2024 (
    year integer NOT NULL,
    v public.vector(2)
);


ALTER TABLE public.season_2024 OWNER TO postgres;

--
-- Name: season_2025; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.season_2025 (
    year integer NOT NULL,
    v public.vector(2)
);


ALTER TABLE public.season_2025 OWNER TO postgres;

--
-- Name: total; Type: MATERIALIZED VIEW; Schema: public; Owner: postgres
--

CREATE MATERIALIZED VIEW public.total AS
 SELECT public.avg(paint.v) AS avg_v,
    public.sum(paint.h) AS sum_h
   FROM public.paint
  WHERE (paint.id <= 48)
  WITH NO DATA;


ALTER TABLE public.total OWNER TO postgres;

--
-- Name: season_2024; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.season ATTACH PARTITION public.season_2024 FOR VALUES IN (2024);


--
-- Name: season_2025; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.season ATTACH PARTITION public.season_2025 FOR VALUES IN (2025);


--
-- Data for Name: answer; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.answer (id, index, question, answer) FROM stdin;
43	btree_vector	SELECT id::text FROM paint WHERE v = '[0,0,1]'	50
1	hnsw_vector_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <-> '[3.7,90.4,11.3]' LIMIT 8) n	9,14,3,47,42,34,23,29
2	hnsw_vector_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <-> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,37,2,6,21,17,10
3	hnsw_vector_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <#> '[3.7,90.4,11.3]' LIMIT 8) n	20,31,42,40,9,7,18,29
4	hnsw_vector_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <#> '[50.3,20.1,70.2]' LIMIT 8) n	5,30,40,16,10,35,20,27
5	hnsw_vector_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <=> '[3.7,90.4,11.3]' LIMIT 8) n	14,9,3,42,47,31,29,18
6	hnsw_vector_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <=> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,10,35,44,37,30,21
7	hnsw_vector_l1	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <+> '[3.7,90.4,11.3]' LIMIT 8) n	9,14,3,29,42,47,34,39
8	hnsw_vector_l1	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY v <+> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,37,6,21,1,45,46
9	hnsw_halfvec_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <-> '[3.7,90.4,11.3]' LIMIT 8) n	7,14,21,28,11,45,35,42
10	hnsw_halfvec_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <-> '[50.3,20.1,70.2]' LIMIT 8) n	23,46,9,13,32,36,18,22
11	hnsw_halfvec_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <#> '[3.7,90.4,11.3]' LIMIT 8) n	45,4,18,32,7,46,21,35
12	hnsw_halfvec_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <#> '[50.3,20.1,70.2]' LIMIT 8) n	23,46,9,13,32,36,18,3
13	hnsw_halfvec_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <=> '[3.7,90.4,11.3]' LIMIT 8) n	14,28,47,1,11,7,42,21
14	hnsw_halfvec_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <=> '[50.3,20.1,70.2]' LIMIT 8) n	12,36,2,46,26,35,22,25
15	hnsw_halfvec_l1	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <+> '[3.7,90.4,11.3]' LIMIT 8) n	1,11,7,47,14,20,34,15
16	hnsw_halfvec_l1	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw  ORDER BY h <+> '[50.3,20.1,70.2]' LIMIT 8) n	23,46,9,32,13,36,18,22
17	hnsw_expression	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw WHERE id > 10 ORDER BY v::halfvec(3) <-> '[3.7,90.4,11.3]' LIMIT 8) n	14,47,42,34,23,29,18,36
18	hnsw_expression	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_hnsw WHERE id > 10 ORDER BY v::halfvec(3) <-> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,37,21,17,35,46,45
19	ivfflat_vector_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <-> '[3.7,90.4,11.3]' LIMIT 8) n	9,14,3,47,42,34,23,29
20	ivfflat_vector_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <-> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,37,2,6,21,17,10
21	ivfflat_vector_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <#> '[3.7,90.4,11.3]' LIMIT 8) n	20,31,42,40,9,7,18,29
22	ivfflat_vector_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <#> '[50.3,20.1,70.2]' LIMIT 8) n	5,30,40,16,10,35,20,27
23	ivfflat_vector_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <=> '[3.7,90.4,11.3]' LIMIT 8) n	14,9,3,42,47,31,29,18
24	ivfflat_vector_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY v <=> '[50.3,20.1,70.2]' LIMIT 8) n	26,15,10,35,44,37,30,21
25	ivfflat_halfvec_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <-> '[3.7,90.4,11.3]' LIMIT 8) n	7,14,21,28,11,45,35,42
26	ivfflat_halfvec_l2	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <-> '[50.3,20.1,70.2]' LIMIT 8) n	23,46,9,13,32,36,18,22
27	ivfflat_halfvec_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <#> '[3.7,90.4,11.3]' LIMIT 8) n	45,4,18,32,7,46,21,35
28	ivfflat_halfvec_ip	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <#> '[50.3,20.1,70.2]' LIMIT 8) n	23,46,9,13,32,36,18,3
29	ivfflat_halfvec_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <=> '[3.7,90.4,11.3]' LIMIT 8) n	14,28,47,1,11,7,42,21
30	ivfflat_halfvec_cosine	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint_ivfflat  ORDER BY h <=> '[50.3,20.1,70.2]' LIMIT 8) n	12,36,2,46,26,35,22,25
31	hnsw_bit_hamming	SELECT string_agg(d::text, ',') FROM (SELECT round((b <~> '11010010')::numeric, 3) AS d FROM paint_hnsw ORDER BY b <~> '11010010' LIMIT 12) n	1.000,1.000,2.000,2.000,2.000,2.000,2.000,2.000,3.000,3.000,3.000,3.000
32	hnsw_bit_jaccard	SELECT string_agg(d::text, ',') FROM (SELECT round((b <%> '11010010')::numeric, 3) AS d FROM paint_hnsw ORDER BY b <%> '11010010' LIMIT 12) n	0.200,0.200,0.400,0.400,0.400,0.400,0.429,0.429,0.500,0.500,0.500,0.500
33	hnsw_sparsevec_l2	SELECT string_agg(d::text, ',') FROM (SELECT round((s <-> '{1:20.3,4:7.7}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <-> '{1:20.3,4:7.7}/6' LIMIT 12) n	4.357,5.566,6.854,8.184,9.538,14.401,15.536,16.715,17.058,17.406,17.860,17.927
34	hnsw_sparsevec_l2	SELECT string_agg(d::text, ',') FROM (SELECT round((s <-> '{2:5.2,6:24.9}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <-> '{2:5.2,6:24.9}/6' LIMIT 12) n	7.749,8.115,8.698,18.768,19.810,20.588,20.824,20.896,21.153,21.570,22.019,22.069
35	hnsw_sparsevec_ip	SELECT string_agg(d::text, ',') FROM (SELECT round((s <#> '{1:20.3,4:7.7}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <#> '{1:20.3,4:7.7}/6' LIMIT 12) n	-630.700,-602.700,-574.700,-546.700,-532.700,-518.700,-504.700,-476.700,-448.700,-420.700,-392.700,-168.000
36	hnsw_sparsevec_ip	SELECT string_agg(d::text, ',') FROM (SELECT round((s <#> '{2:5.2,6:24.9}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <#> '{2:5.2,6:24.9}/6' LIMIT 12) n	-747.000,-722.100,-697.200,-672.300,-647.400,-498.000,-473.100,-448.200,-423.300,-398.400,-373.500,-224.100
37	hnsw_sparsevec_cosine	SELECT string_agg(d::text, ',') FROM (SELECT round((s <=> '{1:20.3,4:7.7}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <=> '{1:20.3,4:7.7}/6' LIMIT 12) n	0.012,0.015,0.017,0.019,0.021,0.088,0.088,0.088,0.088,0.088,0.218,0.226
38	hnsw_sparsevec_cosine	SELECT string_agg(d::text, ',') FROM (SELECT round((s <=> '{2:5.2,6:24.9}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <=> '{2:5.2,6:24.9}/6' LIMIT 12) n	0.023,0.026,0.032,0.195,0.199,0.203,0.207,0.211,0.413,0.424,0.439,0.457
39	hnsw_sparsevec_l1	SELECT string_agg(d::text, ',') FROM (SELECT round((s <+> '{1:20.3,4:7.7}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <+> '{1:20.3,4:7.7}/6' LIMIT 12) n	5.000,7.000,9.000,11.000,13.000,16.000,18.000,20.000,22.000,23.600,23.600,23.600
40	hnsw_sparsevec_l1	SELECT string_agg(d::text, ',') FROM (SELECT round((s <+> '{2:5.2,6:24.9}/6')::numeric, 3) AS d FROM paint_hnsw ORDER BY s <+> '{2:5.2,6:24.9}/6' LIMIT 12) n	13.100,13.100,13.100,24.300,26.300,28.300,30.300,32.300,33.100,33.100,33.100,33.100
41	hnsw_quantized	SELECT string_agg(d::text, ',') FROM (SELECT round((binary_quantize(v - '[50,50,50]')::bit(3) <~> '101')::numeric, 3) AS d FROM paint_hnsw ORDER BY binary_quantize(v - '[50,50,50]')::bit(3) <~> '101' LIMIT 12) n	0.000,0.000,0.000,0.000,0.000,0.000,0.000,1.000,1.000,1.000,1.000,1.000
42	ivfflat_bit_hamming	SELECT string_agg(d::text, ',') FROM (SELECT round((b <~> '11010010')::numeric, 3) AS d FROM paint_ivfflat ORDER BY b <~> '11010010' LIMIT 12) n	1.000,1.000,2.000,2.000,2.000,2.000,2.000,2.000,3.000,3.000,3.000,3.000
44	btree_vector	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint WHERE v < '[20]' ORDER BY v) n	50,41,11,22,33,3,44,14,25,36
45	btree_halfvec	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint WHERE h >= '[20,1,1]' ORDER BY h, id) n	6,16,26,36,46,3,13,23,33,43,49
46	btree_sparsevec	SELECT string_agg(id::text, ',') FROM (SELECT id FROM paint WHERE s > '{1:3}/6' ORDER BY s LIMIT 9) n	18,27,36,45,3,12,21,30,39
47	season_2025_v_idx	SELECT string_agg(year || ':' || v, ' ') FROM (SELECT * FROM season ORDER BY v <-> '[12.2,3.4]' LIMIT 5) n	2025:[11,2] 2025:[15,4] 2024:[16,1] 2024:[12,8] 2024:[14,9]
48	hnsw_vector_l2	SELECT string_agg(nearest::text, ',') FROM shop.nearest('[9.2,8.4,7.1]', 5)	44,33,39,28,4
49	\N	SELECT string_agg(paint::text, ' | ' ORDER BY id) FROM paint	(1,"paint 1","[37,53,72]","[7.75,7.375,9.5]","{2:14,5:8}/6",10101000,"[1,2]","{""[1,0,1]"",""[0,1,-1.5]""}","[1,0.5,0.001]","(""[1,1,0.5]"",00000001)","[0.3823996,0.54776156,0.7441289]") | (2,"paint 2","[74,9,54]","[15.5,4.375,18]","{3:27,6:15}/6",01010000,"[2,4,6]","{""[2,0,1]"",""[0,2,-1.5]""}","[2,1,0.001]","(""[2,1,0.5]"",00000010)","[0.8039205,0.09777412,0.5866447]") | (3,"paint 3","[10,62,36]","[23.25,1.375,26.5]","{1:11,4:22}/6",11110111,"[3,6,9,1]","{""[3,0,1]"",""[0,3,-1.5]""}","[3,1.5,0.001]","(""[3,1,0.5]"",00000011)","[0.13814475,0.8564974,0.49732107]") | (4,"paint 4","[47,18,18]","[5.25,8.75,35]","{2:24,5:29}/6",10011111,[4],"{""[4,0,1]"",""[0,4,-1.5]""}","[4,2,0.001]","(""[4,1,0.5]"",00000100)","[0.87931144,0.33675757,0.33675757]") | (5,"paint 5","[84,71,89]","[13,5.75,4]","{3:8,6:5}/6",01000111,"[5,10]",,"[5,2.5,0.001]","(""[5,1,0.5]"",00000101)","[0.5937026,0.50182,0.629042]") | (6,"paint 6","[20,27,71]","[20.75,2.75,12.5]","{1:21,4:12}/6",11101110,"[6,1,7]","{""[6,0,1]"",""[0,6,-1.5]""}","[6,3,0.001]","(""[6,1,0.5]"",00000110)","[0.254617,0.34373295,0.9038904]") | (7,"paint 7","[57,80,53]","[2.75,10.125,21]","{2:5,5:19}/6",10010110,"[7,3,10,6]","{""[7,0,1]"",""[0,7,-1.5]""}","[7,3.5,0.001]","(""[0,1,0.5]"",00000111)","[0.51068217,0.7167469,0.4748448]") | (8,"paint 8","[94,36,35]","[10.5,7.125,29.5]","{3:18,6:26}/6",00111110,[8],"{""[8,0,1]"",""[0,8,-1.5]""}","[8,4,0.001]","(""[1,1,0.5]"",00001000)","[0.88205576,0.33780858,0.32842502]") | (9,"paint 9","[30,89,17]","[18.25,4.125,38]","{1:2,4:2}/6",11100101,"[9,7]","{""[9,0,1]"",""[0,9,-1.5]""}","[9,4.5,0.001]","(""[2,1,0.5]"",00001001)","[0.3143128,0.9324613,0.17811058]") | (10,"paint 10","[67,45,88]","[0.25,1.125,7]","{2:15,5:9}/6",10001101,"[10,9,8]",,"[10,5,0.001]","(""[3,1,0.5]"",00001010)","[0.56110674,0.37686273,0.736976]") | (11,"paint 11","[3,1,70]","[8,8.5,15.5]","{3:28,6:16}/6",00110101,"[0,0,0,0]","{""[11,0,1]"",""[0,11,-1.5]""}","[11,5.5,0.001]","(""[4,1,0.5]"",00001011)","[0.042813476,0.01427116,0.9989812]") | (12,"paint 12","[40,54,52]","[15.75,5.5,24]","{1:12,4:23}/6",11011100,[1],"{""[12,0,1]"",""[0,12,-1.5]""}","[12,6,0.001]","(""[5,1,0.5]"",00001100)","[0.47075117,0.6355141,0.6119765]") | (13,"paint 13","[77,10,34]","[23.5,2.5,32.5]","{2:25,5:30}/6",10000100,"[2,4]","{""[13,0,1]"",""[0,13,-1.5]""}","[13,6.5,0.001]","(""[6,1,0.5]"",00001101)","[0.9084005,0.11797409,0.40111187]") | (14,"paint 14","[13,63,16]","[5.5,9.875,1.5]","{3:9,6:6}/6",00101100,"[3,6,9]","{""[14,0,1]"",""[0,14,-1.5]""}","[14,7,0.001]","(""[0,1,0.5]"",00001110)","[0.19611613,0.95040894,0.2413737]") | (15,"paint 15","[50,19,87]","[13.25,6.875,10]","{1:22,4:13}/6",11010011,"[4,8,1,5]",,"[15,7.5,0.001]","(""[1,1,0.5]"",00001111)","[0.4895847,0.18604219,0.8518774]") | (16,"paint 16","[87,72,69]","[21,3.875,18.5]","{2:6,5:20}/6",01111011,[5],"{""[16,0,1]"",""[0,16,-1.5]""}","[16,8,0.001]","(""[2,1,0.5]"",00010000)","[0.6573953,0.5440513,0.52138245]") | (17,"paint 17","[23,28,51]","[3,0.875,27]","{3:19,6:27}/6",00100011,"[6,1]","{""[17,0,1]"",""[0,17,-1.5]""}","[17,8.5,0.001]","(""[3,1,0.5]"",00010001)","[0.3676355,0.44755626,0.81519175]") | (18,"paint 18","[60,81,33]","[10.75,8.25,35.5]","{1:3,4:3}/6",11001010,"[7,3,10]","{""[18,0,1]"",""[0,18,-1.5]""}","[18,9,0.001]","(""[4,1,0.5]"",00010010)","[0.56568545,0.76367533,0.31112698]") | (19,"paint 19","[97,37,15]","[18.5,5.25,4.5]","{2:16,5:10}/6",01110010,"[8,5,2,10]","{""[19,0,1]"",""[0,19,-1.5]""}","[19,9.5,0.001]","(""[5,1,0.5]"",00010011)","[0.9247326,0.35273308,0.14299989]") | (20,"paint 20","[33,90,86]","[0.5,2.25,13]","{3:29,6:17}/6",00011010,[9],,"[20,10,0.001]","(""[6,1,0.5]"",00010100)","[0.25624546,0.6988513,0.66779125]") | (21,"paint 21","[70,46,68]","[8.25,9.625,21.5]","{1:13,4:24}/6",11000001,"[10,9]","{""[21,0,1]"",""[0,21,-1.5]""}","[21,10.5,0.001]","(""[0,1,0.5]"",00010101)","[0.648816,0.4263648,0.6302784]") | (22,"paint 22","[6,2,50]","[16,6.625,30]","{2:26,5:31}/6",01101001,"[0,0,0]","{""[22,0,1]"",""[0,22,-1.5]""}","[22,11,0.001]","(""[1,1,0.5]"",00010110)","[0.11905137,0.03968379,0.99209476]") | (23,"paint 23","[43,55,32]","[23.75,3.625,38.5]","{3:10,6:7}/6",00010001,"[1,2,3,4]","{""[23,0,1]"",""[0,23,-1.5]""}","[23,11.5,0.001]","(""[2,1,0.5]"",00010111)","[0.5599072,0.7161604,0.41667515]") | (24,"paint 24","[80,11,14]","[5.75,0.625,7.5]","{1:23,4:14}/6",10111000,[2],"{""[24,0,1]"",""[0,24,-1.5]""}","[24,12,0.001]","(""[3,1,0.5]"",00011000)","[0.97611797,0.13421622,0.17082065]") | (25,"paint 25","[16,64,85]","[13.5,8,16]","{2:7,5:21}/6",01100000,"[3,6]",,"[25,12.5,0.001]","(""[4,1,0.5]"",00011001)","[0.14870377,0.5948151,0.78998876]") | (26,"paint 26","[53,20,67]","[21.25,5,24.5]","{3:20,6:28}/6",00001000,"[4,8,1]","{""[26,0,1]"",""[0,26,-1.5]""}","[26,13,0.001]","(""[5,1,0.5]"",00011010)","[0.60406953,0.22795075,0.76363504]") | (27,"paint 27","[90,73,49]","[3.25,2,33]","{1:4,4:4}/6",10101111,"[5,10,4,9]","{""[27,0,1]"",""[0,27,-1.5]""}","[27,13.5,0.001]","(""[6,1,0.5]"",00011011)","[0.7153228,0.5802063,0.3894535]") | (28,"paint 28","[26,29,31]","[11,9.375,2]","{2:17,5:11}/6",01010111,[6],"{""[28,0,1]"",""[0,28,-1.5]""}","[28,14,0.001]","(""[0,1,0.5]"",00011100)","[0.5223032,0.58256894,0.6227461]") | (29,"paint 29","[63,82,13]","[18.75,6.375,10.5]","{3:1,6:18}/6",11111110,"[7,3]","{""[29,0,1]"",""[0,29,-1.5]""}","[29,14.5,0.001]","(""[1,1,0.5]"",00011101)","[0.60448515,0.7867902,0.124735035]") | (30,"paint 30","[100,38,84]","[0.75,3.375,19]","{1:14,4:25}/6",10100110,"[8,5,2]",,"[30,15,0.001]","(""[2,1,0.5]"",00011110)","[0.73521465,0.27938154,0.6175803]") | (31,"paint 31","[36,91,66]","[8.5,0.375,27.5]","{2:27,5:1}/6",01001110,"[9,7,5,3]","{""[31,0,1]"",""[0,31,-1.5]""}","[31,15.5,0.001]","(""[3,1,0.5]"",00011111)","[0.3049862,0.7709373,0.55914134]") | (32,"paint 32","[73,47,48]","[16.25,7.75,36]","{3:11,6:8}/6",11110101,[10],"{""[32,0,1]"",""[0,32,-1.5]""}","[32,16,0.001]","(""[4,1,0.5]"",00100000)","[0.73583627,0.4737576,0.48383754]") | (33,"paint 33","[9,3,30]","[24,4.75,5]","{1:24,4:15}/6",10011101,"[0,0]","{""[33,0,1]"",""[0,33,-1.5]""}","[33,16.5,0.001]","(""[5,1,0.5]"",00100001)","[0.2860388,0.09534626,0.9534626]") | (34,"paint 34","[46,56,12]","[6,1.75,13.5]","{2:8,5:22}/6",01000101,"[1,2,3]","{""[34,0,1]"",""[0,34,-1.5]""}","[34,17,0.001]","(""[6,1,0.5]"",00100010)","[0.62621266,0.76234585,0.16335984]") | (35,"paint 35","[83,12,83]","[13.75,9.125,22]","{3:21,6:29}/6",11101100,"[2,4,6,8]",,"[35,17.5,0.001]","(""[0,1,0.5]"",00100011)","[0.70344037,0.10170222,0.70344037]") | (36,"paint 36","[19,65,65]","[21.5,6.125,30.5]","{1:5,4:5}/6",10010100,[3],"{""[36,0,1]"",""[0,36,-1.5]""}","[36,18,0.001]","(""[1,1,0.5]"",00100100)","[0.20241421,0.69246966,0.69246966]") | (37,"paint 37","[56,21,47]","[3.5,3.125,39]","{2:18,5:12}/6",00111100,"[4,8]","{""[37,0,1]"",""[0,37,-1.5]""}","[37,18.5,0.001]","(""[2,1,0.5]"",00100101)","[0.7362051,0.2760769,0.6178864]") | (38,"paint 38","[93,74,29]","[11.25,0.125,8]","{3:2,6:19}/6",11100011,"[5,10,4]","{""[38,0,1]"",""[0,38,-1.5]""}","[38,19,0.001]","(""[3,1,0.5]"",00100110)","[0.7602039,0.6048934,0.23705283]") | (39,"paint 39","[29,30,11]","[19,7.5,16.5]","{1:15,4:26}/6",10001011,"[6,1,7,2]","{""[39,0,1]"",""[0,39,-1.5]""}","[39,19.5,0.001]","(""[4,1,0.5]"",00100111)","[0.6720602,0.69523466,0.25491938]") | (40,"paint 40","[66,83,82]","[1,4.5,25]","{2:28,5:2}/6",00110011,[7],,"[40,20,0.001]","(""[5,1,0.5]"",00101000)","[0.4923591,0.6191789,0.6117189]") | (41,"paint 41","[2,39,64]","[8.75,1.5,33.5]","{3:12,6:9}/6",11011010,"[8,5]","{""[41,0,1]"",""[0,41,-1.5]""}","[41,20.5,0.001]","(""[6,1,0.5]"",00101001)","[0.026676154,0.520185,0.8536369]") | (42,"paint 42","[39,92,46]","[16.5,8.875,2.5]","{1:25,4:16}/6",10000010,"[9,7,5]","{""[42,0,1]"",""[0,42,-1.5]""}","[42,21,0.001]","(""[0,1,0.5]"",00101010)","[0.3545308,0.8363291,0.41816455]") | (43,"paint 43","[76,48,28]","[24.25,5.875,11]","{2:9,5:23}/6",00101010,"[10,9,8,7]","{""[43,0,1]"",""[0,43,-1.5]""}","[43,21.5,0.001]","(""[1,1,0.5]"",00101011)","[0.8072327,0.50983113,0.2974015]") | (44,"paint 44","[12,4,10]","[6.25,2.875,19.5]","{3:22,6:30}/6",11010001,[0],"{""[44,0,1]"",""[0,44,-1.5]""}","[44,22,0.001]","(""[2,1,0.5]"",00101100)","[0.7442084,0.24806947,0.6201737]") | (45,"paint 45","[49,57,81]","[14,10.25,28]","{1:6,4:6}/6",01111001,"[1,2]",,"[45,22.5,0.001]","(""[3,1,0.5]"",00101101)","[0.4434253,0.5158213,0.73300916]") | (46,"paint 46","[86,13,63]","[21.75,7.25,36.5]","{2:19,5:13}/6",00100001,"[2,4,6]","{""[46,0,1]"",""[0,46,-1.5]""}","[46,23,0.001]","(""[4,1,0.5]"",00101110)","[0.80077124,0.12104682,0.5866115]") | (47,"paint 47","[22,66,45]","[3.75,4.25,5.5]","{3:3,6:20}/6",11001000,"[3,6,9,1]","{""[47,0,1]"",""[0,47,-1.5]""}","[47,23.5,0.001]","(""[5,1,0.5]"",00101111)","[0.26552317,0.79656947,0.54311556]") | (48,"paint 48","[59,22,27]","[11.5,1.25,14]","{1:16,4:27}/6",01110000,[4],"{""[48,0,1]"",""[0,48,-1.5]""}","[48,24,0.001]","(""[6,1,0.5]"",00110000)","[0.8611533,0.321108,0.3940871]") | (49,"edge of range","[3.4028235e+38,-1.1754944e-38,-0]","[65504,-6.1035156e-05,-0]",,,,,,,"[1,-0,-0]") | (50,defaults,"[0,0,1]",,,,,,,,"[0,0,1]")
50	\N	SELECT string_agg(encode(vector_send(v) || halfvec_send(h) || sparsevec_send(s), 'hex'), ' ' ORDER BY id) FROM paint WHERE id % 9 = 4	00030000423c0000419000004190000000030000454048605060000000060000000200000000000000010000000441c0000041e80000 00030000429a00004120000042080000000300004de041005010000000060000000200000000000000010000000441c8000041f00000 0003000040c000004000000042480000000300004c0046a04f80000000060000000200000000000000010000000441d0000041f80000 000300004210000042b600004284000000030000484036004ee0000000060000000200000000000000010000000441d800003f800000 000300004284000042a6000042a40000000300003c0044804e40000000060000000200000000000000010000000441e0000040000000
51	\N	SELECT sum(pg_column_size(v) + 10 * pg_column_size(h) + 100 * pg_column_size(s))::text FROM paint	145296
52	\N	SELECT string_agg(format('%s %s %s %s', id, round(l2::numeric, 4), round(cosine::numeric, 6), ip), ' | ' ORDER BY id) FROM near WHERE id <= 48	1 25.7294 0.006304 -0 | 2 47.6760 0.094659 -0 | 3 44.0454 0.163358 -33 | 4 45.3542 0.224016 -0 | 5 55.8391 0.110532 -0 | 6 43.2435 0.147466 -33 | 7 30.9516 0.166871 -0 | 8 48.5489 0.152762 -0 | 9 54.8635 0.177045 -4 | 10 41.9285 0.318417 -0 | 11 70.7814 0.047847 -0 | 12 10.9545 0.106181 -35 | 13 50.8429 0.159491 -0 | 14 51.9038 0.145553 -0 | 15 48.2701 0.031988 -35 | 16 47.0532 0.113650 -0 | 17 34.8425 0.344167 -0 | 18 36.7423 0.171922 -6 | 19 60.0250 0.174170 -0 | 20 56.4358 0.311259 -0 | 21 27.2029 0.089181 -37 | 22 65.1153 0.122877 -0 | 23 19.9499 0.161923 -0 | 24 60.9672 0.154198 -37 | 25 50.7642 0.033925 -0 | 26 34.6121 0.107095 -0 | 27 46.1519 0.335229 -8 | 28 37.1214 0.114631 -0 | 29 50.6162 0.082415 -0 | 30 61.6441 0.308656 -39 | 31 46.1844 0.270443 -0 | 32 23.2809 0.139370 -0 | 33 65.4981 0.219679 -39 | 34 38.6782 0.175301 -0 | 35 60.1831 0.057918 -0 | 36 37.5633 0.112574 -10 | 37 29.7658 0.329410 -0 | 38 53.5350 0.189702 -0 | 39 48.6004 0.054545 -41 | 40 48.6724 0.307310 -0 | 41 51.1957 0.271156 -0 | 42 43.6005 0.148551 -41 | 43 34.1174 0.129273 -0 | 44 71.8331 0.200760 -0 | 45 31.7962 0.084205 -12 | 46 53.2353 0.122651 -0 | 47 32.6343 0.013112 -0 | 48 37.3363 0.149588 -43
53	\N	SELECT total::text FROM total	("[50.104168,45.583332,49.5]","[591.5,248.5,959]")
54	\N	SELECT format('%s %s %s', avg(v), sum(v), avg(h)) FROM paint WHERE id < 20	[51.05263,45,50.526318] [970,855,960] [12.4453125,5.4921875,19.46875]
55	\N	SELECT string_agg(v::text, ' ' ORDER BY v) FROM (SELECT v FROM paint ORDER BY v DESC LIMIT 5) n	[93,74,29] [94,36,35] [97,37,15] [100,38,84] [3.4028235e+38,-1.1754944e-38,-0]
56	\N	SELECT string_agg(any_v::text, ' ' ORDER BY any_v, id) FROM paint	[0] [0,0] [0,0,0] [0,0,0,0] [1] [1,2] [1,2] [1,2,3] [1,2,3,4] [2] [2,4] [2,4,6] [2,4,6] [2,4,6,8] [3] [3,6] [3,6,9] [3,6,9,1] [3,6,9,1] [4] [4] [4,8] [4,8,1] [4,8,1,5] [5] [5,10] [5,10,4] [5,10,4,9] [6] [6,1] [6,1,7] [6,1,7,2] [7] [7,3] [7,3,10] [7,3,10,6] [8] [8,5] [8,5,2] [8,5,2,10] [9] [9,7] [9,7,5] [9,7,5,3] [10] [10,9] [10,9,8] [10,9,8,7]
57	\N	SELECT string_agg(format('%s %s %s %s', v + '[1,2,3]', v - v, v * '[2,0.5,1]', v || '[7]'), ' | ' ORDER BY id) FROM paint WHERE id < 6	[38,55,75] [0,0,0] [74,26.5,72] [37,53,72,7] | [75,11,57] [0,0,0] [148,4.5,54] [74,9,54,7] | [11,64,39] [0,0,0] [20,31,36] [10,62,36,7] | [48,20,21] [0,0,0] [94,9,18] [47,18,18,7] | [85,73,92] [0,0,0] [168,35.5,89] [84,71,89,7]
58	\N	SELECT string_agg(format('%s %s %s %s', h + '[1,2,3]', h - h, h * '[2,0.5,1]', h || '[7]'), ' | ' ORDER BY id) FROM paint WHERE id < 6	[8.75,9.375,12.5] [0,0,0] [15.5,3.6875,9.5] [7.75,7.375,9.5,7] | [16.5,6.375,21] [0,0,0] [31,2.1875,18] [15.5,4.375,18,7] | [24.25,3.375,29.5] [0,0,0] [46.5,0.6875,26.5] [23.25,1.375,26.5,7] | [6.25,10.75,38] [0,0,0] [10.5,4.375,35] [5.25,8.75,35,7] | [14,7.75,7] [0,0,0] [26,2.875,4] [13,5.75,4,7]
59	\N	SELECT string_agg(format('%s %s %s %s', v::halfvec, v::sparsevec, h::vector, s::vector), ' | ' ORDER BY id) FROM paint WHERE id < 9	[37,53,72] {1:37,2:53,3:72}/3 [7.75,7.375,9.5] [0,14,0,0,8,0] | [74,9,54] {1:74,2:9,3:54}/3 [15.5,4.375,18] [0,0,27,0,0,15] | [10,62,36] {1:10,2:62,3:36}/3 [23.25,1.375,26.5] [11,0,0,22,0,0] | [47,18,18] {1:47,2:18,3:18}/3 [5.25,8.75,35] [0,24,0,0,29,0] | [84,71,89] {1:84,2:71,3:89}/3 [13,5.75,4] [0,0,8,0,0,5] | [20,27,71] {1:20,2:27,3:71}/3 [20.75,2.75,12.5] [21,0,0,12,0,0] | [57,80,53] {1:57,2:80,3:53}/3 [2.75,10.125,21] [0,5,0,0,19,0] | [94,36,35] {1:94,2:36,3:35}/3 [10.5,7.125,29.5] [0,0,18,0,0,26]
60	\N	SELECT string_agg(format('%s %s %s %s', v::real[], h::real[], s::halfvec, h::sparsevec), ' | ' ORDER BY id) FROM paint WHERE id < 9	{37,53,72} {7.75,7.375,9.5} [0,14,0,0,8,0] {1:7.75,2:7.375,3:9.5}/3 | {74,9,54} {15.5,4.375,18} [0,0,27,0,0,15] {1:15.5,2:4.375,3:18}/3 | {10,62,36} {23.25,1.375,26.5} [11,0,0,22,0,0] {1:23.25,2:1.375,3:26.5}/3 | {47,18,18} {5.25,8.75,35} [0,24,0,0,29,0] {1:5.25,2:8.75,3:35}/3 | {84,71,89} {13,5.75,4} [0,0,8,0,0,5] {1:13,2:5.75,3:4}/3 | {20,27,71} {20.75,2.75,12.5} [21,0,0,12,0,0] {1:20.75,2:2.75,3:12.5}/3 | {57,80,53} {2.75,10.125,21} [0,5,0,0,19,0] {1:2.75,2:10.125,3:21}/3 | {94,36,35} {10.5,7.125,29.5} [0,0,18,0,0,26] {1:10.5,2:7.125,3:29.5}/3
61	\N	SELECT string_agg(format('%s %s %s', binary_quantize(v - '[40,40,40]'), binary_quantize(h), subvector(v, 2, 2)), ' | ' ORDER BY id) FROM paint WHERE id < 9	011 111 [53,72] | 101 111 [9,54] | 010 111 [62,36] | 100 111 [18,18] | 111 111 [71,89] | 001 111 [27,71] | 111 111 [80,53] | 100 111 [36,35]
62	\N	SELECT string_agg(format('%s %s %s', round(vector_norm(v)::numeric, 5), round(l2_norm(h)::numeric, 4), round(l2_norm(s)::numeric, 5)), ' | ' ORDER BY id) FROM paint WHERE id < 9	96.75743 14.3074 16.12452 | 92.04890 24.1535 30.88689 | 72.38784 35.2804 24.59675 | 53.45091 36.4572 37.64306 | 141.48498 14.7669 9.43398 | 78.54935 24.3798 24.18677 | 111.61541 23.4751 19.64688 | 106.56923 32.1133 31.62278
63	\N	SELECT string_agg(format('%s %s %s', hamming_distance(b, '11110000'), round(jaccard_distance(b, '11110000')::numeric, 6), vector_dims(any_v)), ' | ' ORDER BY id) FROM paint WHERE id <= 48	3 0.600000 2 | 2 0.500000 3 | 3 0.428571 4 | 6 0.750000 1 | 6 0.857143 2 | 4 0.571429 3 | 4 0.666667 4 | 5 0.714286 1 | 3 0.500000 2 | 6 0.857143 3 | 4 0.666667 4 | 3 0.500000 1 | 4 0.800000 2 | 5 0.833333 3 | 3 0.500000 4 | 4 0.571429 1 | 5 0.833333 2 | 4 0.666667 3 | 2 0.400000 4 | 5 0.833333 1 | 3 0.600000 2 | 4 0.666667 3 | 4 0.800000 4 | 2 0.400000 1 | 2 0.500000 2 | 5 1.000000 3 | 6 0.750000 4 | 5 0.714286 1 | 3 0.428571 2 | 4 0.666667 3 | 6 0.857143 4 | 2 0.333333 1 | 5 0.714286 2 | 5 0.833333 3 | 3 0.500000 4 | 3 0.600000 1 | 4 0.666667 2 | 3 0.500000 3 | 6 0.857143 4 | 4 0.666667 1 | 3 0.500000 2 | 4 0.800000 3 | 5 0.833333 4 | 2 0.400000 1 | 3 0.500000 2 | 4 0.800000 3 | 3 0.600000 4 | 1 0.250000 1
64	\N	SELECT string_agg(format('%s %s', (patch).centre, colour), ' ' ORDER BY id) FROM paint WHERE id < 9	[1,1,0.5] [1,0.5,0.001] [2,1,0.5] [2,1,0.001] [3,1,0.5] [3,1.5,0.001] [4,1,0.5] [4,2,0.001] [5,1,0.5] [5,2.5,0.001] [6,1,0.5] [6,3,0.001] [0,1,0.5] [7,3.5,0.001] [1,1,0.5] [8,4,0.001]
65	\N	SELECT string_agg(format_type(atttypid, atttypmod), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'paint'::regclass AND attnum > 0	integer,text,vector(3),halfvec(3),sparsevec(6),bit(8),vector,vector(3)[],shop.colour,shop.patch,vector(3)
66	\N	SELECT string_agg(indexdef, E'\\n' ORDER BY indexname COLLATE "C") FROM pg_indexes WHERE schemaname = 'public'	CREATE UNIQUE INDEX answer_pkey ON public.answer USING btree (id)\nCREATE UNIQUE INDEX btree_halfvec ON public.paint USING btree (h, id)\nCREATE INDEX btree_sparsevec ON public.paint USING btree (s)\nCREATE INDEX btree_vector ON public.paint USING btree (v)\nCREATE INDEX hnsw_bit_hamming ON public.paint_hnsw USING hnsw (b bit_hamming_ops)\nCREATE INDEX hnsw_bit_jaccard ON public.paint_hnsw USING hnsw (b bit_jaccard_ops)\nCREATE INDEX hnsw_expression ON public.paint_hnsw USING hnsw (((v)::halfvec(3)) halfvec_l2_ops) WHERE (id > 10)\nCREATE INDEX hnsw_halfvec_cosine ON public.paint_hnsw USING hnsw (h halfvec_cosine_ops)\nCREATE INDEX hnsw_halfvec_ip ON public.paint_hnsw USING hnsw (h halfvec_ip_ops)\nCREATE INDEX hnsw_halfvec_l1 ON public.paint_hnsw USING hnsw (h halfvec_l1_ops)\nCREATE INDEX hnsw_halfvec_l2 ON public.paint_hnsw USING hnsw (h halfvec_l2_ops)\nCREATE INDEX hnsw_quantized ON public.paint_hnsw USING hnsw (((binary_quantize((v - '[50,50,50]'::vector)))::bit(3)) bit_hamming_ops)\nCREATE INDEX hnsw_sparsevec_cosine ON public.paint_hnsw USING hnsw (s sparsevec_cosine_ops)\nCREATE INDEX hnsw_sparsevec_ip ON public.paint_hnsw USING hnsw (s sparsevec_ip_ops)\nCREATE INDEX hnsw_sparsevec_l1 ON public.paint_hnsw USING hnsw (s sparsevec_l1_ops)\nCREATE INDEX hnsw_sparsevec_l2 ON public.paint_hnsw USING hnsw (s sparsevec_l2_ops)\nCREATE INDEX hnsw_vector_cosine ON public.paint_hnsw USING hnsw (v vector_cosine_ops) WITH (ef_construction='100')\nCREATE INDEX hnsw_vector_ip ON public.paint_hnsw USING hnsw (v vector_ip_ops) WITH (m='8', ef_construction='32')\nCREATE INDEX hnsw_vector_l1 ON public.paint_hnsw USING hnsw (v vector_l1_ops)\nCREATE INDEX hnsw_vector_l2 ON public.paint_hnsw USING hnsw (v vector_l2_ops)\nCREATE INDEX ivfflat_bit_hamming ON public.paint_ivfflat USING ivfflat (b bit_hamming_ops) WITH (lists='3')\nCREATE INDEX ivfflat_halfvec_cosine ON public.paint_ivfflat USING ivfflat (h halfvec_cosine_ops) WITH (lists='3')\nCREATE INDEX ivfflat_halfvec_ip ON public.paint_ivfflat USING ivfflat (h halfvec_ip_ops) WITH (lists='3')\nCREATE INDEX ivfflat_halfvec_l2 ON public.paint_ivfflat USING ivfflat (h halfvec_l2_ops) WITH (lists='3')\nCREATE INDEX ivfflat_vector_cosine ON public.paint_ivfflat USING ivfflat (v vector_cosine_ops) WITH (lists='3')\nCREATE INDEX ivfflat_vector_ip ON public.paint_ivfflat USING ivfflat (v vector_ip_ops) WITH (lists='3')\nCREATE INDEX ivfflat_vector_l2 ON public.paint_ivfflat USING ivfflat (v) WITH (lists='3')\nCREATE UNIQUE INDEX paint_pkey ON public.paint USING btree (id)\nCREATE INDEX season_2024_v_idx ON public.season_2024 USING hnsw (v vector_l2_ops)\nCREATE INDEX season_2025_v_idx ON public.season_2025 USING hnsw (v vector_l2_ops)\nCREATE INDEX season_v ON ONLY public.season USING hnsw (v vector_l2_ops)
\.


--
-- Data for Name: paint; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.paint (id, name, v, h, s, b, any_v, many, colour, patch) FROM stdin;
1	paint 1	[37,53,72]	[7.75,7.375,9.5]	{2:14,5:8}/6	10101000	[1,2]	{"[1,0,1]","[0,1,-1.5]"}	[1,0.5,0.001]	("[1,1,0.5]",00000001)
2	paint 2	[74,9,54]	[15.5,4.375,18]	{3:27,6:15}/6	01010000	[2,4,6]	{"[2,0,1]","[0,2,-1.5]"}	[2,1,0.001]	("[2,1,0.5]",00000010)
3	paint 3	[10,62,36]	[23.25,1.375,26.5]	{1:11,4:22}/6	11110111	[3,6,9,1]	{"[3,0,1]","[0,3,-1.5]"}	[3,1.5,0.001]	("[3,1,0.5]",00000011)
4	paint 4	[47,18,18]	[5.25,8.75,35]	{2:24,5:29}/6	10011111	[4]	{"[4,0,1]","[0,4,-1.5]"}	[4,2,0.001]	("[4,1,0.5]",00000100)
5	paint 5	[84,71,89]	[13,5.75,4]	{3:8,6:5}/6	01000111	[5,10]	\N	[5,2.5,0.001]	("[5,1,0.5]",00000101)
6	paint 6	[20,27,71]	[20.75,2.75,12.5]	{1:21,4:12}/6	11101110	[6,1,7]	{"[6,0,1]","[0,6,-1.5]"}	[6,3,0.001]	("[6,1,0.5]",00000110)
7	paint 7	[57,80,53]	[2.75,10.125,21]	{2:5,5:19}/6	10010110	[7,3,10,6]	{"[7,0,1]","[0,7,-1.5]"}	[7,3.5,0.001]	("[0,1,0.5]",00000111)
8	paint 8	[94,36,35]	[10.5,7.125,29.5]	{3:18,6:26}/6	00111110	[8]	{"[8,0,1]","[0,8,-1.5]"}	[8,4,0.001]	("[1,1,0.5]",00001000)
9	paint 9	[30,89,17]	[18.25,4.125,38]	{1:2,4:2}/6	11100101	[9,7]	{"[9,0,1]","[0,9,-1.5]"}	[9,4.5,0.001]	("[2,1,0.5]",00001001)
10	paint 10	[67,45,88]	[0.25,1.125,7]	{2:15,5:9}/6	10001101	[10,9,8]	\N	[10,5,0.001]	("[3,1,0.5]",00001010)
11	paint 11	[3,1,70]	[8,8.5,15.5]	{3:28,6:16}/6	00110101	[0,0,0,0]	{"[11,0,1]","[0,11,-1.5]"}	[11,5.5,0.001]	("[4,1,0.5]",00001011)
12	paint 12	[40,54,52]	[15.75,5.5,24]	{1:12,4:23}/6	11011100	[1]	{"[12,0,1]","[0,12,-1.5]"}	[12,6,0.001]	("[5,1,0.5]",00001100)
13	paint 13	[77,10,34]	[23.5,2.5,32.5]	{2:25,5:30}/6	10000100	[2,4]	{"[13,0,1]","[0,13,-1.5]"}	[13,6.5,0.001]	("[6,1,0.5]",00001101)
14	paint 14	[13,63,16]	[5.5,9.875,1.5]	{3:9,6:6}/6	00101100	[3,6,9]	{"[14,0,1]","[0,14,-1.5]"}	[14,7,0.001]	("[0,1,0.5]",00001110)
15	paint 15	[50,19,87]	[13.25,6.875,10]	{1:22,4:13}/6	11010011	[4,8,1,5]	\N	[15,7.5,0.001]	("[1,1,0.5]",00001111)
16	paint 16	[87,72,69]	[21,3.875,18.5]	{2:6,5:20}/6	01111011	[5]	{"[16,0,1]","[0,16,-1.5]"}	[16,8,0.001]	("[2,1,0.5]",00010000)
17	paint 17	[23,28,51]	[3,0.875,27]	{3:19,6:27}/6	00100011	[6,1]	{"[17,0,1]","[0,17,-1.5]"}	[17,8.5,0.001]	("[3,1,0.5]",00010001)
18	paint 18	[60,81,33]	[10.75,8.25,35.5]	{1:3,4:3}/6	11001010	[7,3,10]	{"[18,0,1]","[0,18,-1.5]"}	[18,9,0.001]	("[4,1,0.5]",00010010)
19	paint 19	[97,37,15]	[18.5,5.25,4.5]	{2:16,5:10}/6	01110010	[8,5,2,10]	{"[19,0,1]","[0,19,-1.5]"}	[19,9.5,0.001]	("[5,1,0.5]",00010011)
20	paint 20	[33,90,86]	[0.5,2.25,13]	{3:29,6:17}/6	00011010	[9]	\N	[20,10,0.001]	("[6,1,0.5]",00010100)
21	paint 21	[70,46,68]	[8.25,9.625,21.5]	{1:13,4:24}/6	11000001	[10,9]	{"[21,0,1]","[0,21,-1.5]"}	[21,10.5,0.001]	("[0,1,0.5]",00010101)
22	paint 22	[6,2,50]	[16,6.625,30]	{2:26,5:31}/6	01101001	[0,0,0]	{"[22,0,1]","[0,22,-1.5]"}	[22,11,0.001]	("[1,1,0.5]",00010110)
23	paint 23	[43,55,32]	[23.75,3.625,38.5]	{3:10,6:7}/6	00010001	[1,2,3,4]	{"[23,0,1]","[0,23,-1.5]"}	[23,11.5,0.001]	("[2,1,0.5]",00010111)
24	paint 24	[80,11,14]	[5.75,0.625,7.5]	{1:23,4:14}/6	10111000	[2]	{"[24,0,1]","[0,24,-1.5]"}	[24,12,0.001]	("[3,1,0.5]",00011000)
25	paint 25	[16,64,85]	[13.5,8,16]	{2:7,5:21}/6	01100000	[3,6]	\N	[25,12.5,0.001]	("[4,1,0.5]",00011001)
26	paint 26	[53,20,67]	[21.25,5,24.5]	{3:20,6:28}/6	00001000	[4,8,1]	{"[26,0,1]","[0,26,-1.5]"}	[26,13,0.001]	("[5,1,0.5]",00011010)
27	paint 27	[90,73,49]	[3.25,2,33]	{1:4,4:4}/6	10101111	[5,10,4,9]	{"[27,0,1]","[0,27,-1.5]"}	[27,13.5,0.001]	("[6,1,0.5]",00011011)
28	paint 28	[26,29,31]	[11,9.375,2]	{2:17,5:11}/6	01010111	[6]	{"[28,0,1]","[0,28,-1.5]"}	[28,14,0.001]	("[0,1,0.5]",00011100)
29	paint 29	[63,82,13]	[18.75,6.375,10.5]	{3:1,6:18}/6	11111110	[7,3]	{"[29,0,1]","[0,29,-1.5]"}	[29,14.5,0.001]	("[1,1,0.5]",00011101)
30	paint 30	[100,38,84]	[0.75,3.375,19]	{1:14,4:25}/6	10100110	[8,5,2]	\N	[30,15,0.001]	("[2,1,0.5]",00011110)
31	paint 31	[36,91,66]	[8.5,0.375,27.5]	{2:27,5:1}/6	01001110	[9,7,5,3]	{"[31,0,1]","[0,31,-1.5]"}	[31,15.5,0.001]	("[3,1,0.5]",00011111)
32	paint 32	[73,47,48]	[16.25,7.75,36]	{3:11,6:8}/6	11110101	[10]	{"[32,0,1]","[0,32,-1.5]"}	[32,16,0.001]	("[4,1,0.5]",00100000)
33	paint 33	[9,3,30]	[24,4.75,5]	{1:24,4:15}/6	10011101	[0,0]	{"[33,0,1]","[0,33,-1.5]"}	[33,16.5,0.001]	("[5,1,0.5]",00100001)
34	paint 34	[46,56,12]	[6,1.75,13.5]	{2:8,5:22}/6	01000101	[1,2,3]	{"[34,0,1]","[0,34,-1.5]"}	[34,17,0.001]	("[6,1,0.5]",00100010)
35	paint 35	[83,12,83]	[13.75,9.125,22]	{3:21,6:29}/6	11101100	[2,4,6,8]	\N	[35,17.5,0.001]	("[0,1,0.5]",00100011)
36	paint 36	[19,65,65]	[21.5,6.125,30.5]	{1:5,4:5}/6	10010100	[3]	{"[36,0,1]","[0,36,-1.5]"}	[36,18,0.001]	("[1,1,0.5]",00100100)
37	paint 37	[56,21,47]	[3.5,3.125,39]	{2:18,5:12}/6	00111100	[4,8]	{"[37,0,1]","[0,37,-1.5]"}	[37,18.5,0.001]	("[2,1,0.5]",00100101)
38	paint 38	[93,74,29]	[11.25,0.125,8]	{3:2,6:19}/6	11100011	[5,10,4]	{"[38,0,1]","[0,38,-1.5]"}	[38,19,0.001]	("[3,1,0.5]",00100110)
39	paint 39	[29,30,11]	[19,7.5,16.5]	{1:15,4:26}/6	10001011	[6,1,7,2]	{"[39,0,1]","[0,39,-1.5]"}	[39,19.5,0.001]	("[4,1,0.5]",00100111)
40	paint 40	[66,83,82]	[1,4.5,25]	{2:28,5:2}/6	00110011	[7]	\N	[40,20,0.001]	("[5,1,0.5]",00101000)
41	paint 41	[2,39,64]	[8.75,1.5,33.5]	{3:12,6:9}/6	11011010	[8,5]	{"[41,0,1]","[0,41,-1.5]"}	[41,20.5,0.001]	("[6,1,0.5]",00101001)
42	paint 42	[39,92,46]	[16.5,8.875,2.5]	{1:25,4:16}/6	10000010	[9,7,5]	{"[42,0,1]","[0,42,-1.5]"}	[42,21,0.001]	("[0,1,0.5]",00101010)
43	paint 43	[76,48,28]	[24.25,5.875,11]	{2:9,5:23}/6	00101010	[10,9,8,7]	{"[43,0,1]","[0,43,-1.5]"}	[43,21.5,0.001]	("[1,1,0.5]",00101011)
44	paint 44	[12,4,10]	[6.25,2.875,19.5]	{3:22,6:30}/6	11010001	[0]	{"[44,0,1]","[0,44,-1.5]"}	[44,22,0.001]	("[2,1,0.5]",00101100)
45	paint 45	[49,57,81]	[14,10.25,28]	{1:6,4:6}/6	01111001	[1,2]	\N	[45,22.5,0.001]	("[3,1,0.5]",00101101)
46	paint 46	[86,13,63]	[21.75,7.25,36.5]	{2:19,5:13}/6	00100001	[2,4,6]	{"[46,0,1]","[0,46,-1.5]"}	[46,23,0.001]	("[4,1,0.5]",00101110)
47	paint 47	[22,66,45]	[3.75,4.25,5.5]	{3:3,6:20}/6	11001000	[3,6,9,1]	{"[47,0,1]","[0,47,-1.5]"}	[47,23.5,0.001]	("[5,1,0.5]",00101111)
48	paint 48	[59,22,27]	[11.5,1.25,14]	{1:16,4:27}/6	01110000	[4]	{"[48,0,1]","[0,48,-1.5]"}	[48,24,0.001]	("[6,1,0.5]",00110000)
49	edge of range	[3.4028235e+38,-1.1754944e-38,-0]	[65504,-6.1035156e-05,-0]	\N	\N	\N	\N	\N	\N
50	defaults	[0,0,1]	\N	\N	\N	\N	\N	\N	\N
\.


--
-- Data for Name: paint_hnsw; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.paint_hnsw (id, v, h, s, b) FROM stdin;
1	[37,53,72]	[7.75,7.375,9.5]	{2:14,5:8}/6	10101000
2	[74,9,54]	[15.5,4.375,18]	{3:27,6:15}/6	01010000
3	[10,62,36]	[23.25,1.375,26.5]	{1:11,4:22}/6	11110111
4	[47,18,18]	[5.25,8.75,35]	{2:24,5:29}/6	10011111
5	[84,71,89]	[13,5.75,4]	{3:8,6:5}/6	01000111
6	[20,27,71]	[20.75,2.75,12.5]	{1:21,4:12}/6	11101110
7	[57,80,53]	[2.75,10.125,21]	{2:5,5:19}/6	10010110
8	[94,36,35]	[10.5,7.125,29.5]	{3:18,6:26}/6	00111110
9	[30,89,17]	[18.25,4.125,38]	{1:2,4:2}/6	11100101
10	[67,45,88]	[0.25,1.125,7]	{2:15,5:9}/6	10001101
11	[3,1,70]	[8,8.5,15.5]	{3:28,6:16}/6	00110101
12	[40,54,52]	[15.75,5.5,24]	{1:12,4:23}/6	11011100
13	[77,10,34]	[23.5,2.5,32.5]	{2:25,5:30}/6	10000100
14	[13,63,16]	[5.5,9.875,1.5]	{3:9,6:6}/6	00101100
15	[50,19,87]	[13.25,6.875,10]	{1:22,4:13}/6	11010011
16	[87,72,69]	[21,3.875,18.5]	{2:6,5:20}/6	01111011
17	[23,28,51]	[3,0.875,27]	{3:19,6:27}/6	00100011
18	[60,81,33]	[10.75,8.25,35.5]	{1:3,4:3}/6	11001010
19	[97,37,15]	[18.5,5.25,4.5]	{2:16,5:10}/6	01110010
20	[33,90,86]	[0.5,2.25,13]	{3:29,6:17}/6	00011010
21	[70,46,68]	[8.25,9.625,21.5]	{1:13,4:24}/6	11000001
22	[6,2,50]	[16,6.625,30]	{2:26,5:31}/6	01101001
23	[43,55,32]	[23.75,3.625,38.5]	{3:10,6:7}/6	00010001
24	[80,11,14]	[5.75,0.625,7.5]	{1:23,4:14}/6	10111000
25	[16,64,85]	[13.5,8,16]	{2:7,5:21}/6	01100000
26	[53,20,67]	[21.25,5,24.5]	{3:20,6:28}/6	00001000
27	[90,73,49]	[3.25,2,33]	{1:4,4:4}/6	10101111
28	[26,29,31]	[11,9.375,2]	{2:17,5:11}/6	01010111
29	[63,82,13]	[18.75,6.375,10.5]	{3:1,6:18}/6	11111110
30	[100,38,84]	[0.75,3.375,19]	{1:14,4:25}/6	10100110
31	[36,91,66]	[8.5,0.375,27.5]	{2:27,5:1}/6	01001110
32	[73,47,48]	[16.25,7.75,36]	{3:11,6:8}/6	11110101
33	[9,3,30]	[24,4.75,5]	{1:24,4:15}/6	10011101
34	[46,56,12]	[6,1.75,13.5]	{2:8,5:22}/6	01000101
35	[83,12,83]	[13.75,9.125,22]	{3:21,6:29}/6	11101100
36	[19,65,65]	[21.5,6.125,30.5]	{1:5,4:5}/6	10010100
37	[56,21,47]	[3.5,3.125,39]	{2:18,5:12}/6	00111100
38	[93,74,29]	[11.25,0.125,8]	{3:2,6:19}/6	11100011
39	[29,30,11]	[19,7.5,16.5]	{1:15,4:26}/6	10001011
40	[66,83,82]	[1,4.5,25]	{2:28,5:2}/6	00110011
41	[2,39,64]	[8.75,1.5,33.5]	{3:12,6:9}/6	11011010
42	[39,92,46]	[16.5,8.875,2.5]	{1:25,4:16}/6	10000010
43	[76,48,28]	[24.25,5.875,11]	{2:9,5:23}/6	00101010
44	[12,4,10]	[6.25,2.875,19.5]	{3:22,6:30}/6	11010001
45	[49,57,81]	[14,10.25,28]	{1:6,4:6}/6	01111001
46	[86,13,63]	[21.75,7.25,36.5]	{2:19,5:13}/6	00100001
47	[22,66,45]	[3.75,4.25,5.5]	{3:3,6:20}/6	11001000
48	[59,22,27]	[11.5,1.25,14]	{1:16,4:27}/6	01110000
\.


--
-- Data for Name: paint_ivfflat; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.paint_ivfflat (id, v, h, s, b) FROM stdin;
1	[37,53,72]	[7.75,7.375,9.5]	{2:14,5:8}/6	10101000
2	[74,9,54]	[15.5,4.375,18]	{3:27,6:15}/6	01010000
3	[10,62,36]	[23.25,1.375,26.5]	{1:11,4:22}/6	11110111
4	[47,18,18]	[5.25,8.75,35]	{2:24,5:29}/6	10011111
5	[84,71,89]	[13,5.75,4]	{3:8,6:5}/6	01000111
6	[20,27,71]	[20.75,2.75,12.5]	{1:21,4:12}/6	11101110
7	[57,80,53]	[2.75,10.125,21]	{2:5,5:19}/6	10010110
8	[94,36,35]	[10.5,7.125,29.5]	{3:18,6:26}/6	00111110
9	[30,89,17]	[18.25,4.125,38]	{1:2,4:2}/6	11100101
10	[67,45,88]	[0.25,1.125,7]	{2:15,5:9}/6	10001101
11	[3,1,70]	[8,8.5,15.5]	{3:28,6:16}/6	00110101
12	[40,54,52]	[15.75,5.5,24]	{1:12,4:23}/6	11011100
13	[77,10,34]	[23.5,2.5,32.5]	{2:25,5:30}/6	10000100
14	[13,63,16]	[5.5,9.875,1.5]	{3:9,6:6}/6	00101100
15	[50,19,87]	[13.25,6.875,10]	{1:22,4:13}/6	11010011
16	[87,72,69]	[21,3.875,18.5]	{2:6,5:20}/6	01111011
17	[23,28,51]	[3,0.875,27]	{3:19,6:27}/6	00100011
18	[60,81,33]	[10.75,8.25,35.5]	{1:3,4:3}/6	11001010
19	[97,37,15]	[18.5,5.25,4.5]	{2:16,5:10}/6	01110010
20	[33,90,86]	[0.5,2.25,13]	{3:29,6:17}/6	00011010
21	[70,46,68]	[8.25,9.625,21.5]	{1:13,4:24}/6	11000001
22	[6,2,50]	[16,6.625,30]	{2:26,5:31}/6	01101001
23	[43,55,32]	[23.75,3.625,38.5]	{3:10,6:7}/6	00010001
24	[80,11,14]	[5.75,0.625,7.5]	{1:23,4:14}/6	10111000
25	[16,64,85]	[13.5,8,16]	{2:7,5:21}/6	01100000
26	[53,20,67]	[21.25,5,24.5]	{3:20,6:28}/6	00001000
27	[90,73,49]	[3.25,2,33]	{1:4,4:4}/6	10101111
28	[26,29,31]	[11,9.375,2]	{2:17,5:11}/6	01010111
29	[63,82,13]	[18.75,6.375,10.5]	{3:1,6:18}/6	11111110
30	[100,38,84]	[0.75,3.375,19]	{1:14,4:25}/6	10100110
31	[36,91,66]	[8.5,0.375,27.5]	{2:27,5:1}/6	01001110
32	[73,47,48]	[16.25,7.75,36]	{3:11,6:8}/6	11110101
33	[9,3,30]	[24,4.75,5]	{1:24,4:15}/6	10011101
34	[46,56,12]	[6,1.75,13.5]	{2:8,5:22}/6	01000101
35	[83,12,83]	[13.75,9.125,22]	{3:21,6:29}/6	11101100
36	[19,65,65]	[21.5,6.125,30.5]	{1:5,4:5}/6	10010100
37	[56,21,47]	[3.5,3.125,39]	{2:18,5:12}/6	00111100
38	[93,74,29]	[11.25,0.125,8]	{3:2,6:19}/6	11100011
39	[29,30,11]	[19,7.5,16.5]	{1:15,4:26}/6	10001011
40	[66,83,82]	[1,4.5,25]	{2:28,5:2}/6	00110011
41	[2,39,64]	[8.75,1.5,33.5]	{3:12,6:9}/6	11011010
42	[39,92,46]	[16.5,8.875,2.5]	{1:25,4:16}/6	10000010
43	[76,48,28]	[24.25,5.875,11]	{2:9,5:23}/6	00101010
44	[12,4,10]	[6.25,2.875,19.5]	{3:22,6:30}/6	11010001
45	[49,57,81]	[14,10.25,28]	{1:6,4:6}/6	01111001
46	[86,13,63]	[21.75,7.25,36.5]	{2:19,5:13}/6	00100001
47	[22,66,45]	[3.75,4.25,5.5]	{3:3,6:20}/6	11001000
48	[59,22,27]	[11.5,1.25,14]	{1:16,4:27}/6	01110000
\.


--
-- Data for Name: season_2024; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.season_2024 (year, v) FROM stdin;
2024	[2,4]
2024	[4,16]
2024	[6,2]
2024	[8,13]
2024	[10,15]
2024	[12,8]
2024	[14,9]
2024	[16,1]
2024	[18,1]
2024	[20,9]
2024	[22,8]
2024	[24,15]
2024	[26,13]
2024	[28,2]
2024	[30,16]
\.


--
-- Data for Name: season_2025; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.season_2025 (year, v) FROM stdin;
2025	[1,1]
2025	[3,9]
2025	[5,8]
2025	[7,15]
2025	[9,13]
2025	[11,2]
2025	[13,16]
2025	[15,4]
2025	[17,0]
2025	[19,4]
2025	[21,16]
2025	[23,2]
2025	[25,13]
2025	[27,15]
2025	[29,8]
\.


--
-- Name: answer_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.answer_id_seq', 66, true);


--
-- Name: answer answer_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.answer
    ADD CONSTRAINT answer_pkey PRIMARY KEY (id);


--
-- Name: paint paint_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.paint
    ADD CONSTRAINT paint_pkey PRIMARY KEY (id);


--
-- Name: btree_halfvec; Type: INDEX; Schema: public; Owner: postgres
--

CREATE UNIQUE INDEX btree_halfvec ON public.paint USING btree (h, id);


--
-- Name: btree_sparsevec; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX btree_sparsevec ON public.paint USING btree (s);


--
-- Name: btree_vector; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX btree_vector ON public.paint USING btree (v);


--
-- Name: hnsw_bit_hamming; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_bit_hamming ON public.paint_hnsw USING hnsw (b public.bit_hamming_ops);


--
-- Name: hnsw_bit_jaccard; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_bit_jaccard ON public.paint_hnsw USING hnsw (b public.bit_jaccard_ops);


--
-- Name: hnsw_expression; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_expression ON public.paint_hnsw USING hnsw (((v)::public.halfvec(3)) public.halfvec_l2_ops) WHERE (id > 10);


--
-- Name: hnsw_halfvec_cosine; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_halfvec_cosine ON public.paint_hnsw USING hnsw (h public.halfvec_cosine_ops);


--
-- Name: hnsw_halfvec_ip; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_halfvec_ip ON public.paint_hnsw USING hnsw (h public.halfvec_ip_ops);


--
-- Name: hnsw_halfvec_l1; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_halfvec_l1 ON public.paint_hnsw USING hnsw (h public.halfvec_l1_ops);


--
-- Name: hnsw_halfvec_l2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_halfvec_l2 ON public.paint_hnsw USING hnsw (h public.halfvec_l2_ops);


--
-- Name: hnsw_quantized; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_quantized ON public.paint_hnsw USING hnsw (((public.binary_quantize((v OPERATOR(public.-) '[50,50,50]'::public.vector)))::bit(3)) public.bit_hamming_ops);


--
-- Name: hnsw_sparsevec_cosine; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_sparsevec_cosine ON public.paint_hnsw USING hnsw (s public.sparsevec_cosine_ops);


--
-- Name: hnsw_sparsevec_ip; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_sparsevec_ip ON public.paint_hnsw USING hnsw (s public.sparsevec_ip_ops);


--
-- Name: hnsw_sparsevec_l1; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_sparsevec_l1 ON public.paint_hnsw USING hnsw (s public.sparsevec_l1_ops);


--
-- Name: hnsw_sparsevec_l2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_sparsevec_l2 ON public.paint_hnsw USING hnsw (s public.sparsevec_l2_ops);


--
-- Name: hnsw_vector_cosine; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_vector_cosine ON public.paint_hnsw USING hnsw (v public.vector_cosine_ops) WITH (ef_construction='100');


--
-- Name: hnsw_vector_ip; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_vector_ip ON public.paint_hnsw USING hnsw (v public.vector_ip_ops) WITH (m='8', ef_construction='32');


--
-- Name: hnsw_vector_l1; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_vector_l1 ON public.paint_hnsw USING hnsw (v public.vector_l1_ops);


--
-- Name: hnsw_vector_l2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX hnsw_vector_l2 ON public.paint_hnsw USING hnsw (v public.vector_l2_ops);


--
-- Name: ivfflat_bit_hamming; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_bit_hamming ON public.paint_ivfflat USING ivfflat (b public.bit_hamming_ops) WITH (lists='3');


--
-- Name: ivfflat_halfvec_cosine; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_halfvec_cosine ON public.paint_ivfflat USING ivfflat (h public.halfvec_cosine_ops) WITH (lists='3');


--
-- Name: ivfflat_halfvec_ip; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_halfvec_ip ON public.paint_ivfflat USING ivfflat (h public.halfvec_ip_ops) WITH (lists='3');


--
-- Name: ivfflat_halfvec_l2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_halfvec_l2 ON public.paint_ivfflat USING ivfflat (h public.halfvec_l2_ops) WITH (lists='3');


--
-- Name: ivfflat_vector_cosine; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_vector_cosine ON public.paint_ivfflat USING ivfflat (v public.vector_cosine_ops) WITH (lists='3');


--
-- Name: ivfflat_vector_ip; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_vector_ip ON public.paint_ivfflat USING ivfflat (v public.vector_ip_ops) WITH (lists='3');


--
-- Name: ivfflat_vector_l2; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ivfflat_vector_l2 ON public.paint_ivfflat USING ivfflat (v) WITH (lists='3');


--
-- Name: season_v; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX season_v ON ONLY public.season USING hnsw (v public.vector_l2_ops);


--
-- Name: season_2024_v_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX season_2024_v_idx ON public.season_2024 USING hnsw (v public.vector_l2_ops);


--
-- Name: season_2025_v_idx; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX season_2025_v_idx ON public.season_2025 USING hnsw (v public.vector_l2_ops);


--
-- Name: season_2024_v_idx; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.season_v ATTACH PARTITION public.season_2024_v_idx;


--
-- Name: season_2025_v_idx; Type: INDEX ATTACH; Schema: public; Owner: postgres
--

ALTER INDEX public.season_v ATTACH PARTITION public.season_2025_v_idx;


--
-- Name: total; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: postgres
--

REFRESH MATERIALIZED VIEW public.total;


--
-- PostgreSQL database dump complete
--


