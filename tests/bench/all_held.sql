-- As if all of it had been delivered.
DELETE FROM outbox.message WHERE resource = 'projects';
INSERT INTO outbox.mirror (target, resource, key, remote_id, parents, confirmed_at, document)
SELECT 'visma_net', 'projects', ARRAY[v.company_code, v.project_code], 'tenant-1/' || v.project_code, '{tenant-1}', now(),
       to_jsonb(v) - '{company_code,project_code,missing}'::text[]
FROM visma_net.projects AS v;
