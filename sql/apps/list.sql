-- The apps of all targets; null in vanished_at: offered today.
SELECT a.target, a.app_code, a.name, a.vendor, a.vanished_at, a.refreshed_at
FROM outbox.application AS a
ORDER BY a.target, a.vanished_at IS NOT NULL, a.app_code
