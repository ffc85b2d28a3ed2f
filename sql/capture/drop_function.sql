DROP FUNCTION outbox.@name(@arguments);
