-- Which of some keys the view has, but not ready: they stay in the cloud as they are.
SELECT ARRAY[{view_key}] AS key
FROM {view} AS v
WHERE {view_match} AND ({not_ready})
