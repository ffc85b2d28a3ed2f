DELETE FROM outbox.bell AS b WHERE b.holder = %(holder)s
