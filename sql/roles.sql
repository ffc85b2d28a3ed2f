-- The roles of the outbox. Optional: without them everything belongs to whoever runs `outbox install`, and every command
-- runs with his rights. Run once per cluster, before or after the first install, by a role that may create roles (no
-- superuser needed); then `outbox install`, which gives them their rights as listed in grants.sql:
--
--     psql -f roles.sql  &&  outbox install
--
-- outbox_owner     owns schema outbox; capture and the outbox's functions run with its rights. Nobody logs in as it
-- outbox_relay     may do what the relay does: read the desired views, run the outbox; it cannot change what is done
-- outbox_operator  decides: register, approve, retry, pause, link, adopt, the emergency switch; by functions alone, it
--                  writes no table itself. Reads documents
-- outbox_auditor   reads all but documents
--
-- None of them logs in. People and programs are made members, each with a login of their own:
--
--     CREATE ROLE my_relay LOGIN PASSWORD '...' IN ROLE outbox_relay;
--     GRANT outbox_operator TO jan;
--     GRANT outbox_owner TO dba;        -- who else is to run `outbox install`: who ran this file already may
--     GRANT pg_monitor TO my_relay;     -- if wanted: `outbox check` then sees other people's long transactions

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['outbox_owner', 'outbox_relay', 'outbox_operator', 'outbox_auditor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END
$$;

-- From PostgreSQL 16 on who creates a role may give it away, but is no member by that alone.
GRANT outbox_owner TO CURRENT_USER;

COMMENT ON ROLE outbox_owner IS 'Owns schema outbox; capture runs with its rights. Nobody logs in as it';
COMMENT ON ROLE outbox_relay IS 'May do what the relay of the outbox does';
COMMENT ON ROLE outbox_operator IS 'Decides in the outbox: register, approve, retry, pause, adopt';
COMMENT ON ROLE outbox_auditor IS 'Reads the outbox, but no documents';
