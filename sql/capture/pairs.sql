old_rows AS o
FULL JOIN new_rows AS n ON @same_key
