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
 '2026-03-02 10:01:00+00', 'sanne', 'av.exe', NULL, 0, NULL, '2026-03-02 10:01:00.01+00', NULL, NULL, NULL),
-- refused, and expanded as 7 and 8 were; not ready, while the cloud keeps what it has; the change of a clerk invites
(17, 'dead', NULL, 'accountview_net', 'company_access', '{YILMAZ,003}', NULL, 'EXPAND', NULL, '821',
 '2026-03-02 09:10:00.02+00', 'relay', 'outbox', 6, 4, NULL, '2026-03-02 09:11:00+00', 422, 'no such user', NULL),
(18, 'done', 'not_ready', 'visma_net', 'companies', '{003}', NULL, 'UPDATE', 'accountview.companies', '880',
 '2026-03-02 10:02:00+00', 'lars', 'psql', NULL, 0, NULL, '2026-03-02 10:02:00.01+00', NULL, 'missing: kvk_number', NULL),
(19, 'done', 'expanded', 'accountview_net', 'users', NULL, '{"follow": "f", "start": {"group_code": "ATELIER"}, "key": {}}',
 'INSERT', 'accountview.group_members', '890', '2026-03-02 10:03:00+00', 'sanne', 'av.exe', NULL, 0, NULL,
 '2026-03-02 10:03:00.1+00', NULL, NULL, NULL),
(20, 'done', 'created', 'accountview_net', 'users', '{LINDE}', NULL, 'EXPAND', NULL, '891', '2026-03-02 10:03:00.1+00',
 'relay', 'outbox', 19, 1, NULL, '2026-03-02 10:03:00.5+00', 201, NULL, '{"email": "thijs@lindeboom.example.com"}'),
-- nothing came of it; not expanded yet; a second one of its target and resource waits, and one more of the key of 13,
-- with which it goes out
(21, 'done', 'expanded', 'accountview_net', 'company_access', '{STAGE}', NULL, 'UPDATE', 'accountview.users', '894',
 '2026-03-02 10:03:30+00', 'lars', 'psql', NULL, 0, NULL, '2026-03-02 10:03:30.1+00', NULL, NULL, NULL),
(22, 'pending', NULL, 'accountview_net', 'app_access', NULL,
 '{"follow": "f", "start": {"group_code": "HAVEN"}, "key": {}}', 'UPDATE', 'accountview.app_access', '895',
 '2026-03-02 10:04:00+00', 'pieter', 'av.exe', NULL, 0, NULL, NULL, NULL, NULL, NULL),
(23, 'pending', NULL, 'accountview_net', 'users', '{NEWER}', NULL, 'INSERT', 'accountview.users', '896',
 '2026-03-02 10:05:00+00', 'sanne', 'av.exe', NULL, 0, NULL, NULL, NULL, NULL, NULL),
(24, 'pending', NULL, 'visma_net', 'projects', '{001,P0002}', NULL, 'UPDATE', 'accountview.projects', '897',
 '2026-03-02 10:06:00+00', 'lars', 'av.exe', NULL, 3, NULL, NULL, NULL, NULL, NULL),
-- held and refused once more; of the last register one waits; an answer that was no good
(25, 'held', NULL, 'accountview_net', 'company_access', '{DIJK,003}', NULL, 'EXPAND', NULL, '898',
 '2026-03-02 10:07:00+00', 'relay', 'outbox', 6, 0, NULL, '2026-03-02 10:07:00.1+00', NULL, 'still too many grants', NULL),
(26, 'dead', NULL, 'visma_net', 'projects', '{001,P0500}', NULL, 'UPDATE', 'accountview.projects', '899',
 '2026-03-02 10:08:00+00', 'lars', 'psql', NULL, 2, NULL, '2026-03-02 10:08:00.1+00', 422, 'no such template', NULL),
(27, 'pending', NULL, 'visma_net', 'users', '{BALIE1}', NULL, 'REGISTER', NULL, '801', '2026-03-02 10:09:00+00',
 'relay', 'outbox', 2, 0, NULL, NULL, NULL, NULL, NULL),
(28, 'dead', NULL, 'visma_net', 'users', '{STAGE}', NULL, 'UPDATE', 'accountview.users', '901', '2026-03-02 10:10:00+00',
 'lars', 'psql', NULL, 1, NULL, '2026-03-02 10:10:00.1+00', 200, 'an answer without an id', NULL),
-- two clerks changed one row before it was sent, at the second try; a third one looked later, and nothing left for him
(29, 'done', 'updated', 'visma_net', 'users', '{BOS}', NULL, 'UPDATE', 'accountview.users', '902',
 '2026-03-03 09:00:00+00', 'sanne', 'av.exe', NULL, 0, NULL, '2026-03-03 09:02:00+00', 200, NULL, NULL),
(30, 'done', 'updated', 'visma_net', 'users', '{BOS}', NULL, 'UPDATE', 'accountview.users', '903',
 '2026-03-03 09:01:00+00', 'lars', 'psql', NULL, 2, NULL, '2026-03-03 09:02:00+00', 200, NULL, '{"last_name": "Bos"}'),
(31, 'done', 'unchanged', 'visma_net', 'users', '{BOS}', NULL, 'UPDATE', 'accountview.users', '904',
 '2026-03-03 10:00:00+00', 'pieter', 'av.exe', NULL, 0, NULL, '2026-03-03 10:01:00+00', NULL, NULL, NULL);

INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path, http_status, error)
VALUES -- its message was pruned
       (0,  'accountview_net', 'users', '{BAKKER}', '2026-02-01 08:00:00.5+00', 12.4, 'POST', '/v1.0/users', 201, NULL),
       (20, 'accountview_net', 'users', '{LINDE}', '2026-03-02 10:03:00.2+00', 10, 'POST', '/v1.0/users/search', 200, NULL),
       (20, 'accountview_net', 'users', '{LINDE}', '2026-03-02 10:03:00.3+00', 90, 'POST', '/v1.0/users', 409, 'conflict'),
       (20, 'accountview_net', 'users', '{LINDE}', '2026-03-02 10:03:00.4+00', 90, 'POST', '/v1.0/users', 201, NULL),
       (28, 'visma_net', 'users', '{STAGE}', '2026-03-02 10:10:00.05+00', 10, 'PUT', '/v1.0/users/u7', 200, NULL),
       (30, 'visma_net', 'users', '{BOS}', '2026-03-03 09:01:30+00', 10, 'PUT', '/v1.0/users/u8', 503, 'busy'),
       (30, 'visma_net', 'users', '{BOS}', '2026-03-03 09:01:59.9+00', 10, 'PUT', '/v1.0/users/u8', 200, NULL),
       (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.1+00', 20, 'GET', '/v1.0/users', 200, NULL),
       (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.2+00', 90, 'POST', '/v1.0/users', NULL, 'no answer'),
       (3,  'visma_net', 'users', '{BAKKER}', '2026-03-02 08:00:01.9+00', 50, 'POST', '/v1.0/users', 201, NULL),
       (5,  'visma_net', 'users', '{BERG}', '2026-03-02 09:00:00.01+00', 20, 'PUT', '/v1.0/users/u1', 204, NULL),
       (7,  'accountview_net', 'company_access', '{MULDER,003}', '2026-03-02 09:10:00.05+00', 20, 'POST',
            '/v1.0/tenants/t3/users/u2', 201, NULL),
       (10, 'visma_net', 'companies', '{002}', '2026-03-02 09:20:00.1+00', 30, 'DELETE', '/v1.0/tenants/t2', 204, NULL),
       (12, 'visma_net', 'projects', '{001,P0500}', '2026-03-02 09:40:00.05+00', 30, 'POST', '/v1/project', 400,
            'Project ''P0500'' of 7d3c0a1e-52a4-4c0e-9f4b-0d3f6b1f2a55 has no template'),
       (12, 'visma_net', 'projects', '{001,P0501}', '2026-03-02 09:40:00.06+00', 30, 'POST', '/v1/project', 400,
            'Project ''P0501'' of c3aabe71-9f4b-4abc-8d1e-aaaabbbbcccc has no template'),
       (13, 'visma_net', 'projects', '{001,P0002}', '2026-03-02 09:50:00.05+00', 30, 'PUT', '/v1/project/P0002', 503, 'later');

INSERT INTO outbox.mirror (target, resource, key, remote_id, in_doubt, confirmed_at, message_id, document)
VALUES -- of a company and a user who are no longer in the views
       ('visma_net', 'company_access', '{MULDER,009}', 't9/u2', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('accountview_net', 'company_access', '{GONE,003}', 't3/u99', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('accountview_net', 'app_access', '{GONE,009,SCAN}', 't9/u99/SCAN', NULL, '2026-03-01 08:00+00', NULL, '{"roles": []}'),
       ('accountview_net', 'app_access', '{JANSEN,001,WORKFLOW}', 't1/u0/WORKFLOW', NULL, '2026-03-01 08:00+00', NULL, NULL),
       ('visma_net', 'users', '{JANSEN}', 'u0', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('visma_net', 'companies', '{003}', 't3', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('accountview_net', 'app_access', '{BERG,002,SCAN}', 't2/u6/SCAN', NULL, '2026-03-01 08:00+00', NULL, '{"roles": ["user"]}'),
       ('accountview_net', 'app_access', '{DIJK,002,SCAN}', NULL, '2026-03-02 09:59+00', NULL, NULL, NULL),
       ('visma_net', 'users', '{BAKKER}', 'u9', NULL, '2026-03-02 08:00:02+00', 3, '{"email": "fatima@korenmolen.example.com"}'),
       ('accountview_net', 'company_access', '{MULDER,003}', 't3/u2', NULL, '2026-03-02 09:10:00.1+00', 7, '{}'),
       ('accountview_net', 'company_access', '{MULDER,001}', 't1/u2', NULL, '2026-03-01 08:00+00', NULL, '{}'),
       ('visma_net', 'company_access', '{MULDER,001}', NULL, '2026-03-02 09:59+00', NULL, NULL, NULL),
       ('accountview_net', 'app_access', '{OCONNOR,003,REPORTING}', 't3/u5/REPORTING', NULL, '2026-03-01 08:00+00', NULL,
        '{"roles": ["author"]}'),
       ('accountview_net', 'app_access', '{BERG,002,BANKLINK}', 't2/u6/BANKLINK', NULL, '2026-03-01 08:00+00', NULL,
        '{"roles": ["user"]}');

INSERT INTO outbox.decision (decided_at, decided_by, decision, target, resource, key, message_id, why)
VALUES ('2026-03-02 09:45+00', 'beheer', 'retry', 'visma_net', 'projects', '{001,P0500}', 12, 'template set'),
       ('2026-03-02 09:47+00', 'sanne', 'link', 'visma_net', 'projects', '{001,P0500}', NULL, 'it is this one');

INSERT INTO outbox.application (target, app_code, name, vendor)
VALUES ('accountview_net', 'REPORTING', 'Rapportage', 'Cijferhuis');

-- DIJK may open 003 (message 8 is held)
INSERT INTO accountview.administration_access (administration_code, user_code) VALUES ('A300', 'DIJK');
