-- What a person said is none of ours.
SELECT n.remote_id
FROM outbox.not_ours AS n
WHERE n.target = %(target)s AND n.resource = %(resource)s
