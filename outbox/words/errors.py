"""The sentences with which register, explain and status can end, and what they tell to try: English, and its Dutch.

Names of settings stay as they are, and so does what the system or the driver says. click's own words, of arguments that
are wrong, are here as well.
"""

from __future__ import annotations

ERRORS: dict[str, str] = {
    "the database cannot be used: {words}": "de database is niet te gebruiken: {words}",
    "set OUTBOX_DSN to a reachable database, e.g. postgresql://host/database": (
        "zet OUTBOX_DSN op een bereikbare database, bijvoorbeeld postgresql://host/database"
    ),
    "the database server takes connections, and has not answered for {number} s": (
        "de databaseserver neemt verbindingen aan, en heeft {number} s niet geantwoord"
    ),
    "see what it is doing; what was begun there is done whole or not at all: once more, when it answers": (
        "kijk wat hij doet; wat daar begonnen is wordt helemaal gedaan of niet: nog eens, als hij antwoordt"
    ),
    "no database is named": "er is geen database genoemd",
    "set OUTBOX_DSN, e.g. postgresql://user@host/database": (
        "stel OUTBOX_DSN in, bijvoorbeeld postgresql://gebruiker@host/database"
    ),
    "the outbox is not installed in database {name}": "de outbox is niet geïnstalleerd in database {name}",
    "the server is PostgreSQL {number}; the outbox needs {other} or later": (
        "de server is PostgreSQL {number}; de outbox vraagt {other} of later"
    ),
    "point OUTBOX_DSN to a newer server": "laat OUTBOX_DSN naar een nieuwere server wijzen",
    "the database role lacks a right: {words}": "de databaserol mist een recht: {words}",
    "grant it, or use another role in OUTBOX_DSN": "geef dat recht, of gebruik een andere rol in OUTBOX_DSN",
    "the database is read-only: {words}": "in de database kan alleen worden gelezen: {words}",
    "point OUTBOX_DSN to the primary": "laat OUTBOX_DSN naar de primaire server wijzen",
    "the database refused a statement: {words} (SQLSTATE {name})": (
        "de database weigerde een opdracht: {words} (SQLSTATE {name})"
    ),
    "the outbox in database {name} belongs to another database: it was restored or copied": (
        "de outbox in database {name} is van een andere database: hij is teruggezet of gekopieerd"
    ),
    "the outbox in this database belongs to another: it was restored or copied": (
        "de outbox in deze database is van een andere: hij is teruggezet of gekopieerd"
    ),
    "outbox adopt, if the clouds are to follow this database from now on": (
        "outbox adopt, als de clouds vanaf nu deze database moeten volgen"
    ),
    "there is no desired view for any target": "er is voor geen enkele cloud een view",
    "there is no desired view for {name}": "er is geen view voor {name}",
    "make one as in sql/views": "maak er een zoals in sql/views",
    "{name} does not show what it holds: {why}": "{name} toont niet wat hij heeft: {why}",
    "put that right, then once more": "los dat op, en dan nog eens",
    "once more, later": "later nog eens",
    # -- settings
    "outbox help settings lists them all": "outbox help settings noemt ze allemaal",
    "there is no settings file {file}": "er is geen bestand met instellingen {file}",
    "name one with OUTBOX_CONFIG": "noem er een met OUTBOX_CONFIG",
    "{file} cannot be read: {words}": "{file} kan niet worden gelezen: {words}",
    "{file} is not TOML: {words}": "{file} is geen TOML: {words}",
    "{name}_file names {file}, which cannot be read: {words}": (
        "{name}_file noemt {file}, en dat kan niet worden gelezen: {words}"
    ),
    "{file} holds {name} and is open to others; expected: a file that its owner alone can read": (
        "{file} bevat {name} en is open voor anderen; verwacht: een bestand dat alleen de eigenaar kan lezen"
    ),
    "the environment has {name}, which is no setting; expected: {expected}": (
        "de omgeving heeft {name}, en dat is geen instelling; verwacht: {expected}"
    ),
    "{file}: there is no setting {name}; expected: {expected}": (
        "{file}: er is geen instelling {name}; verwacht: {expected}"
    ),
    "{name} has a wrong value; expected: {expected}": "{name} heeft een verkeerde waarde; verwacht: {expected}",
    "dsn (OUTBOX_DSN) is no connection string; expected: {expected}": (
        "dsn (OUTBOX_DSN) is geen verbindingstekst; verwacht: {expected}"
    ),
    "{name}.deadline_s is {number} and lease_s is {other}; expected: a lease that is longer than the deadline, else"
    " nothing is ever sent": (
        "{name}.deadline_s is {number} en lease_s is {other}; verwacht: een lease die langer is dan de deadline, anders"
        " wordt er nooit iets verzonden"
    ),
    "target {name} needs client_id and client_secret": "{name} vraagt om client_id en client_secret",
    "{name} is {words}; it must look like https://host/path": "{name} is {words}; het moet zijn als https://host/pad",
    "{name} is {words}; only https is used, or http on this machine itself": (
        "{name} is {words}; alleen https kan, of http op deze machine zelf"
    ),
    "{name} is {words}, a private address; set allow_private_hosts if that is meant": (
        "{name} is {words}, een adres in een privénetwerk; stel allow_private_hosts in als dat de bedoeling is"
    ),
    # -- what click says of the arguments, on one line
    "{words} is not UTF-8": "{words} is geen UTF-8",
    "Missing argument '{name}'. Choose from: {words}": "{name} ontbreekt; kies uit: {words}",
    "Missing argument '{name}'.": "{name} ontbreekt",
    "Invalid value for '{name}': {words} is not one of {other}.": "{name} kan niet {words} zijn; kies uit: {other}",
    "Invalid value for '{name}': File {words} is a directory.": "{name}: {words} is een map, geen bestand",
    "Invalid value for '{name}': {words} is not in the range x>={number}.": (
        "{name} is ten minste {number}, niet {words}"
    ),
    "Invalid value for '{name}': {words} is not a valid integer range.": "{name} is een getal, niet {words}",
    "No such option {words}. (Did you mean one of: {other}?)": (
        "er is geen optie {words}; bedoelt u een van deze: {other}?"
    ),
    "No such option {words}. Did you mean {other}?": "er is geen optie {words}; bedoelt u {other}?",
    "No such option {words}.": "er is geen optie {words}",
    "No such command {words}. Did you mean {other}?": "er is geen opdracht {words}; bedoelt u {other}?",
    "No such command {words}.": "er is geen opdracht {words}; outbox --help noemt ze",
    "Option {words} requires an argument.": "optie {words} vraagt om een waarde",
    "Option {words} does not take a value.": "optie {words} heeft geen waarde",
    "Got unexpected extra argument ({words})": "er staat te veel: {words}",
    "Got unexpected extra arguments ({words})": "er staat te veel: {words}",
    # --
    "another relay took over {name}": "een andere relay heeft {name} overgenomen",
}

# What a setting must be; the first that fits counts.
EXPECTED: dict[str, str] = {
    "true or false": "true of false",
    "a text": "een tekst",
    "a table": "een tabel",
    "a table of segment and value, e.g. {words}": "een tabel van segment en waarde, bijvoorbeeld {words}",
    "a whole number of at least {name} and at most {other}": (
        "een geheel getal, ten minste {name} en ten hoogste {other}"
    ),
    "a number of at least {name} and at most {other}": "een getal, ten minste {name} en ten hoogste {other}",
    "one of {words}": "een van {words}",
    "{name} or {other}": "{name} of {other}",
}
