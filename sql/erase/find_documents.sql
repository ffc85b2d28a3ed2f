-- Messages of one range with a document that was sent about him.
SELECT m.id
FROM outbox.message AS m
WHERE m.id > %(after)s AND m.id <= %(upto)s
  AND m.resource = ANY (%(resources)s) AND m.key[1] = %(code)s AND m.document IS NOT NULL
