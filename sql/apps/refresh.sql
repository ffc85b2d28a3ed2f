-- The catalogue as it was just listed. What is not listed any more is marked, since somebody may still have it; what is
-- listed again is unmarked.
WITH listed AS (
    SELECT a.* FROM jsonb_to_recordset(%(apps)s) AS a (app_code text, name text, vendor text)
), before AS (
    SELECT a.app_code, a.vanished_at FROM outbox.application AS a WHERE a.target = %(target)s
), vanished AS (
    UPDATE outbox.application AS a
    SET vanished_at = clock_timestamp()
    WHERE a.target = %(target)s AND a.vanished_at IS NULL
      AND NOT EXISTS (SELECT FROM listed AS l WHERE l.app_code = a.app_code)
    RETURNING a.app_code
), refreshed AS (
    INSERT INTO outbox.application AS a (target, app_code, name, vendor)
    SELECT %(target)s, l.app_code, l.name, l.vendor
    FROM listed AS l
    ON CONFLICT (target, app_code) DO UPDATE
    SET name = excluded.name, vendor = excluded.vendor, vanished_at = NULL, refreshed_at = clock_timestamp()
)
SELECT (SELECT count(*) FROM listed) AS listed,
       (SELECT count(*) FROM listed AS l WHERE NOT EXISTS (SELECT FROM before AS b WHERE b.app_code = l.app_code)) AS new,
       (SELECT count(*) FROM listed AS l JOIN before AS b USING (app_code) WHERE b.vanished_at IS NOT NULL) AS back,
       (SELECT count(*) FROM vanished) AS vanished
