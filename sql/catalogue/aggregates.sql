-- The names of all aggregates: a call of one makes its SELECT a grouped one.
SELECT DISTINCT proname FROM pg_proc WHERE prokind = 'a'
