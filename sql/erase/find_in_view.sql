-- The user codes in one desired view that a subject stands for.
SELECT DISTINCT v.user_code::text
FROM {view} AS v
WHERE v.user_code::text = ANY (%(codes)s) OR {by_email}
