-- Capture as it is, but it notifies each time, and does not look whether a relay is asleep.
DO $do$
DECLARE
    whole text := pg_get_functiondef('outbox.capture_accountview_projects'::regproc);
    notifying text := regexp_replace(whole, 'IF FOUND AND.*?END IF;', 'NOTIFY outbox;');
BEGIN
    ASSERT notifying LIKE '%NOTIFY outbox;%', 'capture rings in other words than these';
    EXECUTE notifying;
END
$do$;
