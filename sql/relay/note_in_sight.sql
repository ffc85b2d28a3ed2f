-- Everything of one kind of call that is in sight, and the candidates, noted as passed by this transaction; whether it
-- may stay so is judged by what is counted then. Views and mirror are compared, not messages: what a message that is not
-- expanded yet will lead to, on whatever page of the backlog and in whatever lane, is the difference between the two.
WITH desired AS MATERIALIZED (
    SELECT ARRAY[{view_key}] AS key, (to_jsonb(v) - {not_document}::text[])::text AS document, to_jsonb(v) ->> 'email' AS email,
           {not_ready} AS not_ready, coalesce({withdrawn}, false) AS withdrawn
    FROM {view} AS v
    WHERE {has_key}
), sight AS (
    {in_sight}
), noted AS (
    INSERT INTO outbox.passed AS p (target, resource, call, key, decision, row_hash)
    SELECT DISTINCT ON (n.key) %(target)s, %(resource)s, %(call)s, n.key, %(decision)s::bigint, n.row_hash
    FROM (
        {counts}
        UNION ALL
        SELECT k.key, md5(k.document) FROM jsonb_to_recordset(%(candidates)s) AS k (key text[], document text)
    ) AS n
    -- who passed within the hour passed: he is counted, and not turned into held
    ON CONFLICT (target, resource, call, key) DO UPDATE
    SET passed_at = excluded.passed_at, decision = excluded.decision, row_hash = excluded.row_hash
    WHERE excluded.decision IS NOT NULL
       OR p.passed_at <= now() - CASE WHEN p.decision IS NULL THEN interval '1 hour' ELSE interval '1 day' END
    RETURNING p.key
), forgotten AS (
    DELETE FROM outbox.passed AS p
    WHERE p.target = %(target)s AND p.passed_at <= now() - interval '1 day'
      AND NOT (p.resource = %(resource)s AND p.call = %(call)s)
)
SELECT count(*) AS noted FROM noted
