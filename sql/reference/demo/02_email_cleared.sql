-- Bram Mulder's e-mail address is cleared: he is frozen as he is, nothing is removed yet
UPDATE accountview.users SET email = NULL WHERE code = 'MULDER';
