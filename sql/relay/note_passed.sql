-- These pass, and count for an hour.
INSERT INTO outbox.passed AS p (target, resource, call, key, row_hash)
SELECT DISTINCT ON (k.key) %(target)s, %(resource)s, %(call)s, k.key, md5(k.document)
FROM jsonb_to_recordset(%(candidates)s) AS k (key text[], document text)
ON CONFLICT (target, resource, call, key) DO UPDATE
SET passed_at = excluded.passed_at, decision = NULL, row_hash = excluded.row_hash
