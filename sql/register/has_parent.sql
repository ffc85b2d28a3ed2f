-- A part of preview: is the parent of desired row d in the cloud and stays there, or is it about to come?
-- holds: parents that are left to a person; leaves: those that are about to be removed, or to be
-- another code's.
(ARRAY[{parent_key}] IN (SELECT ARRAY[{view_key}] FROM {view} AS v WHERE NOT ({not_ready}))
 AND NOT ({parent_key} = ANY ({holds}::text[]))
 OR ARRAY[{parent_key}] IN (
     SELECT m.key
     FROM outbox.mirror AS m
     WHERE m.target = {target} AND m.resource = {resource} AND m.remote_id IS NOT NULL AND (d.in_cloud OR NOT m.gone))
 AND NOT ({parent_key} = ANY ({leaves}::text[])))
