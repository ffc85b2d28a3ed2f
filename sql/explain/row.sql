-- All that one snapshot shows of a key: the row of the view, the mirror, and what the parents are called in the cloud.
WITH desired AS (
    SELECT to_jsonb(v) - {not_document}::text[] AS document, {missing} AS missing, coalesce({withdrawn}, false) AS withdrawn
    FROM {view} AS v
    WHERE {view_match}
), wanted AS (
    SELECT %(key)s::text[] AS key
)
SELECT (SELECT count(*) FROM desired) AS rows, d.document, coalesce(d.missing, '{{}}') AS missing,
       coalesce(d.withdrawn, false) AS withdrawn,
       m.key IS NOT NULL AS mirrored, m.remote_id, m.document AS held, m.confirmed_at, m.in_doubt, m.intent, m.message_id, m.gone,
       m.document IS NOT DISTINCT FROM d.document AND m.parents IS NOT DISTINCT FROM {present_parents} AS same
FROM wanted AS w
LEFT JOIN (SELECT * FROM desired LIMIT 1) AS d ON true
LEFT JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND m.key = w.key
