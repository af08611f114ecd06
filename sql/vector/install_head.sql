-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION vector" to load this file. \quit

DO $alias$
DECLARE
    placed name := (SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                    WHERE e.extname = 'vectordb');
BEGIN
    -- Beside vectordb this extension is a name only. The dependency makes pg_dump restore vectordb first, and is put in
    -- by hand because `requires` in the control file would make a plain CREATE EXTENSION fail where vectordb is not.
    -- It says to be where vectordb is, as an extension that requires it may ask for its schema.
    IF placed IS NOT NULL THEN
        INSERT INTO pg_catalog.pg_depend (classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype)
            SELECT alias.tableoid, alias.oid, 0, real.tableoid, real.oid, 0, 'n'
            FROM pg_catalog.pg_extension alias, pg_catalog.pg_extension real
            WHERE alias.extname = 'vector' AND real.extname = 'vectordb';
        EXECUTE pg_catalog.format('ALTER EXTENSION vector SET SCHEMA %I', placed);
        RETURN;
    END IF;
    EXECUTE $script$

