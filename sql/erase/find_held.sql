-- Where the cloud still holds a person, and what of him stands in the mirror.
SELECT h.target, h.remote_id, h.document IS NOT NULL OR h.sending <> '{}' AS has_data
FROM outbox.mirror AS h
WHERE h.resource = 'users' AND h.key = ARRAY[%(code)s]
ORDER BY h.target
