@pairs
CROSS JOIN LATERAL (VALUES @images)
    AS r (@columns)
