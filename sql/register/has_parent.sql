-- A part of preview: is the parent of desired row d in the cloud and stays there, or is it about to come?
-- holds: parents that are left to a person; leaves: those that are about to be removed, or to be
-- another code's. What is the same nobody looks at, so it is unchanged also where its user is gone. (As two lists, each
-- hashed once: a condition on d within would have one read for every row.)
(ARRAY[{parent_key}] IN (SELECT ARRAY[{view_key}] FROM {view} AS v WHERE NOT ({not_ready}))
 AND NOT ({parent_key} = ANY ({holds}::text[]))
 OR (ARRAY[{parent_key}] IN (
         SELECT m.key
         FROM outbox.mirror AS m
         WHERE m.target = {target} AND m.resource = {resource} AND m.remote_id IS NOT NULL AND NOT m.gone)
     OR d.same AND ARRAY[{parent_key}] IN (
         SELECT m.key
         FROM outbox.mirror AS m
         WHERE m.target = {target} AND m.resource = {resource} AND m.remote_id IS NOT NULL AND m.gone))
 AND NOT ({parent_key} = ANY ({leaves}::text[])))
