-- Of some messages those that nobody has locked.
SELECT m.id FROM outbox.message AS m WHERE m.id = ANY (%(ids)s::bigint[]) FOR NO KEY UPDATE SKIP LOCKED
