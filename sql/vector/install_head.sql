-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION vector" to load this file. \quit

DO $alias$
BEGIN
    -- Beside vectordb this extension is a name only. The dependency makes pg_dump restore vectordb first, and is put in
    -- by hand because `requires` in the control file would make a plain CREATE EXTENSION fail where vectordb is not.
    IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'vectordb') THEN
        INSERT INTO pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
            SELECT alias.tableoid, alias.oid, 0, real.tableoid, real.oid, 0, 'n'
            FROM pg_catalog.pg_extension alias, pg_catalog.pg_extension real
            WHERE alias.extname = 'vector' AND real.extname = 'vectordb';
        RETURN;
    END IF;
    EXECUTE $script$

