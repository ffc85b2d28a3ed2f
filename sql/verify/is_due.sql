-- Once in every_s (0: never); at once after a restore, and then again after a while until all could be read.
SELECT CASE
           WHEN t.active_since IS NULL OR t.paused_at IS NOT NULL THEN false
           WHEN t.verify_since IS NOT NULL THEN coalesce(
               v.finished_at < t.verify_since OR v.finished_at < clock_timestamp() - interval '10 minutes', true)
           ELSE %(every_s)s > 0
               AND coalesce(v.finished_at, t.active_since) < clock_timestamp() - make_interval(secs => %(every_s)s)
       END AS due
FROM outbox.target AS t
LEFT JOIN (SELECT r.target, max(r.finished_at) AS finished_at FROM outbox.verified AS r GROUP BY r.target) AS v
    ON v.target = t.target
WHERE t.target = %(target)s
