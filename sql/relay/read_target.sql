-- May anything be sent, and if not, why, and for how long? Read once a second, so that what a person or another relay
-- did is noticed. pauses: [resource, company, why] of the parts that are paused; quiet: seconds for which a company ('':
-- the whole target) asked not to be called.
SELECT t.active_since IS NOT NULL AS active, t.paused_at IS NOT NULL AS paused, t.why,
       t.down_since IS NOT NULL AS down, t.down_why,
       extract(epoch FROM t.probe_at - clock_timestamp())::float8 AS probe_in_s,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(p.resource, p.company, p.why)), '[]')
        FROM outbox.pause AS p
        WHERE p.target = t.target) AS pauses,
       (SELECT coalesce(jsonb_object_agg(r.company, extract(epoch FROM r.not_before - clock_timestamp())), '{}')
        FROM outbox.rate AS r
        WHERE r.target = t.target AND r.not_before > clock_timestamp()) AS quiet
FROM outbox.target AS t
WHERE t.target = %(target)s
