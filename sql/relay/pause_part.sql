-- The platform forbids a resource, or what is sent for one company: that waits for a person, all else goes on.
INSERT INTO outbox.pause (target, resource, company, why)
SELECT %(target)s, r.resource, %(company)s, %(why)s
FROM unnest(%(resources)s::text[]) AS r (resource)
ON CONFLICT DO NOTHING
