-- Before the databases are cloned: a column that no view reads, and the tables of the audit triggers.
ALTER TABLE accountview.projects ADD COLUMN note text;
CREATE TABLE accountview.bare_audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL DEFAULT session_user,
    source     regclass NOT NULL,
    operation  text NOT NULL,
    old_row    jsonb,
    new_row    jsonb
);
CREATE TABLE accountview.audit (LIKE accountview.bare_audit INCLUDING ALL, record_id uuid, old_record_id uuid);
CREATE INDEX ON accountview.audit (record_id) WHERE record_id IS NOT NULL;
CREATE INDEX ON accountview.audit (old_record_id) WHERE old_record_id IS NOT NULL;
CREATE INDEX ON accountview.audit (source);
CREATE INDEX ON accountview.audit USING brin (changed_at);
TRUNCATE outbox.message;
