-- checking and inspecting indexes

CREATE FUNCTION vectordb_index_check(index regclass, OUT block bigint, OUT item integer, OUT problem text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION vectordb_index_check(regclass) IS 'every broken invariant of an index, no row for a sound one';

CREATE FUNCTION vectordb_index_info(index regclass, OUT metric text, OUT dimensions integer, OUT m integer,
    OUT live bigint, OUT tombstones bigint, OUT detached bigint, OUT free_slots bigint, OUT heap_tids bigint,
    OUT level_nodes bigint[], OUT entry tid, OUT entry_level integer, OUT average_degree double precision,
    OUT tombstone_edges bigint, OUT stale_edges bigint, OUT node_pages bigint, OUT cell_pages bigint,
    OUT vector_pages bigint, OUT empty_pages bigint, OUT lost_cells bigint, OUT lost_vector_pages bigint, OUT bytes bigint,
    OUT access_method text, OUT lists bigint, OUT empty_lists bigint, OUT largest_list bigint, OUT retired_lists bigint,
    OUT retired_entries bigint, OUT free_entries bigint, OUT directory_pages bigint, OUT centroid_pages bigint,
    OUT data_pages bigint, OUT free_pages bigint, OUT lost_pages bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION vectordb_index_info(regclass) IS 'what an index consists of; NULL is what its access method does not have';
