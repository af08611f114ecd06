\set ECHO none
-- pg_temp.plan(query): the nodes of its plan, with the indexes and tables they read, on one line: the same text on
-- every PostgreSQL that plans alike. A test reads this file by
--     \getenv top PG_ABS_SRCDIR
--     \set plan :top '/sql/shared/plan.sql'
--     \i :plan
CREATE FUNCTION pg_temp.plan_node(node json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    children text;
BEGIN
    SELECT string_agg(CASE WHEN n->>'Parent Relationship' IN ('InitPlan', 'SubPlan') THEN (n->>'Parent Relationship') || ': ' ELSE '' END
        || pg_temp.plan_node(n), ', ' ORDER BY place) INTO children
        FROM json_array_elements(node->'Plans') WITH ORDINALITY p (n, place);
    RETURN concat(node->>'Node Type', ' using ' || (node->>'Index Name'), ' on ' || (node->>'Relation Name'), ' (' || children || ')');
END $$;
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plans json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json, COSTS off) ' || query INTO plans;
    RETURN pg_temp.plan_node(plans->0->'Plan');
END $$;
\set ECHO all
