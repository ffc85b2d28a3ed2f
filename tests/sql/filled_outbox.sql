-- An outbox after a day's work, for the audit questions: something of every status and outcome.
UPDATE outbox.target SET active_since = '2026-03-01 08:00+00';
UPDATE outbox.target SET paused_at = '2026-03-02 09:30+00', why = '403 for this client' WHERE target = 'accountview_net';

INSERT INTO outbox.message (id, status, outcome, target, resource, key, via, operation, source, transaction, changed_at,
                            changed_by, application, cause, attempts, due_at, settled_at, http_status, error, document)
OVERRIDING SYSTEM VALUE
VALUES
-- the first register of visma_net, and the last one, in which BAKKER is invited
(1, 'done', 'expanded', 'visma_net', 'users', '{}', NULL, 'REGISTER', NULL, '700', '2026-03-01 08:00:00+00',
 'beheer', 'outbox', NULL, 0, NULL, '2026-03-01 08:00:01+00', NULL, NULL, NULL),
(2, 'done', 'expanded', 'visma_net', 'users', '{}', NULL, 'REGISTER', NULL, '800', '2026-03-02 08:00:00+00',
 'beheer', 'outbox', NULL, 0, NULL, '2026-03-02 08:00:01+00', NULL, NULL, NULL),
(3, 'done', 'created', 'visma_net', 'users', '{BAKKER}', NULL, 'REGISTER', NULL, '801', '2026-03-02 08:00:01+00',
 'relay', 'outbox', 2, 1, NULL, '2026-03-02 08:00:02+00', 201, NULL, '{"email": "fatima@korenmolen.example.com"}'),
(4, 'done', 'not_ready', 'visma_net', 'users', '{VISSER}', NULL, 'REGISTER', NULL, '801', '2026-03-02 08:00:01+00',
 'relay', 'outbox', 2, 0, NULL, '2026-03-02 08:00:02+00', NULL, 'missing: email', NULL),
-- a full key, in the cloud after 40 ms
(5, 'done', 'updated', 'visma_net', 'users', '{BERG}', NULL, 'UPDATE', 'accountview.users', '810',
 '2026-03-02 09:00:00+00', 'sanne', 'av.exe', NULL, 1, NULL, '2026-03-02 09:00:00.04+00', 204, NULL, '{"last_name": "Berg"}'),
-- a group gets an administration: two grants, found by a chain; one of them held
(6, 'done', 'expanded', 'accountview_net', 'company_access', NULL,
 '{"follow": "f", "start": {"group_code": "INKOOP"}, "key": {"company_code": "003"}}', 'INSERT',
 'accountview.administration_access', '820', '2026-03-02 09:10:00+00', 'pieter', 'av.exe', NULL, 0, NULL,
 '2026-03-02 09:10:00.02+00', NULL, NULL, NULL),
(7, 'done', 'created', 'accountview_net', 'company_access', '{MULDER,003}', NULL, 'EXPAND', NULL, '821',
 '2026-03-02 09:10:00.02+00', 'relay', 'outbox', 6, 1, NULL, '2026-03-02 09:10:00.1+00', 201, NULL, '{}'),
(8, 'held', NULL, 'accountview_net', 'company_access', '{DIJK,003}', NULL, 'EXPAND', NULL, '821',
 '2026-03-02 09:10:00.02+00', 'relay', 'outbox', 6, 0, NULL, '2026-03-02 09:10:00.1+00', NULL, 'too many grants', NULL),
-- a coarse delete: the company went, and two levels down a project with it
(9, 'done', 'expanded', 'visma_net', 'companies', '{}', NULL, 'TRUNCATE', 'accountview.companies', '830',
 '2026-03-02 09:20:00+00', 'lars', 'psql', NULL, 0, NULL, '2026-03-02 09:20:00.01+00', NULL, NULL, NULL),
(10, 'done', 'removed', 'visma_net', 'companies', '{002}', NULL, 'EXPAND', NULL, '831', '2026-03-02 09:20:00.01+00',
 'relay', 'outbox', 9, 1, NULL, '2026-03-02 09:20:00.16+00', 204, NULL, NULL),
(11, 'done', 'removed', 'visma_net', 'projects', '{002,P0001}', NULL, 'EXPAND', NULL, '832', '2026-03-02 09:20:00.16+00',
 'relay', 'outbox', 10, 0, NULL, '2026-03-02 09:20:00.16+00', NULL, NULL, NULL),
-- refused
(12, 'dead', NULL, 'visma_net', 'projects', '{001,P0500}', NULL, 'INSERT', 'accountview.projects', '840',
 '2026-03-02 09:40:00+00', 'sanne', 'av.exe', NULL, 1, NULL, '2026-03-02 09:40:00.1+00', 400,
 'Project ''P0500'' has no template', NULL),
