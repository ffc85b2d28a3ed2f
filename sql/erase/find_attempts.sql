-- Calls of one range with words to erase: the clouds' answers to calls about him, and his e-mail or name in any other.
SELECT a.id
FROM outbox.attempt AS a
WHERE a.id > %(after)s AND a.id <= %(upto)s
  AND (a.resource = ANY (%(resources)s) AND a.key[1] = %(code)s AND a.error <> '[erased]' OR a.error ~* %(pattern)s)
