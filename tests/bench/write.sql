-- Before the databases are cloned: a column that no view reads, and the table of the audit trigger.
ALTER TABLE accountview.projects ADD COLUMN note text;
CREATE TABLE accountview.audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL DEFAULT session_user,
    source     regclass NOT NULL,
    operation  text NOT NULL,
    old_row    jsonb,
    new_row    jsonb
);
TRUNCATE outbox.message;
