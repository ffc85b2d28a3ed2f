-- Messages of one range with words to erase: the errors of his own, and his e-mail or name in any other text. `via` is
-- left while it may still be followed.
SELECT m.id
FROM outbox.message AS m
WHERE m.id > %(after)s AND m.id <= %(upto)s
  AND (m.resource = ANY (%(resources)s) AND m.key[1] = %(code)s AND m.error <> '[erased]'
       OR m.error ~* %(pattern)s
       OR m.status = 'done' AND m.via::text ~* %(pattern)s)
