-- A part of preview, in place of preview_users: other rows are no more than their row.
refined AS (SELECT * FROM judged),
