-- The clouds are active, and Visma.net holds the companies already.
UPDATE outbox.target SET active_since = now();
SELECT outbox.set_lanes('visma_net', 4);
INSERT INTO outbox.mirror (target, resource, key, remote_id, document, confirmed_at)
SELECT 'visma_net', 'companies', ARRAY[c.code], 'tenant-' || c.code::integer, NULL, now()
FROM accountview.companies AS c;
