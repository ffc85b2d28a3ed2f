-- From values of a changed row along the joins of the views to values of a first key column, in the data of now.
-- Run by the relay after the change is committed: what a trigger looked up itself, two concurrent transactions would
-- each miss in the other. Derived from the desired views by install.

CREATE OR REPLACE FUNCTION outbox.follow_code_to_companies_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t1.code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (code text)
    JOIN accountview.companies AS t1 ON t1.administration_code = s.code
    WHERE t1.code IS NOT NULL;
END
$outbox$;

CREATE OR REPLACE FUNCTION outbox.follow_code_to_group_members_user_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t1.user_code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (code text)
    JOIN accountview.group_members AS t1 ON t1.group_code = s.code
    WHERE t1.user_code IS NOT NULL;
END
$outbox$;

CREATE OR REPLACE FUNCTION outbox.follow_group_code_to_group_members_user_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t1.user_code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (group_code text)
    JOIN accountview.group_members AS t1 ON t1.group_code = s.group_code
    WHERE t1.user_code IS NOT NULL;
END
$outbox$;

CREATE OR REPLACE FUNCTION outbox.follow_code_to_app_access_user_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t1.user_code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (code text)
    JOIN accountview.app_access AS t1 ON t1.app_code = s.code
    WHERE t1.user_code IS NOT NULL;
END
$outbox$;

CREATE OR REPLACE FUNCTION outbox.follow_code_to_app_access_group_members_user_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t2.user_code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (code text)
    JOIN accountview.app_access AS t1 ON t1.app_code = s.code
    JOIN accountview.group_members AS t2 ON t2.group_code = t1.group_code
    WHERE t2.user_code IS NOT NULL;
END
$outbox$;

CREATE OR REPLACE FUNCTION outbox.follow_administration_code_to_companies_code(starts jsonb)
    RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO, YMD'
    SET "TimeZone" TO 'UTC'
    SET "IntervalStyle" TO 'iso_8601'
    SET extra_float_digits TO '1'
    SET bytea_output TO 'hex'
    SET row_security TO 'off'
AS $outbox$
#variable_conflict use_column
BEGIN
    -- LANGUAGE sql would plan this anew for every call, which takes longer than doing it.
    RETURN QUERY
    SELECT DISTINCT e.start, t1.code::text
    FROM jsonb_array_elements(starts) AS e (start)
    CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (administration_code text)
    JOIN accountview.companies AS t1 ON t1.administration_code = s.administration_code
    WHERE t1.code IS NOT NULL;
END
$outbox$;
