-- A part of expand: the very combination of values, since each column alone would let others through.
EXISTS (SELECT FROM pattern AS p WHERE {equal})
