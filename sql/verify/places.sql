-- Where the lists of a resource are read that hang on something: in each company that we are linked to, or hold
-- something in; for app access, for each user and app that somebody was given.
SELECT DISTINCT
       CASE %(resource)s
           WHEN 'company_access' THEN ARRAY[split_part(m.remote_id, '/', 1)]
           WHEN 'app_access' THEN ARRAY[split_part(m.remote_id, '/', 2), m.key[3]]
           ELSE ARRAY[m.key[1], split_part(m.remote_id, '/', 1)]
       END AS place
FROM outbox.mirror AS m
WHERE m.target = %(target)s
  AND (m.resource = %(resource)s OR m.resource = 'companies' AND %(resource)s = 'company_access')
  AND m.remote_id IS NOT NULL
ORDER BY 1
