-- One message for each key below the given patterns that has to be looked at: it is in the view, in the mirror
-- (in doubt or not) or in a message that is not done. All three in one statement, so in one snapshot: a delivery
-- in flight may not be in the mirror yet, and a held key must not be forgotten.
-- Left out is only what this very snapshot shows to be settled: the same document under the same parents, certain,
-- and no open message; looking at such a key would end as `unchanged`.
WITH pattern AS (
    {patterns}
), desired AS (
    SELECT ARRAY[{view_key}] AS key, to_jsonb(v) - {not_document}::text[] AS document, {not_ready} AS not_ready
    FROM {view} AS v
    WHERE {view_match} AND {has_key}
), held AS (
    SELECT m.key, m.document, m.in_doubt, m.parents, m.gone, m.confirmed_at
    FROM pattern AS p
    JOIN outbox.mirror AS m ON m.target = {target} AND m.resource = {resource} AND {key_match}
), open AS (
    SELECT m.key
    FROM pattern AS p
    JOIN outbox.message AS m ON m.target = {target} AND m.resource = {resource} AND {key_match}
    WHERE m.status <> 'done' AND cardinality(m.key) = {key_length}
    UNION
    SELECT m.key -- rejected: that ends when a row is back, even the same
    FROM pattern AS p
    JOIN outbox.rejection AS m ON m.target = {target} AND m.resource = {resource} AND {key_match}
), looked_at AS (
    SELECT key
    FROM desired AS d FULL JOIN held AS h USING (key) FULL JOIN open AS o USING (key)
    WHERE o.key IS NOT NULL
       OR d.key IS NULL
       OR h.key IS NULL
       OR d.not_ready
       OR h.in_doubt IS NOT NULL
       OR h.gone
       OR coalesce(h.confirmed_at, '-infinity') <= (SELECT t.verify_since FROM outbox.target AS t WHERE t.target = {target})
       OR h.document IS DISTINCT FROM d.document
       OR h.parents IS DISTINCT FROM {present_parents}
)
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT DISTINCT {target}, {resource}, key, {operation}, {cause}::bigint
FROM looked_at
WHERE pg_column_size(key) <= 2600  -- no index takes a longer one; check tells of them
ORDER BY key
