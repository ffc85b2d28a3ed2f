-- Which of these names (e-mail, external id) belong to a create whose answer is not in yet?
SELECT DISTINCT lower(s.name) AS name
FROM outbox.mirror AS m, unnest(m.sending) AS s (name)
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.remote_id IS NULL
  AND lower(s.name) = ANY (%(names)s::text[])
