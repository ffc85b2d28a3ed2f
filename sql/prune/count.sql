-- What prune would remove now.
SELECT (SELECT count(*)
        FROM outbox.message AS m
        WHERE m.document IS NOT NULL AND m.settled_at < statement_timestamp() - make_interval(days => %(documents)s)) AS documents,
       (SELECT count(*)
        FROM outbox.attempt AS a
        WHERE a.started_at < statement_timestamp() - make_interval(days => %(attempts)s)
          AND NOT EXISTS (SELECT FROM outbox.message AS m WHERE m.id = a.message_id AND m.status <> 'done')) AS attempts,
       (SELECT count(*)
        FROM outbox.message AS m
        WHERE m.status = 'done' AND m.settled_at < statement_timestamp() - make_interval(days => %(messages)s)
          AND NOT EXISTS (SELECT FROM outbox.mirror AS r WHERE r.message_id = m.id)) AS messages
