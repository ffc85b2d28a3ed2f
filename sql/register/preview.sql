-- What a register of one resource would do now: the table of the relay, counted. Writes nothing, calls nothing.
-- A child of a parent that is itself about to be created counts as created; of one that is not ready, as not ready.
-- alone: a removal that needs a call of its own; the others go with their parent. groups: see outbox/register/estimate.py.
WITH RECURSIVE desired AS (
    SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document,
           coalesce(cardinality({missing}), 0) > 0 AS lacking, coalesce({withdrawn}, false) AS withdrawn,
           count(*) OVER (PARTITION BY {view_key}) AS copies
    FROM {view} AS v
    WHERE {view_match} AND {has_key}
), held AS (
    SELECT m.key, m.remote_id, m.document, m.sending, m.gone,
           m.in_doubt IS NOT NULL OR coalesce(t.verify_since >= coalesce(m.confirmed_at, '-infinity'), false) AS in_doubt
    FROM outbox.mirror AS m
    JOIN outbox.target AS t USING (target)
    WHERE m.target = {target} AND m.resource = {resource} AND {key_match}
), judged AS (
    SELECT DISTINCT ON (d.key)
           d.key, d.wanted, d.held, d.sending, d.in_doubt,
           NOT d.in_view AND NOT ({parents_stay}) AS with_parent,
           CASE
               WHEN d.copies > 1 THEN 'hold'
               WHEN NOT d.in_view THEN 'remove'
               WHEN d.withdrawn AND d.in_cloud THEN 'remove'
               WHEN d.lacking OR d.withdrawn OR NOT ({has_parents}) THEN 'not_ready'
               WHEN d.gone THEN 'hold'
               WHEN d.remote_id IS NULL THEN 'create'
               WHEN d.same THEN 'unchanged'
               ELSE 'update'
           END AS verdict
    FROM (
        SELECT key, w.key IS NOT NULL AS in_view, w.document AS wanted, w.lacking, w.withdrawn, w.copies,
               h.key IS NOT NULL AS in_cloud, h.remote_id, h.document AS held, h.sending, h.gone,
               coalesce(h.in_doubt, false) AS in_doubt,
               h.remote_id IS NOT NULL AND NOT h.in_doubt AND h.document IS NOT DISTINCT FROM w.document AS same
        FROM desired AS w FULL JOIN held AS h USING (key)
    ) AS d
), {refined}
grouped AS (
    SELECT key[1] AS company, key[2:3] AS pair, count(*) FILTER (WHERE verdict <> 'remove') AS written, count(*) AS changed
    FROM refined
    WHERE verdict IN ('create', 'update', 'remove')
    GROUP BY key[1], key[2:3]
)
SELECT count(*) FILTER (WHERE verdict = 'create') AS creates,
       count(*) FILTER (WHERE verdict = 'update') AS updates,
       count(*) FILTER (WHERE verdict = 'remove') AS removals,
       count(*) FILTER (WHERE verdict = 'not_ready') AS not_ready,
       count(*) FILTER (WHERE verdict = 'hold') AS held,
       count(*) FILTER (WHERE verdict = 'unchanged') AS unchanged,
       count(*) FILTER (WHERE verdict = 'remove' AND NOT with_parent) AS alone,
       count(*) FILTER (WHERE in_doubt) AS in_doubt,
       count(*) FILTER (WHERE verdict IN ('unchanged', 'update', 'remove')) AS in_cloud,
       (SELECT coalesce(sum(ceil(c.changed / {batch_size}::numeric)), 0)::integer
        FROM (SELECT sum(g.changed) AS changed FROM grouped AS g GROUP BY g.company) AS c) AS batches,
       (SELECT count(DISTINCT g.pair)::integer FROM grouped AS g WHERE g.written > 0) AS pairs,
       count(*) FILTER (WHERE verdict = 'create' AND coalesce(wanted ->> 'kvk_number', '') = '') AS unnumbered,
       coalesce(array_agg(key[1]) FILTER (WHERE verdict = 'hold'), '{{}}') AS holds,
       coalesce(array_agg(key[1]) FILTER (WHERE verdict = 'remove'), '{{}}') AS leaves,
       coalesce(jsonb_object_agg(takes_over[1], key[1]) FILTER (WHERE takes_over IS NOT NULL), '{{}}') AS moves
FROM refined
