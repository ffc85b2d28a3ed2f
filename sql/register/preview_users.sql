-- A part of preview: who a user is (outbox/relay/people.py). A new user whose e-mail an object in the cloud has already
-- is no invitation: one who leaves hands the object over to him, and of one who stays he waits, held. Of several who
-- want one e-mail the first gets it; those who exchange theirs wait for each other, all held. Whose e-mail and
-- names all changed is perhaps somebody else, and held, and so is the removal of whoever has his e-mail.
-- The objects of all users count, not only of those that are registered.
objects AS (
    SELECT m.key, m.document, lower(e.email) AS email, v.user_code IS NULL OR coalesce({withdrawn}, false) AS leaves,
           lower(v.email) = lower(e.email) OR coalesce(cardinality({missing}), 0) > 0 AS keeps
    FROM outbox.mirror AS m
    CROSS JOIN LATERAL (
        SELECT m.document ->> 'email' WHERE m.document ->> 'email' IS NOT NULL UNION SELECT unnest(m.sending)
    ) AS e (email)
    LEFT JOIN {view} AS v ON v.user_code::text = m.key[1]
    WHERE m.target = {target} AND m.resource = 'users'
), another AS (
    SELECT j.key, lower(j.wanted ->> 'email') AS email
    FROM judged AS j
    WHERE j.verdict IN ('update', 'not_ready') AND j.held IS NOT NULL
      AND lower(j.held ->> 'email') IS DISTINCT FROM lower(j.wanted ->> 'email')
      AND j.held ->> 'first_name' IS DISTINCT FROM j.wanted ->> 'first_name'
      AND j.held ->> 'last_name' IS DISTINCT FROM j.wanted ->> 'last_name'
), wanting AS (
    SELECT j.key, lower(j.wanted ->> 'email') AS email, j.verdict,
           row_number() OVER (PARTITION BY j.verdict, lower(j.wanted ->> 'email')
                              ORDER BY j.key IN (SELECT a.key FROM another AS a), j.key) AS place
    FROM judged AS j
    WHERE j.verdict = 'create'
       OR j.verdict = 'not_ready' AND j.held IS NULL
       OR j.verdict = 'update' AND lower(j.wanted ->> 'email') IS DISTINCT FROM lower(j.held ->> 'email')
), chain AS (
    -- from a user to the one whose e-mail he wants, and so on
    SELECT w.key AS start, o.key
    FROM wanting AS w
    JOIN objects AS o ON o.email = w.email AND o.key <> w.key AND NOT o.leaves
    UNION
    SELECT c.start, o.key
    FROM chain AS c
    JOIN wanting AS w ON w.key = c.key
    JOIN objects AS o ON o.email = w.email AND o.key <> w.key AND NOT o.leaves
), steps AS (
    -- the object of one who leaves goes to who wants its e-mail; where that one has an object, that goes on, and so forth
    SELECT o.key AS leaving, o.key AS from_key, w.key AS to_key, w.verdict
    FROM objects AS o
    JOIN wanting AS w ON w.email = o.email AND w.key <> o.key AND w.place = 1
    WHERE o.leaves
    UNION
    SELECT s.leaving, o.key, w.key, w.verdict
    FROM steps AS s
    JOIN objects AS o ON o.key = s.to_key
    JOIN wanting AS w ON w.email = o.email AND w.key <> o.key AND w.place = 1
    WHERE s.verdict = 'update'
), moved AS (
    -- but only where it ends with one who has none: users were renumbered, and each moves up. One who is not ready keeps
    -- it as it is
    SELECT DISTINCT ON (s.from_key) s.from_key, s.to_key
    FROM steps AS s
    WHERE s.leaving IN (SELECT e.leaving FROM steps AS e WHERE e.verdict <> 'update')
    ORDER BY s.from_key, s.verdict, s.to_key  -- create before not_ready before update
), met AS (
    SELECT w.key, w.email,
           (SELECT m.from_key FROM moved AS m WHERE m.to_key = w.key LIMIT 1) AS takes_over,
           w.place > 1 OR EXISTS (
               SELECT FROM objects AS o
               WHERE o.email = w.email AND o.key <> w.key AND NOT o.leaves AND o.keeps)
           OR EXISTS (SELECT FROM moved AS m JOIN wanting AS n ON n.key = m.to_key WHERE n.email = w.email AND n.key <> w.key)
           OR w.key IN (SELECT c.start FROM chain AS c WHERE c.key = c.start) AS waits
    FROM wanting AS w
), stuck AS (
    -- whoever wants the e-mail of one who waits himself, waits with him
    SELECT m.key FROM met AS m WHERE m.waits AND m.takes_over IS NULL
    UNION
    SELECT a.key FROM another AS a WHERE a.key NOT IN (SELECT m.to_key FROM moved AS m)
), refined AS (
    SELECT j.key, j.wanted, j.with_parent, j.in_doubt, m.takes_over,
           CASE
               WHEN j.verdict = 'not_ready' THEN 'not_ready'
               WHEN j.wanted IN (SELECT o.document FROM objects AS o WHERE o.key = m.takes_over) THEN 'unchanged'
               WHEN m.takes_over IS NOT NULL THEN 'update'
               WHEN j.key IN (SELECT a.key FROM another AS a) THEN 'hold'
               WHEN m.waits OR j.key IN (SELECT c.start FROM chain AS c JOIN stuck AS s USING (key)) THEN 'hold'
               WHEN j.verdict = 'remove' AND j.key IN (SELECT t.takes_over FROM met AS t)
                   THEN CASE WHEN j.wanted IS NULL THEN 'unchanged' ELSE 'not_ready' END
               WHEN j.verdict = 'remove' AND EXISTS (
                   SELECT FROM objects AS o JOIN another AS a ON a.email = o.email WHERE o.key = j.key) THEN 'hold'
               ELSE j.verdict
           END AS verdict
    FROM judged AS j
    LEFT JOIN met AS m USING (key)
),
