-- Where view and mirror differ and no message would ever look: a trigger was off, a message was lost. In one snapshot,
-- since a change and its message are committed together. Nothing while a coarse message waits to be expanded, nor what a
-- person has rejected or skipped since the target's last word about it.
WITH desired AS (
    SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document, {not_ready} AS not_ready
    FROM {view} AS v
    WHERE {has_key}
), held AS (
    SELECT m.key, m.remote_id, m.document, m.parents, m.confirmed_at
    FROM outbox.mirror AS m
    WHERE m.target = {target} AND m.resource = {resource}
), compared AS (
    SELECT key, h.remote_id, d.document AS wanted, d.key IS NOT NULL AS asked_for,
           h.document, h.parents AS held_parents, h.confirmed_at, {present_parents} AS parents
    FROM desired AS d FULL JOIN held AS h USING (key)
    WHERE d.not_ready IS NOT TRUE
)
SELECT c.key, c.remote_id,
       CASE
           WHEN NOT c.asked_for THEN 'no row asks for it (any more)'
           WHEN c.remote_id IS NULL THEN 'it was never sent'
           ELSE 'the view says otherwise since'
       END AS what
FROM compared AS c
WHERE (c.remote_id IS NULL OR NOT c.asked_for
       OR c.document IS DISTINCT FROM c.wanted OR c.held_parents IS DISTINCT FROM c.parents)
  AND (NOT c.asked_for OR array_position(c.parents, NULL) IS NULL)
  AND NOT EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = {target} AND o.resource = {resource} AND o.status <> 'done' AND o.key = c.key)
  AND NOT EXISTS (
      SELECT FROM outbox.message AS o
      WHERE o.target = {target} AND o.resource = {resource} AND o.status = 'pending'
        AND (o.key IS NULL OR cardinality(o.key) < {key_length}))
  AND NOT EXISTS (
      SELECT FROM outbox.decision AS x
      WHERE x.target = {target} AND x.resource = {resource} AND x.key = c.key AND x.decision IN ('reject', 'skip')
        AND x.decided_at >= coalesce(c.confirmed_at, '-infinity'))
ORDER BY c.key
