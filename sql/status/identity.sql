-- Does the outbox belong to this database, and if not, what is another one?
SELECT current_database()::text AS name, outbox.is_home() AS is_home,
       coalesce(i.system_identifier = h.system_identifier, false) AS same_cluster,
       coalesce(i.system_identifier = h.system_identifier AND i.database = h.database, false) AS same_database
FROM outbox.here() AS h
LEFT JOIN outbox.identity AS i ON true
