-- A part of note_in_sight: everything below the key that was registered, as its preview counted.
SELECT s.key, s.row_hash
FROM sight AS s
WHERE s.key[:cardinality(%(below)s::text[])] = %(below)s
