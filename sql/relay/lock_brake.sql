-- One judgement of a target at a time. A statement of its own: one that has waited for a lock still sees with the
-- snapshot from before, and would miss what the judgement it waited for has noted.
SELECT FROM outbox.target AS t WHERE t.target = %(target)s FOR NO KEY UPDATE
