-- Where the first range begins and the last one ends.
SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM {table}
