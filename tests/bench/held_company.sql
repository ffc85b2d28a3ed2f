UPDATE outbox.target SET active_since = now();
INSERT INTO outbox.mirror (target, resource, key, remote_id, document, confirmed_at)
VALUES ('visma_net', 'companies', '{001}', 'tenant-1', NULL, now());
