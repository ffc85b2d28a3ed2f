INSERT INTO outbox.message (target, resource, key, operation, source, status, outcome, settled_at)
SELECT 'visma_net', 'projects', ARRAY['001', 'Q' || n], 'UPDATE', 'accountview.projects', 'done', 'updated', now()
FROM generate_series(1, %(done)s) AS n;
