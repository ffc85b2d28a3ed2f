-- A part of expand and compare: the remote id of a parent, null where it is not in the cloud.
(SELECT p.remote_id FROM outbox.mirror AS p WHERE p.target = {target} AND p.resource = {resource} AND p.key = ARRAY[{key}])
