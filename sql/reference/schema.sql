-- An administration package like AccountView, as far as the desired views read it. For the demo and the tests only.
-- Run once in an empty database: psql -1 -v ON_ERROR_STOP=1 -f schema.sql, then data.sql.
--
-- Codes are text: a desired view hands them on as the cloud's own key, and a text has one spelling only. Everything
-- that hangs below a row goes with it (ON DELETE CASCADE) and follows its code (ON UPDATE CASCADE).

CREATE SCHEMA accountview;
COMMENT ON SCHEMA accountview IS 'The source: users, rights, companies, administrations and their projects and costs';


CREATE FUNCTION accountview.filled(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- "C", since what \s matches elsewhere depends on the collation (and glibc leaves out U+00A0). \u escapes, since
    -- a class with the characters themselves would look empty, and in a single-byte encoding would not load.
    RETURN coalesce(
        value COLLATE "C" ~ '[^\s\u0085\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]', false);
COMMENT ON FUNCTION accountview.filled IS
    'Has the text something other than white space? No-break, zero-width and other Unicode spaces are white '
    'space; null is not filled';


-- Licence

CREATE TABLE accountview.licence_modules (
    module text PRIMARY KEY,
    CONSTRAINT licence_modules_known CHECK (module IN
        ('ACCESS_1', 'ACCESS_2', 'APPROVAL', 'AUTOREPORT', 'PROJECTS', 'COST_TYPES', 'COST_CENTRES'))
);
COMMENT ON TABLE accountview.licence_modules IS 'The modules that the licence contains; no row: not licensed';
COMMENT ON COLUMN accountview.licence_modules.module IS
    'ACCESS_1 rights per administration, ACCESS_2 user groups, APPROVAL, AUTOREPORT, PROJECTS, COST_TYPES, '
    'COST_CENTRES';


-- Who

CREATE TABLE accountview.users (
    code                text PRIMARY KEY,
    first_name          text,
    last_name           text,
    email               text,
    language            text DEFAULT 'nl',
    all_administrations boolean NOT NULL DEFAULT false,
    CONSTRAINT users_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.users IS 'The users (Gebruikers)';
COMMENT ON COLUMN accountview.users.code IS 'User code, as typed at log-in';
COMMENT ON COLUMN accountview.users.first_name IS 'May be blank: then the user is not ready for a cloud';
COMMENT ON COLUMN accountview.users.last_name IS 'May be blank: then the user is not ready for a cloud';
COMMENT ON COLUMN accountview.users.email IS
    'May be blank: then the user is not for a cloud (any more). Two users may share one: a cloud refuses the second';
COMMENT ON COLUMN accountview.users.language IS 'ISO 639-1; blank: nl';
COMMENT ON COLUMN accountview.users.all_administrations IS 'May open every administration, without a right for each';

CREATE TABLE accountview.user_groups (
    code                text PRIMARY KEY,
    name                text NOT NULL,
    all_administrations boolean NOT NULL DEFAULT false,
    CONSTRAINT user_groups_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.user_groups IS 'User groups (module ACCESS_2)';
COMMENT ON COLUMN accountview.user_groups.code IS 'Group code';
COMMENT ON COLUMN accountview.user_groups.name IS 'What people call it';
COMMENT ON COLUMN accountview.user_groups.all_administrations IS 'Its members may open every administration';

CREATE TABLE accountview.group_members (
    user_code  text NOT NULL REFERENCES accountview.users ON DELETE CASCADE ON UPDATE CASCADE,
    group_code text NOT NULL REFERENCES accountview.user_groups ON DELETE CASCADE ON UPDATE CASCADE,
    PRIMARY KEY (user_code, group_code)
);
CREATE INDEX group_members_group ON accountview.group_members (group_code);
COMMENT ON TABLE accountview.group_members IS 'Which user is in which group; a user may be in several';
COMMENT ON COLUMN accountview.group_members.user_code IS 'The member';
COMMENT ON COLUMN accountview.group_members.group_code IS 'The group';
COMMENT ON INDEX accountview.group_members_group IS 'The members of a group';


-- Whose books

CREATE TABLE accountview.administrations (
    code         text PRIMARY KEY,
    name         text NOT NULL,
    street       text,
    postal_code  text,
    city         text,
    country_code text DEFAULT 'NL',
    CONSTRAINT administrations_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.administrations IS 'The administrations: sets of books, with the address of their owner';
COMMENT ON COLUMN accountview.administrations.code IS 'Administration code';
COMMENT ON COLUMN accountview.administrations.name IS 'Name in the list of administrations';
COMMENT ON COLUMN accountview.administrations.street IS 'Street and number';
COMMENT ON COLUMN accountview.administrations.postal_code IS 'Postal code';
COMMENT ON COLUMN accountview.administrations.city IS 'City';
COMMENT ON COLUMN accountview.administrations.country_code IS 'ISO 3166-1, two letters';

CREATE TABLE accountview.companies (
    code                text PRIMARY KEY,
    name                text NOT NULL,
    kvk_number          text,
    administration_code text REFERENCES accountview.administrations ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT companies_code_filled CHECK (accountview.filled(code))
);
CREATE INDEX companies_administration ON accountview.companies (administration_code);
COMMENT ON TABLE accountview.companies IS 'The companies (Ondernemingen): what a cloud knows as a tenant';
COMMENT ON COLUMN accountview.companies.code IS 'Company code, part of the external id in the clouds';
COMMENT ON COLUMN accountview.companies.name IS 'Name under which the clouds show it';
COMMENT ON COLUMN accountview.companies.kvk_number IS
    'Number at the chamber of commerce: text, for its leading zeros; may be blank';
COMMENT ON COLUMN accountview.companies.administration_code IS
    'The administration linked to it; null: none, so no address, and nobody opens it. A deleted administration '
    'leaves the company';
COMMENT ON INDEX accountview.companies_administration IS 'The companies of an administration';

CREATE TABLE accountview.administration_access (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    administration_code text NOT NULL REFERENCES accountview.administrations ON DELETE CASCADE ON UPDATE CASCADE,
    user_code           text REFERENCES accountview.users ON DELETE CASCADE ON UPDATE CASCADE,
    group_code          text REFERENCES accountview.user_groups ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT administration_access_user_or_group CHECK (num_nonnulls(user_code, group_code) = 1),
    CONSTRAINT administration_access_once UNIQUE NULLS NOT DISTINCT (administration_code, user_code, group_code)
);
CREATE INDEX administration_access_user ON accountview.administration_access (user_code);
CREATE INDEX administration_access_group ON accountview.administration_access (group_code);
COMMENT ON TABLE accountview.administration_access IS
    'Who may open which administration (module ACCESS_1): a user, or all members of a group';
COMMENT ON COLUMN accountview.administration_access.id IS 'Names the grant';
COMMENT ON COLUMN accountview.administration_access.administration_code IS 'What may be opened';
COMMENT ON COLUMN accountview.administration_access.user_code IS 'By this user; null: by a group';
COMMENT ON COLUMN accountview.administration_access.group_code IS 'By the members of this group; null: by one user';
COMMENT ON INDEX accountview.administration_access_user IS 'The rights of a user';
COMMENT ON INDEX accountview.administration_access_group IS 'The rights of a group';


-- Apps

CREATE TABLE accountview.apps (
    code         text PRIMARY KEY,
    name         text NOT NULL,
    vendor       text,
    default_role text NOT NULL DEFAULT 'user',
    CONSTRAINT apps_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.apps IS 'AccountView.Net apps that can be granted, those of third parties too';
COMMENT ON COLUMN accountview.apps.code IS 'App code, as the cloud''s catalogue has it';
COMMENT ON COLUMN accountview.apps.name IS 'What people call it';
COMMENT ON COLUMN accountview.apps.vendor IS 'Who makes it';
COMMENT ON COLUMN accountview.apps.default_role IS 'The role that a grant gives when it names none';

CREATE TABLE accountview.app_access (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app_code   text NOT NULL REFERENCES accountview.apps ON DELETE CASCADE ON UPDATE CASCADE,
    user_code  text REFERENCES accountview.users ON DELETE CASCADE ON UPDATE CASCADE,
    group_code text REFERENCES accountview.user_groups ON DELETE CASCADE ON UPDATE CASCADE,
    roles      text[],
    CONSTRAINT app_access_user_or_group CHECK (num_nonnulls(user_code, group_code) = 1),
    CONSTRAINT app_access_once UNIQUE NULLS NOT DISTINCT (app_code, user_code, group_code),
    -- An empty set of roles would be no access at all, and that is what deleting the row says.
    CONSTRAINT app_access_roles_named CHECK (cardinality(roles) > 0 AND array_position(roles, NULL) IS NULL)
);
CREATE INDEX app_access_user ON accountview.app_access (user_code);
CREATE INDEX app_access_group ON accountview.app_access (group_code);
COMMENT ON TABLE accountview.app_access IS 'Who may use which app: a user, or all members of a group';
COMMENT ON COLUMN accountview.app_access.id IS 'Names the grant';
COMMENT ON COLUMN accountview.app_access.app_code IS 'What may be used';
COMMENT ON COLUMN accountview.app_access.user_code IS 'By this user; null: by a group';
COMMENT ON COLUMN accountview.app_access.group_code IS 'By the members of this group; null: by one user';
COMMENT ON COLUMN accountview.app_access.roles IS 'In these roles; null: in the app''s default role';
COMMENT ON INDEX accountview.app_access_user IS 'The apps of a user';
COMMENT ON INDEX accountview.app_access_group IS 'The apps of a group';


-- What is booked on

CREATE TABLE accountview.projects (
    administration_code text NOT NULL REFERENCES accountview.administrations ON DELETE CASCADE ON UPDATE CASCADE,
    code                text NOT NULL,
    description         text,
    start_date          date,
    end_date            date,
    status              text NOT NULL DEFAULT 'Active',
    PRIMARY KEY (administration_code, code),
    CONSTRAINT projects_code_filled CHECK (accountview.filled(code)),
    CONSTRAINT projects_status_known CHECK (status IN
        ('Planned', 'Active', 'Completed', 'Cancelled', 'OnHold', 'PendingApproval'))
);
COMMENT ON TABLE accountview.projects IS 'Projects of an administration (module PROJECTS)';
COMMENT ON COLUMN accountview.projects.administration_code IS 'Whose';
COMMENT ON COLUMN accountview.projects.code IS 'Project code, unique in its administration';
COMMENT ON COLUMN accountview.projects.description IS 'May be blank: then the project is not ready for the ERP';
COMMENT ON COLUMN accountview.projects.start_date IS 'May be null: then the project is not ready for the ERP';
COMMENT ON COLUMN accountview.projects.end_date IS 'Null: open';
COMMENT ON COLUMN accountview.projects.status IS
    'In the ERP''s words: Planned, Active, Completed, Cancelled, OnHold, PendingApproval';

CREATE TABLE accountview.cost_types (
    administration_code text NOT NULL REFERENCES accountview.administrations ON DELETE CASCADE ON UPDATE CASCADE,
    code                text NOT NULL,
    description         text,
    active              boolean NOT NULL DEFAULT true,
    PRIMARY KEY (administration_code, code),
    CONSTRAINT cost_types_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.cost_types IS 'Cost types of an administration (module COST_TYPES)';
COMMENT ON COLUMN accountview.cost_types.administration_code IS 'Whose';
COMMENT ON COLUMN accountview.cost_types.code IS 'Cost type, unique in its administration';
COMMENT ON COLUMN accountview.cost_types.description IS 'What it stands for';
COMMENT ON COLUMN accountview.cost_types.active IS 'May be booked on';

CREATE TABLE accountview.cost_centres (
    administration_code text NOT NULL REFERENCES accountview.administrations ON DELETE CASCADE ON UPDATE CASCADE,
    code                text NOT NULL,
    description         text,
    active              boolean NOT NULL DEFAULT true,
    PRIMARY KEY (administration_code, code),
    CONSTRAINT cost_centres_code_filled CHECK (accountview.filled(code))
);
COMMENT ON TABLE accountview.cost_centres IS 'Cost centres of an administration (module COST_CENTRES)';
COMMENT ON COLUMN accountview.cost_centres.administration_code IS 'Whose';
COMMENT ON COLUMN accountview.cost_centres.code IS 'Cost centre, unique in its administration';
COMMENT ON COLUMN accountview.cost_centres.description IS 'What it stands for';
COMMENT ON COLUMN accountview.cost_centres.active IS 'May be booked on';
