-- Keys about which a person has to decide: what the cloud holds of them is not what the view says, and may stay so.
SELECT DISTINCT m.resource, m.key
FROM outbox.message AS m
WHERE m.target = %(target)s AND m.status IN ('held', 'dead') AND m.key IS NOT NULL
