-- May this role make the outbox, or change it?
SELECT quote_ident(current_user) AS role,
       CASE WHEN o.oid IS NULL THEN 'database ' || current_database() ELSE 'schema outbox' END AS place,
       CASE WHEN o.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(o.oid, 'CREATE') END AS may_create,
       coalesce(pg_has_role(to_regrole('outbox_owner'), 'USAGE'), true) AS may_own
FROM (SELECT to_regnamespace('outbox')::oid AS oid) AS o
