-- Is there anything left for the relay to do?
SELECT EXISTS (SELECT FROM outbox.message WHERE status = 'pending')
