-- What a register of one resource would do now: the table of the relay, counted. Writes nothing, calls nothing.
-- A child of a parent that is itself about to be created counts as created; of one that is not ready, as not ready.
WITH desired AS (
    SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document,
           coalesce(cardinality({missing}), 0) > 0 AS lacking, coalesce({withdrawn}, false) AS withdrawn
    FROM {view} AS v
    WHERE {view_match}
), held AS (
    SELECT m.key, m.remote_id, m.document,
           m.in_doubt IS NOT NULL OR coalesce(t.verify_since >= coalesce(m.confirmed_at, '-infinity'), false) AS in_doubt
    FROM outbox.mirror AS m
    JOIN outbox.target AS t USING (target)
    WHERE m.target = {target} AND m.resource = {resource} AND {key_match}
), judged AS (
    SELECT CASE
               WHEN d.key IS NULL THEN 'remove'
               WHEN d.withdrawn AND h.key IS NOT NULL THEN 'remove'
               WHEN d.lacking OR d.withdrawn OR NOT ({has_parents}) THEN 'not_ready'
               WHEN h.remote_id IS NULL THEN 'create'
               WHEN h.in_doubt OR h.document IS DISTINCT FROM d.document THEN 'update'
               ELSE 'unchanged'
           END AS verdict
    FROM desired AS d FULL JOIN held AS h USING (key)
)
SELECT count(*) FILTER (WHERE verdict = 'create') AS creates,
       count(*) FILTER (WHERE verdict = 'update') AS updates,
       count(*) FILTER (WHERE verdict = 'remove') AS removals,
       count(*) FILTER (WHERE verdict = 'not_ready') AS not_ready,
       count(*) FILTER (WHERE verdict = 'unchanged') AS unchanged
FROM judged
