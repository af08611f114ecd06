-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION vectordb" to load this file. \quit

DO $check$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vector') THEN
        RAISE EXCEPTION 'extension "vector" has the names of "vectordb" in this database'
            USING ERRCODE = 'duplicate_object',
                HINT = 'Installed from vectordb, it is all that "vectordb" would be; if it is pgvector, ALTER EXTENSION vector UPDATE can replace it.';
    END IF;
END
$check$;

