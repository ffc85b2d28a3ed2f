-- A person says that these are none of ours, whatever their names and numbers: new ones are made beside them.
WITH left_alone AS (
    INSERT INTO outbox.not_ours (target, resource, remote_id)
    SELECT %(target)s, g.resource, g.remote_id
    FROM jsonb_to_recordset(%(objects)s) AS g (resource text, remote_id text)
    ON CONFLICT DO NOTHING
)
INSERT INTO outbox.decision (decision, target, resource, key, why)
SELECT 'approve', %(target)s, g.resource, g.key, g.why
FROM jsonb_to_recordset(%(objects)s) AS g (resource text, key text[], why text)
