-- The children of parents that got another remote id, or went: one message for each child resource, by `via`,
-- which names the parent's key columns among the child's. The expansion finds what is below.
INSERT INTO outbox.message (target, resource, via, operation, cause)
SELECT %(target)s, c.resource, jsonb_build_object('key', c.key), 'EXPAND', c.cause
FROM jsonb_to_recordset(%(children)s) AS c (resource text, key jsonb, cause bigint)
