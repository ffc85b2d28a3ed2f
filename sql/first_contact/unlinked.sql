-- The rows of the view that are linked to nothing in the cloud: what an object that nobody here made might be.
SELECT ARRAY[{view_key}] AS key, to_jsonb(v) AS document
FROM {view} AS v
LEFT JOIN outbox.mirror AS m
    ON m.target = {target} AND m.resource = {resource} AND m.key = ARRAY[{view_key}] AND m.remote_id IS NOT NULL
WHERE m.key IS NULL AND {has_key}
ORDER BY 1
