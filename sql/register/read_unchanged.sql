-- The rows that a register found as they should be, see outbox.register_result.
SELECT DISTINCT r.register AS id, r.target, r.resource, r.key, 'done' AS status, 'unchanged' AS outcome, NULL::text AS error
FROM outbox.register_result AS r
WHERE r.register = ANY (%(ids)s::bigint[]) AND r.became = 'unchanged'
ORDER BY 1, r.key
