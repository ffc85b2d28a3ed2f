-- A part of removals_in_sight: does the company stay to which row m of the mirror belongs?
m.key[1] IN (SELECT c.company_code::text FROM {companies} AS c)
