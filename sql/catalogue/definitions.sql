-- The text of the views. With all its parentheses, since the pretty form leaves out some without which another parser
-- reads `a = b IS TRUE` otherwise. Wanted: search_path = pg_catalog, so that every other name comes out qualified.
-- This takes a lock on the tables, if only ACCESS SHARE, so it is asked for when something changed.
SELECT v AS oid, pg_get_viewdef(v, false) AS definition FROM unnest(%(views)s::oid[]) AS v
