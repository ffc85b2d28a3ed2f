-- A part of preview: is the parent of row d in its view?
ARRAY[{parent_key}] IN (SELECT ARRAY[{view_key}] FROM {view} AS v)
