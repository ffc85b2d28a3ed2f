@pairs
CROSS JOIN LATERAL (VALUES (@old), (@new)) AS r (@columns)
