CREATE OR REPLACE FUNCTION outbox.@name()
    RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    @settings
AS @body;
