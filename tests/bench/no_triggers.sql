-- The outbox is there, and nothing writes into it.
DROP TRIGGER outbox_insert ON accountview.projects;
DROP TRIGGER outbox_update ON accountview.projects;
DROP TRIGGER outbox_delete ON accountview.projects;
DROP TRIGGER outbox_truncate ON accountview.projects;
