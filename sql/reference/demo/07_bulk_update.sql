-- All cost centres of De Korenmolen are renamed in one statement: many values go out in one call
UPDATE accountview.cost_centres SET description = description || ' (2027)' WHERE administration_code = 'A100';
