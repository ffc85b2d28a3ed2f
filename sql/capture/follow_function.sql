CREATE OR REPLACE FUNCTION outbox.@name(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    @settings
AS @body;
