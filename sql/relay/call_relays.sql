-- A relay came or went: the others look at once what their share is now.
SELECT pg_notify('outbox_lanes', '')