-- waiting: one is backing off, one waits for its target, and VRIES became ready after having been not ready
(13, 'pending', NULL, 'visma_net', 'projects', '{001,P0002}', NULL, 'UPDATE', 'accountview.projects', '850',
 '2026-03-02 09:50:00+00', 'sanne', 'av.exe', NULL, 2, '2999-01-01 00:00+00', NULL, 503, 'later', NULL),
(14, 'pending', NULL, 'accountview_net', 'users', '{NEW}', NULL, 'INSERT', 'accountview.users', '860',
 '2026-03-02 09:55:00+00', 'sanne', 'av.exe', NULL, 0, NULL, NULL, NULL, NULL, NULL),
(15, 'done', 'not_ready', 'visma_net', 'users', '{VRIES}', NULL, 'UPDATE', 'accountview.users', '870',
 '2026-03-02 10:00:00+00', 'sanne', 'av.exe', NULL, 0, NULL, '2026-03-02 10:00:00.01+00', NULL, 'missing: email', NULL),
(16, 'done', 'unchanged', 'visma_net', 'users', '{VRIES}', NULL, 'UPDATE', 'accountview.users', '871',
 '2026-03-02 10:01:00+00', 'sanne', 'av.exe', NULL, 0, NULL, '2026-03-02 10:01:00.01+00', NULL, NULL, NULL);

INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)
VALUES (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.1+00', 20, 'GET', '/v1.0/users', 200, NULL),
       (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.2+00', 90, 'POST', '/v1.0/users', NULL, 'no answer'),
       (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.9+00', 50, 'POST', '/v1.0/users', 201, NULL),
       (5,  'visma_net', 'users', '{BERG}', '2026-03-02 09:00:00.01+00', 20, 'PUT', '/v1.0/users/u1', 204, NULL),
       (7,  'accountview_net', 'company_access', '{MULDER,003}', '2026-03-02 09:10:00.05+00', 20, 'POST',
            '/v1.0/tenants/t3/users/u2', 201, NULL),
       (10, 'visma_net', 'companies', '{002}', '2026-03-02 09:20:00.1+00', 30, 'DELETE', '/v1.0/tenants/t2', 204, NULL),
       (12, 'visma_net', 'projects', '{001,P0500}', '2026-03-02 09:40:00.05+00', 30, 'POST', '/v1/project', 400,
            'Project ''P0500'' has no template'),
       (12, 'visma_net', 'projects', '{001,P0501}', '2026-03-02 09:40:00.06+00', 30, 'POST', '/v1/project', 400,
            'Project ''P0501'' has no template'),
       (13, 'visma_net', 'projects', '{001,P0002}', '2026-03-02 09:50:00.05+00', 30, 'PUT', '/v1/project/P0002', 503, 'later');

INSERT INTO outbox.mirror (target, resource, key, remote_id, in_doubt, confirmed_at, message_id, document)
VALUES ('visma_net', 'users', '{BAKKER}', 'u9', NULL, '2026-03-02 08:00:02+00', 3, '{"email": "fatima@korenmolen.example.com"}'),
       ('accountview_net', 'company_access', '{MULDER,003}', 't3/u2', NULL, '2026-03-02 09:10:00.1+00', 7, '{}'),
       ('accountview_net', 'company_access', '{MULDER,001}', 't1/u2', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('visma_net', 'company_access', '{MULDER,001}', NULL, '2026-03-02 09:59+00', NULL, NULL, NULL),
       ('accountview_net', 'app_access', '{OCONNOR,003,REPORTING}', 't3/u5/REPORTING', NULL, '2026-03-01 08:00+00', NULL,
        '{"roles": ["author"]}'),
       ('accountview_net', 'app_access', '{BERG,002,BANKLINK}', 't2/u6/BANKLINK', NULL, '2026-03-01 08:00+00', NULL,
        '{"roles": ["user"]}');

INSERT INTO outbox.decision (decided_at, decided_by, decision, target, resource, key, message_id, why)
VALUES ('2026-03-02 09:45+00', 'beheer', 'retry', 'visma_net', 'projects', '{001,P0500}', 12, 'template set');

INSERT INTO outbox.application (target, app_code, name, vendor)
VALUES ('accountview_net', 'REPORTING', 'Rapportage', 'Cijferhuis');

-- DIJK may open 003 (message 8 is held)
INSERT INTO accountview.administration_access (administration_code, user_code) VALUES ('A300', 'DIJK');
