CREATE OR REPLACE TRIGGER @name
    AFTER @event ON @table
    @referencing
    FOR EACH STATEMENT EXECUTE FUNCTION outbox.@function();
