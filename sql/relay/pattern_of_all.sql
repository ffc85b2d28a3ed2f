-- A part of expand, in place of patterns: one row without a column matches everything.
SELECT
