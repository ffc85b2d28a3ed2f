-- A part of expand: the patterns as rows.
SELECT DISTINCT * FROM unnest({arrays}) AS p ({columns})
