-- Zeewind Logistiek is deleted: both clouds lose the company, and all that is in it goes with it
DELETE FROM accountview.companies WHERE code = '002';
