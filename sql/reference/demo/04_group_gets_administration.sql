-- The purchase group may open Atelier Lindeboom: its members get in, with their apps
INSERT INTO accountview.administration_access (administration_code, group_code) VALUES ('A300', 'INKOOP');
