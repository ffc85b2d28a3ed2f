SELECT outbox.notice_fail_over() AS noticed
