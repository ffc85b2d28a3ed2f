-- The platform forbids a resource, or what is sent for one company: that waits for a person, all else goes on.
-- remote_id: of the company when it was said. Where that is another by now, or not certain, it was said of a company
-- that is gone.
INSERT INTO outbox.pause (target, resource, company, why)
SELECT %(target)s, r.resource, %(company)s, %(why)s
FROM unnest(%(resources)s::text[]) AS r (resource)
WHERE %(remote_id)s::text IS NULL OR EXISTS (
    SELECT FROM outbox.mirror AS m
    WHERE m.target = %(target)s AND m.resource = 'companies' AND m.key = ARRAY[%(company)s::text]
      AND m.remote_id = %(remote_id)s AND m.in_doubt IS NULL)
ON CONFLICT DO NOTHING
