-- A person says that the target may be sent to again.
WITH resumed AS (
    UPDATE outbox.target AS t
    SET paused_at = NULL, why = NULL
    WHERE t.target = %(target)s AND t.paused_at IS NOT NULL
    RETURNING t.target
), decided AS (
    INSERT INTO outbox.decision (decision, target)
    SELECT 'resume', r.target
    FROM resumed AS r
)
SELECT count(*) > 0 AS resumed, outbox.ring()
FROM resumed
