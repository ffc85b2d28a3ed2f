(
    (SELECT @columns@image AS @name FROM old_rows AS r
     EXCEPT ALL
     SELECT @columns@image FROM new_rows AS r)
    UNION ALL
    (SELECT @columns@image FROM new_rows AS r
     EXCEPT ALL
     SELECT @columns@image FROM old_rows AS r)
) AS r
