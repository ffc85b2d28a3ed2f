-- Sample data: three companies, fourteen users, some hundred projects, cost types and cost centres. People, companies
-- and addresses are invented. Some rows are incomplete on purpose; each says so.

INSERT INTO accountview.licence_modules (module)
VALUES ('ACCESS_1'), ('ACCESS_2'), ('APPROVAL'), ('AUTOREPORT'), ('PROJECTS'), ('COST_TYPES'), ('COST_CENTRES');

INSERT INTO accountview.administrations (code, name, street, postal_code, city)
VALUES ('A100', 'Bakkerij De Korenmolen', 'Molenstraat 12',  '3511 LK', 'Utrecht'),
       ('A200', 'Zeewind Logistiek',      'Havenkade 88',    '3011 XB', 'Rotterdam'),
       ('A300', 'Atelier Lindeboom',      'Oude Gracht 41a', '2312 RA', 'Leiden'),
       ('A900', 'Vennootschap i.o.',      'Dorpsplein 1',    NULL,      'Ootmarsum');  -- no postal code, no company yet

INSERT INTO accountview.companies (code, name, kvk_number, administration_code)
VALUES ('001', 'Bakkerij De Korenmolen B.V.', '90001354', 'A100'),
       ('002', 'Zeewind Logistiek B.V.',      '09000123', 'A200'),
       ('003', 'Atelier Lindeboom V.O.F.',    NULL,       'A300');  -- no KVK number: not for Visma.net yet

INSERT INTO accountview.users (code, first_name, last_name, email, language, all_administrations)
VALUES ('JANSEN',   'Sanne',    'Jansen',          'sanne.jansen@example.nl',       'nl', true),
       ('VRIES',    'Pieter',   'de Vries',        'p.devries@example.nl',          'nl', false),
       ('BAKKER',   'Fatima',   'Bakker',          'fatima@korenmolen.example.com', 'nl', false),
       ('VISSER',   'Joost',    'Visser',          NULL,                            'nl', false),  -- no e-mail
       ('SMIT',     'Anouk',    'Smit',            'anouk.smit@example.nl',         'nl', false),
       ('BERG',     'Lars',     'van den Berg',    'lars@zeewind.example.com',      'nl', false),
       ('DIJK',     'Marieke',  'van Dijk',        'marieke@zeewind.example.com',   'nl', false),
       ('MULDER',   'Bram',     'Mulder',          'bram.mulder@example.nl',        'nl', false),
       ('YILMAZ',   'Elif',     'Yılmaz',          'elif@zeewind.example.com',      'nl', false),
       ('OCONNOR',  'Niamh',    'O''Connor',       'niamh@lindeboom.example.com',   'en', false),
       ('LINDE',    'Thijs',    'van der Linde',   'thijs@lindeboom.example.com',   'nl', false),
       ('STAGE',    'Noor',     U&'\00A0\00A0',    'noor@lindeboom.example.com',    'nl', false),  -- a blank last name
       ('BALIE1',   'Balie',    'Voorzijde',       'balie@korenmolen.example.com',  'nl', false),  -- two users,
       ('BALIE2',   'Balie',    'Achterzijde',     'balie@korenmolen.example.com',  'nl', false);  -- one e-mail

INSERT INTO accountview.user_groups (code, name, all_administrations)
VALUES ('KANTOOR', 'Accountantskantoor', true),
       ('BAKKERS', 'Medewerkers De Korenmolen', false),
       ('HAVEN',   'Medewerkers Zeewind', false),
       ('INKOOP',  'Inkoop en facturen', false);  -- no administration yet: grant it one and see who gets in

INSERT INTO accountview.group_members (group_code, user_code)
VALUES ('KANTOOR', 'VRIES'), ('KANTOOR', 'SMIT'),
       ('BAKKERS', 'BAKKER'), ('BAKKERS', 'VISSER'), ('BAKKERS', 'BALIE1'), ('BAKKERS', 'BALIE2'),
       ('HAVEN', 'BERG'), ('HAVEN', 'DIJK'), ('HAVEN', 'YILMAZ'),
       ('INKOOP', 'MULDER'), ('INKOOP', 'DIJK');

INSERT INTO accountview.administration_access (administration_code, user_code, group_code)
VALUES ('A100', NULL, 'BAKKERS'),
       ('A100', 'BAKKER', NULL),  -- twice: in person, and by a group
       ('A100', 'MULDER', NULL),
       ('A200', NULL, 'HAVEN'),
       ('A300', 'OCONNOR', NULL), ('A300', 'LINDE', NULL), ('A300', 'STAGE', NULL);

