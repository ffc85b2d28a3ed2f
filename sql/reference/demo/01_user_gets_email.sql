-- Joost Visser gets an e-mail address: he is created and invited, and may open what his group may open
UPDATE accountview.users SET email = 'joost.visser@example.nl' WHERE code = 'VISSER';
