-- The rows of one desired view: what the cloud should hold, and which rows are not ready for it.
SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document, {not_ready} AS not_ready
FROM {view} AS v
WHERE {has_key}