INSERT INTO accountview.apps (code, name, vendor, default_role)
VALUES ('WORKFLOW',  'Workflow',             'Visma Software', 'user'),
       ('SCAN',      'Scannen en herkennen', 'Visma Software', 'user'),
       ('REPORTING', 'Rapportage',           'Cijferhuis',     'reader'),  -- third parties
       ('BANKLINK',  'Bankkoppeling',        'Girobrug',       'user'),
       ('FISCAL',    'Fiscale aangiften',    'Tiendschuur',    'preparer');

INSERT INTO accountview.app_access (app_code, user_code, group_code, roles)
VALUES ('WORKFLOW',  'JANSEN',  NULL,      '{administrator,user}'),
       ('WORKFLOW',  NULL,      'KANTOOR', NULL),
       ('WORKFLOW',  NULL,      'HAVEN',   NULL),
       ('WORKFLOW',  'DIJK',    NULL,      '{approver}'),  -- beside what her group gives
       ('SCAN',      NULL,      'BAKKERS', NULL),
       ('SCAN',      NULL,      'INKOOP',  NULL),
       ('REPORTING', 'OCONNOR', NULL,      NULL),
       ('REPORTING', NULL,      'KANTOOR', '{author,reader}'),
       ('BANKLINK',  'BERG',    NULL,      NULL),
       ('FISCAL',    'VRIES',   NULL,      '{preparer,signer}');


-- 3 x 100 projects, 3 x 50 cost types, 3 x 50 cost centres

INSERT INTO accountview.projects (administration_code, code, description, start_date, end_date, status)
SELECT a.code,
       'P' || to_char(n, 'FM0000'),
       work[1 + n % 10] || ' ' || place[1 + n / 10 % 10],
       date '2023-01-02' + 11 * n,
       CASE WHEN n <= 60 THEN date '2023-01-02' + 11 * n + 90 + 7 * (n % 13) END,
       CASE WHEN n % 25 = 24 THEN 'OnHold' WHEN n % 20 = 7 THEN 'Cancelled' WHEN n <= 60 THEN 'Completed'
            WHEN n <= 95 THEN 'Active' ELSE 'Planned' END
FROM (VALUES ('A100'), ('A200'), ('A300')) AS a (code),
     generate_series(1, 100) AS n,
     (SELECT ARRAY['Verbouwing', 'Onderhoud', 'Inrichting', 'Uitbreiding', 'Renovatie', 'Verduurzaming',
                   'Automatisering', 'Verhuizing', 'Keuring', 'Opening'] AS work,
             ARRAY['Utrecht', 'Rotterdam', 'Leiden', 'Zwolle', '''s-Hertogenbosch', 'Groningen',
                   'Maastricht', 'Den Haag', 'Súdwest-Fryslân', 'Middelburg'] AS place) AS names;

-- no description, no start date
UPDATE accountview.projects SET description = NULL WHERE (administration_code, code) = ('A100', 'P0099');
UPDATE accountview.projects SET start_date = NULL WHERE (administration_code, code) = ('A200', 'P0100');

INSERT INTO accountview.cost_types (administration_code, code, description, active)
SELECT a.code, (4000 + 10 * n)::text, what[1 + n % 25] || ' ' || (ARRAY['vast', 'variabel'])[1 + n / 25], n % 17 <> 16
FROM (VALUES ('A100'), ('A200'), ('A300')) AS a (code),
     generate_series(0, 49) AS n,
     (SELECT ARRAY['Lonen', 'Sociale lasten', 'Pensioenen', 'Reiskosten', 'Opleidingen', 'Huur', 'Energie',
                   'Schoonmaak', 'Verzekeringen', 'Brandstof', 'Leasekosten', 'Kantoorbenodigdheden', 'Telefonie', 'Licenties',
                   'Drukwerk', 'Advertenties', 'Representatie', 'Accountant', 'Juridisch advies', 'Bankkosten',
                   'Afschrijvingen', 'Grondstoffen', 'Verpakking', 'Transport', 'Uitbesteed werk'] AS what) AS names;

INSERT INTO accountview.cost_centres (administration_code, code, description, active)
SELECT a.code, 'KP' || to_char(100 + n, 'FM000'), department[1 + n % 10] || ' ' || site[1 + n / 10], n % 19 <> 18
FROM (VALUES ('A100'), ('A200'), ('A300')) AS a (code),
     generate_series(0, 49) AS n,
     (SELECT ARRAY['Directie', 'Financiën', 'Personeelszaken', 'Inkoop', 'Verkoop', 'Productie', 'Magazijn',
                   'Expeditie', 'Automatisering', 'Klantenservice'] AS department,
             ARRAY['hoofdkantoor', 'noord', 'oost', 'zuid', 'west'] AS site) AS names;
