-- The object of one user of ours moves to another key, as it is: no call, no removal, no second invitation.
-- The new key is then looked at again and the old one is over. A doubt moves along: documents know no key, so after a
-- changed code the new one would else be `unchanged` by what the mirror said before a call whose answer was lost.
-- What he may open moves too: the same grants of the same account, by the new code. A grant under way (in doubt) stays:
-- it is judged by its own key when it is back.
-- What is not believed since a restore is in doubt from here on: the verify that ends at this moment would look for it, and
-- for its messages, under the old key.
WITH lease AS (
    SELECT FROM outbox.lease AS l
    WHERE l.target = %(target)s AND l.lane = %(lane)s AND l.epoch = %(epoch)s
    FOR SHARE
), leaving AS (
    DELETE FROM outbox.mirror AS m
    WHERE m.target = %(target)s AND m.resource = 'users' AND m.key = %(from_key)s::text[] AND EXISTS (SELECT FROM lease)
    RETURNING m.*
), since AS (
    SELECT t.verify_since FROM outbox.target AS t WHERE t.target = %(target)s
), taken AS (
    INSERT INTO outbox.mirror AS m
        (target, resource, key, remote_id, in_doubt, intent, sending, gone, etag, confirmed_at, message_id, document)
    SELECT l.target, l.resource, %(to_key)s::text[], l.remote_id,
           coalesce(l.in_doubt, CASE WHEN coalesce(l.confirmed_at <= s.verify_since, true) THEN s.verify_since END),
           l.intent, l.sending, l.gone, l.etag, l.confirmed_at, l.message_id, l.document
    FROM leaving AS l, since AS s
    ON CONFLICT (target, resource, key) DO UPDATE
    SET remote_id = excluded.remote_id, in_doubt = excluded.in_doubt, intent = excluded.intent,
        sending = m.sending || excluded.sending, gone = excluded.gone, etag = excluded.etag, confirmed_at = excluded.confirmed_at,
        message_id = excluded.message_id, document = excluded.document
), grants AS (
    UPDATE outbox.mirror AS m
    SET key = %(to_key)s::text[] || m.key[2:],
        in_doubt = CASE WHEN coalesce(m.confirmed_at <= s.verify_since, true) THEN s.verify_since END
    FROM leaving AS l, since AS s
    WHERE m.target = l.target AND m.resource IN ('company_access', 'app_access') AND m.key[1] = l.key[1]
      AND l.remote_id = ANY (m.parents) AND m.in_doubt IS NULL
      AND NOT EXISTS (
          SELECT FROM outbox.mirror AS x
          WHERE x.target = m.target AND x.resource = m.resource AND x.key = %(to_key)s::text[] || m.key[2:])
)
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT l.target, l.resource, k.key, 'EXPAND', %(cause)s
FROM leaving AS l, (VALUES (%(to_key)s::text[]), (%(from_key)s::text[])) AS k (key)
RETURNING id
