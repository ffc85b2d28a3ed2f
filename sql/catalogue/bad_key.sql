-- Keys that the view yields more than once, or that are too long for the outbox's indexes (see relay/expand.sql): of each
-- kind one, how often it comes, and how many bytes it has.
SELECT DISTINCT ON (count(*) > 1) ARRAY[{key}] AS key, count(*) AS rows, pg_column_size(ARRAY[{key}]) AS bytes
FROM {view} AS v
GROUP BY {key}
HAVING (count(*) > 1 OR pg_column_size(ARRAY[{key}]) > 2600) AND num_nulls({key}) = 0
