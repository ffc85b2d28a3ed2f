-- Which of the roles of roles.sql there are.
SELECT rolname AS role FROM pg_roles
WHERE rolname IN ('outbox_owner', 'outbox_relay', 'outbox_operator', 'outbox_auditor')
ORDER BY rolname
