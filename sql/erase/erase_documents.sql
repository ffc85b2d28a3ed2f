UPDATE outbox.message SET document = NULL WHERE id = ANY (%(ids)s)
