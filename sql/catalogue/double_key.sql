-- A key that the view yields more than once, and how often.
SELECT ARRAY[{key}] AS key, count(*) AS rows
FROM {view} AS v
GROUP BY {key}
HAVING count(*) > 1 AND num_nulls({key}) = 0
LIMIT 1
