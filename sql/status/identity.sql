-- Does the outbox belong to this database, and if not, what is another one? Is capture off?
SELECT current_database()::text AS name, outbox.is_home() AS is_home,
       EXISTS (SELECT FROM outbox.manifest AS m WHERE m.kind = 'off') AS is_off,
       coalesce(i.system_identifier = h.system_identifier, false) AS same_cluster,
       coalesce(i.system_identifier = h.system_identifier AND i.database = h.database, false) AS same_database
FROM outbox.here() AS h
LEFT JOIN outbox.identity AS i ON true
