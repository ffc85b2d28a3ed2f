"""What things are called, English and Dutch side by side."""

from __future__ import annotations

CLOUDS = {"accountview_net": "AccountView.Net", "visma_net": "Visma.net"}

RESOURCE_NAMES = {
    "users": "gebruikers",
    "companies": "ondernemingen",
    "company_access": "toegang tot ondernemingen",
    "app_access": "toegang tot apps",
    "projects": "projecten",
    "cost_types": "kostensoorten",
    "cost_centres": "kostenplaatsen",
}

HEADINGS = {
    "target": "cloud",
    "resource": "soort",
    "key": "sleutel",
    "result": "resultaat",
    "why": "waarom",
    "create": "aanmaken",
    "update": "bijwerken",
    "remove": "verwijderen",
    "not ready": "niet gereed",
    "held": "wacht",
    "unchanged": "ongewijzigd",
    "pending": "te doen",
    "dead": "geweigerd",
    "in doubt": "onzeker",
    "oldest": "oudste",
    "missing": "ontbrekend",
    "different": "afwijkend",
    "unknown": "onbekend",
    "equal": "gelijk",
    "e-mail": "e-mailadres",
    "external id": "extern id",
    "KVK number": "KVK-nummer",
    "name": "naam",
}

OUTCOMES = {
    "created": "aangemaakt",
    "updated": "bijgewerkt",
    "removed": "verwijderd",
    "unchanged": "ongewijzigd",
    "not ready": "nog niet gereed",
    "held": "wacht op een beslissing",
    "dead": "geweigerd",
    "pending": "nog te doen",
    "rejected": "afgewezen",
    "skipped": "overgeslagen",
    "superseded": "achterhaald",
    "expanded": "uitgesplitst",
}

DECISIONS: dict[str, tuple[str, str]] = {
    "register": ("registered", "geregistreerd"),
    "approve": ("approved", "goedgekeurd"),
    "reject": ("rejected", "afgewezen"),
    "skip": ("skipped", "overgeslagen"),
    "retry": ("tried again", "opnieuw geprobeerd"),
    "link": ("linked", "gekoppeld"),
    "unlink": ("unlinked", "ontkoppeld"),
    "adopt": ("adopted", "overgenomen"),
    "erase": ("erased", "gewist"),
}

# A key of each resource in words, by the order of its key columns.
THINGS: dict[str, tuple[str, str]] = {
    "users": ("user {0}", "gebruiker {0}"),
    "companies": ("company {0}", "onderneming {0}"),
    "company_access": ("access of user {0} to company {1}", "toegang van gebruiker {0} tot onderneming {1}"),
    "app_access": ("app {2} for user {0} in company {1}", "app {2} voor gebruiker {0} in onderneming {1}"),
    "projects": ("project {1} of company {0}", "project {1} van onderneming {0}"),
    "cost_types": ("cost type {1} of company {0}", "kostensoort {1} van onderneming {0}"),
    "cost_centres": ("cost centre {1} of company {0}", "kostenplaats {1} van onderneming {0}"),
}

COLUMNS: dict[str, tuple[str, str]] = {
    "user_code": ("user code", "gebruikerscode"),
    "company_code": ("company code", "ondernemingscode"),
    "app_code": ("app code", "appcode"),
    "project_code": ("project code", "projectcode"),
    "cost_type_code": ("cost type code", "kostensoortcode"),
    "cost_centre_code": ("cost centre code", "kostenplaatscode"),
    "first_name": ("first name", "voornaam"),
    "last_name": ("last name", "achternaam"),
    "email": ("e-mail address", "e-mailadres"),
    "language": ("language", "taal"),
    "name": ("name", "naam"),
    "kvk_number": ("KVK number", "KVK-nummer"),
    "street": ("address", "adres"),
    "postal_code": ("postal code", "postcode"),
    "city": ("city", "plaats"),
    "country_code": ("country", "land"),
    "roles": ("roles", "rollen"),
    "description": ("description", "omschrijving"),
    "start_date": ("start date", "begindatum"),
    "end_date": ("end date", "einddatum"),
    "status": ("status", "status"),
    "template": ("template", "sjabloon"),
    "active": ("active", "actief"),
}

# het, not de
NEUTER = frozenset({"KVK-nummer", "adres", "e-mailadres", "land", "sjabloon"})

# One and many, in each language.
NOUNS: dict[str, dict[str, tuple[str, str]]] = {
    "row": {"en": ("row", "rows"), "nl": ("regel", "regels")},
    "call": {"en": ("call", "calls"), "nl": ("aanroep", "aanroepen")},
    "message": {"en": ("message", "messages"), "nl": ("bericht", "berichten")},
    "removal": {"en": ("removal", "removals"), "nl": ("verwijdering", "verwijderingen")},
    "new user": {"en": ("new user", "new users"), "nl": ("nieuwe gebruiker", "nieuwe gebruikers")},
    "grant of access": {"en": ("grant of access", "grants of access"), "nl": ("nieuwe toegang", "nieuwe toegangen")},
    "thing": {"en": ("thing", "things"), "nl": ("ding", "dingen")},
    "part": {"en": ("part is", "parts are"), "nl": ("deel is", "delen zijn")},
    "more": {"en": ("more", "more"), "nl": ("andere", "andere")},
    "waiting change": {
        "en": ("waiting change", "waiting changes"),
        "nl": ("wachtende wijziging", "wachtende wijzigingen"),
    },
    "value": {"en": ("value", "values"), "nl": ("waarde", "waarden")},
    "pending message": {
        "en": ("pending message", "pending messages"),
        "nl": ("openstaand bericht", "openstaande berichten"),
    },
}
