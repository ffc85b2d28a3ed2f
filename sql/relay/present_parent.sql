-- A part of expand and compare: what the mirror says of a parent (its remote id, or whether it is gone from the cloud), null
-- where it has no row.
(SELECT p.{column} FROM outbox.mirror AS p WHERE p.target = {target} AND p.resource = {resource} AND p.key = ARRAY[{key}])
