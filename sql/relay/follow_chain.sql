-- Where a chain of joins leads in current data: install made the function.
SELECT start, anchor FROM outbox.{function}(%(starts)s)
