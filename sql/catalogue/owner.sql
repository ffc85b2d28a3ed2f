-- To whom schema outbox belongs, where that is another role than this one; and the relay's role, where there is one.
SELECT (SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace
        WHERE nspname = 'outbox' AND nspowner <> current_user::regrole) AS owner,
       (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = 'outbox_relay') AS relay
