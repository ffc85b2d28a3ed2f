-- A part of creates_in_sight: is the parent of desired row d in the cloud, or about to be? Not one that is gone from it:
-- that comes back when a person says so.
((ARRAY[{parent_key}] IN (SELECT ARRAY[{view_key}] FROM {view} AS v WHERE NOT ({not_ready}))
  OR ARRAY[{parent_key}] IN (
      SELECT m.key
      FROM outbox.mirror AS m
      WHERE m.target = {target} AND m.resource = {resource} AND m.remote_id IS NOT NULL))
 AND ARRAY[{parent_key}] NOT IN (
     SELECT m.key
     FROM outbox.mirror AS m
     WHERE m.target = {target} AND m.resource = {resource} AND m.gone))
