-- Atelier Lindeboom gets its KVK number: Visma.net has what it needs, and gets the company with all that is in it
UPDATE accountview.companies SET kvk_number = '90002717' WHERE code = '003';
